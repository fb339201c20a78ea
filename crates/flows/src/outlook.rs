//! What can be asked of the history: for the pages and commands that show it.

use swarm_domain::{
    Problem,
    agent::Capability,
    calibration::{Calibration, calibrate},
    choice::Arm,
    deadline::{StepDeadline, deadline},
    hindsight::{self, KindChoice},
    history::WorkKind,
    objective::AgentStanding,
    statistics::{Statistics, statistics},
};
use swarm_store::{History, Recordings};

use crate::{
    Flows,
    experience::{millis_of, standing},
};

impl Flows {
    async fn history(&self, recordings: Recordings) -> Result<History, Problem> {
        let tenant = &self.parts().config.tenant;
        self.store().history(tenant, recordings).await.map_err(|error| error.problem())
    }

    /// What was done so far, recordings included.
    pub async fn statistics(&self) -> Result<Statistics, Problem> {
        let History { tickets, attempts } = self.history(Recordings::Counted).await?;
        Ok(statistics(&tickets, &attempts))
    }

    /// Whether estimates kept their promise.
    pub async fn calibration(&self) -> Result<Calibration, Problem> {
        Ok(calibrate(&self.history(Recordings::LeftOut).await?.tickets))
    }

    /// What is known of who does which work, and whether that may choose.
    pub async fn choices(&self) -> Result<Vec<KindChoice>, Problem> {
        let History { attempts, .. } = self.history(Recordings::LeftOut).await?;
        let config = &self.parts().config;
        let needed = config.choice_trials.max(2);
        Ok(hindsight::by_kind(config.choice, &attempts, needed, |kind| self.present(kind)))
    }

    /// Who does such work where the past says nothing; unknown where this process has no models.
    fn present(&self, kind: &WorkKind) -> Option<Arm> {
        let parts = self.parts();
        let agent = parts.catalogue.by_capability(kind.capability).into_iter().next()?;
        let model = parts.gateway.names(parts.models(&[], &agent)).ok()?.into_iter().next()?;
        Some(Arm { agent: agent.name.clone(), model })
    }

    /// How the agents stand that have an objective.
    pub async fn standings(&self) -> Result<Vec<AgentStanding>, Problem> {
        let roster = self.parts().catalogue.current();
        if roster.iter().all(|agent| agent.objective.is_none()) {
            return Ok(Vec::new());
        }
        let History { attempts, .. } = self.history(Recordings::LeftOut).await?;
        let found = roster.iter().filter_map(|agent| {
            let standing = standing(self.parts(), agent, &attempts)?;
            Some(AgentStanding { agent: agent.name.clone(), standing, words: standing.to_string() })
        });
        Ok(found.collect())
    }

    /// How long each kind of step may take.
    pub async fn deadlines(&self) -> Result<Vec<StepDeadline>, Problem> {
        let parts = self.parts();
        let (tenant, config) = (&parts.config.tenant, &parts.config.deadlines);
        let author = parts.catalogue.by_capability(Capability::Code).into_iter().next();
        let limit_millis = author.map_or(0, |agent| u64::from(agent.limits.tool_seconds) * 1_000);
        let commands = self.store().command_times(tenant).await.map_err(|error| error.problem())?;
        let of_commands = commands.into_iter().map(|(step, millis)| StepDeadline {
            samples: u32::try_from(millis.len()).unwrap_or(u32::MAX),
            deadline: config.of_command(&step, millis, limit_millis),
            step,
            limit_millis,
        });
        let mut found: Vec<_> = of_commands.collect();
        let limit_millis = millis_of(parts.gateway.deadline());
        let calls = self.store().call_times(tenant).await.map_err(|error| error.problem())?;
        found.extend(calls.into_iter().map(|(agent, model, millis)| StepDeadline {
            step: Arm { agent, model }.to_string(),
            samples: u32::try_from(millis.len()).unwrap_or(u32::MAX),
            deadline: config.learned.then(|| deadline(millis, config.of_models(), limit_millis)).flatten(),
            limit_millis,
        }));
        Ok(found)
    }
}
