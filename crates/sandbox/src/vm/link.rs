//! The host's side of what is said with a guest.
//!
//! What comes is hostile: a guest may have been taken over by what ran in it. Frames are bounded by the protocol, answers
//! are waited for within a time, and a guest that says what it must not say now is given up.
//!
//! Many conversations go on side by side: a command runs, its connections are led to the proxy, and meanwhile the guest
//! is asked whether it lives. One task reads (`wire`) and hands each frame to whom it is for (`switchboard`), another
//! writes. The reader waits for no writer: a guest that stops reading because nobody reads what it says would otherwise
//! never go on.

mod circuit;
mod conversation;
mod exec;
mod intake;
mod switchboard;
mod transfer;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use swarm_guest::{
    message::{Failed, FailedCode, FromGuest, Hello, Ready, Seed, ToGuest},
    protocol::{FrameError, SESSION, VERSION},
    tree::TreeError,
};
use tokio::{net::UnixStream, sync::mpsc, time::timeout};
use tokio_util::task::AbortOnDropHandle;

pub(super) use exec::{Command, Outcome};
use switchboard::Switchboard;
pub(super) use transfer::Piece;

use crate::{egress::Proxy, error::SandboxError, sandbox::Exec};

/// What a guest does at once it does within this, also an emulated one on a busy host.
const PATIENCE: Duration = Duration::from_secs(20);

/// Frames that wait to be written. Whoever has one more waits.
const WAITING: usize = 8;

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

    /// Whether a command was not begun because its working folder is not there: a mistake that costs nothing.
    pub(crate) fn is_no_folder(&self) -> bool {
        matches!(self, Self::Failed(Failed { code: FailedCode::NoFolder, .. }))
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

/// A guest that can be talked to.
pub(crate) struct Link {
    board: Arc<Switchboard>,
    /// Who reads and who writes.
    tasks: [AbortOnDropHandle<()>; 2],
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Greets the guest, whenever it is up.
    pub(crate) async fn open(stream: UnixStream) -> Result<Self, LinkError> {
        let (reader, writer) = stream.into_split();
        let (out, waiting) = mpsc::channel(WAITING);
        let board = Arc::new(Switchboard::new(out));
        let reading = tokio::spawn(wire::read(reader, Arc::clone(&board)));
        let writing = tokio::spawn(wire::write(waiting, writer, Arc::clone(&board)));
        let link = Self { board, tasks: [reading, writing].map(AbortOnDropHandle::new) };
        link.greet().await?;
        Ok(link)
    }

    /// Greets a guest that was frozen and goes on, over the same stream.
    pub(crate) async fn greet_again(&self) -> Result<(), LinkError> {
        timeout(PATIENCE, self.greet()).await.map_err(|_| silent())?
    }

    async fn greet(&self) -> Result<(), LinkError> {
        let mut session = self.board.join(SESSION)?;
        let hello = Hello { version: VERSION, features: Vec::new() };
        session.say(&ToGuest::Hello(hello)).await?;
        loop {
            match session.message().await? {
                FromGuest::Hello(hello) if hello.version != VERSION => {
                    let said = format!("it speaks version {} and swarm version {VERSION}", hello.version);
                    return Err(LinkError::Version(said));
                }
                FromGuest::Ready(Ready { machine: true, .. }) => return Ok(()),
                FromGuest::Ready(_) => return Err(LinkError::Nonsense("it is no machine".to_owned())),
                FromGuest::Failed(Failed { code: FailedCode::Version, detail }) => {
                    return Err(LinkError::Version(detail));
                }
                _ => {}
            }
        }
    }

    /// Leads the connections of programs inside to this proxy. Until then they are refused.
    pub(crate) fn lead_out(&self, proxy: Proxy) {
        self.board.lead_out(proxy);
    }

    /// Whether it lives.
    pub(crate) async fn ping(&self) -> Result<(), LinkError> {
        match self.ask(&ToGuest::Ping).await? {
            FromGuest::Pong(_) => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Gives it the time.
    pub(crate) async fn set_clock(&self, unix_nanos: u64) -> Result<(), LinkError> {
        self.done(&ToGuest::SetClock { unix_nanos }).await
    }

    /// Makes it another one than its likes.
    pub(crate) async fn reseed(&self, seed: [u8; 32], identity: String) -> Result<(), LinkError> {
        self.done(&ToGuest::Reseed { seed: Seed(seed), identity }).await
    }

    /// Has programs inside trust these authorities.
    pub(crate) async fn trust(&self, certificates: String) -> Result<(), LinkError> {
        self.done(&ToGuest::Trust { certificates }).await
    }

    /// Has it do once what it will do often, so that this is in memory already: for a template. The time and the
    /// randomness that it is given for it are void once it is frozen.
    pub(crate) async fn warm(&self, now: u64) -> Result<(), LinkError> {
        self.set_clock(now).await?;
        self.reseed([0; 32], "0".repeat(32)).await?;
        let command = Command::of(&Exec::shell("exit 0"), &crate::Limits::default(), PATIENCE);
        self.exec(&command).await.map(drop)
    }

    /// Has it say nothing more until it is greeted again, by whoever has its copy.
    pub(crate) async fn freeze(&self) -> Result<(), LinkError> {
        match self.ask(&ToGuest::Freeze).await? {
            FromGuest::Frozen => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Closes the stream, and waits until it is closed.
    pub(crate) async fn close(self) {
        for task in self.tasks {
            task.abort();
            // It was ended in the middle of its work: that is meant.
            let _ = task.await;
        }
    }

    async fn done(&self, message: &ToGuest) -> Result<(), LinkError> {
        match self.ask(message).await? {
            FromGuest::Done { applied: true } => Ok(()),
            FromGuest::Done { applied: false } => {
                Err(LinkError::Nonsense("it took no effect in a machine of its own".to_owned()))
            }
            other => Err(unfit(&other)),
        }
    }

    /// Asks, and waits for the answer to that.
    async fn ask(&self, message: &ToGuest) -> Result<FromGuest, LinkError> {
        let mut conversation = self.board.converse()?;
        let asking = async {
            conversation.say(message).await?;
            conversation.answer().await
        };
        timeout(PATIENCE, asking).await.map_err(|_| silent())?
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
