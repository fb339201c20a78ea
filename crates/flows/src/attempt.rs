//! An attempt: one agent in one worktree, turn by turn, then the judgement of what it left.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use swarm_agents::{Agent, Rules, Turn, TurnEnd, TurnSetup};
use swarm_domain::{
    Actor, AttemptId, BlobHash, CommitId, EventBody, IdempotencyKey, Problem, Subject, agent::Capability,
    attempt::AttemptOutcome, claim::Hands, event::CheckStage, finding::Finding, spec::Requirement,
    ticket::TicketState,
};
use swarm_forge::{Attribution, CommitMessage, Mirror, Signature, Worktree};

use crate::{
    casting::Began,
    choice::{self, Choice},
    claim, context,
    engine::{self, Flow},
    error::FlowError,
    experience::Chosen,
    parts::{Parts, of_ticket, part, to_keep},
    review, sweep,
    ticket::Frame,
    travel::{self, Beginning, PlayedWorker},
    validate::{self, acceptance::Judged},
};

/// What one attempt is sent off with.
#[derive(Clone)]
pub(crate) struct Brief {
    /// Its number among all attempts at the ticket in this run, from 1.
    pub(crate) number: u32,
    /// Its number among those of this round, from 1.
    pub(crate) within: u32,
    /// How often the same text came back before it.
    pub(crate) repeats: u32,
    /// Earlier work to go on from.
    pub(crate) from: Option<CommitId>,
    /// What earlier attempts taught.
    pub(crate) hints: Vec<Finding>,
}

/// How it ended.
pub(crate) enum AttemptEnd {
    /// The validator accepted it.
    Accepted { attempt: AttemptId, commit: CommitId, base: CommitId },
    /// The validator found faults.
    Rejected { commit: Option<CommitId>, base: CommitId, findings: Vec<Finding> },
    /// It could not be carried through; after a final word another attempt would fail in the same way.
    Failed { problem: Problem, final_word: bool },
}

/// How an attempt began: kept, so that a crash in the middle goes on from the same commit with the same words.
#[derive(Serialize, Deserialize)]
struct Opened {
    base: CommitId,
    /// The turn before its first step; the brief where workers elsewhere make it.
    turn: BlobHash,
    /// The rules of the agent's file.
    #[serde(default)]
    rules: Rules,
    /// Who makes it; absent in journals from before that was chosen here.
    #[serde(default)]
    chosen: Option<Chosen>,
}

/// What an attempt left.
#[derive(Clone, Serialize, Deserialize)]
struct Left {
    commit: Option<CommitId>,
    /// What the worktree took on disk.
    #[serde(default)]
    disk_bytes: u64,
}

pub(crate) struct Attempt<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) frame: &'a Frame,
    pub(crate) brief: &'a Brief,
    pub(crate) id: AttemptId,
    pub(crate) choice: Choice,
    pub(crate) agent: Arc<Agent>,
    /// How it began in the run whose journal is played.
    pub(crate) played: Option<Beginning>,
}

/// Makes one attempt at a ticket.
pub(crate) async fn attempt(parts: &Parts, frame: &Frame, brief: &Brief) -> Flow<AttemptEnd> {
    let told =
        engine::patiently(parts, || travel::rewritten(parts, frame, brief.number, &brief.hints)).await?;
    let Some(told) = told else { return begin(parts, frame, brief).await };
    let frame = Frame { ticket: told.ticket, ..frame.clone() };
    let brief = Brief { hints: told.hints.unwrap_or_else(|| brief.hints.clone()), ..brief.clone() };
    begin(parts, &frame, &brief).await
}

async fn begin(parts: &Parts, frame: &Frame, brief: &Brief) -> Flow<AttemptEnd> {
    let capability = choice::capability(brief.within, frame.ticket.capability);
    let played = engine::patiently(parts, || travel::beginning(parts, frame, brief.number)).await?;
    let worker = played.as_ref().and_then(|played| played.worker.as_ref());
    let known = worker.and_then(|worker| parts.catalogue.current().get(&worker.agent).ok().cloned());
    let agent = match known {
        Some(agent) => agent,
        None => agent_for(parts, capability)?,
    };
    let choice = choice::choose(brief.within, brief.repeats, parts.models(&frame.options.models, &agent));
    let id = AttemptId::of(&frame.ticket.id, brief.number);
    let mut attempt = Attempt { parts, frame, brief, id, choice, agent, played };
    // A turn that was made just now need not be read back from where it is kept.
    let fresh = Mutex::new(None);
    let opened = engine::retried(parts, "open", || async {
        let (opened, turn) = attempt.open().await?;
        *fresh.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        Ok(opened)
    })
    .await?;
    let fresh = fresh.into_inner().unwrap_or_else(PoisonError::into_inner);
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => return attempt.failed(error).await,
    };
    if let Some(chosen) = &opened.chosen {
        attempt = attempt.given_to(chosen);
    }
    let ended = match frame.options.hands {
        // The agent's file may have changed since; an attempt keeps the words that it began with, they are in the turn.
        Hands::Here => {
            let turn = match fresh {
                Some(turn) => turn,
                None => engine::recall(parts, &opened.turn).await?,
            };
            attempt.drive(turn).await?
        }
        Hands::Claimed => claim::elsewhere(&attempt, &opened.base, &opened.turn).await?,
    };
    match ended {
        Ok(end) => attempt.judge(&opened, end).await,
        Err(error) => attempt.failed(error).await,
    }
}

/// The best agent for this kind of work.
pub(crate) fn agent_for(parts: &Parts, capability: Capability) -> Result<Arc<Agent>, FlowError> {
    parts.catalogue.by_capability(capability).into_iter().next().ok_or_else(|| {
        FlowError::Final(Problem::new(
            "agent.none",
            format!("no agent offers `{capability}`"),
            "run `swarm agent list`, and add the capability to an agent's file",
        ))
    })
}

impl Attempt<'_> {
    pub(crate) fn key<'k>(&'k self, rest: &[&'k str]) -> Vec<&'k str> {
        [&["run", self.frame.run.as_str(), self.id.as_str()], rest].concat()
    }

    pub(crate) fn subject(&self) -> Subject {
        let frame = self.frame;
        Subject { attempt: Some(self.id.clone()), ..of_ticket(&frame.project, &frame.run, &frame.ticket.id) }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Agent { name: self.agent.name.clone() }
    }

    pub(crate) async fn record(&self, rest: &[&str], actor: Actor, body: EventBody) -> Result<(), FlowError> {
        self.parts.record(&self.key(rest), actor, self.subject(), body).await.map(drop)
    }

    pub(crate) async fn worktree(&self, base: &CommitId) -> Result<Worktree, FlowError> {
        let mirror = self.parts.mirror(&self.frame.project).await?;
        Ok(mirror.worktree(&self.frame.run, &self.id, base).await?)
    }

    /// Makes the worktree, and writes down who works in it and what they are told.
    async fn open(&self) -> Result<(Opened, Option<Turn>), FlowError> {
        let (parts, frame) = (self.parts, self.frame);
        let mirror = parts.mirror(&frame.project).await?;
        let began = self.began().await?;
        // A worktree that was made before a crash, and not written down, stays where it is: the branch may be further on.
        let made = mirror.attempt_base(&frame.run, &self.id).await?;
        let base = match (began.as_ref().map(|began| began.base.clone()).or(made), &self.played) {
            (Some(base), _) => base,
            (None, Some(played)) => travel::base(parts, frame, played).await?,
            (None, None) => mirror.head(&frame.run).await?,
        };
        // Side by side: each is found again after a crash, with the same base.
        let (made, opened) =
            futures::join!(self.furnish(&mirror, &base), self.announce(&mirror, &base, began.as_ref()));
        made?;
        opened
    }

    /// Makes the worktree and puts earlier work into it.
    async fn furnish(&self, mirror: &Mirror, base: &CommitId) -> Result<(), FlowError> {
        let worktree = self.worktree(base).await?;
        if let Some(from) = &self.brief.from {
            let own = context::own_files(mirror, &self.frame.ticket, from).await?;
            mirror.restore(&worktree, from, &own).await?;
        }
        Ok(())
    }

    /// Settles who makes it, and writes down what they are told.
    async fn announce(
        &self,
        mirror: &Mirror,
        base: &CommitId,
        began: Option<&Began>,
    ) -> Result<(Opened, Option<Turn>), FlowError> {
        let (parts, frame) = (self.parts, self.frame);
        let chosen = self.chosen(began).await?;
        let cast = self.given_to(&chosen);
        let (told, turn, model) = match frame.options.hands {
            Hands::Here => {
                let turn = cast.turn(mirror, base).await?;
                (to_keep(&turn)?, Some(turn), cast.model()?)
            }
            Hands::Claimed => {
                (to_keep(&claim::brief(&cast, mirror, base).await?)?, None, claim::ANY_MODEL.to_owned())
            }
        };
        let begun = BlobHash::of(&told);
        let started = EventBody::AttemptStarted {
            number: self.brief.number,
            agent: cast.agent.name.clone(),
            model,
            rung: parts.sandboxes.rung(),
            base: base.clone(),
            hints: self.brief.hints.iter().map(|finding| finding.hint.clone()).collect(),
            turn: turn.as_ref().map(|_| begun.clone()),
            capability: Some(self.capability()),
            choice: chosen.reason.clone(),
        };
        let working = EventBody::TicketStateChanged { to: TicketState::Working };
        let said = vec![(self.key(&["started"]), started), (self.key(&["state", "working"]), working)];
        parts.record_all(&part("scheduler"), &self.subject(), said, vec![told]).await?;
        let rules = cast.agent.rules.clone();
        Ok((Opened { base: base.clone(), turn: begun, rules, chosen: Some(chosen) }, turn))
    }

    pub(crate) fn worker(&self) -> Option<&PlayedWorker> {
        self.played.as_ref().and_then(|played| played.worker.as_ref())
    }

    /// The first model that it asks.
    fn model(&self) -> Result<String, FlowError> {
        if let Some(worker) = self.worker() {
            return Ok(worker.model.clone());
        }
        Ok(self.parts.gateway.names(&self.choice.models)?.into_iter().next().unwrap_or_default())
    }

    async fn turn(&self, mirror: &Mirror, base: &CommitId) -> Result<Turn, FlowError> {
        let (parts, frame) = (self.parts, self.frame);
        let capabilities = match self.worker().and_then(|worker| worker.capabilities) {
            Some(capabilities) => capabilities,
            None => parts.gateway.capabilities(&self.choice.models)?,
        };
        let context =
            context::of_ticket(mirror, frame, base, self.brief.from.as_ref(), context::room(capabilities))
                .await?;
        let requirements = self.requirements();
        Ok(Turn::new(&TurnSetup {
            agent: &self.agent,
            capabilities,
            ticket: &frame.ticket,
            requirements: &requirements,
            overview: &frame.spec.overview,
            fixtures: &frame.spec.fixtures,
            files: &context.files,
            agents_md: context.agents_md.as_deref(),
            hints: &self.brief.hints,
            seed: self.seed(),
            warmer_milli: self.choice.warmer_milli,
        })?)
    }

    pub(crate) fn requirements(&self) -> Vec<Requirement> {
        let frame = self.frame;
        frame.ticket.requirements.iter().filter_map(|id| frame.spec.requirement(id)).cloned().collect()
    }

    /// What tells its sampling from that of the attempts before it.
    pub(crate) fn seed(&self) -> Option<u32> {
        (self.brief.number > 1).then_some(self.brief.number)
    }

    /// Commits what the agent left and judges the commit. What the agent says about it does not count.
    async fn judge(&self, opened: &Opened, end: TurnEnd) -> Flow<AttemptEnd> {
        let base = &opened.base;
        let subject = match &end {
            TurnEnd::Finished { summary } => summary.clone(),
            TurnEnd::GaveUp { .. } | TurnEnd::Failed { .. } => String::new(),
        };
        let left = engine::step(self.parts, "commit", || self.commit(base, &subject)).await?;
        let mut findings = end.findings();
        findings.extend(validate::disk(left.disk_bytes, self.parts.config.max_attempt_bytes));
        match &left.commit {
            None if findings.is_empty() => findings.push(validate::nothing_done(&self.frame.ticket)),
            Some(commit) if findings.is_empty() => {
                findings = engine::step(self.parts, "validate", || self.validate(opened, commit)).await?;
                if findings.is_empty() && self.parts.config.review {
                    findings =
                        review::review(self.parts, self.frame, self.brief.number, base, commit).await?;
                }
            }
            _ => {}
        }
        engine::step(self.parts, "close", || self.close(&findings)).await?;
        match left.commit {
            Some(commit) if findings.is_empty() => {
                Ok(AttemptEnd::Accepted { attempt: self.id.clone(), commit, base: base.clone() })
            }
            commit => Ok(AttemptEnd::Rejected { commit, base: base.clone(), findings }),
        }
    }

    async fn commit(&self, base: &CommitId, summary: &str) -> Result<Left, FlowError> {
        let ticket = &self.frame.ticket;
        let mirror = self.parts.mirror(&self.frame.project).await?;
        let worktree = self.worktree(base).await?;
        let disk_bytes = mirror.disk_bytes(&self.frame.run, &self.id).await?;
        let person = Signature::new(&self.parts.config.sponsor_name, &self.parts.config.sponsor_email);
        let message = CommitMessage {
            subject: format!("feat: {}", ticket.title),
            body: summary.to_owned(),
            ticket: ticket.id.clone(),
            agent: self.agent.name.clone(),
            requirements: ticket.requirements.clone(),
            attribution: Attribution::Sponsor { person },
        };
        // Everything is committed, also what is out of scope: the validator must see it.
        let key = IdempotencyKey::of(&self.key(&["commit"]));
        let made = mirror.commit(&worktree, &key, &message, None).await?;
        let Some(commit) = made else {
            return Ok(Left { commit: None, disk_bytes });
        };
        let stat = mirror.diffstat(base, &commit).await?;
        let body = EventBody::Committed {
            commit: commit.clone(),
            files: stat.files,
            added: stat.added,
            removed: stat.removed,
        };
        self.record(&["committed"], self.actor(), body).await?;
        let verifying = EventBody::TicketStateChanged { to: TicketState::Verifying };
        self.record(&["state", "verifying"], part("validator"), verifying).await?;
        Ok(Left { commit: Some(commit), disk_bytes })
    }

    async fn validate(&self, opened: &Opened, commit: &CommitId) -> Result<Vec<Finding>, FlowError> {
        let frame = self.frame;
        let judged = Judged {
            project: &frame.project,
            run: &frame.run,
            ticket: &frame.ticket.id,
            attempt: &self.id,
            commit,
            stage: CheckStage::Validation,
            number: 1,
        };
        let fixtures = &frame.spec.fixtures;
        validate::judge(self.parts, &judged, &opened.base, &frame.ticket, fixtures, &opened.rules).await
    }

    /// Writes down the judgement, and puts the worktree into the archive.
    async fn close(&self, findings: &[Finding]) -> Result<(), FlowError> {
        for (index, finding) in findings.iter().enumerate() {
            let body = EventBody::FindingRaised { finding: finding.clone() };
            self.record(&["finding", &index.to_string()], part("validator"), body).await?;
        }
        let outcome = if findings.is_empty() {
            AttemptOutcome::Accepted
        } else {
            AttemptOutcome::Rejected { findings: findings.to_vec() }
        };
        self.finish(outcome).await?;
        if findings.is_empty() {
            let merging = EventBody::TicketStateChanged { to: TicketState::Merging };
            self.record(&["state", "merging"], part("validator"), merging).await?;
        }
        Ok(())
    }

    async fn finish(&self, outcome: AttemptOutcome) -> Result<(), FlowError> {
        let mirror = self.parts.mirror(&self.frame.project).await?;
        let disk_bytes = mirror.disk_bytes(&self.frame.run, &self.id).await?;
        let body = EventBody::AttemptFinished { outcome, disk_bytes };
        self.record(&["finished"], part("validator"), body).await?;
        // One that failed at its beginning may have no worktree.
        if mirror.attempt_base(&self.frame.run, &self.id).await?.is_some() {
            mirror.archive_attempt(&self.frame.run, &self.id).await?;
        }
        sweep::forget_effects(&self.parts.config.effects(&self.frame.run, &self.id)).await;
        Ok(())
    }

    async fn failed(&self, error: FlowError) -> Flow<AttemptEnd> {
        if error == FlowError::Cancelled {
            return Err(error.into());
        }
        let problem = error.problem();
        let began = engine::step(self.parts, "failed", || async {
            let began = self.began_on().await?.is_some();
            if began {
                self.finish(AttemptOutcome::Failed { problem: problem.clone() }).await?;
            }
            Ok(began)
        })
        .await?;
        // Another model may do what this one could not; where there is none, the next attempt would end here again.
        let alone = self.frame.options.hands.is_here() && self.choice.models.len() < 2;
        let followed = self.played.as_ref().is_some_and(|played| played.followed);
        let final_word = match problem.code.as_str() {
            "replay.diverged" => true,
            "budget.reached" | "claim.unclaimed" => !followed,
            _ => (alone || !began) && !followed,
        };
        Ok(AttemptEnd::Failed { final_word, problem })
    }
}
