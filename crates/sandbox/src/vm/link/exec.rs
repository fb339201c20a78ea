//! One command: what it reads goes in, what it writes comes out, until it has ended.

use std::{pin::pin, time::Duration};

use swarm_guest::{
    message::{Ending, Exec as ToExec, ExecLimits, Exited, FromGuest, Limit as Passed, ToGuest},
    protocol::{DATA, Frame, Kind, WINDOW},
};

use super::{Link, LinkError, unfit};
use crate::{
    output::Output,
    sandbox::{Exec, How, Limit, Limits},
};

/// Output up to this many times what is kept is let through, as on every rung.
const FLOOD: u64 = 10;

/// Ends a command with all its processes.
const KILL: i32 = 9;

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
}

impl<'a> Feed<'a> {
    fn new(stdin: &'a [u8]) -> Self {
        Self { rest: stdin, credit: WINDOW, ended: false }
    }

    /// Whether something can be written now: not while the guest must take some first, and not after the end.
    fn has_next(&self) -> bool {
        !self.ended && (self.credit > 0 || self.rest.is_empty())
    }

    /// What to write next.
    fn next(&mut self) -> &'a [u8] {
        let room = usize::try_from(self.credit).unwrap_or(usize::MAX).min(DATA).min(self.rest.len());
        let (piece, rest) = self.rest.split_at(room);
        self.ended = piece.is_empty();
        self.rest = rest;
        self.credit -= u32::try_from(room).unwrap_or(self.credit);
        piece
    }
}

impl Link {
    /// Runs a command until its end. Its limits are the guest's to hold, but for that of the network; who does not trust
    /// it waits no longer than them.
    pub(crate) async fn exec(&self, command: &Command) -> Result<Outcome, LinkError> {
        let mut talk = self.board.converse()?;
        let channel = talk.channel;
        talk.say(&ToGuest::Exec(command.exec.clone())).await?;
        let mut feed = Feed::new(&command.stdin);
        let (mut stdout, mut stderr) = (Output::new(command.kept), Output::new(command.kept));
        let mut spent = pin!(self.board.network_is_spent());
        let (mut is_spent, mut end) = (false, None);
        let exited = loop {
            // Both sides may have much to say, so neither is waited for alone.
            let frame = tokio::select! {
                heard = talk.hear() => heard?,
                place = self.board.place(), if end.is_some() || feed.has_next() => {
                    let next = end.take().map_or_else(
                        || Ok(Frame::data(Kind::Stdin, channel, feed.next())),
                        |signal: ToGuest| signal.frame(channel),
                    );
                    place?.take(&next?)?;
                    continue;
                }
                () = &mut spent, if !is_spent => {
                    (is_spent, end) = (true, Some(ToGuest::Signal { signal: KILL }));
                    continue;
                }
            };
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
        let flooded = stdout.is_flood() || stderr.is_flood();
        let (stdout, missing_out) = stdout.finish();
        let (stderr, missing_err) = stderr.finish();
        let how = how(&exited, self.board.has_spent_the_network(), flooded);
        Ok(Outcome { how, stdout, stderr, dropped: missing_out.saturating_add(missing_err) })
    }
}

fn how(exited: &Exited, spent: bool, flooded: bool) -> How {
    let passed = |limit| How::LimitPassed { limit };
    match exited.ending {
        Ending::Limit { limit: Passed::Wall } => passed(Limit::Wall),
        Ending::Limit { limit: Passed::Memory } => passed(Limit::Memory),
        Ending::Limit { limit: Passed::Disk } => passed(Limit::Disk),
        Ending::Limit { limit: Passed::Output } => passed(Limit::Output),
        _ if spent => passed(Limit::Network),
        _ if flooded => passed(Limit::Output),
        Ending::Code { code } => How::Exited { code },
        Ending::Signal { signal } => How::Signalled { signal },
    }
}
