//! A person has it for a while, and the work waits.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use swarm_domain::sandbox::HandedBack;
use tokio::time::timeout;

use super::{Member, State};
use crate::fleet::{FleetBounds, FleetError, Lapsed, takeover::Takeover};

/// How often is looked whether a lease ran out.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Member {
    /// Gives it to a person, unless another one has it. Says for how long at the most, and since when.
    pub(in crate::fleet) fn take_over(
        &self,
        by: &str,
        token: String,
        bounds: &FleetBounds,
    ) -> Result<(Duration, DateTime<Utc>), FleetError> {
        self.admits(None)?;
        let (now, since) = (Instant::now(), self.clock.now());
        let takeover = Takeover::new(by, token, since, now, bounds);
        let left = takeover.left(now);
        let mut state = self.state();
        // Of two at once the second is told who was first.
        if let Some(Takeover { by, since, .. }) = &state.takeover {
            return Err(FleetError::TakenOver { id: self.id.to_string(), by: by.clone(), since: *since });
        }
        (state.takeover, state.since) = (Some(takeover), since);
        Ok((left, since))
    }

    /// How long whoever shows this may still have it.
    pub(in crate::fleet) fn renew(&self, token: &str) -> Result<Duration, FleetError> {
        self.admits(Some(token))?;
        let state = self.state();
        Ok(state.takeover.as_ref().map_or(Duration::ZERO, |takeover| takeover.left(Instant::now())))
    }

    /// It is its work's again.
    pub(in crate::fleet) fn hand_back(&self, token: &str) -> Result<Lapsed, FleetError> {
        self.admits(Some(token))?;
        let mut state = self.state();
        self.give_back(&mut state, HandedBack::Given);
        state.lapsed.pop().ok_or_else(|| FleetError::HandedBack { id: self.id.to_string() })
    }

    /// Waits while a person has it.
    pub(in crate::fleet) async fn until_handed_back(&self) {
        loop {
            let handed_back = self.handed_back.notified();
            tokio::pin!(handed_back);
            handed_back.as_mut().enable();
            let is_free = self.current().takeover.is_none();
            if is_free {
                return;
            }
            // A lease that runs out tells nobody.
            let _ = timeout(LOOK_EVERY, handed_back).await;
        }
    }

    /// Takeovers that ended by themselves.
    pub(in crate::fleet) fn lapsed(&self) -> Vec<Lapsed> {
        std::mem::take(&mut self.current().lapsed)
    }

    /// Notes the end of a takeover.
    pub(super) fn give_back(&self, state: &mut State, why: HandedBack) {
        if let Some(Takeover { by, since, commands, .. }) = state.takeover.take() {
            let (id, subject) = (self.id.clone(), self.holder.subject.clone());
            state.lapsed.push(Lapsed { id, subject, by, since, commands, why });
            state.since = self.clock.now();
            self.handed_back.notify_waiters();
        }
    }
}
