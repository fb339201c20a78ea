//! Order: what comes before what, what is ready, and where a circle could be cut.
//!
//! Everything here walks with its own stack or queue, never by recursion: a graph may be as deep as it is large.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::Hash,
};

use crate::{
    id::TicketId,
    plan::Plan,
    ticket::{DependencyKind, Ticket, TicketState},
};

/// How many edges the search for the shortest cycle looks at before it is content with the shortest so far.
const CYCLE_SEARCH_LIMIT: usize = 50_000_000;

/// Who waits for whom. The order in which the nodes were given decides wherever an order is free.
#[derive(Debug, Clone)]
pub struct Graph<Id> {
    ids: Vec<Id>,
    place: HashMap<Id, usize>,
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
}

impl<Id: Clone + Eq + Hash> Graph<Id> {
    /// A graph from its nodes and its edges, each as (who waits, what it needs).
    ///
    /// A node or edge given twice counts once; an edge to a node that is not there is left out.
    pub fn new(nodes: impl IntoIterator<Item = Id>, edges: impl IntoIterator<Item = (Id, Id)>) -> Self {
        let mut ids = Vec::new();
        let mut place = HashMap::new();
        for id in nodes {
            if !place.contains_key(&id) {
                place.insert(id.clone(), ids.len());
                ids.push(id);
            }
        }
        let mut needs = vec![Vec::new(); ids.len()];
        for (waits, needed) in edges {
            if let (Some(&from), Some(&to)) = (place.get(&waits), place.get(&needed)) {
                needs[from].push(to);
            }
        }
        let mut needed_by = vec![Vec::new(); ids.len()];
        for (from, list) in needs.iter_mut().enumerate() {
            list.sort_unstable();
            list.dedup();
            for &to in list.iter() {
                needed_by[to].push(from);
            }
        }
        Self { ids, place, needs, needed_by }
    }

    /// Every node after all that it needs, else in the given order; or the shortest cycle that forbids it.
    pub fn topological(&self) -> Result<Vec<Id>, Vec<Id>> {
        let order = self.order();
        if order.len() == self.ids.len() {
            Ok(self.named(order))
        } else {
            Err(self.shortest_cycle().unwrap_or_default())
        }
    }

    /// The nodes that are not on a cycle nor behind one, each after all that it needs.
    fn order(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut free: BinaryHeap<Reverse<usize>> =
            (0..open.len()).filter(|&n| open[n] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(Reverse(node)) = free.pop() {
            order.push(node);
            for &later in &self.needed_by[node] {
                open[later] -= 1;
                if open[later] == 0 {
                    free.push(Reverse(later));
                }
            }
        }
        order
    }

    /// The shortest cycle, if there is one: each node needs the next, the last needs the first.
    ///
    /// In a graph so large and tangled that the search would look at more than fifty million edges, it is the
    /// shortest that was found by then.
    #[must_use]
    pub fn shortest_cycle(&self) -> Option<Vec<Id>> {
        let mut left = Tangle::new(self);
        let mut best: Option<Vec<usize>> = None;
        let mut budget = CYCLE_SEARCH_LIMIT;
        let mut seen = vec![(0, 0); self.ids.len()];
        while let Some(start) = left.next() {
            let longest = best.as_ref().map_or(usize::MAX, |b| b.len() - 1);
            if let Some(cycle) = left.cycle_through(start, longest, &mut seen, &mut budget) {
                best = Some(cycle);
            }
            if best.as_ref().is_some_and(|b| b.len() == 1 || budget == 0) {
                break;
            }
            // Every cycle through it has been looked at.
            left.remove(start);
        }
        best.map(|cycle| self.named(from_lowest(cycle)))
    }

    /// All that a node needs, directly or not, in the given order.
    #[must_use]
    pub fn depends_on(&self, id: &Id) -> Vec<Id> {
        self.reachable(id, &self.needs)
    }

    /// All that needs a node, directly or not, in the given order.
    #[must_use]
    pub fn dependents(&self, id: &Id) -> Vec<Id> {
        self.reachable(id, &self.needed_by)
    }

    /// Whether `waits` needs `needed`, directly or not.
    #[must_use]
    pub fn reaches(&self, waits: &Id, needed: &Id) -> bool {
        let (Some(&from), Some(&to)) = (self.place.get(waits), self.place.get(needed)) else {
            return false;
        };
        let mut seen = vec![false; self.ids.len()];
        let mut stack = self.needs[from].clone();
        while let Some(node) = stack.pop() {
            if node == to {
                return true;
            }
            if !std::mem::replace(&mut seen[node], true) {
                stack.extend(&self.needs[node]);
            }
        }
        false
    }

    /// The longest chain of nodes that must come one after another, first to last; nodes on cycles are left out.
    #[must_use]
    pub fn longest_chain(&self) -> Vec<Id> {
        let mut length = vec![0_usize; self.ids.len()];
        let mut before: Vec<Option<usize>> = vec![None; self.ids.len()];
        let mut end: Option<usize> = None;
        for node in self.order() {
            // The first of equals, so that the answer is the same each time.
            before[node] = self.needs[node].iter().copied().min_by_key(|&n| (Reverse(length[n]), n));
            length[node] = 1 + before[node].map_or(0, |n| length[n]);
            if end.is_none_or(|e| length[node] > length[e]) {
                end = Some(node);
            }
        }
        let mut chain: Vec<usize> = std::iter::successors(end, |&node| before[node]).collect();
        chain.reverse();
        self.named(chain)
    }

    fn reachable(&self, id: &Id, next: &[Vec<usize>]) -> Vec<Id> {
        let Some(&start) = self.place.get(id) else {
            return Vec::new();
        };
        let mut seen = vec![false; self.ids.len()];
        let mut stack = next[start].clone();
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                stack.extend(&next[node]);
            }
        }
        self.named((0..seen.len()).filter(|&n| seen[n]))
    }

    fn named(&self, places: impl IntoIterator<Item = usize>) -> Vec<Id> {
        places.into_iter().map(|n| self.ids[n].clone()).collect()
    }
}

/// What is left of a graph when everything that is on no cycle is peeled away, again and again.
struct Tangle<'a> {
    needs: &'a [Vec<usize>],
    needed_by: &'a [Vec<usize>],
    gone: Vec<bool>,
    open_out: Vec<usize>,
    open_in: Vec<usize>,
    cursor: usize,
}

impl<'a> Tangle<'a> {
    fn new<Id>(graph: &'a Graph<Id>) -> Self {
        let mut tangle = Self {
            needs: &graph.needs,
            needed_by: &graph.needed_by,
            gone: vec![false; graph.needs.len()],
            open_out: graph.needs.iter().map(Vec::len).collect(),
            open_in: graph.needed_by.iter().map(Vec::len).collect(),
            cursor: 0,
        };
        for node in 0..tangle.gone.len() {
            if !tangle.gone[node] && (tangle.open_out[node] == 0 || tangle.open_in[node] == 0) {
                tangle.remove(node);
            }
        }
        tangle
    }

    /// A node that may be on a cycle that was not looked at yet.
    fn next(&mut self) -> Option<usize> {
        while *self.gone.get(self.cursor)? {
            self.cursor += 1;
        }
        Some(self.cursor)
    }

    /// Takes a node away, and with it all that is then on no cycle any more.
    fn remove(&mut self, node: usize) {
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut self.gone[node], true) {
                continue;
            }
            for &to in &self.needs[node] {
                self.open_in[to] -= 1;
                if self.open_in[to] == 0 && !self.gone[to] {
                    stack.push(to);
                }
            }
            for &from in &self.needed_by[node] {
                self.open_out[from] -= 1;
                if self.open_out[from] == 0 && !self.gone[from] {
                    stack.push(from);
                }
            }
        }
    }

    /// The shortest cycle through `start` of at most `longest` nodes, found breadth first.
    /// `seen` holds for each node the start of the search that saw it, plus one, and where that came from.
    fn cycle_through(
        &self,
        start: usize,
        longest: usize,
        seen: &mut [(usize, usize)],
        budget: &mut usize,
    ) -> Option<Vec<usize>> {
        let mut queue = VecDeque::from([(start, 1_usize)]);
        while let Some((node, length)) = queue.pop_front() {
            if length > longest {
                return None;
            }
            for &to in &self.needs[node] {
                // A search that ran out still ends with the first circle that it closes.
                *budget = budget.saturating_sub(1);
                if to == start {
                    let back = std::iter::successors(Some(node), |&n| (n != start).then(|| seen[n].1));
                    let mut cycle: Vec<usize> = back.collect();
                    cycle.reverse();
                    return Some(cycle);
                }
                if !self.gone[to] && seen[to].0 != start + 1 {
                    seen[to] = (start + 1, node);
                    queue.push_back((to, length + 1));
                }
            }
        }
        None
    }
}

/// The same cycle, told from its first node in the given order.
fn from_lowest(mut cycle: Vec<usize>) -> Vec<usize> {
    let lowest = cycle.iter().enumerate().min_by_key(|&(_, node)| node).map_or(0, |(at, _)| at);
    cycle.rotate_left(lowest);
    cycle
}

/// The graph of the tickets of a plan.
#[must_use]
pub fn of_tickets(tickets: &[Ticket]) -> Graph<TicketId> {
    let edges = tickets.iter().flat_map(|t| t.depends_on.iter().map(|d| (t.id.clone(), d.on.clone())));
    Graph::new(tickets.iter().map(|t| t.id.clone()), edges)
}

/// The tickets that may begin: they wait, and all that they depend on is merged. In the order of the plan.
///
/// `state` tells where a ticket stands; one without a state waits. A dependency that the plan does not hold is
/// never merged, so its ticket never begins: the lint names it.
pub fn ready<'a>(plan: &Plan, state: impl Fn(&TicketId) -> Option<&'a TicketState>) -> Vec<TicketId> {
    let waits = |id: &TicketId| state(id).is_none_or(|s| matches!(s, TicketState::Waiting));
    let merged = |id: &TicketId| matches!(state(id), Some(TicketState::Merged));
    let free = |t: &&Ticket| waits(&t.id) && t.depends_on.iter().all(|d| merged(&d.on));
    plan.tickets.iter().filter(free).map(|t| t.id.clone()).collect()
}

/// The longest chain of tickets that must be done one after another: more agents do not make it shorter.
#[must_use]
pub fn critical_path(plan: &Plan) -> Vec<TicketId> {
    of_tickets(&plan.tickets).longest_chain()
}

/// The dependency whose removal would open a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The ticket that waits.
    pub ticket: TicketId,
    /// The ticket waited for.
    pub on: TicketId,
    /// Why.
    pub kind: DependencyKind,
}

/// The weakest dependency of a cycle: one for a shared file before one for an artifact before one that the spec
/// asks for; the last of equals, since it closed the circle.
#[must_use]
pub fn weakest_link(tickets: &[Ticket], cycle: &[TicketId]) -> Option<Cut> {
    let strength = |kind: DependencyKind| match kind {
        DependencyKind::SameFile => 0,
        DependencyKind::NeedsArtifact => 1,
        DependencyKind::Blocks => 2,
    };
    let mut weakest: Option<Cut> = None;
    for (at, id) in cycle.iter().enumerate() {
        let on = &cycle[(at + 1) % cycle.len()];
        let ticket = tickets.iter().find(|t| &t.id == id)?;
        // Two tickets may be tied for more than one reason: the strongest of them must go for the tie to go.
        let kind =
            ticket.depends_on.iter().filter(|d| &d.on == on).map(|d| d.kind).max_by_key(|&k| strength(k))?;
        if weakest.as_ref().is_none_or(|w| strength(kind) <= strength(w.kind)) {
            weakest = Some(Cut { ticket: id.clone(), on: on.clone(), kind });
        }
    }
    weakest
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
