//! Who a commit is by, and who stands beside them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name and an address, safe to stand in a commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    name: String,
    email: String,
}

/// Git drops these at the ends of a name and fails if nothing is left.
const CRUD: &[char] = &['.', ',', ':', ';', '<', '>', '"', '\\', '\''];

impl Signature {
    /// A signature. What git could not store is left out; an empty name becomes `unknown`.
    #[must_use]
    pub fn new(name: &str, email: &str) -> Self {
        let kept = |text: &str| -> String {
            let line = text
                .chars()
                .filter(|c| !c.is_control() && !matches!(c, '<' | '>'))
                .take(200)
                .collect::<String>();
            line.trim_matches(|c: char| c.is_whitespace() || CRUD.contains(&c)).to_owned()
        };
        let name = kept(name);
        Self { name: if name.is_empty() { "unknown".to_owned() } else { name }, email: kept(email) }
    }

    /// The signature of an agent: its name, at a domain that can never receive mail (RFC 2606).
    #[must_use]
    pub fn agent(name: &str) -> Self {
        let local: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
        Self::new(&format!("{name} (swarm)"), &format!("{local}@agents.swarm.invalid"))
    }

    /// swarm itself: the committer of everything that it commits.
    #[must_use]
    pub fn swarm() -> Self {
        Self::new("swarm", "swarm@swarm.invalid")
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address, possibly empty.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Reads `Name <address>`.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('<')?;
        Some(Self::new(name, rest.split('>').next().unwrap_or_default()))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// Whose name an agent's work carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "author", rename_all = "snake_case")]
pub enum Attribution {
    /// The person who asked for the run is the author, the agent the co-author.
    Sponsor {
        /// The person.
        person: Signature,
    },
    /// The agent is the author.
    Agent,
}

impl Attribution {
    /// The author, and the co-author if there is one, of work that the agent named `agent` did.
    #[must_use]
    pub fn of(&self, agent: &str) -> (Signature, Option<Signature>) {
        match self {
            Self::Sponsor { person } => (person.clone(), Some(Signature::agent(agent))),
            Self::Agent => (Signature::agent(agent), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_git_would_refuse_or_misread_is_mended() {
        assert_eq!(
            Signature::new("Eve <root@x>\nTicket: T-1", "a@b\n").to_string(),
            "Eve root@xTicket: T-1 <a@b>"
        );
        assert_eq!(Signature::new(" .;\n", "").to_string(), "unknown <>");
    }

    #[test]
    fn the_sponsor_is_the_author_and_the_agent_stands_beside() {
        let person = Signature::new("Ada", "ada@example.org");
        let (author, beside) = Attribution::Sponsor { person: person.clone() }.of("coder");
        assert_eq!(author, person);
        assert_eq!(beside.unwrap().to_string(), "coder (swarm) <coder@agents.swarm.invalid>");
        assert_eq!(Attribution::Agent.of("coder").1, None);
    }
}
