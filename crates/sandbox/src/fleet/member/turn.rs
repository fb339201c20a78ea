//! Commands of the work and of people, one after the other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::OwnedMutexGuard, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Member, Place};
use crate::{
    error::SandboxError,
    fleet::{FleetError, transcript::shown},
    sandbox::{Ended, Exec, Sandbox},
};

impl Member {
    /// Runs a command of the work that it is for, once no person has it.
    pub(in crate::fleet) async fn for_work(
        &self,
        exec: Exec,
        cancel: CancellationToken,
    ) -> Result<Ended, SandboxError> {
        loop {
            let turn = async {
                self.until_handed_back().await;
                self.place.lock().await
            };
            let place = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(Ended::before_the_start()),
                () = self.over.cancelled() => return Err(self.stopped()),
                place = turn => place,
            };
            // Somebody may have been quicker.
            if self.current().takeover.is_some() {
                continue;
            }
            let ended = self.run(place.as_deref(), exec, cancel).await?;
            // What a command came to that was ended for that is no answer to give.
            return if self.over.is_cancelled() { Err(self.stopped()) } else { Ok(ended) };
        }
    }

    /// Runs a command of a person's.
    pub(in crate::fleet) async fn for_person(
        &self,
        exec: Exec,
        token: Option<&str>,
        patience: Duration,
        cancel: CancellationToken,
    ) -> Result<Ended, FleetError> {
        self.admits(token)?;
        let Ok(place) = timeout(patience, self.place.lock()).await else {
            let running = self.state().running.clone();
            return Err(self.busy(&running.unwrap_or_else(|| "another command waits".to_owned())));
        };
        self.admits(token)?;
        let ended = self.run(place.as_deref(), exec, cancel).await?;
        if let Some(takeover) = &mut self.state().takeover {
            takeover.commands += 1;
        }
        Ok(ended)
    }

    async fn run(
        &self,
        place: Option<&dyn Sandbox>,
        exec: Exec,
        cancel: CancellationToken,
    ) -> Result<Ended, SandboxError> {
        let sandbox = place.ok_or_else(|| self.stopped())?;
        let line = line(&exec);
        let _running = Running::begin(self, &line);
        let both = cancel.child_token();
        let mut running = sandbox.exec(exec, both.clone());
        let ended = tokio::select! {
            biased;
            ended = &mut running => ended,
            () = self.over.cancelled() => {
                both.cancel();
                running.await
            }
        }?;
        self.state().transcript.add(&line, &ended);
        Ok(ended)
    }

    /// The turn, for as long as it is held.
    pub(in crate::fleet) async fn turn(
        &self,
        token: Option<&str>,
        patience: Duration,
    ) -> Result<OwnedMutexGuard<Place>, FleetError> {
        self.admits(token)?;
        let Ok(place) = timeout(patience, Arc::clone(&self.place).lock_owned()).await else {
            let running = self.state().running.clone();
            return Err(self.busy(&running.unwrap_or_else(|| "another command waits".to_owned())));
        };
        self.admits(token)?;
        if place.is_none() { Err(self.unknown()) } else { Ok(place) }
    }
}

/// A command runs for as long as this is there.
struct Running<'a>(&'a Member);

impl<'a> Running<'a> {
    fn begin(member: &'a Member, line: &str) -> Self {
        let mut state = member.state();
        (state.running, state.since) = (Some(shown(line)), member.clock.now());
        drop(state);
        Self(member)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.running, state.since, state.used) = (None, self.0.clock.now(), Instant::now());
    }
}

/// A command as a person would write it.
fn line(exec: &Exec) -> String {
    match exec.argv.as_slice() {
        [shell, option, line] if shell == "/bin/sh" && option == "-c" => line.clone(),
        words => words.join(" "),
    }
}
