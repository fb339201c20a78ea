//! Commits as git stores them.

use chrono::{DateTime, Utc};
use swarm_domain::CommitId;

use crate::{error::ForgeError, signature::Signature};

/// The id's text, if it is a full object name: nothing else is ever handed to git as a commit.
pub(crate) fn hex(id: &CommitId) -> Result<&str, ForgeError> {
    let text = id.as_str();
    if matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(text)
    } else {
        Err(ForgeError::Invalid { what: "commit id", detail: format!("`{text}` is not a full object name") })
    }
}

/// Reads an object name that git printed.
pub(crate) fn commit_id(text: &str) -> Result<CommitId, ForgeError> {
    let id = CommitId::parse(text.trim())
        .map_err(|e| ForgeError::Invalid { what: "object name from git", detail: e.to_string() })?;
    hex(&id)?;
    Ok(id)
}

/// The content of a commit object.
#[derive(Debug, Clone)]
pub(crate) struct RawCommit {
    pub tree: String,
    pub parents: Vec<String>,
    pub author: Stamp,
    pub committer: Stamp,
    pub message: Vec<u8>,
}

/// A name, an address and a time, kept to the byte so that a rebased commit keeps them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamp {
    pub name: String,
    pub email: String,
    /// `<seconds> <zone>`
    pub date: String,
}

impl Stamp {
    pub fn new(who: &Signature, at: DateTime<Utc>) -> Self {
        // Git knows no time before 1970.
        let date = format!("{} +0000", at.timestamp().max(0));
        Self { name: who.name().to_owned(), email: who.email().to_owned(), date }
    }

    fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('<').unwrap_or((text, ""));
        let (email, date) = rest.split_once('>').unwrap_or((rest, ""));
        Self { name: name.trim().to_owned(), email: email.to_owned(), date: date.trim().to_owned() }
    }

    pub fn at(&self) -> DateTime<Utc> {
        let seconds = self.date.split(' ').next().and_then(|s| s.parse().ok()).unwrap_or_default();
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }

    pub fn signature(&self) -> Signature {
        Signature::new(&self.name, &self.email)
    }
}

impl RawCommit {
    /// Reads what `git cat-file commit` prints.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut commit = Self {
            tree: String::new(),
            parents: Vec::new(),
            author: Stamp::default(),
            committer: Stamp::default(),
            message: bytes.get(end + 2..).unwrap_or_default().to_vec(),
        };
        // A signature's further lines begin with a space, so they match no key.
        for line in head.lines() {
            match line.split_once(' ') {
                Some(("tree", value)) => value.clone_into(&mut commit.tree),
                Some(("parent", value)) => commit.parents.push(value.to_owned()),
                Some(("author", value)) => commit.author = Stamp::parse(value),
                Some(("committer", value)) => commit.committer = Stamp::parse(value),
                _ => {}
            }
        }
        commit
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).into_owned()
    }
}
