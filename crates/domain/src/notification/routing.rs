//! To whom a question goes first: who may answer it, knows about it, works just now and has the least to do.
//!
//! It decides who is told, not who may answer: that is the question's own terms.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Person;
use crate::{
    ProjectId,
    interrupt::{Interrupt, Standing, may_answer},
};

/// Somebody who may be asked.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub person: Person,
    /// How many questions that wait went to them before.
    pub open: u32,
}

/// Somebody to whom a question went, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Routed {
    /// Their name.
    pub person: String,
    /// Why they, in sentences.
    pub why: Vec<String>,
}

/// What counts for somebody, the weightiest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    project: bool,
    skills: usize,
    at_work: bool,
    open: Reverse<u32>,
}

/// Those who may answer a question as it stands.
#[must_use]
pub fn eligible(interrupt: &Interrupt, standing: &Standing, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let may = |candidate: &Candidate| may_answer(interrupt, standing, &candidate.person.name).is_ok();
    candidates.into_iter().filter(may).collect()
}

/// The `tell` best of the candidates, the best first: as many as must answer at the least. The same candidates give the
/// same answer.
#[must_use]
pub fn route(
    interrupt: &Interrupt,
    project: &ProjectId,
    candidates: &[Candidate],
    tell: usize,
    now: DateTime<Utc>,
) -> Vec<Routed> {
    let mut fits: Vec<(Fit, &Candidate)> =
        candidates.iter().map(|candidate| (fit(interrupt, project, candidate, now), candidate)).collect();
    fits.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.person.name.cmp(&other.person.name)));
    let tell = tell.max(interrupt.terms.answers as usize).max(1);
    let (only, all) = (fits.len() <= tell, fits.len());
    fits.into_iter()
        .take(tell)
        .map(|(fit, candidate)| Routed {
            person: candidate.person.name.clone(),
            why: why(interrupt, project, candidate, &fit, (only, all)),
        })
        .collect()
}

fn fit(interrupt: &Interrupt, project: &ProjectId, candidate: &Candidate, now: DateTime<Utc>) -> Fit {
    let person = &candidate.person;
    Fit {
        project: person.projects.contains(project),
        skills: known(interrupt, person).count(),
        at_work: person.hours().at_work(now),
        open: Reverse(candidate.open),
    }
}

/// What the question is about and they know about.
fn known<'a>(interrupt: &'a Interrupt, person: &'a Person) -> impl Iterator<Item = &'a String> {
    interrupt.about.iter().filter(|about| person.skills.iter().any(|skill| skill.eq_ignore_ascii_case(about)))
}

fn why(
    interrupt: &Interrupt,
    project: &ProjectId,
    candidate: &Candidate,
    fit: &Fit,
    (only, all): (bool, usize),
) -> Vec<String> {
    let person = &candidate.person;
    let mut why = Vec::new();
    if interrupt.terms.people.iter().any(|name| name.eq_ignore_ascii_case(&person.name)) {
        why.push(format!("named by {}", interrupt.rules.join(", ")));
    }
    if fit.project {
        why.push(format!("{project} is a project of theirs"));
    }
    if fit.skills > 0 {
        let known: Vec<&str> = known(interrupt, person).map(String::as_str).collect();
        why.push(format!("knows about {}", known.join(", ")));
    }
    if person.work.is_some() || !person.days.is_empty() {
        why.push(if fit.at_work { "works just now".to_owned() } else { "is out of hours".to_owned() });
    }
    why.push(match candidate.open {
        0 => "has nothing else to answer".to_owned(),
        1 => "has one more to answer".to_owned(),
        open => format!("has {open} more to answer"),
    });
    if only {
        why.push(if all == 1 {
            "is the only one who may".to_owned()
        } else {
            format!("all {all} who may are told")
        });
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        InterruptId,
        interrupt::{ActionRequest, HumanInterrupt, InterruptKind, OnExpiry, Terms},
        notification::Span,
        ticket::Risk,
    };

    fn question(people: &[&str], answers: u32) -> Interrupt {
        let kind = InterruptKind::DiffReview;
        Interrupt {
            id: InterruptId::parse("int_1").unwrap(),
            kind,
            risk: Risk::High,
            why: Vec::new(),
            rules: vec!["schema".to_owned()],
            request: HumanInterrupt {
                action_request: ActionRequest {
                    action: "merge_change".to_owned(),
                    args: serde_json::Value::Null,
                },
                config: kind.config(),
                description: None,
            },
            terms: Terms {
                people: people.iter().map(|&name| name.to_owned()).collect(),
                answers,
                four_eyes: true,
                remind_seconds: Vec::new(),
                escalate: Vec::new(),
                expire_seconds: None,
                on_expiry: OnExpiry::Reject,
            },
            asked_by: vec!["eve".to_owned()],
            about: vec!["migration".to_owned()],
            commit: None,
            text: None,
        }
    }

    fn one(name: &str, change: impl FnOnce(&mut Person), open: u32) -> Candidate {
        let mut person = Person::named(name);
        change(&mut person);
        Candidate { person, open }
    }

    fn names(routed: &[Routed]) -> Vec<&str> {
        routed.iter().map(|one| one.person.as_str()).collect()
    }

    #[test]
    fn nobody_is_told_who_may_not_answer() {
        let all = || ["ada", "ben", "eve"].map(|name| one(name, |_| (), 0)).to_vec();
        let standing = Standing::default();
        let left = eligible(&question(&[], 1), &standing, all());
        assert_eq!(left.iter().map(|c| c.person.name.as_str()).collect::<Vec<_>>(), ["ada", "ben"]);
        assert_eq!(eligible(&question(&["Ben"], 1), &standing, all()).len(), 1);
    }

    #[test]
    fn the_project_goes_before_the_skill_that_before_the_hour_and_that_before_the_load() {
        let shop = ProjectId::parse("shop").unwrap();
        let now = "2026-07-01T12:00:00Z".parse().unwrap();
        let asleep = |person: &mut Person| person.work = Span::parse("20:00-22:00").ok();
        let candidates = [
            one("busy", |_| (), 7),
            one("idle", |_| (), 0),
            one("asleep", asleep, 0),
            one(
                "knows",
                |person| {
                    asleep(person);
                    person.skills = vec!["Migration".to_owned()];
                },
                9,
            ),
            one(
                "owns",
                |person| {
                    asleep(person);
                    person.projects = vec![shop.clone()];
                },
                9,
            ),
        ];
        let routed = route(&question(&[], 1), &shop, &candidates, 9, now);
        assert_eq!(names(&routed), ["owns", "knows", "idle", "busy", "asleep"]);
        assert!(routed[0].why.contains(&"shop is a project of theirs".to_owned()), "{routed:?}");
        assert!(routed[1].why.contains(&"knows about migration".to_owned()), "{routed:?}");
        assert!(routed[1].why.contains(&"is out of hours".to_owned()), "{routed:?}");
        assert_eq!(names(&route(&question(&[], 1), &shop, &candidates, 1, now)), ["owns"]);
        assert_eq!(route(&question(&[], 2), &shop, &candidates, 1, now).len(), 2, "as many as must answer");
    }

    #[test]
    fn who_is_named_by_the_rule_is_told_so_and_nobody_is_nobody() {
        let shop = ProjectId::parse("shop").unwrap();
        let now = DateTime::UNIX_EPOCH;
        let routed = route(&question(&["ben"], 1), &shop, &[one("ben", |_| (), 1)], 2, now);
        assert_eq!(routed[0].why, ["named by schema", "has one more to answer", "is the only one who may"]);
        assert_eq!(route(&question(&[], 1), &shop, &[], 2, now), []);
    }
}
