//! The policy: when people are asked, who may answer, and what happens as time passes. Nothing is asked where there is
//! no rule.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::DiffClass;
use crate::{id::ProjectId, money::MicroUsd, scope::Scope, ticket::Risk};

/// The longest time that a rule may name, in seconds: a year.
const LONGEST: u64 = 366 * 86_400;

/// When people are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalPolicy {
    /// Each of them may ask; none can stop another from asking.
    pub rules: Vec<ApprovalRule>,
}

/// Where in the work a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before a plan is carried out.
    Plan,
    /// Before an accepted change enters the merge train.
    Diff,
    /// Before a plan is carried out whose spec says something that can be read in several ways.
    Spec,
}

/// When to ask, and whom. All of the conditions that it names must hold; one without conditions always asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// By which people know it.
    pub name: String,
    /// Where it looks.
    pub on: Point,
    /// Only in these projects; in all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectId>,
    /// From this risk on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Where the plan may cost more than this, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "dollars")]
    pub cost_above: Option<MicroUsd>,
    /// Where one of these classes is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<DiffClass>,
    /// Where a changed file is among these globs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Who may answer, by name; everybody where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// How many must accept.
    #[serde(default = "one")]
    pub answers: u32,
    /// Whether nobody answers a request of their own.
    #[serde(default = "yes")]
    pub four_eyes: bool,
    /// When people are reminded, in seconds after it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind_seconds: Vec<u64>,
    /// Who else is asked, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate: Vec<Escalation>,
    /// When it is too late to answer, in seconds after it was asked; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<u64>,
    /// What counts when nobody answered in time.
    #[serde(default)]
    pub on_expiry: OnExpiry,
}

/// Who else is asked when nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// When, in seconds after it was asked.
    pub after_seconds: u64,
    /// Whom.
    pub to: Vec<String>,
}

/// What counts when nobody answered in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// It is turned down.
    #[default]
    Reject,
    /// What is of low risk is accepted, everything else is turned down.
    AcceptLowRisk,
}

/// Who may answer a question, how many must, and what happens as time passes. They stay with the question, whatever the
/// policy says later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terms {
    /// Who may answer; everybody where none is named.
    pub people: Vec<String>,
    /// How many must accept.
    pub answers: u32,
    /// Whether nobody answers a request of their own.
    pub four_eyes: bool,
    /// When people are reminded, in seconds after it was asked.
    pub remind_seconds: Vec<u64>,
    /// Who else is asked, and when.
    pub escalate: Vec<Escalation>,
    /// When it is too late to answer, in seconds after it was asked.
    pub expire_seconds: Option<u64>,
    /// What counts when nobody answered in time.
    pub on_expiry: OnExpiry,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Where in the work.
    pub point: Point,
    /// The project.
    pub project: &'a ProjectId,
    /// How much harm it can do.
    pub risk: Risk,
    /// What it is about.
    pub classes: &'a BTreeSet<DiffClass>,
    /// The most that it may cost.
    pub cost: MicroUsd,
    /// The files that are changed.
    pub paths: &'a [&'a str],
}

/// A question that the policy wants asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The rules that want it.
    pub rules: Vec<String>,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// On which terms.
    pub terms: Terms,
}

impl ApprovalPolicy {
    /// Whether it never asks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a rule looks here.
    #[must_use]
    pub fn looks_at(&self, point: Point, project: &ProjectId) -> bool {
        self.rules.iter().any(|rule| rule.looks_at(point, project))
    }

    /// What is to be asked. Rules that ask the same people on the same terms ask once.
    #[must_use]
    pub fn asks(&self, facts: &Facts<'_>) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for rule in &self.rules {
            let Some(why) = rule.asks(facts) else { continue };
            let terms = rule.terms();
            if let Some(same) = asked.iter_mut().find(|asked| asked.terms == terms) {
                same.rules.push(rule.name.clone());
                same.why.push(why);
            } else {
                asked.push(Asked { rules: vec![rule.name.clone()], why: vec![why], terms });
            }
        }
        asked
    }

    /// What is wrong with it: the place of a rule, from 0, with the fault.
    #[must_use]
    pub fn faults(&self) -> Vec<(usize, String)> {
        let mut names = BTreeSet::new();
        let mut faults = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            faults.extend(rule.faults().into_iter().map(|fault| (place, fault)));
            if !names.insert(&rule.name) {
                faults.push((place, format!("there are two rules `{}`", rule.name)));
            }
        }
        faults
    }
}

impl ApprovalRule {
    fn looks_at(&self, point: Point, project: &ProjectId) -> bool {
        self.on == point && (self.projects.is_empty() || self.projects.contains(project))
    }

    fn terms(&self) -> Terms {
        let mut remind_seconds = self.remind_seconds.clone();
        remind_seconds.sort_unstable();
        remind_seconds.dedup();
        let mut escalate = self.escalate.clone();
        escalate.sort_by_key(|step| step.after_seconds);
        Terms {
            people: self.people.clone(),
            answers: self.answers.max(1),
            four_eyes: self.four_eyes,
            remind_seconds,
            escalate,
            expire_seconds: self.expire_seconds,
            on_expiry: self.on_expiry,
        }
    }

    /// Why it asks, if it does. A glob that cannot be read lets nothing through.
    fn asks(&self, facts: &Facts<'_>) -> Option<String> {
        if !self.looks_at(facts.point, facts.project) {
            return None;
        }
        let mut because = Vec::new();
        if let Some(least) = self.risk {
            if facts.risk < least {
                return None;
            }
            because.push(format!("the risk is {}", facts.risk));
        }
        if let Some(bound) = self.cost_above {
            if facts.cost <= bound {
                return None;
            }
            because.push(format!("it may cost {}, which is more than {bound}", facts.cost));
        }
        if !self.classes.is_empty() {
            let found = self.classes.iter().find(|class| facts.classes.contains(class))?;
            because.push(format!("it is about {}", found.name().replace('_', " ")));
        }
        if !self.paths.is_empty() {
            because.push(match Scope::new(&self.paths) {
                Ok(scope) => format!("it changes {}", facts.paths.iter().find(|path| scope.allows(path))?),
                Err(error) => error.to_string(),
            });
        }
        let because = if because.is_empty() { "it is always asked".to_owned() } else { because.join(", ") };
        Some(format!("{}: {because}", self.name))
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, what: &str| {
            if wrong {
                faults.push(format!("rule `{}`: {what}", self.name));
            }
        };
        fault(self.name.trim().is_empty(), "has no name");
        fault(self.cost_above.is_some() && self.on != Point::Plan, "`cost_above` is of plans alone");
        fault(!self.paths.is_empty() && self.on != Point::Diff, "`paths` is of diffs alone");
        fault(
            self.on == Point::Spec && (self.risk.is_some() || !self.classes.is_empty()),
            "a spec has no risk and no classes",
        );
        fault(!(1..=20).contains(&self.answers), "`answers` is not between 1 and 20");
        let distinct: BTreeSet<_> = self.people.iter().map(|name| name.trim().to_lowercase()).collect();
        let chain = self.escalate.iter().flat_map(|step| &step.to).count();
        fault(
            !self.people.is_empty() && self.answers as usize > distinct.len() + chain,
            "more answers are asked for than there are people",
        );
        fault(distinct.contains(""), "a person without a name");
        fault(self.escalate.iter().any(|step| step.to.is_empty()), "a step of `escalate` names nobody");
        fault(
            !self.escalate.is_empty() && self.people.is_empty(),
            "`escalate` needs `people`: everybody is asked already",
        );
        let end = self.expire_seconds.unwrap_or(LONGEST);
        fault(end == 0 || end > LONGEST, "`expire_seconds` is not between 1 and a year");
        let times = self.remind_seconds.iter().chain(self.escalate.iter().map(|step| &step.after_seconds));
        fault(
            times.clone().any(|after| *after == 0 || *after >= end),
            "a time of `remind_seconds` or `escalate` is not before the end",
        );
        fault(times.count() > 50, "more than 50 reminders and escalations");
        fault(
            self.on_expiry != OnExpiry::default() && self.expire_seconds.is_none(),
            "`on_expiry` needs `expire_seconds`",
        );
        if let Err(error) = Scope::new(&self.paths) {
            fault(true, &error.to_string());
        }
        faults
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// Money as people write it into settings.
mod dollars {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::money::MicroUsd;

    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(amount: &Option<MicroUsd>, out: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(MicroUsd(micros)) => {
                out.serialize_some(&format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
            }
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<MicroUsd>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
