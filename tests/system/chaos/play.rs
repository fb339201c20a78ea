//! One build from its beginning to its end, killed on the way.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use swarm_client::{
    Client,
    types::{NewPlan, NewRun, RunOptions, RunState},
};

use super::{
    Outcome,
    facts::Facts,
    green, leftovers, scenario,
    slot::{Slot, said},
    trap::{Trap, Write},
};
use crate::{model::Model, program::Running};

/// A build in which nothing was written for so long is stuck, however slow the machine is.
const PATIENCE: Duration = Duration::from_mins(4);
/// How often it is looked at whether something was written.
const GLANCE: Duration = Duration::from_secs(2);
/// How often the harness looks.
const LOOK: Duration = Duration::from_millis(8);
/// How often it asks whether the run has settled: each question is work for the program.
const ASK: Duration = Duration::from_millis(100);
/// How many tickets are worked on at once.
const PARALLEL: u32 = 4;

/// Who is killed at the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Worker,
    Database,
}

/// A kill at the position of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    pub what: String,
    pub write: Write,
    pub victim: Victim,
    /// Killed once more, so many positions into the recovery.
    pub again: Option<i64>,
}

/// What a build came to.
pub struct Played {
    pub facts: Facts,
    /// Which of the kills were reached, in order.
    pub killed: Vec<usize>,
    /// Kills during a recovery.
    pub killed_again: usize,
    /// How often the worker was started.
    pub starts: usize,
    /// How many questions the model was really asked.
    pub asked: usize,
    /// What each position was, in order.
    pub positions: Vec<String>,
    /// From each kill of the worker to the moment when its successor was up.
    pub back: Vec<Duration>,
}

/// A build under way.
struct Play<'a> {
    slot: &'a Slot,
    model: Model,
    trap: Trap,
    kills: &'a [Kill],
    killed: Vec<usize>,
    killed_again: usize,
    starts: usize,
    back: Vec<Duration>,
}

/// Plays the build, killed at each of these. A position that the build does not come to kills nothing.
pub async fn play(slot: &Slot, kills: &[Kill]) -> Outcome<Played> {
    slot.reset().await?;
    let model = Model::start();
    model.play(scenario::staff);
    model.order(&scenario::ORDER);
    let mut trap = Trap::open(&slot.database().await).await.map_err(said)?;
    for (id, kill) in kills.iter().enumerate() {
        trap.arm(id, &kill.what, kill.write).await.map_err(said)?;
    }
    let mut play =
        Play { slot, model, trap, kills, killed: Vec::new(), killed_again: 0, starts: 0, back: Vec::new() };
    play.carried_through().await.map_err(|why| play.told(&why))?;
    play.finished().await.map_err(|why| play.told(&why))
}

impl Play<'_> {
    fn told(&self, why: &str) -> String {
        let killed: Vec<_> = self.killed.iter().map(|&id| self.kills[id].what.as_str()).collect();
        format!("after the kills at {killed:?}: {why}")
    }

    /// Plays until the run is settled and the program has stopped.
    async fn carried_through(&mut self) -> Outcome<()> {
        let mut up = self.slot.up(&self.model).await?;
        let mut died: Option<Instant> = None;
        self.starts += 1;
        loop {
            let sprung = tokio::select! {
                stopped = until_stopped(self.slot, &up) => { stopped?; None }
                sprung = sprung(&mut self.trap, &up, &mut died, &mut self.back) => Some(sprung?),
            };
            let Some(id) = sprung else { break };
            let kill = self.kills.get(id);
            match kill.map_or(Victim::Worker, |kill| kill.victim) {
                Victim::Worker => {
                    up.signal(Signal::SIGKILL);
                    up.ended();
                    died = Some(Instant::now());
                    self.trap.clear().await.map_err(said)?;
                    self.trap.disarm(id).await.map_err(said)?;
                    if let Some(positions) = kill.and_then(|kill| kill.again) {
                        self.trap.arm_after(self.kills.len() + id, positions).await.map_err(said)?;
                    }
                    up = self.slot.up(&self.model).await?;
                    self.starts += 1;
                }
                // The worker is left alone: it is to go on by itself.
                Victim::Database => {
                    self.slot.kill_server().await?;
                    self.slot.start_server().await?;
                    self.trap = Trap::open(&self.slot.database().await).await.map_err(said)?;
                    self.trap.disarm(id).await.map_err(said)?;
                }
            }
            if id < self.kills.len() {
                self.killed.push(id);
            } else {
                self.killed_again += 1;
            }
        }
        let ended = up.ended();
        if ended.code == 0 { Ok(()) } else { Err(format!("swarm up did not end well: {ended:?}")) }
    }

    async fn finished(&mut self) -> Outcome<Played> {
        let positions = self.trap.names().await.map_err(said)?;
        let facts = Facts::read(self.slot, self.trap.conn()).await?;
        green::check(&self.slot.repo(), &facts)?;
        leftovers::check(self.slot, &mut self.trap).await?;
        Ok(Played {
            facts,
            killed: self.killed.clone(),
            killed_again: self.killed_again,
            starts: self.starts,
            asked: self.model.calls().len(),
            positions,
            back: self.back.clone(),
        })
    }
}

/// Waits until a write is stopped, and notes when the worker is up again.
async fn sprung(
    trap: &mut Trap,
    up: &Running,
    died: &mut Option<Instant>,
    back: &mut Vec<Duration>,
) -> Outcome<usize> {
    let (mut passed, mut since, mut glance) = (0, Instant::now(), Instant::now());
    loop {
        if glance.elapsed() > GLANCE {
            glance = Instant::now();
            let now = trap.passed().await.map_err(said)?;
            if now != passed {
                (passed, since) = (now, glance);
            } else if since.elapsed() > PATIENCE {
                return Err(format!("nothing was written for {} s", PATIENCE.as_secs()));
            }
        }
        if let Some(sprung) = trap.sprung().await.map_err(said)? {
            return Ok(sprung);
        }
        if died.is_some() && Slot::is_up(up) {
            back.extend(died.take().map(|died| died.elapsed()));
        }
        if up.has_ended() && !Slot::was_stopped(up) {
            let words = std::fs::read_to_string(&up.err).unwrap_or_default();
            return Err(format!("swarm up ended by itself: {words}"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Sees the run to its end, looks at the books, and stops the program.
async fn until_stopped(slot: &Slot, up: &Running) -> Outcome<()> {
    // Told before the database was killed: it is about to end.
    if !Slot::was_stopped(up) {
        let client = settle(slot, up).await?;
        slot.journal_is_closed().await?;
        sound(&client).await?;
        Slot::stop(up)?;
    }
    while !up.has_ended() {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Asks for what was not asked for yet, as somebody does who looks before asking again, and waits for the end.
async fn settle(slot: &Slot, up: &Running) -> Outcome<Client> {
    while !Slot::is_up(up) {
        tokio::time::sleep(LOOK).await;
    }
    let client = Client::discover(&slot.data()).await.map_err(said)?;
    if patient(|| client.plans()).await?.is_empty() {
        let spec = patient(|| client.specs()).await?.first().map(|spec| spec.id.clone()).ok_or("no spec")?;
        let wanted = NewPlan { models: Vec::new(), spec };
        let asked = client.request_plan(&wanted).await;
        if asked.is_err() && patient(|| client.plans()).await?.is_empty() {
            patient(|| client.request_plan(&wanted)).await?;
        }
    }
    let plan = patient(|| client.plans()).await?.first().map(|plan| plan.id.clone()).ok_or("no plan")?;
    loop {
        let detail = patient(|| client.plan(&plan)).await?;
        if let Some(problem) = &detail.problem {
            return Err(format!("the plan failed: {problem:?}"));
        }
        if detail.plan.is_some() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    if patient(|| client.runs()).await?.is_empty() {
        // As JSON: what is chosen of a run grows, and the rest has defaults.
        let options =
            serde_json::json!({ "budget": {}, "max_attempts": 3, "max_parallel": PARALLEL, "models": [] });
        let options: RunOptions = serde_json::from_value(options).map_err(said)?;
        let wanted = NewRun { options, plan };
        let asked = client.start_run(&wanted).await;
        if asked.is_err() && patient(|| client.runs()).await?.is_empty() {
            patient(|| client.start_run(&wanted)).await?;
        }
    }
    loop {
        match patient(|| client.runs()).await?.as_slice() {
            [run] if run.state == RunState::Running => tokio::time::sleep(ASK).await,
            [run] if run.state == RunState::Done => return Ok(client),
            [run] => return Err(format!("the run settled as {:?}", run.state)),
            runs => return Err(format!("{} runs for one request", runs.len())),
        }
    }
}

/// Asks again while the database is away.
async fn patient<T, F>(mut ask: impl FnMut() -> F) -> Outcome<T>
where
    F: Future<Output = Result<T, swarm_client::ClientError>>,
{
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(value) => return Ok(value),
            Err(error) if began.elapsed() > Duration::from_secs(30) => return Err(said(error)),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The chain verifies, and the views are what the events say.
async fn sound(client: &Client) -> Outcome<()> {
    let chain = client.verify().await.map_err(said)?;
    if let Some(bad) = chain.first_bad {
        return Err(format!("the chain is broken: {bad:?}"));
    }
    let rebuilt = client.rebuild().await.map_err(said)?;
    match rebuilt.tables.iter().find(|table| table.before != table.after) {
        Some(table) => Err(format!("a rebuild finds another {}: {table:?}", table.table)),
        None => Ok(()),
    }
}
