//! Messages: what the control frames say.
//!
//! The host begins with [`ToGuest::Hello`], the guest answers with its own and [`FromGuest::Ready`]. A guest that has
//! booted, or that has answered [`FromGuest::Frozen`], runs nothing until it was given the time and fresh randomness.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    protocol::{Frame, FrameError, Kind},
    tree::{Bounds, Entry, Totals},
};

/// Where a machine keeps the certificates that programs in it are to trust, for everyone to read.
pub const CERTIFICATES: &str = "/run/swarm/ca.pem";

/// The first message each way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`](crate::protocol::VERSION) of who says it.
    pub version: u32,
    /// What it can do beyond that version. Unknown ones are passed over.
    #[serde(default)]
    pub features: Vec<String>,
}

/// What the host says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToGuest {
    /// Begins the session, or goes on with it after [`FromGuest::Frozen`].
    Hello(Hello),
    /// Asks for a sign of life. Answer: [`FromGuest::Pong`].
    Ping,
    /// Sets the clock. Answer: [`FromGuest::Done`].
    SetClock {
        /// Nanoseconds since 1970.
        unix_nanos: u64,
    },
    /// Makes the guest another one than those of the same template. Answer: [`FromGuest::Done`].
    Reseed {
        /// Fresh randomness.
        seed: Seed,
        /// Who it is from now on: 32 of `0-9a-f`.
        identity: String,
    },
    /// Gives the certificates that programs inside are to trust, for [`CERTIFICATES`]. Answer: [`FromGuest::Done`].
    Trust {
        /// As PEM.
        certificates: String,
    },
    /// Runs a command. Answer: output, then [`FromGuest::Exited`] or [`FromGuest::Failed`].
    Exec(Exec),
    /// Sends a signal to the command on this channel. Signal 9 ends it with all its processes.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// Entries follow, each file's bytes behind it, and then [`ToGuest::End`]. Answer: [`FromGuest::Done`].
    Push {
        /// What the work folder is held to.
        bounds: Bounds,
    },
    /// One thing that changed.
    Entry(Entry),
    /// All entries were sent.
    End(Totals),
    /// The entries are not to be used: the host could not go on.
    Abort,
    /// Asks for what changed since the last exchange of files. Answer: entries, then [`FromGuest::End`].
    Pull {
        /// More than this is not wanted.
        bounds: Bounds,
    },
    /// The answer to [`FromGuest::Dial`]. Later it says that the host takes no more of that connection: what it has sent
    /// up to its end is still handed on.
    Dialled {
        /// Why there is no connection, where there is none.
        refused: Option<String>,
    },
    /// More bytes may be sent on this channel.
    Window {
        /// How many more.
        bytes: u32,
    },
    /// Asks the guest to say nothing more, so that it can be stopped and copied. Answer: [`FromGuest::Frozen`].
    Freeze,
    /// Ends the machine.
    Shutdown,
}

/// What the guest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromGuest {
    /// Answers the host's.
    Hello(Hello),
    /// It can be talked to.
    Ready(Ready),
    /// It was done.
    Done {
        /// Whether it took effect: an ordinary process leaves the machine's clock and randomness alone.
        applied: bool,
    },
    /// A sign of life.
    Pong(Pong),
    /// The command ended, and none of its processes lives on.
    Exited(Exited),
    /// One thing that changed; a file's bytes follow.
    Entry(Entry),
    /// All entries were sent.
    End(Totals),
    /// A program inside wants the way out. The channel is the guest's. Answer: [`ToGuest::Dialled`].
    Dial,
    /// More bytes may be sent on this channel.
    Window {
        /// How many more.
        bytes: u32,
    },
    /// Nothing more is said until the next [`ToGuest::Hello`].
    Frozen,
    /// What was asked for on this channel cannot be done. On that of a connection: nobody takes what comes any more.
    Failed(Failed),
}

/// What the guest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Whether it was given the time and randomness since it was booted or frozen.
    pub settled: bool,
    /// Milliseconds since its boot.
    pub uptime_ms: u64,
    /// Its kernel.
    pub kernel: String,
    /// Whether it is the first process of a machine of its own.
    pub machine: bool,
    /// Whether commands are held to memory and processes by a cgroup.
    pub cgroup: bool,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// Moves on while something goes on: bytes moved, commands ended, CPU time used.
    pub progress: u64,
    /// Milliseconds since the boot.
    pub uptime_ms: u64,
    /// Bytes of memory that the machine has.
    pub memory_total: u64,
    /// Bytes of memory that are free for use.
    pub memory_available: u64,
    /// Processes that live.
    pub processes: u32,
    /// Whether a command runs.
    pub busy: bool,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Environment beside the guest's plain one.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Relative to the work folder.
    #[serde(default)]
    pub cwd: String,
    /// What it may use.
    pub limits: ExecLimits,
}

/// What a command may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecLimits {
    /// How long it may take.
    pub wall_ms: u64,
    /// Bytes that it may write to each of standard output and standard error before it is ended.
    pub output_bytes: u64,
    /// Processes and threads at once.
    pub pids: u32,
    /// Bytes of memory, all its processes together; else only the machine's size holds it.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Bytes that the command may add to the work folder and `/tmp`, and to one file.
    #[serde(default)]
    pub disk_bytes: Option<u64>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exited {
    /// Why.
    pub ending: Ending,
    /// Milliseconds that it took.
    pub took_ms: u64,
}

/// Why a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Ending {
    /// By itself.
    Code {
        /// The exit code.
        code: i32,
    },
    /// By a signal.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// It passed a limit.
    Limit {
        /// Which one.
        limit: Limit,
    },
}

/// The limits that end a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Wall clock.
    Wall,
    /// Memory.
    Memory,
    /// Disk.
    Disk,
    /// Output.
    Output,
}

/// What cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Failed {
    /// For programs.
    pub code: FailedCode,
    /// For people.
    pub detail: String,
}

impl Failed {
    /// A failure.
    #[must_use]
    pub fn new(code: FailedCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Why something cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedCode {
    /// Another protocol version.
    Version,
    /// A command runs already.
    Busy,
    /// The guest was not given the time and randomness.
    NotSettled,
    /// The working folder is not there.
    NoFolder,
    /// It cannot be meant.
    Invalid,
    /// More files or bytes than were allowed.
    TooMuch,
    /// The machine failed.
    Io,
}

/// 32 random bytes. They are not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        seed.0.iter().fold(Self::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

impl TryFrom<String> for Seed {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WANTED: &str = "64 hexadecimal digits are wanted";
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(WANTED);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| WANTED)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WANTED)?;
        }
        Ok(Self(bytes))
    }
}

impl ToGuest {
    /// As a frame.
    pub fn frame(&self, channel: u32) -> Result<Frame, FrameError> {
        frame(self, channel)
    }

    /// What a frame says.
    pub fn read(frame: &Frame) -> Result<Self, FrameError> {
        read(frame)
    }
}

impl FromGuest {
    /// As a frame.
    pub fn frame(&self, channel: u32) -> Result<Frame, FrameError> {
        frame(self, channel)
    }

    /// What a frame says.
    pub fn read(frame: &Frame) -> Result<Self, FrameError> {
        read(frame)
    }
}

fn frame(message: &impl Serialize, channel: u32) -> Result<Frame, FrameError> {
    let body = serde_json::to_vec(message).map_err(|error| FrameError::Unreadable(error.to_string()))?;
    if body.len() > crate::protocol::LONGEST_BODY {
        return Err(FrameError::TooLong(body.len()));
    }
    Ok(Frame { kind: Kind::Control, channel, body })
}

fn read<T: DeserializeOwned>(frame: &Frame) -> Result<T, FrameError> {
    serde_json::from_slice(&frame.body).map_err(|error| FrameError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::{Content, EntryPath, LinkTarget, Mtime};

    fn entries() -> impl Strategy<Value = Entry> {
        let path =
            "[a-z%]{1,5}(/[a-zä ]{1,5}){0,3}".prop_map(|path| EntryPath::new(path.as_bytes()).unwrap());
        let content = prop_oneof![
            Just(Content::Gone),
            any::<u32>().prop_map(|mode| Content::Folder { mode }),
            (any::<u32>(), any::<u64>(), any::<i64>(), 0..1_000_000_000_u32).prop_map(
                |(mode, size, seconds, nanos)| Content::File { mode, size, mtime: Mtime { seconds, nanos } }
            ),
            prop::collection::vec(1..=255_u8, 1..50)
                .prop_map(|to| Content::Link { to: LinkTarget::new(&to).unwrap() }),
        ];
        (path, content).prop_map(|(path, content)| Entry { path, content })
    }

    fn to_guest() -> impl Strategy<Value = ToGuest> {
        prop_oneof![
            Just(ToGuest::Ping),
            Just(ToGuest::Freeze),
            any::<u64>().prop_map(|unix_nanos| ToGuest::SetClock { unix_nanos }),
            any::<String>().prop_map(|certificates| ToGuest::Trust { certificates }),
            prop::option::of(any::<String>()).prop_map(|refused| ToGuest::Dialled { refused }),
            (any::<[u8; 32]>(), "[0-9a-f]{32}")
                .prop_map(|(seed, identity)| ToGuest::Reseed { seed: Seed(seed), identity }),
            (prop::collection::vec(any::<String>(), 0..5), any::<String>(), any::<u64>()).prop_map(
                |(argv, cwd, wall_ms)| {
                    let limits = ExecLimits {
                        wall_ms,
                        output_bytes: 1,
                        pids: 2,
                        memory_bytes: None,
                        disk_bytes: Some(3),
                    };
                    ToGuest::Exec(Exec { argv, env: BTreeMap::new(), cwd, limits })
                }
            ),
            entries().prop_map(ToGuest::Entry),
        ]
    }

    proptest! {
        #[test]
        fn what_the_host_says_is_read_as_it_was_meant(message in to_guest(), channel in any::<u32>()) {
            let frame = message.frame(channel).unwrap();
            prop_assert_eq!(ToGuest::read(&frame).unwrap(), message);
        }

        #[test]
        fn no_body_makes_the_reading_of_messages_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let frame = Frame { kind: Kind::Control, channel: 1, body };
            let _ = (ToGuest::read(&frame), FromGuest::read(&frame));
        }

        #[test]
        fn a_message_with_a_byte_changed_is_read_or_refused(message in to_guest(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut frame = message.frame(3).unwrap();
            let at = at.index(frame.body.len());
            frame.body[at] = byte;
            let _ = (ToGuest::read(&frame), FromGuest::read(&frame));
        }
    }

    #[test]
    fn a_seed_is_not_shown() {
        let message = ToGuest::Reseed { seed: Seed([0xab; 32]), identity: "0".repeat(32) };
        assert!(!format!("{message:?}").contains("ab"));
    }
}
