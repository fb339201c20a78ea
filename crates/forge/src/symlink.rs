//! Which symbolic links of a tree lead out of it, decided from the tree alone, before any of it is on disk.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};

/// A symbolic link that leads out of its tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscapingLink {
    /// Where it stands, relative to the tree.
    pub path: String,
    /// Where it points, cut to a bound.
    pub target: String,
}

impl fmt::Display for EscapingLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.path, self.target)
    }
}

impl EscapingLink {
    /// The first few, as one line.
    pub(crate) fn list(links: &[Self]) -> String {
        links.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// As the kernel counts: more hops than this is a loop.
const HOPS: usize = 40;

/// The links, of all the tree's `links` (path to target), that are absolute or lead above the root. A link is followed
/// through the other links of the tree, because `a/../x` is not `x` where `a` is a link.
pub(crate) fn escaping(links: &HashMap<Vec<u8>, Vec<u8>>) -> Vec<EscapingLink> {
    let mut found: Vec<_> = links
        .iter()
        .filter(|(path, target)| {
            let parent = path.iter().rposition(|b| *b == b'/').map_or(&b""[..], |at| &path[..at]);
            let mut at: Vec<Vec<u8>> = parts(parent).map(<[u8]>::to_vec).collect();
            !stays_inside(&mut at, target, links, &mut 0)
        })
        .map(|(path, target)| EscapingLink {
            path: String::from_utf8_lossy(path).into_owned(),
            target: String::from_utf8_lossy(&target[..target.len().min(200)]).into_owned(),
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// Walks `target` from the folder `at`. A loop leads nowhere, so it stays inside.
fn stays_inside(
    at: &mut Vec<Vec<u8>>,
    target: &[u8],
    links: &HashMap<Vec<u8>, Vec<u8>>,
    hops: &mut usize,
) -> bool {
    if target.starts_with(b"/") {
        return false;
    }
    for part in parts(target) {
        if part == b".." {
            if at.pop().is_none() {
                return false;
            }
            continue;
        }
        at.push(part.to_vec());
        if let Some(next) = links.get(&at.join(&b'/')) {
            *hops += 1;
            if *hops > HOPS {
                return true;
            }
            at.pop();
            if !stays_inside(at, next, links, hops) {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaping_of(links: &[(&str, &str)]) -> Vec<String> {
        let links = links.iter().map(|(p, t)| (p.as_bytes().to_vec(), t.as_bytes().to_vec())).collect();
        escaping(&links).into_iter().map(|l| l.path).collect()
    }

    #[test]
    fn a_link_that_is_absolute_or_climbs_above_the_root_escapes() {
        assert_eq!(escaping_of(&[("a", "/etc/passwd")]), ["a"]);
        assert_eq!(escaping_of(&[("a", "../x")]), ["a"]);
        assert_eq!(escaping_of(&[("d/e/a", "../../../x")]), ["d/e/a"]);
        assert_eq!(escaping_of(&[("a", "b/../../x")]), ["a"]);
    }

    #[test]
    fn a_link_inside_the_tree_stays_even_if_it_dangles_or_loops() {
        assert!(escaping_of(&[("d/a", "../b"), ("c", "d/./a"), ("x", "nowhere")]).is_empty());
        assert!(escaping_of(&[("a", "b"), ("b", "a"), ("c", "c/c/c")]).is_empty());
    }

    #[test]
    fn a_link_that_escapes_only_by_way_of_another_link_is_found() {
        // `up` is the root itself, so `up/../x` is above it, though it reads as `deep/a/x`.
        assert_eq!(escaping_of(&[("deep/a/up", "../.."), ("deep/a/out", "up/../x")]), ["deep/a/out"]);
    }
}
