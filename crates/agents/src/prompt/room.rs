//! How much a prompt may still say.

use crate::tool::output;

/// Bytes that one token is reckoned to take, as in `swarm_model::tokens`.
const BYTES_PER_TOKEN: u64 = 3;
/// Below this a piece is left out rather than cut.
const MIN_PIECE: usize = 160;

/// Bytes that are left of a prompt. Pieces ask for room in order of how much they matter.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
}

impl Room {
    pub(crate) fn of_tokens(tokens: u64) -> Self {
        Self { left: usize::try_from(tokens.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX) }
    }

    /// Bytes that are left.
    pub(crate) fn bytes(&self) -> usize {
        self.left
    }

    pub(crate) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        text.len() <= self.left
    }

    /// The text, or the beginning and end of it: no more than `share` hundredths of what is left. Nothing where that
    /// would be a scrap.
    pub(crate) fn take(&mut self, text: &str, share: usize) -> String {
        let bound = self.left / 100 * share.min(100);
        if text.len() > bound && bound < MIN_PIECE {
            return String::new();
        }
        let piece = output::cut(text, bound);
        self.spend(piece.len());
        piece
    }
}

/// A text in a fence that nothing in the text can close.
pub(crate) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_cut_to_its_share_and_a_scrap_is_left_out() {
        let mut room = Room::of_tokens(400);
        assert!((500..=600).contains(&room.take(&"x".repeat(5_000), 50).len()));
        assert_eq!(room.take(&"x".repeat(500), 20), "");
        assert_eq!(room.take("short", 50), "short");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fenced("md", "a\n```\nb"), "````md\na\n```\nb\n````");
    }
}
