//! Files, both ways. Reading and writing them blocks, so it is done apart; here frames are handed on.

use std::time::Duration;

use swarm_guest::{
    message::{FromGuest, ToGuest},
    protocol::{Frame, Kind},
    tree::{Bounds, Entry, Totals, TreeError},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{Link, LinkError, PATIENCE, silent, unfit};

/// The longest that taking files may take, however steadily they come.
const LONGEST_PULL: Duration = Duration::from_mins(15);

/// What an honest guest puts into one frame of a file, unless less is left of it: at least this.
const LEAST_DATA: u64 = 4 << 10;

/// More frames than files within these bounds need.
fn frames(bounds: Bounds) -> u64 {
    let entries = bounds.entries.saturating_add(1).saturating_mul(2);
    entries.saturating_add(bounds.bytes / LEAST_DATA).saturating_add(1_000)
}

/// One thing of an exchange of files.
#[derive(Debug)]
pub(in crate::vm) enum Piece {
    Entry(Entry),
    Data(Vec<u8>),
}

impl Link {
    /// Sends what comes from `pieces`, and then the totals, or that there is nothing more when there are none.
    pub(in crate::vm) async fn push(
        &self,
        bounds: Bounds,
        mut pieces: mpsc::Receiver<Piece>,
        totals: impl Future<Output = Result<Totals, TreeError>>,
    ) -> Result<(), LinkError> {
        let mut talk = self.board.converse()?;
        talk.say(&ToGuest::Push { bounds }).await?;
        while let Some(piece) = pieces.recv().await {
            let frame = match piece {
                Piece::Entry(entry) => ToGuest::Entry(entry).frame(talk.channel)?,
                Piece::Data(bytes) => Frame::data(Kind::File, talk.channel, &bytes),
            };
            timeout(PATIENCE, talk.send(&frame)).await.map_err(|_| silent())??;
        }
        match totals.await {
            Ok(totals) => talk.say(&ToGuest::End(totals)).await?,
            Err(error) => {
                talk.say(&ToGuest::Abort).await?;
                return Err(error.into());
            }
        }
        match timeout(PATIENCE, talk.answer()).await.map_err(|_| silent())?? {
            FromGuest::Done { .. } => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Asks for what changed and hands it on to `pieces`. Who takes no more of it says why; the guest is of no use then.
    pub(in crate::vm) async fn pull(
        &self,
        bounds: Bounds,
        pieces: mpsc::Sender<Piece>,
    ) -> Result<Totals, LinkError> {
        let mut talk = self.board.converse()?;
        talk.say(&ToGuest::Pull { bounds }).await?;
        let until = Instant::now() + LONGEST_PULL;
        let mut frames_left = frames(bounds);
        loop {
            let frame = timeout(PATIENCE, talk.hear()).await.map_err(|_| silent())??;
            frames_left = frames_left.saturating_sub(1);
            if frames_left == 0 || Instant::now() >= until {
                return Err(LinkError::Nonsense("files without an end".to_owned()));
            }
            let piece = match frame.kind {
                Kind::File => Piece::Data(frame.body),
                Kind::Control => match FromGuest::read(&frame)? {
                    FromGuest::Entry(entry) => Piece::Entry(entry),
                    FromGuest::End(totals) => return Ok(totals),
                    FromGuest::Failed(failed) => return Err(failed.into()),
                    other => return Err(unfit(&other)),
                },
                _ => return Err(LinkError::Nonsense("another kind of frame than files".to_owned())),
            };
            if pieces.send(piece).await.is_err() {
                return Err(LinkError::Lost("the files were not taken".to_owned()));
            }
        }
    }
}
