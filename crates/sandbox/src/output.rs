//! What is kept of a command's output when there is more of it than anyone will read.

use std::collections::VecDeque;

/// A command that writes this many times what is kept is ended: it is in a loop.
const FLOOD: u64 = 10;

/// Room for the line that says how much is missing.
const MARKER: usize = 64;

/// One stream: its beginning (three quarters of what is kept) and its end (the rest).
///
/// Where something is missing, a line between the two says how many bytes; it counts towards the limit. Below 256
/// bytes there is no room for that line, and only the beginning is kept.
#[derive(Debug)]
pub(crate) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    limit: usize,
    total: u64,
}

impl Output {
    pub(crate) fn new(limit: usize) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), limit, total: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        let head_room = self.head_size().saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(head_room);
        self.head.extend_from_slice(first);
        let tail_size = self.limit - self.head_size();
        let last = &rest[rest.len().saturating_sub(tail_size)..];
        let surplus = (self.tail.len() + last.len()).saturating_sub(tail_size);
        self.tail.drain(..surplus);
        self.tail.extend(last);
    }

    /// Whether so much was written that the command is to be ended.
    pub(crate) fn is_flood(&self) -> bool {
        self.total > FLOOD.saturating_mul(self.limit.max(1) as u64)
    }

    /// What is kept, and how many bytes were dropped.
    pub(crate) fn finish(&mut self) -> (Vec<u8>, u64) {
        let mut kept = std::mem::take(&mut self.head);
        let mut tail = std::mem::take(&mut self.tail);
        if self.total > self.limit as u64 && self.has_marker() {
            tail.drain(..MARKER.min(tail.len()));
            let dropped = self.total - (kept.len() + tail.len()) as u64;
            kept.extend_from_slice(format!("\n[... {dropped} bytes dropped ...]\n").as_bytes());
            kept.extend(tail);
            return (kept, dropped);
        }
        kept.extend(tail);
        let dropped = self.total - kept.len() as u64;
        (kept, dropped)
    }

    fn has_marker(&self) -> bool {
        self.limit >= 4 * MARKER
    }

    fn head_size(&self) -> usize {
        if self.has_marker() { self.limit / 4 * 3 } else { self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(limit: usize, pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut output = Output::new(limit);
        for piece in pieces {
            output.push(piece);
        }
        output.finish()
    }

    #[test]
    fn output_within_the_limit_is_kept_whole_however_it_arrives() {
        let whole: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for size in [1, 7, 999, 1000] {
            let pieces: Vec<&[u8]> = whole.chunks(size).collect();
            assert_eq!(after(1000, &pieces), (whole.clone(), 0));
        }
    }

    #[test]
    fn of_too_much_output_the_beginning_and_the_end_are_kept_and_the_gap_is_counted() {
        let flood = [b'x'; 5000];
        let (kept, dropped) = after(1024, &[b"first", &flood, b"last"]);
        assert!(kept.starts_with(b"firstx") && kept.ends_with(b"xlast"));
        assert!(kept.len() <= 1024, "{}", kept.len());
        let marker = format!("\n[... {dropped} bytes dropped ...]\n");
        assert!(String::from_utf8_lossy(&kept).contains(&marker));
        assert_eq!(kept.len() as u64 - marker.len() as u64 + dropped, 5009);
    }

    #[test]
    fn a_tiny_limit_keeps_only_the_beginning() {
        assert_eq!(after(4, &[b"abcdef"]), (b"abcd".to_vec(), 2));
        assert_eq!(after(0, &[b"abc"]), (Vec::new(), 3));
    }

    #[test]
    fn ten_times_the_limit_is_not_yet_a_flood_and_a_byte_more_is() {
        let mut output = Output::new(10);
        output.push(&[0; 100]);
        assert!(!output.is_flood());
        output.push(&[0]);
        assert!(output.is_flood());
    }
}
