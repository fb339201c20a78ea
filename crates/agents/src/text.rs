//! Untrusted text made fit to be kept: bounded, and without what hides something from a reader.

/// One line of at the most `limit` characters.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let words: Vec<_> = passage(text, usize::MAX).split_whitespace().map(str::to_owned).collect();
    bounded(&words.join(" "), limit)
}

/// A text of at the most `limit` characters, its lines kept.
pub(crate) fn passage(text: &str, limit: usize) -> String {
    let kept: String = text
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(*c)))
        .collect();
    bounded(kept.trim(), limit)
}

fn bounded(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text[..end].trim_end()),
    }
}

/// Shows as nothing, or turns the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_something_is_taken_out() {
        assert_eq!(line("  a\r\n\tb\x1b[31mc\u{202e}d ", 99), "a b[31mcd");
        assert_eq!(passage("a\r\nb\0", 99), "a\nb");
        assert_eq!(line("äöü", 2), "äö...");
    }
}
