//! Frames: how the one stream is cut into pieces that belong to conversations.
//!
//! A frame is a length (`u32`, little endian: that of the body), a kind (`u8`), a channel (`u32`, little endian) and the
//! body. Channel 0 is the session itself. The host opens conversations on odd channels, the guest on even ones, and an
//! answer comes on the channel of its question.

use std::io::{self, Read};

/// The protocol's version. Both sides must be of the same.
pub const VERSION: u32 = 2;

/// The longest body.
pub const LONGEST_BODY: usize = 1 << 20;

/// How long the part before the body is.
pub const HEADER: usize = 9;

/// The most that one frame of data carries, so that others get their turn on a slow stream.
pub const DATA: usize = 64 << 10;

/// How many bytes one side may send on a conversation's data before the other has said that it took some: see
/// [`Window`](crate::message::ToGuest::Window). Standard input and relayed connections are held to it.
pub const WINDOW: u32 = 256 << 10;

/// The session's own channel.
pub const SESSION: u32 = 0;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message: JSON.
    Control,
    /// Standard input. An empty one is its end.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The next bytes of the file that was named last.
    File,
    /// A relayed connection, either way. An empty one is the end of that direction.
    Relay,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Control, Self::Stdin, Self::Stdout, Self::Stderr, Self::File, Self::Relay];

    fn code(self) -> u8 {
        match self {
            Self::Control => 1,
            Self::Stdin => 2,
            Self::Stdout => 3,
            Self::Stderr => 4,
            Self::File => 5,
            Self::Relay => 6,
        }
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`LONGEST_BODY`].
    #[error("a frame of {0} bytes; {LONGEST_BODY} are the most")]
    TooLong(usize),
    /// No such kind.
    #[error("a frame of the unknown kind {0}")]
    UnknownKind(u8),
    /// A message that cannot be read.
    #[error("a message that cannot be read: {0}")]
    Unreadable(String),
}

/// The part before the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the frame holds.
    pub kind: Kind,
    /// Its conversation.
    pub channel: u32,
    /// The body's length, at most [`LONGEST_BODY`].
    pub length: usize,
}

impl Header {
    /// Reads it.
    pub fn decode(bytes: [u8; HEADER]) -> Result<Self, FrameError> {
        let [l0, l1, l2, l3, kind, channel @ ..] = bytes;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if length > LONGEST_BODY {
            return Err(FrameError::TooLong(length));
        }
        let known = Kind::ALL.into_iter().find(|known| known.code() == kind);
        let kind = known.ok_or(FrameError::UnknownKind(kind))?;
        Ok(Self { kind, channel: u32::from_le_bytes(channel), length })
    }
}

/// One piece of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it holds.
    pub kind: Kind,
    /// Its conversation.
    pub channel: u32,
    /// The message or the data.
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame of data.
    #[must_use]
    pub fn data(kind: Kind, channel: u32, body: &[u8]) -> Self {
        Self { kind, channel, body: body.to_vec() }
    }

    /// As it goes over the stream.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let long = || FrameError::TooLong(self.body.len());
        let length = u32::try_from(self.body.len()).map_err(|_| long())?;
        if self.body.len() > LONGEST_BODY {
            return Err(long());
        }
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        bytes.extend(length.to_le_bytes());
        bytes.push(self.kind.code());
        bytes.extend(self.channel.to_le_bytes());
        bytes.extend(&self.body);
        Ok(bytes)
    }

    /// The first frame in a buffer and how many bytes it took; nothing while it is not whole.
    pub fn decode(buffer: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let Some((header, rest)) = buffer.split_first_chunk() else {
            return Ok(None);
        };
        let Header { kind, channel, length } = Header::decode(*header)?;
        let body = rest.get(..length);
        Ok(body.map(|body| (Self::data(kind, channel, body), HEADER + length)))
    }

    /// Reads one from a stream; nothing when the stream ends between two frames.
    pub fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        let mut filled = 0;
        while filled < HEADER {
            match stream.read(&mut header[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let Header { kind, channel, length } = Header::decode(header).map_err(io::Error::other)?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Some(Self { kind, channel, body }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Frame> {
        let kind = prop::sample::select(Kind::ALL.to_vec());
        (kind, any::<u32>(), prop::collection::vec(any::<u8>(), 0..2000))
            .prop_map(|(kind, channel, body)| Frame { kind, channel, body })
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded_and_no_byte_more(frame in frames(), behind in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut bytes = frame.encode().unwrap();
            let length = bytes.len();
            bytes.extend(behind);
            prop_assert_eq!(Frame::decode(&bytes).unwrap(), Some((frame.clone(), length)));
            prop_assert_eq!(Frame::read(&mut bytes.as_slice()).unwrap(), Some(frame));
        }

        #[test]
        fn a_frame_that_is_cut_off_is_not_whole_and_never_another_one(frame in frames(), share in 0.0..1.0_f64) {
            let bytes = frame.encode().unwrap();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = (bytes.len() as f64 * share) as usize;
            prop_assert_eq!(Frame::decode(&bytes[..cut]).unwrap(), None);
            let read = Frame::read(&mut &bytes[..cut]);
            let is_right = if cut == 0 { matches!(read, Ok(None)) } else { read.is_err() };
            prop_assert!(is_right);
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_take_more_than_the_longest_body(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
            if let Ok(Some((frame, used))) = Frame::decode(&bytes) {
                prop_assert!(frame.body.len() <= LONGEST_BODY && used <= bytes.len());
            }
            let mut rest = bytes.as_slice();
            while let Ok(Some(_)) = Frame::read(&mut rest) {}
        }
    }

    #[test]
    fn a_body_too_long_is_refused_by_both_sides_before_it_is_read() {
        let frame = Frame::data(Kind::File, 1, &vec![0; LONGEST_BODY + 1]);
        assert_eq!(frame.encode(), Err(FrameError::TooLong(LONGEST_BODY + 1)));
        let header = [0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0];
        assert_eq!(Header::decode(header), Err(FrameError::TooLong(0xffff_ffff)));
        assert_eq!(Header::decode([0, 0, 0, 0, 9, 0, 0, 0, 0]), Err(FrameError::UnknownKind(9)));
    }
}
