//! How much of a text a model gets to see.

/// At the most `limit` bytes: the beginning and the end of the text, with a note between them of what is left out.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let keep = limit.saturating_sub(60);
    let head = text.floor_char_boundary(keep * 2 / 3);
    let tail = text.ceil_char_boundary(text.len() - (keep - keep * 2 / 3));
    format!("{}\n[... {} bytes left out ...]\n{}", &text[..head], tail - head, &text[tail..])
}

/// A short piece of untrusted text for a message: one line, no control characters.
pub(crate) fn shown(text: &str, limit: usize) -> String {
    let mut plain: String = text.chars().take(limit).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(limit).is_some() {
        plain.push_str("...");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_stays_within_the_limit_and_keeps_both_ends() {
        let text = format!("begin {} end", "ä".repeat(5_000));
        let short = cut(&text, 400);
        assert!(short.len() <= 400, "{}", short.len());
        assert!(short.starts_with("begin") && short.ends_with("end") && short.contains("left out"));
        assert_eq!(cut("short", 400), "short");
    }

    #[test]
    fn what_is_shown_of_untrusted_text_is_one_line() {
        assert_eq!(shown("a\nb\x1b[31m", 3), "a b...");
    }
}
