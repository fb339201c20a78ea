use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph<usize> {
    Graph::new(0..nodes, edges.iter().copied())
}

#[test]
fn a_graph_without_nodes_has_an_empty_order_and_no_cycle() {
    let empty = graph(0, &[]);
    assert_eq!(empty.topological(), Ok(vec![]));
    assert_eq!(empty.shortest_cycle(), None);
    assert!(empty.longest_chain().is_empty());
}

#[test]
fn a_node_that_needs_itself_is_the_shortest_cycle() {
    let tangled = graph(4, &[(0, 1), (1, 0), (2, 2), (3, 0)]);
    assert_eq!(tangled.shortest_cycle(), Some(vec![2]));
    assert_eq!(tangled.topological(), Err(vec![2]));
}

#[test]
fn of_several_cycles_the_shortest_is_shown_from_its_first_node() {
    let tangled = graph(7, &[(0, 1), (1, 2), (2, 3), (3, 0), (4, 6), (6, 5), (5, 4), (2, 5), (3, 4)]);
    assert_eq!(tangled.shortest_cycle(), Some(vec![4, 6, 5]));
}

#[test]
fn an_edge_to_an_unknown_node_is_left_out() {
    assert_eq!(graph(2, &[(0, 9), (9, 1), (0, 1)]).topological(), Ok(vec![1, 0]));
}

#[test]
fn the_longest_chain_is_told_from_first_to_last() {
    let chain = graph(6, &[(1, 0), (2, 1), (5, 2), (4, 0), (5, 4)]).longest_chain();
    assert_eq!(chain, [0, 1, 2, 5]);
}

#[test]
fn dependents_are_found_through_others() {
    let chain = graph(5, &[(1, 0), (2, 1), (3, 1)]);
    assert_eq!(chain.dependents(&0), [1, 2, 3]);
    assert_eq!(chain.depends_on(&3), [0, 1]);
    assert!(chain.reaches(&3, &0));
    assert!(!chain.reaches(&0, &3));
    assert!(!chain.reaches(&0, &0));
}

#[test]
fn a_circle_of_a_hundred_thousand_is_found_without_deep_recursion() {
    let count = 100_000;
    let ring: Vec<_> = (0..count).map(|n| (n, (n + 1) % count)).collect();
    assert_eq!(graph(count, &ring).shortest_cycle().map(|c| c.len()), Some(count));
    assert_eq!(graph(count, &ring[..count - 1]).topological().map(|o| o[0]), Ok(count - 1));
}

/// Edges of a random graph, from a small generator of its own so that a failure can be run again.
fn random_edges(nodes: u64, count: usize, mut seed: u64, forwards_only: bool) -> Vec<(usize, usize)> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % nodes).unwrap()
    };
    let pairs = std::iter::repeat_with(|| (next(), next())).filter(|(a, b)| a != b);
    pairs.map(|(a, b)| if forwards_only { (a.max(b), a.min(b)) } else { (a, b) }).take(count).collect()
}

#[test]
fn a_random_graph_of_a_hundred_thousand_nodes_is_ordered_and_its_cycles_are_found() {
    for seed in 1..4 {
        let edges = random_edges(100_000, 300_000, seed, true);
        assert_respects(&graph(100_000, &edges).topological().unwrap(), &edges);

        let tangled = random_edges(100_000, 300_000, seed, false);
        let cycle = graph(100_000, &tangled).shortest_cycle().unwrap();
        assert_is_cycle(&cycle, &tangled);
    }
}

fn assert_respects(order: &[usize], edges: &[(usize, usize)]) {
    let at: HashMap<_, _> = order.iter().enumerate().map(|(at, &node)| (node, at)).collect();
    for (waits, needed) in edges {
        assert!(at[needed] < at[waits], "{waits} before {needed}");
    }
}

fn assert_is_cycle(cycle: &[usize], edges: &[(usize, usize)]) {
    let edges: HashSet<_> = edges.iter().copied().collect();
    for (at, &node) in cycle.iter().enumerate() {
        assert!(edges.contains(&(node, cycle[(at + 1) % cycle.len()])), "{cycle:?}");
    }
}

/// The length of the shortest cycle by the plainest means: walk from every node, one step at a time.
fn plainly_shortest(nodes: usize, edges: &[(usize, usize)]) -> Option<usize> {
    let walks_back = |start: usize, steps: usize| {
        let mut front = HashSet::from([start]);
        for _ in 0..steps {
            front = edges.iter().filter(|(a, _)| front.contains(a)).map(|&(_, b)| b).collect();
        }
        front.contains(&start)
    };
    (1..=nodes).find(|&steps| (0..nodes).any(|start| walks_back(start, steps)))
}

proptest! {
    #[test]
    fn a_graph_has_an_order_or_a_shortest_cycle_and_never_both(
        edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..24),
    ) {
        let built = graph(9, &edges);
        match built.topological() {
            Ok(order) => {
                prop_assert_eq!(order.len(), 9);
                assert_respects(&order, &edges);
                prop_assert_eq!(plainly_shortest(9, &edges), None);
            }
            Err(cycle) => {
                assert_is_cycle(&cycle, &edges);
                prop_assert_eq!(Some(cycle.len()), plainly_shortest(9, &edges));
            }
        }
    }

    #[test]
    fn the_order_in_which_edges_are_given_changes_nothing(
        edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..24),
    ) {
        let mut turned = edges.clone();
        turned.reverse();
        prop_assert_eq!(graph(9, &edges).topological(), graph(9, &turned).topological());
        prop_assert_eq!(graph(9, &edges).longest_chain(), graph(9, &turned).longest_chain());
    }
}
