//! What events say, made fit for paper: every letter that cannot be shown as it is, or would be shown as another, is
//! written by its number, and what is too wide goes on in the next line.

use super::letters::{Kind, Letters};

/// Makes hostile text harmless without leaving anything of it out: what the letters do not have, controls, letters that
/// turn the direction of those around them, marks that stand over others and spaces that are none become `\u{…}`, and a
/// backslash two. At most `most` letters of the result; then how many of the text are left out.
pub(super) fn clean(letters: &mut Letters, text: &str, most: usize) -> (String, usize) {
    let mut out = String::with_capacity(text.len().min(most));
    let (mut written, mut rest) = (0, text.chars());
    while let Some(letter) = rest.next() {
        let begin = out.len();
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if is_plain(letter) && letters.width(Kind::Regular, letter).is_some() => out.push(letter),
            _ => out.extend(letter.escape_unicode()),
        }
        written += out[begin..].chars().count();
        if written > most {
            out.truncate(begin);
            return (out, 1 + rest.count());
        }
    }
    (out, 0)
}

fn is_plain(letter: char) -> bool {
    let hidden = matches!(u32::from(letter), 0xad | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff);
    let over = matches!(u32::from(letter), 0x300..=0x36f | 0x483..=0x489 | 0x20d0..=0x20ff);
    !(letter.is_control() || hidden || over || (letter.is_whitespace() && letter != ' '))
}

/// Breaks words into lines of a width at a size: between words, and within one that is wider than a line.
pub(super) fn broken(
    letters: &mut Letters,
    kind: Kind,
    size: f32,
    width: f32,
    text: &str,
    most: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut at) = (String::new(), 0.0);
    let space = letters.width(kind, ' ').unwrap_or_default() * size;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let long = letters.length(kind, word) * size;
        if !line.is_empty() && at + space + long <= width {
            line.push(' ');
            line.push_str(word);
            at += space + long;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            at = 0.0;
        }
        if long <= width {
            line.push_str(word);
            at = long;
            continue;
        }
        for letter in word.chars() {
            let wide = letters.width(kind, letter).unwrap_or_default() * size;
            if at + wide > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                at = 0.0;
            }
            line.push(letter);
            at += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::file::File, *};

    fn letters() -> Letters {
        Letters::new(&mut File::new()).unwrap()
    }

    #[test]
    fn what_cannot_be_shown_is_written_by_its_number_and_nothing_is_left_out() {
        let mut letters = letters();
        let shown = |letters: &mut Letters, text: &str| clean(letters, text, 1000);
        for (text, wanted) in [
            ("Größe 5 µm", "Größe 5 µm"),
            ("Привет, Αθήνα", "Привет, Αθήνα"),
            ("中文", "\\u{4e2d}\\u{6587}"),
            ("שלום", "\\u{5e9}\\u{5dc}\\u{5d5}\\u{5dd}"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("e\u{301}", "e\\u{301}"),
            ("\u{1b}[2J\0", "\\u{1b}[2J\\u{0}"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\\u{4e2d}", "\\\\u{4e2d}"),
            ("a\u{2009}b\u{200b}", "a\\u{2009}b\\u{200b}"),
            ("🐝", "\\u{1f41d}"),
        ] {
            assert_eq!(shown(&mut letters, text), (wanted.to_owned(), 0), "{text:?}");
        }
        assert_eq!(clean(&mut letters, "abcdef", 4), ("abcd".to_owned(), 2));
        assert_eq!(clean(&mut letters, "ab中c", 4), ("ab".to_owned(), 2), "a number is not cut in two");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_column_and_no_word_is_lost(text in "\\PC{0,300}", width in 20.0f32..300.0) {
            let mut letters = letters();
            let (text, left) = clean(&mut letters, &text, 10_000);
            prop_assert_eq!(left, 0);
            let lines = broken(&mut letters, Kind::Regular, 7.5, width, &text, usize::MAX);
            for line in &lines {
                prop_assert!(letters.length(Kind::Regular, line) * 7.5 <= width + 0.01, "{line}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
