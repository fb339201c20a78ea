//! The last that a machine's console and its monitor said.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt};

/// So much is kept; a guest may write without end.
const KEPT: usize = 64 << 10;

/// What was said, still growing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Console {
    kept: Arc<Mutex<VecDeque<u8>>>,
}

impl Console {
    /// Reads until there is no more.
    pub(super) async fn follow(self, mut from: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            self.push(&buffer[..count]);
        }
    }

    fn push(&self, bytes: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }

    /// The last lines, without what a terminal would do with them.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        drop(kept);
        let text = String::from_utf8_lossy(&bytes);
        let plain = |c: &char| !c.is_control() || *c == '\n';
        let text: String = text.chars().filter(plain).collect();
        let all: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_told_and_what_came_before_is_bounded() {
        let console = Console::default();
        console.push("never seen\n".as_bytes());
        for line in 0..20_000 {
            console.push(format!("line {line}\r\n\u{1b}").as_bytes());
        }
        console.push(b"\n\n");
        assert_eq!(console.tail(2), "line 19998\nline 19999");
        assert!(console.tail(usize::MAX).len() <= KEPT);
    }
}
