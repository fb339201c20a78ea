//! Which requirement of the new version is which of the old one.

use std::collections::{HashMap, HashSet};

use super::same::folded;
use crate::spec::{Requirement, Spec};

/// Two texts with this share of their words in common, in percent, are one text that was edited.
const NEARLY_SAME: usize = 75;
/// A text of fewer words than this says too little to be known again by them.
const MIN_WORDS: usize = 4;

/// For each requirement of `after`, its place in `before`.
pub(super) fn pairs(before: &Spec, after: &Spec) -> Vec<Option<usize>> {
    let by_id: HashMap<&str, usize> =
        before.requirements.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
    let mut pairs: Vec<Option<usize>> =
        after.requirements.iter().map(|r| by_id.get(r.id.as_str()).copied()).collect();
    let mut taken: HashSet<usize> = pairs.iter().flatten().copied().collect();
    for key in [whole, title] {
        let mut left: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, requirement) in before.requirements.iter().enumerate().rev() {
            if !taken.contains(&at) {
                left.entry(key(requirement)).or_default().push(at);
            }
        }
        for (pair, requirement) in
            pairs.iter_mut().zip(&after.requirements).filter(|(pair, _)| pair.is_none())
        {
            if let Some(at) = left.get_mut(&key(requirement)).and_then(Vec::pop) {
                taken.insert(at);
                *pair = Some(at);
            }
        }
    }
    let mut left: Vec<(usize, HashSet<String>)> = before
        .requirements
        .iter()
        .enumerate()
        .filter(|(at, _)| !taken.contains(at))
        .map(|(at, requirement)| (at, vocabulary(requirement)))
        .collect();
    for (pair, requirement) in pairs.iter_mut().zip(&after.requirements).filter(|(pair, _)| pair.is_none()) {
        let words = vocabulary(requirement);
        let nearest = left
            .iter()
            .enumerate()
            .map(|(n, (_, other))| (common(&words, other), std::cmp::Reverse(n)))
            .max()
            .filter(|(share, _)| *share >= NEARLY_SAME);
        if let Some((_, std::cmp::Reverse(n))) = nearest {
            *pair = Some(left.remove(n).0);
        }
    }
    pairs
}

fn whole(requirement: &Requirement) -> String {
    format!("{}\n{}", folded(&requirement.title), folded(&requirement.text)).to_lowercase()
}

fn title(requirement: &Requirement) -> String {
    folded(&requirement.title).to_lowercase()
}

fn vocabulary(requirement: &Requirement) -> HashSet<String> {
    let text = format!("{} {}", requirement.title, requirement.text).to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How many words in a hundred both have.
fn common(a: &HashSet<String>, b: &HashSet<String>) -> usize {
    if a.len().min(b.len()) < MIN_WORDS {
        return 0;
    }
    let both = a.intersection(b).count();
    both * 100 / (a.len() + b.len() - both)
}
