//! A part of the log as lines: the events that a filter lets through, and a signed statement of what stands there.
//!
//! A chain proves a log as a whole, and says nothing of a part from which events are left out. So who exports a part also
//! signs it: so many events of that log, with that filter, and the hash of all lines before. What it cannot prove is that
//! whoever held the key told the truth then; that takes the whole log, in which every event of a part is found again.

use std::collections::VecDeque;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::{Stream, stream};
use swarm_domain::{TenantId, audit::AuditFilter};

use super::{
    line::{self, ExcerptOpening, FORM, Line},
    note::{self, Note, NoteError, PublicKey},
    search::{AuditEntry, AuditOrder, AuditSearch},
    signed::SignedLog,
};
use crate::{Result, Store, blob::blocking, event_log::MAX_EVENTS_READ};

/// What is signed of a part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Which log.
    pub(crate) log: String,
    /// How many events of it.
    pub(crate) events: u64,
    /// BLAKE3 of all lines before, with their newlines.
    pub(crate) digest: [u8; 32],
    /// By which filter.
    pub(crate) filter: String,
    /// How many events the log had, and the hash of the last of them.
    pub(crate) size: u64,
    pub(crate) head: String,
    pub(crate) at: DateTime<Utc>,
}

impl Statement {
    pub(crate) fn text(&self) -> String {
        let Self { log, events, digest, filter, size, head, at } = self;
        let (digest, at) = (BASE64_STANDARD.encode(digest), at.to_rfc3339_opts(SecondsFormat::Micros, true));
        // The second line of a checkpoint is a number: nobody can take one for the other.
        format!("{log}\nexcerpt {events}\n{digest}\nfilter {filter}\nof {size} {head}\ntime {at}\n")
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let log = lines.next()?.to_owned();
        let events = lines.next()?.strip_prefix("excerpt ")?.parse().ok()?;
        let digest = BASE64_STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let filter = lines.next()?.strip_prefix("filter ")?.to_owned();
        let (size, head) = lines.next()?.strip_prefix("of ")?.split_once(' ')?;
        let at = DateTime::parse_from_rfc3339(lines.next()?.strip_prefix("time ")?).ok()?.to_utc();
        let read = Self { log, events, digest, filter, size: size.parse().ok()?, head: head.to_owned(), at };
        (read.text() == text).then_some(read)
    }

    /// Reads a note, and says which of the trusted keys signed it.
    pub(crate) fn open<'k>(
        note: &str,
        trusted: &'k [PublicKey],
    ) -> Result<(Self, Vec<&'k PublicKey>), NoteError> {
        let note = Note::parse(note)?;
        let by = note.signed_by(trusted)?;
        let wrong = NoteError::Text { what: "statement", detail: "it is not in its one form" };
        Ok((Self::read(note.unproven()).ok_or(wrong)?, by))
    }
}

/// An excerpt under way.
struct Excerpt {
    store: Store,
    tenant: TenantId,
    filter: AuditFilter,
    said: Statement,
    hasher: blake3::Hasher,
    cursor: u64,
    ready: VecDeque<String>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Events,
    Statement,
    End,
}

impl Store {
    /// The events of a tenant's log that a filter lets through, line by line, each with its newline, and at the end a
    /// signed statement of them. A checkpoint of the log is signed first; of one that does not go on from what was
    /// signed there is no excerpt.
    pub async fn excerpt(
        &self,
        tenant: &TenantId,
        filter: &AuditFilter,
    ) -> Result<impl Stream<Item = Result<String>> + Send + use<>> {
        let SignedLog { log, checkpoint, .. } = self.signed_log(tenant).await?;
        let said = Statement {
            log,
            events: 0,
            digest: [0; 32],
            filter: filter.to_string(),
            size: checkpoint.size,
            head: checkpoint.head,
            at: self.clock().now(),
        };
        let excerpt = Excerpt {
            store: self.clone(),
            tenant: tenant.clone(),
            filter: filter.clone(),
            said,
            hasher: blake3::Hasher::new(),
            cursor: 0,
            ready: VecDeque::new(),
            stage: Stage::Opening,
        };
        Ok(stream::unfold(Some(excerpt), |excerpt| async {
            let mut excerpt = excerpt?;
            match excerpt.next().await {
                Ok(Some(line)) => Some((Ok(line), Some(excerpt))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

impl Excerpt {
    async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                let line = line + "\n";
                self.hasher.update(line.as_bytes());
                return Ok(Some(line));
            }
            match self.stage {
                Stage::Opening => self.open().await?,
                Stage::Events => self.events().await?,
                // Asked for when every line before it was given.
                Stage::Statement => self.state().await?,
                Stage::End => return Ok(None),
            }
        }
    }

    async fn open(&mut self) -> Result<()> {
        self.stage = Stage::Events;
        let Statement { log, filter, .. } = self.said.clone();
        let opening = ExcerptOpening { form: FORM, tenant: self.tenant.to_string(), log, filter };
        self.ready.push_back(Line::Excerpt(opening).text());
        let folder = self.store.audit_folder();
        let handovers = blocking(move || folder.handovers()).await?;
        self.ready.extend(handovers.into_iter().map(|(_, note)| Line::Handover(note).text()));
        Ok(())
    }

    async fn events(&mut self) -> Result<()> {
        let search = AuditSearch {
            filter: self.filter.clone(),
            order: AuditOrder::Oldest,
            cursor: Some(self.cursor),
            limit: MAX_EVENTS_READ / 4,
        };
        let Statement { log, size, .. } = &self.said;
        let (found, page) = self.store.search_signed(&self.tenant, log, *size, &search).await?;
        self.cursor = page.cursor;
        if !page.more {
            self.stage = Stage::Statement;
        }
        for (AuditEntry { event, .. }, text) in found {
            self.said.events += 1;
            self.ready.push_back(line::event(&text, &event.prev, &event.hash));
        }
        Ok(())
    }

    async fn state(&mut self) -> Result<()> {
        self.stage = Stage::End;
        self.said.digest = *self.hasher.finalize().as_bytes();
        let (folder, text) = (self.store.audit_folder(), self.said.text());
        let note = blocking(move || Ok(note::sign(&text, &[&folder.key_or_new()?]))).await?;
        self.ready.push_back(Line::Statement(note).text());
        Ok(())
    }
}
