//! Words and numbers as they are shown.

use console::{measure_text_width, truncate_str};

/// Untrusted text as one line without control characters: a title written by a model must not move the cursor.
pub(crate) fn plain(text: &str) -> String {
    let visible = |c: char| {
        if c.is_whitespace() { Some(' ') } else { (!is_hidden(c)).then_some(c) }
    };
    let line: String = text.chars().filter_map(visible).collect();
    line.trim().to_owned()
}

/// Control characters, and those that change the direction of writing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Exactly `width` columns: cut with an ellipsis, or filled with blanks.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let cut = truncate_str(text, width, "…");
    let missing = width.saturating_sub(measure_text_width(&cut));
    format!("{cut}{}", " ".repeat(missing))
}

/// `950`, `12.3k`, `1.2M`.
pub(crate) fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}.{}k", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// `8s`, `1m 04s`, `2h 05m`; nothing is ever negative.
pub(crate) fn short_duration(duration: chrono::TimeDelta) -> String {
    let seconds = duration.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{202e}d\u{7}"), "a[2Jb  cd");
    }

    #[test]
    fn text_fits_its_column_whatever_its_length() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdefgh", 5), "abcd…");
        assert_eq!(measure_text_width(&fit("日本語テキスト", 6)), 6);
    }

    #[test]
    fn numbers_are_short() {
        let texts: Vec<_> = [0, 999, 1_000, 12_345, 1_250_000].map(tokens).into();
        assert_eq!(texts, ["0", "999", "1.0k", "12.3k", "1.2M"]);
        let texts: Vec<_> = [-5, 59, 64, 7_500].map(|s| short_duration(chrono::TimeDelta::seconds(s))).into();
        assert_eq!(texts, ["0s", "59s", "1m 04s", "2h 05m"]);
    }
}
