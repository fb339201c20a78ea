//! One command: what it reads goes in, what it writes comes out, until it has ended.

use std::time::Duration;

use swarm_guest::{
    message::{Ending, Exec as ToExec, ExecLimits, Exited, FromGuest, Limit as Passed, ToGuest},
    protocol::{DATA, Frame, Kind, WINDOW},
};
use tokio::io::AsyncWriteExt;

use super::{Link, LinkError, unfit};
use crate::{
    output::Output,
    sandbox::{Exec, How, Limit, Limits},
};

/// Output up to this many times what is kept is let through, as on every rung.
const FLOOD: u64 = 10;

/// A command for a guest.
#[derive(Debug)]
pub(crate) struct Command {
    exec: ToExec,
    stdin: Vec<u8>,
    kept: usize,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) how: How,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) dropped: u64,
}

impl Outcome {
    /// Of a command that the guest did not end in its time.
    pub(crate) fn silent() -> Self {
        let (stdout, stderr) = (Vec::new(), Vec::new());
        Self { how: How::LimitPassed { limit: Limit::Wall }, stdout, stderr, dropped: 0 }
    }
}

impl Command {
    pub(crate) fn of(exec: &Exec, limits: &Limits, wall: Duration) -> Self {
        let limits_inside = ExecLimits {
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            output_bytes: FLOOD.saturating_mul(limits.output_bytes.max(1) as u64),
            pids: limits.pids,
            memory_bytes: Some(limits.memory_bytes),
            disk_bytes: Some(limits.disk_bytes),
        };
        let exec_inside = ToExec {
            argv: exec.argv.clone(),
            env: exec.env.clone(),
            cwd: exec.cwd.to_string_lossy().into_owned(),
            limits: limits_inside,
        };
        Self { exec: exec_inside, stdin: exec.stdin.clone(), kept: limits.output_bytes }
    }
}

/// What is still to be written to the command.
struct Feed<'a> {
    rest: &'a [u8],
    credit: u32,
    ended: bool,
    /// The frame that is being written, and how much of it is.
    frame: Vec<u8>,
    written: usize,
}

impl Feed<'_> {
    fn is_half_written(&self) -> bool {
        self.written > 0 && self.written < self.frame.len()
    }

    /// What to write next; nothing while the guest must take some first, and at the end.
    fn next(&mut self, channel: u32) -> Result<&[u8], LinkError> {
        if self.written == self.frame.len() && !self.ended {
            let room = usize::try_from(self.credit).unwrap_or(usize::MAX).min(DATA).min(self.rest.len());
            if room > 0 || self.rest.is_empty() {
                let (piece, rest) = self.rest.split_at(room);
                self.ended = piece.is_empty();
                self.rest = rest;
                self.credit -= u32::try_from(room).unwrap_or(self.credit);
                self.frame = Frame::data(Kind::Stdin, channel, piece).encode()?;
                self.written = 0;
            }
        }
        Ok(&self.frame[self.written..])
    }
}

impl Link {
    /// Runs a command until its end. Its limits are the guest's to hold; who does not trust it waits no longer than them.
    pub(crate) async fn exec(&mut self, command: &Command) -> Result<Outcome, LinkError> {
        let channel = self.fresh_channel();
        self.say(channel, &ToGuest::Exec(command.exec.clone())).await?;
        let mut feed =
            Feed { rest: &command.stdin, credit: WINDOW, ended: false, frame: Vec::new(), written: 0 };
        let (mut stdout, mut stderr) = (Output::new(command.kept), Output::new(command.kept));
        let exited = loop {
            self.is_writing = feed.is_half_written();
            if !self.is_writing {
                self.refuse().await?;
            }
            let next = feed.next(channel)?;
            let frame = if next.is_empty() {
                self.next().await?
            } else {
                // Both can be given up half-way without a byte being lost.
                tokio::select! {
                    ready = self.reader.readable() => {
                        ready?;
                        self.next().await?
                    }
                    written = self.writer.write(next) => {
                        feed.written += written?;
                        continue;
                    }
                }
            };
            if frame.channel != channel {
                continue;
            }
            match frame.kind {
                Kind::Stdout => stdout.push(&frame.body),
                Kind::Stderr => stderr.push(&frame.body),
                Kind::Control => match FromGuest::read(&frame)? {
                    FromGuest::Window { bytes } => feed.credit = feed.credit.saturating_add(bytes),
                    FromGuest::Exited(exited) => break exited,
                    FromGuest::Failed(failed) => return Err(failed.into()),
                    other => return Err(unfit(&other)),
                },
                _ => {}
            }
        };
        // A frame must be whole before another is begun.
        while feed.written < feed.frame.len() {
            feed.written += self.writer.write(&feed.frame[feed.written..]).await?;
        }
        self.is_writing = false;
        self.refuse().await?;
        let flooded = stdout.is_flood() || stderr.is_flood();
        let (stdout, missing_out) = stdout.finish();
        let (stderr, missing_err) = stderr.finish();
        let how = how(&exited, flooded);
        Ok(Outcome { how, stdout, stderr, dropped: missing_out.saturating_add(missing_err) })
    }
}

fn how(exited: &Exited, flooded: bool) -> How {
    let passed = |limit| How::LimitPassed { limit };
    match exited.ending {
        Ending::Limit { limit: Passed::Wall } => passed(Limit::Wall),
        Ending::Limit { limit: Passed::Memory } => passed(Limit::Memory),
        Ending::Limit { limit: Passed::Disk } => passed(Limit::Disk),
        Ending::Limit { limit: Passed::Output } => passed(Limit::Output),
        _ if flooded => passed(Limit::Output),
        Ending::Code { code } => How::Exited { code },
        Ending::Signal { signal } => How::Signalled { signal },
    }
}
