//! Server-sent events, as far as providers use them: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//!
//! Bytes are kept until a line is whole, so a character may be split over chunks anywhere.

/// Bounds on what a stream may make us keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SseBounds {
    /// Bytes of one line.
    pub(crate) line: usize,
    /// Bytes of one event's data.
    pub(crate) event: usize,
}

impl Default for SseBounds {
    fn default() -> Self {
        Self { line: 1024 * 1024, event: 4 * 1024 * 1024 }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its `event:` field, empty where there is none.
    pub(crate) kind: String,
    /// Its `data:` lines, joined by line ends.
    pub(crate) data: String,
}

/// A line or an event is larger than any that a provider sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line or an event of the stream is too long")]
pub(crate) struct TooLarge;

/// Takes chunks in, gives events out.
#[derive(Debug, Default)]
pub(crate) struct SseDecoder {
    bounds: SseBounds,
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    begun: bool,
    kind: String,
    data: String,
    has_data: bool,
}

impl SseDecoder {
    pub(crate) fn new(bounds: SseBounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// The events that end in this chunk.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseEvent>, TooLarge> {
        let mut events = Vec::new();
        for &byte in chunk {
            let ends_line = match byte {
                b'\n' if self.after_return => {
                    self.after_return = false;
                    continue;
                }
                b'\n' | b'\r' => true,
                _ => false,
            };
            self.after_return = byte == b'\r';
            if ends_line {
                events.extend(self.end_line()?);
            } else if self.line.len() >= self.bounds.line {
                return Err(TooLarge);
            } else {
                self.line.push(byte);
            }
        }
        Ok(events)
    }

    /// The event that was under way when the stream ended. The standard drops it; servers that forget the last empty
    /// line are common.
    pub(crate) fn finish(&mut self) -> Result<Option<SseEvent>, TooLarge> {
        let last = if self.line.is_empty() { None } else { self.end_line()? };
        Ok(last.or_else(|| self.dispatch()))
    }

    fn end_line(&mut self) -> Result<Option<SseEvent>, TooLarge> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&bytes);
        if !self.begun {
            self.begun = true;
            if let Some(rest) = line.strip_prefix('\u{feff}') {
                line = rest.to_owned().into();
            }
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() > self.bounds.event {
                    return Err(TooLarge);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.kind),
            // Comments have an empty name; ids and retry times are for browsers.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        std::mem::take(&mut self.has_data).then_some(SseEvent { kind, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: &str) -> SseEvent {
        SseEvent { kind: kind.into(), data: data.into() }
    }

    #[test]
    fn wherever_the_chunks_are_cut_the_events_are_the_same() {
        let text =
            "\u{feff}: hello\r\nevent: a\r\ndata: grüße 🦀\r\n\r\ndata:x\ndata: y\n\nid: 3\n\ndata: z\r\r"
                .as_bytes();
        let expected = [event("a", "grüße 🦀"), event("", "x\ny"), event("", "z")];
        for cut in 0..=text.len() {
            let mut decoder = SseDecoder::new(SseBounds::default());
            let mut events = decoder.push(&text[..cut]).unwrap();
            events.extend(decoder.push(&text[cut..]).unwrap());
            events.extend(decoder.finish().unwrap());
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    #[test]
    fn the_last_event_counts_even_without_its_empty_line() {
        let mut decoder = SseDecoder::new(SseBounds::default());
        assert_eq!(decoder.push(b"data: [DONE]").unwrap(), []);
        assert_eq!(decoder.finish().unwrap(), Some(event("", "[DONE]")));
        assert_eq!(decoder.finish().unwrap(), None);
    }

    #[test]
    fn an_endless_line_and_an_endless_event_are_refused() {
        let bounds = SseBounds { line: 10, event: 12 };
        assert_eq!(SseDecoder::new(bounds).push(b"data: 12345"), Err(TooLarge));
        assert_eq!(SseDecoder::new(bounds).push(b"data: 1234\n".repeat(4).as_slice()), Err(TooLarge));
    }
}
