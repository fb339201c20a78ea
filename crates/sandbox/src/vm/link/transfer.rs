//! Files, both ways. Reading and writing them blocks, so it is done apart; here frames are handed on.

use swarm_guest::{
    message::{FromGuest, ToGuest},
    protocol::{Frame, Kind},
    tree::{Bounds, Entry, Totals, TreeError},
};
use tokio::{io::AsyncWriteExt, sync::mpsc, time::timeout};

use super::{Link, LinkError, PATIENCE, silent, unfit};

/// One thing of an exchange of files.
#[derive(Debug)]
pub(in crate::vm) enum Piece {
    Entry(Entry),
    Data(Vec<u8>),
}

impl Link {
    /// Sends what comes from `pieces`, and then the totals, or that there is nothing more when there are none.
    pub(in crate::vm) async fn push(
        &mut self,
        bounds: Bounds,
        mut pieces: mpsc::Receiver<Piece>,
        totals: impl Future<Output = Result<Totals, TreeError>>,
    ) -> Result<(), LinkError> {
        let channel = self.fresh_channel();
        self.say(channel, &ToGuest::Push { bounds }).await?;
        while let Some(piece) = pieces.recv().await {
            let frame = match piece {
                Piece::Entry(entry) => ToGuest::Entry(entry).frame(channel)?,
                Piece::Data(bytes) => Frame::data(Kind::File, channel, &bytes),
            };
            let bytes = frame.encode()?;
            timeout(PATIENCE, self.writer.write_all(&bytes)).await.map_err(|_| silent())??;
        }
        match totals.await {
            Ok(totals) => self.say(channel, &ToGuest::End(totals)).await?,
            Err(error) => {
                self.say(channel, &ToGuest::Abort).await?;
                return Err(error.into());
            }
        }
        match timeout(PATIENCE, self.answer(channel)).await.map_err(|_| silent())?? {
            FromGuest::Done { .. } => Ok(()),
            other => Err(unfit(&other)),
        }
    }

    /// Asks for what changed and hands it on to `pieces`. When nobody takes it any more the rest is read and dropped.
    pub(in crate::vm) async fn pull(
        &mut self,
        bounds: Bounds,
        pieces: mpsc::Sender<Piece>,
    ) -> Result<Totals, LinkError> {
        let channel = self.fresh_channel();
        self.say(channel, &ToGuest::Pull { bounds }).await?;
        loop {
            let frame = timeout(PATIENCE, self.next()).await.map_err(|_| silent())??;
            if frame.channel != channel {
                continue;
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
            // Who takes them says at the end why no more.
            let _ = pieces.send(piece).await;
        }
    }
}
