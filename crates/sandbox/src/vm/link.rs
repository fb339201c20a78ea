//! The host's side of what is said with a guest.
//!
//! What comes is hostile: a guest may have been taken over by what ran in it. Frames are bounded by the protocol, answers
//! are waited for within a time, and a guest that says what it must not say now is given up.

mod exec;
mod transfer;

use std::time::Duration;

use swarm_guest::{
    message::{Failed, FailedCode, FromGuest, Hello, Ready, Seed, ToGuest},
    protocol::{Frame, FrameError, HEADER, Kind, LONGEST_BODY, SESSION, VERSION},
    tree::TreeError,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

pub(super) use exec::{Command, Outcome};
pub(super) use transfer::Piece;

use crate::{error::SandboxError, sandbox::Exec};

/// What a guest does at once it does within this, also an emulated one on a busy host.
const PATIENCE: Duration = Duration::from_secs(20);

/// An honest guest has this many connections open at most.
const MOST_UNANSWERED: usize = 128;

/// Why a guest does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The stream ended, or nothing comes any more.
    #[error("{0}")]
    Lost(String),
    /// It says what cannot be meant.
    #[error("the guest says what cannot be meant: {0}")]
    Nonsense(String),
    /// It speaks another version.
    #[error("the guest's program is of another version: {0}")]
    Version(String),
    /// It says that it cannot.
    #[error("the guest says: {0}")]
    Failed(#[from] Failed),
    /// The host's own files.
    #[error("{0}")]
    Files(#[from] TreeError),
}

impl LinkError {
    /// Whether more files or bytes changed than are taken.
    pub(crate) fn is_too_much(&self) -> bool {
        matches!(
            self,
            Self::Failed(Failed { code: FailedCode::TooMuch, .. }) | Self::Files(TreeError::TooMuch(_))
        )
    }

    /// What it means for the sandbox with this name.
    pub(crate) fn of(self, name: &str) -> SandboxError {
        match self {
            Self::Failed(Failed { code: FailedCode::NoFolder, detail }) => {
                SandboxError::invalid("working folder", detail)
            }
            Self::Failed(Failed { code: FailedCode::TooMuch, detail })
            | Self::Files(TreeError::TooMuch(detail)) => SandboxError::invalid("work folder", detail),
            Self::Files(error) => SandboxError::io(
                format!("exchange the files of sandbox {name}"),
                std::io::Error::other(error.to_string()),
            ),
            Self::Version(detail) => SandboxError::Setup {
                what: "a microVM",
                detail,
                mend: "build the guest's program again: `make guest`".to_owned(),
            },
            other => SandboxError::Gone { name: name.to_owned(), reason: other.to_string() },
        }
    }
}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        Self::Nonsense(error.to_string())
    }
}

impl From<std::io::Error> for LinkError {
    fn from(error: std::io::Error) -> Self {
        Self::Lost(format!("the stream to the guest broke: {error}"))
    }
}

/// A guest that can be talked to. One question at a time.
#[derive(Debug)]
pub(crate) struct Link {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    /// What came and is not a whole frame yet.
    buffer: Vec<u8>,
    channel: u32,
    /// Who wants the way out and was not answered yet.
    unanswered: Vec<u32>,
    /// A frame is written half; another one now would land in the middle of it.
    is_writing: bool,
}

impl Link {
    /// Greets the guest, whenever it is up.
    pub(crate) async fn open(stream: UnixStream) -> Result<Self, LinkError> {
        let (reader, writer) = stream.into_split();
        let mut link = Self {
            reader,
            writer,
            buffer: Vec::new(),
            channel: SESSION + 1,
            unanswered: Vec::new(),
            is_writing: false,
        };
        let hello = Hello { version: VERSION, features: Vec::new() };
        link.say(SESSION, &ToGuest::Hello(hello)).await?;
        loop {
            let frame = link.frame().await?;
            if (frame.kind, frame.channel) != (Kind::Control, SESSION) {
                continue;
            }
            match FromGuest::read(&frame)? {
                FromGuest::Hello(hello) if hello.version != VERSION => {
                    let said = format!("it speaks version {} and swarm version {VERSION}", hello.version);
                    return Err(LinkError::Version(said));
                }
                FromGuest::Ready(Ready { machine: true, .. }) => return Ok(link),
                FromGuest::Ready(_) => return Err(LinkError::Nonsense("it is no machine".to_owned())),
                FromGuest::Failed(Failed { code: FailedCode::Version, detail }) => {
                    return Err(LinkError::Version(detail));
                }
                _ => {}
            }
        }
    }

    /// Whether it lives.
    pub(crate) async fn ping(&mut self) -> Result<(), LinkError> {
        match self.ask(&ToGuest::Ping).await? {
            FromGuest::Pong(_) => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Gives it the time.
    pub(crate) async fn set_clock(&mut self, unix_nanos: u64) -> Result<(), LinkError> {
        self.done(&ToGuest::SetClock { unix_nanos }).await
    }

    /// Makes it another one than its likes.
    pub(crate) async fn reseed(&mut self, seed: [u8; 32], identity: String) -> Result<(), LinkError> {
        self.done(&ToGuest::Reseed { seed: Seed(seed), identity }).await
    }

    /// Has it do once what it will do often, so that this is in memory already: for a template. The time and the
    /// randomness that it is given for it are void once it is frozen.
    pub(crate) async fn warm(&mut self, now: u64) -> Result<(), LinkError> {
        self.set_clock(now).await?;
        self.reseed([0; 32], "0".repeat(32)).await?;
        let command = Command::of(&Exec::shell("exit 0"), &crate::Limits::default(), PATIENCE);
        self.exec(&command).await.map(drop)
    }

    /// Has it say nothing more until it is greeted again, by whoever has its copy.
    pub(crate) async fn freeze(&mut self) -> Result<(), LinkError> {
        match self.ask(&ToGuest::Freeze).await? {
            FromGuest::Frozen => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    async fn done(&mut self, message: &ToGuest) -> Result<(), LinkError> {
        match self.ask(message).await? {
            FromGuest::Done { applied: true } => Ok(()),
            FromGuest::Done { applied: false } => {
                Err(LinkError::Nonsense("it took no effect in a machine of its own".to_owned()))
            }
            other => Err(unfit(&other)),
        }
    }

    /// Asks, and waits for the answer to that.
    async fn ask(&mut self, message: &ToGuest) -> Result<FromGuest, LinkError> {
        let channel = self.fresh_channel();
        let asking = async {
            self.say(channel, message).await?;
            self.answer(channel).await
        };
        timeout(PATIENCE, asking).await.map_err(|_| silent())?
    }

    /// The next message on a channel.
    async fn answer(&mut self, channel: u32) -> Result<FromGuest, LinkError> {
        loop {
            let frame = self.next().await?;
            if frame.channel == channel && frame.kind == Kind::Control {
                return match FromGuest::read(&frame)? {
                    FromGuest::Failed(failed) => Err(failed.into()),
                    answer => Ok(answer),
                };
            }
        }
    }

    /// A conversation's own number.
    fn fresh_channel(&mut self) -> u32 {
        self.channel = self.channel.checked_add(2).unwrap_or(SESSION + 1);
        self.channel
    }

    async fn say(&mut self, channel: u32, message: &ToGuest) -> Result<(), LinkError> {
        Ok(self.writer.write_all(&message.frame(channel)?.encode()?).await?)
    }

    /// The next frame that is not about the way out: there is none.
    async fn next(&mut self) -> Result<Frame, LinkError> {
        loop {
            let frame = self.frame().await?;
            if frame.kind == Kind::Control && matches!(FromGuest::read(&frame)?, FromGuest::Dial) {
                self.unanswered.push(frame.channel);
                if self.unanswered.len() > MOST_UNANSWERED {
                    return Err(LinkError::Nonsense("more connections than it may ask for".to_owned()));
                }
                if !self.is_writing {
                    self.refuse().await?;
                }
                continue;
            }
            return Ok(frame);
        }
    }

    /// Refuses who wants the way out: there is none.
    async fn refuse(&mut self) -> Result<(), LinkError> {
        for channel in std::mem::take(&mut self.unanswered) {
            let refused = Some("this sandbox has no way out".to_owned());
            self.say(channel, &ToGuest::Dialled { refused }).await?;
        }
        Ok(())
    }

    /// The next frame. Nothing is lost when it is waited for no more.
    async fn frame(&mut self) -> Result<Frame, LinkError> {
        loop {
            if let Some((frame, used)) = Frame::decode(&self.buffer)? {
                self.buffer.drain(..used);
                return Ok(frame);
            }
            if self.buffer.len() > HEADER + LONGEST_BODY {
                return Err(LinkError::Nonsense("a frame without an end".to_owned()));
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(LinkError::Lost("the stream to the guest ended".to_owned()));
            }
        }
    }
}

fn silent() -> LinkError {
    LinkError::Lost(format!("the guest said nothing for {} s", PATIENCE.as_secs()))
}

fn unfit(answer: &FromGuest) -> LinkError {
    LinkError::Nonsense(format!("{answer:?}").chars().take(200).collect())
}

#[cfg(test)]
mod tests;
