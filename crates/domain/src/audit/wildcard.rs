//! Names with `*` in them.

/// The most bytes that a pattern may have.
const MAX_BYTES: usize = 200;

/// A pattern: `*` stands for any letters, none included; everything else for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard(String);

impl Wildcard {
    /// Reads a pattern. None where it is empty, too long or holds a character that no name has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = !text.is_empty() && text.len() <= MAX_BYTES && !text.chars().any(char::is_control);
        sound.then(|| Self(text.to_owned()))
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for itself alone.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether it stands for this text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // The leftmost place of each part leaves the most for those behind it.
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Wildcard::parse(pattern).unwrap().matches(text)
    }

    #[test]
    fn a_star_stands_for_any_letters_and_for_none() {
        for (pattern, text) in [
            ("run_*", "run_started"),
            ("*", "x"),
            ("a*b*c", "abc"),
            ("a*b*c", "axbbxc"),
            ("*_*", "a_b"),
            ("a", "a"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("run_*", "runs"), ("a", "ab"), ("a*a", "a"), ("*b", "ba"), ("a*b*c", "acb"), ("ab*ba", "aba")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_no_name_can_be_is_no_pattern() {
        for text in ["", "a\nb", "\u{1b}[2J", &"a".repeat(201)] {
            assert_eq!(Wildcard::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn cutting_pieces_out_of_a_text_leaves_a_pattern_of_it(text in "[a-c_]{0,12}", from in 0usize..13, len in 0usize..13) {
            let (from, to) = (from.min(text.len()), (from + len).min(text.len()));
            let pattern = format!("{}*{}", &text[..from], &text[from.max(to)..]);
            prop_assert!(matches(&pattern, &text), "{} {}", pattern, text);
        }
    }
}
