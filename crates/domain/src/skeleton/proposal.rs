//! What a model proposed, and how much of it holds.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{graph::Graph, spec::Spec};

/// A model's proposal: which requirements belong together. Every field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProposedSkeleton {
    /// In any order.
    pub tickets: Vec<ProposedTicket>,
}

/// One proposed ticket: untrusted words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProposedTicket {
    /// Imperative.
    pub title: String,
    /// Labels of requirements; their titles are understood too.
    pub requirements: Vec<String>,
    /// Files to write: used where the spec names none.
    pub files: Vec<String>,
    /// `code` or `test`.
    pub kind: String,
}

/// One agent can do no more in one go; a larger group is cut.
const MAX_GROUP: usize = 4;

/// Requirements that one ticket serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// Places in the spec.
    pub members: Vec<usize>,
    pub title: Option<String>,
    pub files: Vec<String>,
    pub is_test: bool,
}

/// The groups that tickets are made from, each requirement in just one.
pub(super) fn groups(
    spec: &Spec,
    proposal: Option<&ProposedSkeleton>,
    notes: &mut Vec<String>,
) -> Vec<Group> {
    let singles =
        || (0..spec.requirements.len()).map(|at| Group { members: vec![at], ..Group::default() }).collect();
    let Some(proposal) = proposal else {
        return singles();
    };
    let names = Names::of(spec);
    let mut taken = HashSet::new();
    let mut groups = Vec::new();
    for ticket in &proposal.tickets {
        let mut members = Vec::new();
        for name in &ticket.requirements {
            match names.find(name) {
                Some(at) if taken.insert(at) => members.push(at),
                Some(at) => notes.push(format!(
                    "{} was proposed twice: its first ticket has it",
                    spec.requirements[at].id
                )),
                None => notes.push(format!("`{}` is no requirement of the spec: left out", cut(name))),
            }
        }
        members.sort_unstable();
        if members.len() > MAX_GROUP {
            notes.push(format!(
                "`{}` serves {} requirements: cut into smaller tickets",
                cut(&ticket.title),
                members.len()
            ));
            groups.extend(members.iter().map(|&at| Group { members: vec![at], ..Group::default() }));
        } else if !members.is_empty() {
            groups.push(Group {
                members,
                title: Some(cut(&ticket.title)).filter(|t| !t.is_empty()),
                files: ticket.files.clone(),
                is_test: ticket.kind.trim().eq_ignore_ascii_case("test"),
            });
        }
    }
    for (at, requirement) in spec.requirements.iter().enumerate() {
        if !taken.contains(&at) {
            notes.push(format!("no ticket was proposed for {}: added", requirement.id));
            groups.push(Group { members: vec![at], ..Group::default() });
        }
    }
    groups.sort_by_key(|g| g.members.first().copied());
    if let Err(circle) = graph(spec, &groups).topological() {
        notes.push(format!(
            "{} of the proposed tickets would wait for each other: one for each requirement instead",
            circle.len()
        ));
        return singles();
    }
    groups
}

/// Which group needs which, by what the spec says.
fn graph(spec: &Spec, groups: &[Group]) -> Graph<usize> {
    let place: HashMap<_, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, g)| g.members.iter().map(move |&at| (&spec.requirements[at].id, group)))
        .collect();
    let edges = groups.iter().enumerate().flat_map(|(group, g)| {
        let needed = g.members.iter().flat_map(|&at| &spec.requirements[at].depends_on);
        needed.filter_map(|id| place.get(id)).filter(move |&&on| on != group).map(move |&on| (group, on))
    });
    Graph::new(0..groups.len(), edges.collect::<Vec<_>>())
}

/// What a model may call a requirement.
struct Names(HashMap<String, usize>);

impl Names {
    fn of(spec: &Spec) -> Self {
        let mut names = HashMap::new();
        for (at, requirement) in spec.requirements.iter().enumerate() {
            names.entry(folded(&requirement.title)).or_insert(at);
            names.entry(folded(&format!("{}: {}", requirement.id, requirement.title))).or_insert(at);
        }
        // A label is surer than a title.
        names.extend(spec.requirements.iter().enumerate().map(|(at, r)| (folded(r.id.as_str()), at)));
        Self(names)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let whole = folded(name);
        let label = || whole.split([' ', ':']).next().and_then(|first| self.0.get(first));
        self.0.get(&whole).or_else(label).copied()
    }
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_lowercase()
}

/// Untrusted words, as far as they are shown.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect::<String>().trim().to_owned()
}
