//! The sandboxes of this process, as people see and use them. What they do is written down: who, what, and what came of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use swarm_domain::{
    AttemptId, BlobHash, EventBody, NodeId, Problem, ProjectId, RunId, SandboxId, SnapshotId, Subject,
    TicketId, attempt::Rung,
};
pub use swarm_sandbox::{
    Ended, How, Limits,
    fleet::{Shown, Snapshot, Standing, Tail, Taken},
};
use swarm_sandbox::{Exec, Fleet};
use tokio_util::sync::CancellationToken;

use crate::{
    error::FlowError,
    node,
    parts::to_keep,
    service::{Asker, Flows},
    validate::acceptance::CheckOutput,
    warden, works,
};

/// The longest line that is taken for a sandbox.
pub const MAX_LINE: usize = 8_000;

/// The most that a line may be given to read, in bytes.
pub const MAX_STDIN: usize = 1 << 20;

/// A sandbox of another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Who has it: a node of this database, or a worker over HTTP.
    pub node: NodeId,
    /// The project.
    pub project: ProjectId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: String,
    /// The rung; a worker over HTTP has one of its own choice.
    pub rung: Option<Rung>,
    /// When the attempt began.
    pub since: DateTime<Utc>,
}

/// A line that a person wants to run.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// For the shell.
    pub command: String,
    /// Where, relative to the work folder.
    pub cwd: String,
    /// What it reads.
    pub stdin: String,
    /// How long it may take; as long as the sandbox's commands may where absent.
    pub wall: Option<Duration>,
    /// What shows that the person has the sandbox.
    pub token: Option<String>,
}

impl Line {
    fn exec(&self) -> Result<Exec, Problem> {
        let refuse = |detail: String| {
            Problem::new(
                "vm.line",
                detail,
                "send a shorter line, or write a script into the work folder and run it",
            )
        };
        if self.command.trim().is_empty() {
            return Err(refuse("the line is empty".to_owned()));
        }
        if self.command.len() > MAX_LINE {
            return Err(refuse(format!(
                "the line has {} bytes; {MAX_LINE} are the most",
                self.command.len()
            )));
        }
        if self.stdin.len() > MAX_STDIN {
            return Err(refuse(format!(
                "its input has {} bytes; {MAX_STDIN} are the most",
                self.stdin.len()
            )));
        }
        Ok(Exec {
            cwd: self.cwd.clone().into(),
            stdin: self.stdin.clone().into_bytes(),
            wall: self.wall,
            ..Exec::shell(&self.command)
        })
    }
}

impl Flows {
    fn fleet(&self) -> &Fleet {
        self.warden().fleet()
    }

    /// The sandboxes of this process.
    pub async fn vms(&self) -> Vec<Shown> {
        self.fleet().list().await
    }

    /// The sandboxes that other processes have for attempts that are under way.
    pub async fn vms_elsewhere(&self) -> Result<Vec<Elsewhere>, Problem> {
        self.elsewhere().await.map_err(|error| error.problem())
    }

    /// Which sandbox is meant by an id of its own or of the attempt that it is for. Where another process has it, the
    /// problem says which.
    pub async fn vm_id(&self, given: &SandboxId) -> Result<SandboxId, Problem> {
        if self.fleet().holder(given).is_ok() {
            return Ok(given.clone());
        }
        let mut of_attempt = self.fleet().of_attempt(given.as_str());
        if of_attempt.len() > 1 {
            return Err(Problem::new(
                "vm.ambiguous",
                format!("{} runs have a sandbox for an attempt {given}", of_attempt.len()),
                "name the sandbox itself: `swarm vm list` shows the ids",
            ));
        }
        if let Some(id) = of_attempt.pop() {
            return Ok(id);
        }
        let elsewhere = self.vms_elsewhere().await?;
        if let Some(found) = elsewhere.iter().find(|one| one.attempt.as_str() == given.as_str()) {
            return Err(Problem::new(
                "vm.elsewhere",
                format!(
                    "the sandbox of attempt {given} is with {}, and only there it can be reached",
                    found.node
                ),
                format!("ask the server of {} (`swarm worker list` shows its machine)", found.node),
            ));
        }
        Err(Problem::new(
            "vm.unknown",
            format!("there is no sandbox {given} in this process"),
            "run `swarm vm list` to see which there are",
        ))
    }

    /// One sandbox.
    pub async fn vm(&self, given: &SandboxId) -> Result<Shown, Problem> {
        let id = self.vm_id(given).await?;
        self.fleet().show(&id).await.map_err(|error| error.problem())
    }

    /// The last lines that were said in a sandbox and by it.
    pub async fn vm_tail(&self, given: &SandboxId, lines: usize) -> Result<Tail, Problem> {
        let id = self.vm_id(given).await?;
        self.fleet().tail(&id, lines).map_err(|error| error.problem())
    }

    /// Runs a line in a sandbox. It goes on to be written down when nobody waits for it any more, and is ended then.
    pub async fn vm_exec(&self, by: &Asker, given: &SandboxId, line: Line) -> Result<Ended, Problem> {
        let exec = line.exec()?;
        let id = self.vm_id(given).await?;
        let subject = self.subject_of(&id)?;
        let (this, by, cancel) = (self.clone(), by.clone(), CancellationToken::new());
        let ends_with_us = cancel.clone().drop_guard();
        let running = tokio::spawn(async move {
            let ended = this.fleet().exec(&id, exec, line.token.as_deref(), cancel).await;
            let ended = ended.map_err(|error| error.problem())?;
            this.write_down_line(&by, &id, subject, line.command, &ended).await?;
            Ok(ended)
        });
        let ended = running.await.map_err(|error| FlowError::internal("a command", error).problem())?;
        ends_with_us.disarm();
        ended
    }

    async fn write_down_line(
        &self,
        by: &Asker,
        id: &SandboxId,
        subject: Subject,
        command: String,
        ended: &Ended,
    ) -> Result<(), Problem> {
        let output = CheckOutput {
            stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
            dropped_bytes: ended.dropped_bytes,
        };
        let kept = to_keep(&output).map_err(|error| error.problem())?;
        let body = EventBody::SandboxCommandRun {
            sandbox: id.clone(),
            command,
            ended: ended.how.to_string(),
            exit_code: if let How::Exited { code } = ended.how { Some(code) } else { None },
            output: BlobHash::of(&kept),
            millis: u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        };
        let number = self.fleet().number().to_string();
        self.record_keeping(by, &["vm", id.as_str(), "command", &number], subject, body, vec![kept]).await
    }

    /// Gives a sandbox to a person: its work waits.
    pub async fn take_over_vm(&self, by: &Asker, given: &SandboxId) -> Result<Taken, Problem> {
        let id = self.vm_id(given).await?;
        let taken = self.fleet().take_over(&id, &by.person).await.map_err(|error| error.problem())?;
        let number = self.fleet().number().to_string();
        let body = EventBody::SandboxTakenOver { sandbox: id.clone() };
        let key = ["vm", id.as_str(), "taken-over", &number];
        let recorded = self.record(by, &key, taken.subject.clone(), body).await;
        if recorded.is_err() {
            // What is not written down did not happen.
            if let Ok(back) = self.fleet().hand_back(&id, &taken.token) {
                self.fleet().told(&back);
            }
        }
        recorded.map(|()| taken)
    }

    /// A sign of life of the person who has a sandbox.
    pub async fn renew_vm(&self, given: &SandboxId, token: &str) -> Result<Taken, Problem> {
        let id = self.vm_id(given).await?;
        self.fleet().renew(&id, token).map_err(|error| error.problem())
    }

    /// Gives a sandbox back to its work.
    pub async fn hand_back_vm(&self, by: &Asker, given: &SandboxId, token: &str) -> Result<(), Problem> {
        let id = self.vm_id(given).await?;
        let back = self.fleet().hand_back(&id, token).map_err(|error| error.problem())?;
        let (key, body) = warden::handed_back(&back);
        let key: Vec<_> = key.iter().map(String::as_str).collect();
        self.record(by, &key, back.subject.clone(), body).await?;
        self.fleet().told(&back);
        Ok(())
    }

    /// Ends a sandbox. Its work does the step again in another one.
    pub async fn stop_vm(&self, by: &Asker, given: &SandboxId, token: Option<&str>) -> Result<(), Problem> {
        let id = self.vm_id(given).await?;
        let holder = self.fleet().stop(&id, token).await.map_err(|error| error.problem())?;
        let body = EventBody::SandboxStopped { sandbox: id.clone() };
        self.record(by, &["vm", id.as_str(), "stopped"], holder.subject, body).await
    }

    /// Writes a sandbox down as it is, between two commands.
    pub async fn snapshot_vm(
        &self,
        by: &Asker,
        given: &SandboxId,
        token: Option<&str>,
    ) -> Result<Snapshot, Problem> {
        let id = self.vm_id(given).await?;
        let (this, by, token) = (self.clone(), by.clone(), token.map(str::to_owned));
        // It is carried to its end, whoever waits for it.
        let writing = tokio::spawn(async move {
            let still = this.fleet().still(&id, token.as_deref()).await.map_err(|error| error.problem())?;
            let (store, tenant) = (&this.parts().store, &this.parts().config.tenant);
            // Nothing runs in it now, so what its work did last is in the log.
            let position = store.last_position(tenant).await.map_err(|error| error.problem())?;
            let subject = still.subject().clone();
            let snapshot = still.write(position).await.map_err(|error| error.problem())?;
            let body = EventBody::SandboxSnapshotTaken {
                sandbox: id,
                snapshot: snapshot.id.clone(),
                position,
                place: snapshot.place.display().to_string(),
                node: store.node().map(|(node, _)| node),
                memory: snapshot.memory,
                bytes: snapshot.bytes,
            };
            this.record(&by, &["snapshot", snapshot.id.as_str(), "taken"], subject, body).await?;
            Ok(snapshot)
        });
        writing.await.map_err(|error| FlowError::internal("a snapshot", error).problem())?
    }

    /// What was written down on this machine and is still there, the oldest first.
    pub async fn snapshots(&self) -> Vec<Snapshot> {
        self.fleet().snapshots().await
    }

    /// Makes a sandbox of its own: from a snapshot, or from a sandbox as it is now.
    pub async fn fork_vm(
        &self,
        by: &Asker,
        given: &SandboxId,
        token: Option<&str>,
    ) -> Result<Shown, Problem> {
        let from = match SnapshotId::parse(given.as_str()) {
            Ok(id) if self.snapshots().await.iter().any(|one| one.id == id) => id,
            _ => self.snapshot_vm(by, given, token).await?.id,
        };
        let (this, by) = (self.clone(), by.clone());
        let forking = tokio::spawn(async move {
            let fork = this.fleet().fork(&from).await.map_err(|error| error.problem())?;
            let body = EventBody::SandboxForked { sandbox: fork.id.clone(), snapshot: from };
            let subject = fork.holder.subject.clone();
            this.record(&by, &["vm", fork.id.as_str(), "forked"], subject, body).await?;
            Ok(fork)
        });
        forking.await.map_err(|error| FlowError::internal("a fork", error).problem())?
    }

    fn subject_of(&self, id: &SandboxId) -> Result<Subject, Problem> {
        Ok(self.fleet().holder(id).map_err(|error| error.problem())?.subject)
    }

    async fn elsewhere(&self) -> Result<Vec<Elsewhere>, FlowError> {
        let parts = self.parts();
        let (store, tenant) = (&parts.store, &parts.config.tenant);
        let us = store.node().map(|(node, _)| node);
        let mut found: Vec<Elsewhere> = Vec::new();
        for claim in store.claims(tenant, None).await? {
            let Some(worker) = claim.lease().map(|lease| lease.holder.clone()) else { continue };
            let open = self.under_way(&worker, &claim.offer.run, &claim.offer.ticket).await?;
            // What the worker took for it is not known here.
            found.extend(open.into_iter().map(|one| Elsewhere { rung: None, ..one }));
        }
        for worker in node::workers(parts).await? {
            if Some(&worker.node.name) == us.as_ref() || !worker.node.state.holds_work() {
                continue;
            }
            for work in &worker.works_on {
                let Subject { run: Some(run), ticket: Some(ticket), .. } = works::subject_of(work) else {
                    continue;
                };
                let open = self.under_way(&worker.node.name, &run, &ticket).await?;
                let is_claimed = |one: &Elsewhere| {
                    found.iter().any(|known| (&known.run, &known.attempt) == (&one.run, &one.attempt))
                };
                let open: Vec<_> = open.into_iter().filter(|one| !is_claimed(one)).collect();
                found.extend(open);
            }
        }
        Ok(found)
    }

    /// The attempts at a ticket that are under way.
    async fn under_way(
        &self,
        node: &NodeId,
        run: &RunId,
        ticket: &TicketId,
    ) -> Result<Vec<Elsewhere>, FlowError> {
        let (store, tenant) = (&self.parts().store, &self.parts().config.tenant);
        let project = store.run(tenant, run).await?.project;
        let attempts = store.attempts(tenant, run, Some(ticket)).await?;
        let open = attempts.into_iter().filter(|attempt| attempt.outcome.is_none());
        let one = |attempt: swarm_store::AttemptRow| Elsewhere {
            node: node.clone(),
            project: project.clone(),
            run: run.clone(),
            ticket: ticket.clone(),
            attempt: attempt.id,
            agent: attempt.agent,
            rung: Some(attempt.rung),
            since: attempt.started_at,
        };
        Ok(open.map(one).collect())
    }
}
