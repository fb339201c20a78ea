//! The word that was probably meant.

/// The candidate nearest to `given`, if it is near enough to be what was meant.
pub(crate) fn closest<'a>(given: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let near = |candidate: &&str| {
        let distance = distance(given, candidate);
        (distance <= given.len().max(candidate.len()) / 3).then_some(distance)
    };
    candidates.iter().filter_map(|c| near(c).map(|d| (d, *c))).min().map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out or changed to make one of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        let known = ["max_parallel", "max_attempts", "budget"];
        assert_eq!(closest("max_paralel", &known), Some("max_parallel"));
        assert_eq!(closest("bugdet", &known), Some("budget"));
        assert_eq!(closest("telephone", &known), None);
        assert_eq!(closest("", &known), None);
    }
}
