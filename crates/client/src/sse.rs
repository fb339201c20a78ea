//! Reading server-sent events from bytes, as the HTML standard has it.

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its name; `message` where it has none.
    pub(crate) name: Option<String>,
    /// Its id.
    pub(crate) id: Option<String>,
    /// Its lines, joined.
    pub(crate) data: String,
}

/// The longest message that is read, in bytes. An event has 16 MiB at the most.
const MAX_MESSAGE: usize = 64 << 20;

/// A message is longer than any of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Makes messages of bytes as they come in.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    line: Vec<u8>,
    after_cr: bool,
    message: Message,
    has_data: bool,
}

impl Reader {
    /// The messages that end within `bytes`.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Message>, TooLong> {
        let mut messages = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => messages.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.message.data.len() > MAX_MESSAGE {
                return Err(TooLong);
            }
        }
        Ok(messages)
    }

    fn end_line(&mut self) -> Option<Message> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            return std::mem::take(&mut self.has_data).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.message.name = Some(value.to_owned()),
            "id" => self.message.id = Some(value.to_owned()),
            // A comment, or a field of a later time.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        ": hello\n\nid: 7\ndata: {\"a\":\ndata: 1}\n\nevent: problem\r\ndata:x\r\n\r\ndata\n\nid: 9\n\n";

    fn whole() -> Vec<Message> {
        Reader::default().feed(TEXT.as_bytes()).unwrap()
    }

    #[test]
    fn comments_and_messages_without_data_are_no_messages() {
        let messages = whole();
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[0], Message { name: None, id: Some("7".into()), data: "{\"a\":\n1}".into() });
        assert_eq!(messages[1], Message { name: Some("problem".into()), id: None, data: "x".into() });
        assert_eq!(messages[2], Message::default());
    }

    #[test]
    fn it_does_not_matter_where_the_network_cuts() {
        for size in 1..=TEXT.len() {
            let mut reader = Reader::default();
            let read: Vec<_> =
                TEXT.as_bytes().chunks(size).flat_map(|part| reader.feed(part).unwrap()).collect();
            assert_eq!(read, whole(), "cut every {size} bytes");
        }
    }

    #[test]
    fn a_message_without_end_is_given_up() {
        let mut reader = Reader::default();
        let part = vec![b'x'; 1 << 20];
        assert!((0..=64).any(|_| reader.feed(&part).is_err()));
    }
}
