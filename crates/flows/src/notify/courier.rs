//! The courier: the task that reads the log for what people are told, and sends what is due.
//!
//! It is killed anywhere without harm: rows come with the cursor in one transaction; a row that was claimed is free
//! again when its lease is over; and one that was sent but not marked is sent again under the same id, by which the
//! other side knows it.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use swarm_domain::{
    InterruptId, Problem,
    interrupt::InterruptState,
    notification::{Stage, WEB_PUSH},
};
use swarm_notify::{ChannelConfig, Message, SendError};
use swarm_store::{NotificationRow, Outcome, StoreError};
use tokio_util::sync::CancellationToken;

use super::{account, compose, fold, keys, link, people, push};
use crate::{background::Background, error::FlowError, parts::Parts};

/// How long what is being sent when this process stops may take to be marked.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The shortest time between two looks: a log that grows quickly is not of questions alone.
const CALM: Duration = Duration::from_millis(200);
/// How often old rows are deleted.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// The task.
pub(crate) struct Courier {
    task: Background,
}

impl Courier {
    /// Begins to tell people.
    pub(crate) fn begin(parts: Parts) -> Self {
        let parts = Arc::new(parts);
        Self { task: Background::begin(|stop| async move { work(&parts, &stop).await }) }
    }

    /// Tells nobody any more.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

async fn work(parts: &Arc<Parts>, stop: &CancellationToken) {
    let every = Duration::from_secs(parts.config.notifications.every_seconds);
    if every.is_zero() || !parts.config.notifications.carries {
        return;
    }
    let mut growth = parts.store.growth();
    let mut tidied: Option<tokio::time::Instant> = None;
    while !stop.is_cancelled() {
        // What is being sent goes on when this is stopped, for a moment: else it would be sent again.
        let round = tokio::spawn(round(Arc::clone(parts)));
        tokio::pin!(round);
        let done = tokio::select! {
            done = &mut round => Some(done),
            () = stop.cancelled() => tokio::time::timeout(LAST_WORDS, &mut round).await.ok(),
        };
        match done {
            Some(Ok(Ok(true))) => continue,
            Some(Ok(Err(error))) => tracing::warn!(%error, "people could not be told; will be tried again"),
            Some(Err(error)) => tracing::error!(%error, "telling people broke"),
            None => round.abort(),
            Some(Ok(Ok(false))) => {}
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
            tidied = Some(tokio::time::Instant::now());
            tidy(parts).await;
        }
        let woken = async {
            if growth.wait(every).await {
                tokio::time::sleep(CALM).await;
            }
        };
        if stop.run_until_cancelled(woken).await.is_none() {
            return;
        }
    }
}

/// Reads on and sends a handful. Whether there may be more.
async fn round(parts: Arc<Parts>) -> Result<bool, FlowError> {
    let more = fold::read_on(&parts).await?;
    let sent = send_due(&parts).await?;
    Ok(more || sent)
}

/// Sends what is due, as many as are sent at once. Whether there may be more.
pub(super) async fn send_due(parts: &Parts) -> Result<bool, FlowError> {
    let config = &parts.config.notifications;
    let mut names: Vec<String> = config.channels.iter().map(|channel| channel.name().to_owned()).collect();
    if config.push.enabled {
        names.push(WEB_PUSH.to_owned());
    }
    if names.is_empty() {
        return Ok(false);
    }
    let claim = parts.entropy.bytes().map(|byte| format!("{byte:02x}")).concat();
    let lease = Duration::from_secs(config.lease_seconds);
    let tenant = &parts.config.tenant;
    let due = parts.store.claim_notifications(tenant, &claim, lease, (&names, config.at_once)).await?;
    let full = due.len() >= config.at_once as usize;
    let sent = join_all(due.iter().map(|row| async {
        let outcome = deliver(parts, row).await;
        told(row, &outcome);
        parts.store.settle_notification(tenant, &row.id, &claim, &outcome).await
    }));
    for marked in sent.await {
        if !marked? {
            tracing::warn!("a notification took longer than its lease; it may be sent twice, under one id");
        }
    }
    Ok(full)
}

fn told(row: &NotificationRow, outcome: &Outcome) {
    let (id, channel, stage, tries) = (&row.id, &row.channel, row.stage, row.tries);
    match outcome {
        Outcome::Sent => tracing::info!(%id, channel, %stage, tries, "sent"),
        Outcome::Again(at, fault) => tracing::warn!(%id, channel, %stage, tries, fault, %at, "not sent yet"),
        Outcome::Dead(fault) => tracing::warn!(%id, channel, %stage, tries, fault, "not sent, and given up"),
        Outcome::Wait(_) | Outcome::Withdrawn(_) => tracing::debug!(%id, channel, %stage, "not sent"),
    }
}

async fn deliver(parts: &Parts, row: &NotificationRow) -> Outcome {
    let way = match parts.config.notifications.channel(&row.channel) {
        Some(channel) => Way::Channel(channel),
        None if row.channel == WEB_PUSH => Way::Browsers,
        None => return Outcome::Dead("the channel is gone".to_owned()),
    };
    match tried(parts, row, way).await {
        Ok(outcome) => outcome,
        Err(Failed::Send(SendError::Never(why))) => Outcome::Dead(why),
        Err(Failed::Send(SendError::Later { why, after })) => again(parts, row, why, after),
        // The keys are not to be had just now, or the database is away.
        Err(Failed::Here(problem)) => again(parts, row, problem.to_string(), None),
    }
}

/// By what a message goes.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// A channel of the configuration.
    Channel(&'a ChannelConfig),
    /// The browsers in which somebody is signed in.
    Browsers,
}

impl Way<'_> {
    fn is_for_people(self) -> bool {
        match self {
            Self::Channel(channel) => channel.is_for_people(),
            Self::Browsers => true,
        }
    }
}

/// Why a try failed.
enum Failed {
    /// On the way.
    Send(SendError),
    /// Before it left.
    Here(Problem),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Here(error.problem())
    }
}

fn again(parts: &Parts, row: &NotificationRow, why: String, after: Option<Duration>) -> Outcome {
    let tries = usize::try_from(row.tries).unwrap_or(usize::MAX);
    let wait = parts.config.notifications.retry.wait(tries, after, &*parts.entropy);
    match wait.and_then(|wait| chrono::TimeDelta::from_std(wait).ok()) {
        Some(wait) => Outcome::Again(parts.clock.now() + wait, why),
        None => Outcome::Dead(why),
    }
}

async fn tried(parts: &Parts, row: &NotificationRow, way: Way<'_>) -> Result<Outcome, Failed> {
    if let (Stage::Verify | Stage::Reset, Way::Channel(channel)) = (row.stage, way) {
        return about_account(parts, row, channel).await;
    }
    let Some((id, true)) =
        InterruptId::parse(row.about.clone()).ok().map(|id| (id, row.stage.is_of_a_question()))
    else {
        return Ok(Outcome::Dead("it is about nothing that is known".to_owned()));
    };
    let question = match parts.store.interrupt(&parts.config.tenant, &id).await {
        Err(StoreError::NotFound { .. }) => return Ok(Outcome::Withdrawn("the question is gone".to_owned())),
        question => question?,
    };
    if question.standing.state != InterruptState::Waiting && row.stage != Stage::Settled {
        return Ok(Outcome::Withdrawn(question.standing.how().unwrap_or_default()));
    }
    if way.is_for_people() {
        let configured = parts.config.notifications.people.iter();
        let now = parts.clock.now();
        if let Some(person) = configured.clone().find(|known| known.name.eq_ignore_ascii_case(&row.person)) {
            // A try that failed may come back in their night.
            let due = fold::due(parts, person, question.interrupt.risk, now);
            if due > now {
                return Ok(Outcome::Wait(due));
            }
        }
    }
    match way {
        Way::Browsers => {
            let message = compose::of_question(row, &question, None);
            push::send(parts, &row.person, &message).await?.outcome().map_err(Failed::Send)
        }
        Way::Channel(channel) => {
            let action =
                if channel.is_for_people() { link::action(parts, row, &question).await? } else { None };
            let message = compose::of_question(row, &question, action);
            by_channel(parts, row, channel, &message).await
        }
    }
}

async fn by_channel(
    parts: &Parts,
    row: &NotificationRow,
    channel: &ChannelConfig,
    message: &Message,
) -> Result<Outcome, Failed> {
    let to = if channel.is_for_people() { people::address(parts, &row.person) } else { None };
    let keys = keys::of(parts, channel).await.map_err(Failed::Here)?;
    channel.send(message, to.as_ref(), &keys).await.map_err(Failed::Send)?;
    Ok(Outcome::Sent)
}

async fn about_account(
    parts: &Parts,
    row: &NotificationRow,
    channel: &ChannelConfig,
) -> Result<Outcome, Failed> {
    let (to, message) = match account::message(parts, row).await? {
        Ok(found) => found,
        Err(why) => return Ok(Outcome::Withdrawn(why.to_owned())),
    };
    let keys = keys::of(parts, channel).await.map_err(Failed::Here)?;
    channel.send(&message, Some(&to), &keys).await.map_err(Failed::Send)?;
    Ok(Outcome::Sent)
}

async fn tidy(parts: &Parts) {
    let days = i64::from(parts.config.notifications.keep_days.max(1));
    let before = chrono::TimeDelta::try_days(days).and_then(|age| parts.clock.now().checked_sub_signed(age));
    let Some(before) = before else { return };
    if let Err(error) = parts.store.forget_notifications(&parts.config.tenant, before).await {
        tracing::warn!(%error, "old notifications could not be deleted");
    }
}
