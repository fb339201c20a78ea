//! Quotas: what a tenant, a project, an agent or an API key may spend in a period, and how many runs it may have at once.
//!
//! Together with the budgets that runs and tickets bring along they are a tree, tenant > project > run > ticket, with
//! agents and keys across it. A call is made where every one of them has room for it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    id::{KeyId, ProjectId},
};

/// The longest name of an agent.
const MAX_AGENT: usize = 64;

/// Whose spending a quota limits. Written `tenant`, `project:NAME`, `agent:NAME` or `key:ID`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QuotaScope {
    /// Everything of the tenant.
    Tenant,
    /// A project.
    Project {
        /// Which.
        project: ProjectId,
    },
    /// An agent, in whatever it works on.
    Agent {
        /// Its name.
        agent: String,
    },
    /// The runs that an API key began.
    Key {
        /// Which.
        key: KeyId,
    },
}

/// Not the scope of a quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` has no quota: write `tenant`, `project:NAME`, `agent:NAME` or `key:ID`")]
pub struct InvalidQuotaScope(String);

impl QuotaScope {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Project { .. } => "project",
            Self::Agent { .. } => "agent",
            Self::Key { .. } => "key",
        }
    }

    /// The project, agent or key; nothing where it is the tenant.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Tenant => "",
            Self::Project { project } => project.as_str(),
            Self::Agent { agent } => agent,
            Self::Key { key } => key.as_str(),
        }
    }

    /// Whether it can have a number of runs at once. An agent has none: it works in the runs of others.
    #[must_use]
    pub fn has_runs(&self) -> bool {
        !matches!(self, Self::Agent { .. })
    }
}

impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("tenant"),
            other => write!(f, "{}:{}", other.kind(), other.target()),
        }
    }
}

impl FromStr for QuotaScope {
    type Err = InvalidQuotaScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidQuotaScope(text.chars().take(80).collect());
        if text == "tenant" {
            return Ok(Self::Tenant);
        }
        let (kind, target) = text.split_once(':').ok_or_else(invalid)?;
        match kind {
            "project" => {
                ProjectId::parse(target).map(|project| Self::Project { project }).map_err(|_| invalid())
            }
            "key" => KeyId::parse(target).map(|key| Self::Key { key }).map_err(|_| invalid()),
            "agent" if is_agent_name(target) => Ok(Self::Agent { agent: target.to_owned() }),
            _ => Err(invalid()),
        }
    }
}

fn is_agent_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=MAX_AGENT).contains(&text.len()) && text.chars().all(fits)
}

/// After what time a quota begins anew. Days and months are those of UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Every day.
    Day,
    /// Every month.
    #[default]
    Month,
    /// Never.
    Ever,
}

impl Period {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Ever => "ever",
        }
    }

    /// Its first day, where it is the period that `at` is in; none where there is no first.
    #[must_use]
    pub fn begins(self, at: DateTime<Utc>) -> Option<NaiveDate> {
        let day = at.date_naive();
        match self {
            Self::Day => Some(day),
            Self::Month => day.with_day(1),
            Self::Ever => None,
        }
    }

    /// The first day of the period after it; none where there is none.
    #[must_use]
    pub fn ends(self, at: DateTime<Utc>) -> Option<NaiveDate> {
        let begins = self.begins(at)?;
        match self {
            Self::Day => begins.succ_opt(),
            Self::Month => begins.checked_add_months(chrono::Months::new(1)),
            Self::Ever => None,
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Day, Self::Month, Self::Ever]
            .into_iter()
            .find(|period| period.name() == text)
            .ok_or_else(|| format!("`{text}` is no period: it is day, month or ever"))
    }
}

/// What may be spent in a period, and how many runs may be under way at once. What is absent is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quota {
    /// When it begins anew.
    pub per: Period,
    /// What may be spent in a period.
    pub budget: Budget,
    /// How many runs may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_scope_reads_what_it_writes() {
        for text in ["tenant", "project:shop", "agent:implementer", "key:key_01jd"] {
            assert_eq!(text.parse::<QuotaScope>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_scope_is_refused_and_not_echoed_at_length() {
        let long = format!("agent:{}", "a".repeat(10_000));
        for text in ["", "tenant:", "Tenant", "project:", "agent:", "agent:a b", "agent:a\n", "team:x", &long]
        {
            let error = text.parse::<QuotaScope>().unwrap_err().to_string();
            assert!(error.len() < 200, "{error}");
        }
    }

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let late = at("2026-12-31T23:59:59Z");
        assert_eq!(Period::Day.begins(late).unwrap().to_string(), "2026-12-31");
        assert_eq!(Period::Day.ends(late).unwrap().to_string(), "2027-01-01");
        assert_eq!(Period::Month.begins(late).unwrap().to_string(), "2026-12-01");
        assert_eq!(Period::Month.ends(late).unwrap().to_string(), "2027-01-01");
        assert_eq!((Period::Ever.begins(late), Period::Ever.ends(late)), (None, None));
    }
}
