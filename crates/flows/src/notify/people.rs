//! Who can be told: the accounts that may answer, those whom the configuration names, the operator.

use swarm_domain::{
    EventBody,
    identity::{EmailAddress, Scope},
    interrupt::{Interrupt, InterruptState, Standing},
    notification::{Candidate, Person, Routed, WEB_PUSH, eligible, route},
};
use swarm_store::{InterruptQuery, InterruptRow, UserRow};

use crate::{
    error::FlowError,
    parts::{Parts, part},
};

/// Questions that wait and are looked at for how much somebody has to answer.
const MOST_OPEN: u32 = 1_000;
/// People who are told of one reminder, at the most.
pub(super) const MOST_TOLD: usize = 50;

/// Who can be told.
#[derive(Debug, Default)]
pub(super) struct Directory {
    people: Vec<Person>,
    /// The names of accounts that may not answer: whatever the configuration says of them.
    out: Vec<String>,
    /// Whose browsers take messages: their names, in lower case.
    with_browsers: Vec<String>,
}

impl Directory {
    pub(super) async fn of(parts: &Parts) -> Result<Self, FlowError> {
        let config = &parts.config.notifications;
        let users = parts.store.users(&parts.config.tenant).await?;
        let with_browsers = if config.push.enabled {
            parts.store.people_with_browsers(&parts.config.tenant).await?
        } else {
            Vec::new()
        };
        Ok(Self { with_browsers, ..Self::from(&config.people, config.operator.as_deref(), &users) })
    }

    fn from(configured: &[Person], operator: Option<&str>, users: &[UserRow]) -> Self {
        let mut directory = Self { people: configured.to_vec(), ..Self::default() };
        for user in users {
            let name = user.email.as_str();
            if user.is_enabled() && user.verified_at.is_some() && user.role.has(Scope::GatesApprove) {
                directory.add(name);
            } else {
                directory.people.retain(|person| !person.name.eq_ignore_ascii_case(name));
                directory.out.push(name.to_owned());
            }
        }
        if let Some(operator) = operator {
            directory.add(operator);
        }
        directory
    }

    fn add(&mut self, name: &str) {
        if self.find(name).is_none() {
            self.people.push(Person::named(name));
        }
    }

    fn find(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Somebody by name. Whom nothing is known of is no more than that; who may not answer is nobody.
    pub(super) fn person(&self, name: &str) -> Option<Person> {
        if self.out.iter().any(|out| out.eq_ignore_ascii_case(name.trim())) {
            return None;
        }
        Some(self.find(name).cloned().unwrap_or_else(|| Person::named(name.trim())))
    }

    /// Whether somebody is told in their browsers: one of them takes messages, and they want them by that way.
    pub(super) fn has_browser(&self, person: &Person) -> bool {
        let wanted = person.channels.is_empty() || person.channels.iter().any(|name| name == WEB_PUSH);
        wanted && self.with_browsers.contains(&person.name.trim().to_lowercase())
    }

    /// Those who may answer a question as it stands: of those that it names, else of all.
    pub(super) fn eligible(&self, interrupt: &Interrupt, standing: &Standing) -> Vec<Person> {
        let named = standing.people(interrupt);
        let asked: Vec<Person> = if named.is_empty() {
            self.people.clone()
        } else {
            named.iter().filter_map(|name| self.person(name)).collect()
        };
        let candidates = asked.into_iter().map(|person| Candidate { person, open: 0 }).collect();
        eligible(interrupt, standing, candidates).into_iter().map(|candidate| candidate.person).collect()
    }
}

/// Where mail reaches somebody: their own address.
pub(super) fn address(parts: &Parts, name: &str) -> Option<EmailAddress> {
    let configured = &parts.config.notifications.people;
    let known = configured.iter().find(|person| person.name.eq_ignore_ascii_case(name));
    known.map_or_else(|| EmailAddress::parse(name).ok(), Person::address)
}

/// Decides to whom a question goes first, and writes it down. Who decided it a moment before has decided it.
pub(super) async fn assign(
    parts: &Parts,
    directory: &Directory,
    row: &InterruptRow,
) -> Result<(), FlowError> {
    let tenant = &parts.config.tenant;
    let waiting = InterruptQuery {
        state: Some(InterruptState::Waiting),
        limit: MOST_OPEN,
        ..InterruptQuery::default()
    };
    let waiting = parts.store.interrupts(tenant, &waiting).await?;
    let has =
        |to: &[Routed], person: &Person| to.iter().any(|one| one.person.eq_ignore_ascii_case(&person.name));
    let open = |person: &Person| {
        let with =
            waiting.iter().filter(|other| other.routed.as_deref().is_some_and(|to| has(to, person))).count();
        u32::try_from(with).unwrap_or(u32::MAX)
    };
    let candidates: Vec<Candidate> = directory
        .eligible(&row.interrupt, &row.standing)
        .into_iter()
        .map(|person| Candidate { open: open(&person), person })
        .collect();
    let tell = parts.config.notifications.tell as usize;
    let to = route(&row.interrupt, &row.project, &candidates, tell, parts.clock.now());
    let id = row.interrupt.id.clone();
    let key = ["interrupt", id.as_str(), "routed"];
    let body = EventBody::InterruptRouted { interrupt: id.clone(), to };
    match parts.record(&key, part("router"), row.subject(), body).await {
        Err(error) if error.problem().code == "store.exists" => Ok(()),
        recorded => recorded.map(drop),
    }
}
