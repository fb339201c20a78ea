//! A model call as a durable step: paid once, kept as blobs, counted against every budget above it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use futures::future;
use swarm_agents::{Agent, Misread, asked_again};
use swarm_domain::{
    Actor, BlobHash, EventBody, IdempotencyKey, PlanId, ProjectId, RunId, Subject, TicketId,
    budget::{Budget, Spend},
    quota::QuotaScope,
};
use swarm_model::{Answer, BudgetScope, Call, ChatReply, ChatRequest, ModelError, cache::CacheUse};
use swarm_store::RunRow;

use crate::{
    cache,
    engine::{self, Flow},
    error::FlowError,
    experience,
    parts::{Parts, part, to_keep},
    travel::{self, PlayedCall},
};

/// Who calls, for what, and under which name the call is journalled.
pub(crate) struct Caller<'a> {
    /// The agent.
    pub(crate) agent: &'a str,
    /// What it is about.
    pub(crate) subject: Subject,
    /// The call's own key: the same key is the same call.
    pub(crate) key: Vec<String>,
    /// Models in order of preference; empty for the configured policy.
    pub(crate) models: &'a [String],
}

/// That a call may be answered from the cache of replies, and which replies are worth keeping there.
struct Cacheable<'a> {
    used: CacheUse,
    is_read: &'a (dyn Fn(&ChatReply) -> bool + Send + Sync),
}

/// Calls a model, with retries. What fails for good comes back as a value.
pub(crate) async fn call(
    parts: &Parts,
    caller: &Caller<'_>,
    request: &ChatRequest,
) -> Flow<Result<ChatReply, FlowError>> {
    call_or_recall(parts, caller, request, None).await
}

async fn call_or_recall(
    parts: &Parts,
    caller: &Caller<'_>,
    request: &ChatRequest,
    cacheable: Option<&Cacheable<'_>>,
) -> Flow<Result<ChatReply, FlowError>> {
    // A reply that came just now need not be read back from where it is kept.
    let fresh = Mutex::new(None);
    // Only the first try is held to what such calls usually take: a long answer must be possible.
    let mut tries = 0_u32;
    let asked = engine::retried(parts, "model", || {
        tries += 1;
        let (first, fresh) = (tries == 1, &fresh);
        async move {
            let (kept, reply) = ask(parts, caller, request, first, cacheable).await?;
            *fresh.lock().unwrap_or_else(PoisonError::into_inner) = reply;
            Ok(kept)
        }
    })
    .await?;
    let fresh = fresh.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (asked, fresh) {
        (Ok(_), Some(reply)) => Ok(Ok(reply)),
        (Ok(kept), None) => Ok(engine::recall(parts, &kept).await),
        (Err(error), _) => Ok(Err(error)),
    }
}

/// A question whose answer has a form.
pub(crate) struct Question<'a> {
    /// Who is asked.
    pub(crate) agent: &'a Agent,
    /// What it is about.
    pub(crate) subject: Subject,
    /// The question's own key; each time that it is asked is a call of its own.
    pub(crate) key: Vec<String>,
    /// Models in order of preference.
    pub(crate) models: &'a [String],
    /// How often it is asked again where the answer cannot be read.
    pub(crate) re_asks: u32,
    /// Whether a reply to the same question, from the cache, would do: not where the last one led nowhere.
    pub(crate) cached: bool,
}

/// Asks until the reply can be read, a few times at the most. With the reply comes the model that gave it.
pub(crate) async fn ask_until_read<T>(
    parts: &Parts,
    question: &Question<'_>,
    mut request: ChatRequest,
    read: impl Fn(&ChatReply) -> Result<T, Misread> + Send + Sync,
) -> Flow<Result<Result<(T, String), Misread>, FlowError>> {
    let is_read = |reply: &ChatReply| read(reply).is_ok();
    for asked in 0.. {
        let mut key = question.key.clone();
        if let Some(purpose) = key.last_mut() {
            *purpose = format!("{purpose}-{asked}");
        }
        let subject = question.subject.clone();
        // Only the first time: what is asked again is asked because an answer would not do.
        let used =
            (question.cached && asked == 0).then(|| cache::may_answer(parts, &question.agent.name, &subject));
        let cacheable = used.flatten().map(|used| Cacheable { used, is_read: &is_read });
        let caller = Caller { agent: &question.agent.name, subject, key, models: question.models };
        let reply = match call_or_recall(parts, &caller, &request, cacheable.as_ref()).await? {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(error)),
        };
        match read(&reply) {
            Ok(value) => return Ok(Ok(Ok((value, reply.model)))),
            Err(misread) if asked >= question.re_asks => return Ok(Ok(Err(misread))),
            Err(misread) => {
                let room = parts.gateway.capabilities(question.models).map_err(FlowError::from)?;
                request = asked_again(&request, &reply, &misread, room);
            }
        }
    }
    Err(FlowError::internal("a question", "it was asked without end").into())
}

/// Where the reply is kept, and the reply itself if it came just now.
async fn ask(
    parts: &Parts,
    caller: &Caller<'_>,
    request: &ChatRequest,
    first: bool,
    cacheable: Option<&Cacheable<'_>>,
) -> Result<(BlobHash, Option<ChatReply>), FlowError> {
    let key: Vec<&str> = caller.key.iter().map(String::as_str).collect();
    // Answered before a crash that came between the call and the journal: not asked, and not paid for, again.
    let tenant = &parts.config.tenant;
    let known = IdempotencyKey::of(&key);
    let run = async {
        match &caller.subject.run {
            Some(run) => parts.store.run(tenant, run).await.map(Some),
            None => Ok(None),
        }
    };
    let (known, run) = future::join(parts.store.event_by_key(tenant, &known), run).await;
    if let Some(EventBody::ModelCalled { reply, .. }) = known?.map(|event| event.body) {
        return Ok((reply, None));
    }
    let run = run?;
    if let Some(origin) = run.as_ref().and_then(|run| run.options.origin.as_ref())
        && let Some(played) =
            travel::played_call(parts, origin, &key, caller.subject.attempt.as_ref()).await?
    {
        return Ok((play(parts, caller, request, played).await?, None));
    }
    let deadlines = async {
        if first {
            experience::model_deadlines(parts, caller.agent, caller.models).await
        } else {
            Ok(BTreeMap::new())
        }
    };
    let budgets = budgets(parts, caller.agent, &caller.subject, run.as_ref());
    let (deadlines, budget_scopes) = future::try_join(deadlines, budgets).await?;
    let call = Call {
        models: caller.models.to_vec(),
        deadlines,
        request: request.clone(),
        budget_scopes,
        cache: cacheable.map(|cacheable| cacheable.used.clone()),
        cancel: engine::cancellation(),
        on_text: None,
    };
    let answer = match answer(parts, call, cacheable).await {
        Ok(answer) => answer,
        Err(error) => {
            if let ModelError::BudgetReached { scope, detail } = &error {
                let body = EventBody::BudgetReached { scope: scope.clone(), detail: detail.clone() };
                let key: Vec<&str> = key.iter().copied().chain(["budget"]).collect();
                parts.record(&key, part("gateway"), caller.subject.clone(), body).await?;
            }
            return Err(error.into());
        }
    };
    let (asked, replied) = (to_keep(request)?, to_keep(&answer.reply)?);
    let kept = BlobHash::of(&replied);
    let body = EventBody::ModelCalled {
        agent: caller.agent.to_owned(),
        model: answer.model,
        request: BlobHash::of(&asked),
        reply: kept.clone(),
        spend: answer.spend,
        millis: u64::try_from(answer.latency.as_millis()).unwrap_or(u64::MAX),
        recorded: answer.reply.recording.is_some() || answer.cache.is_some_and(|cache| cache.is_hit()),
        cache: answer.cache,
    };
    let by = Actor::Agent { name: caller.agent.to_owned() };
    parts.record_keeping(&key, by, caller.subject.clone(), body, vec![asked, replied]).await?;
    Ok((kept, Some(answer.reply)))
}

/// Asks the gateway. Of what may be cached, what can be read is kept; what came from the cache and cannot be read any
/// more, because this program reads otherwise than the one that kept it, is given up and asked for anew.
async fn answer(parts: &Parts, call: Call, cacheable: Option<&Cacheable<'_>>) -> Result<Answer, ModelError> {
    let Some(Cacheable { used, is_read }) = cacheable else { return parts.gateway.call(call).await };
    let answer = parts.gateway.call(call.clone()).await?;
    if is_read(&answer.reply) {
        parts.gateway.keep(used, &call.request, &answer).await;
        return Ok(answer);
    }
    if !answer.cache.is_some_and(|cache| cache.is_hit()) {
        return Ok(answer);
    }
    parts.gateway.forget(used, &call.request, &answer).await;
    parts.gateway.call(Call { cache: None, ..call }).await
}

/// Takes a reply from another run's journal. It cost something there, and nothing here.
async fn play(
    parts: &Parts,
    caller: &Caller<'_>,
    request: &ChatRequest,
    played: PlayedCall,
) -> Result<BlobHash, FlowError> {
    let key: Vec<&str> = caller.key.iter().map(String::as_str).collect();
    let PlayedCall { model, reply } = played;
    let asked = to_keep(request)?;
    let body = EventBody::ModelCalled {
        agent: caller.agent.to_owned(),
        model,
        request: BlobHash::of(&asked),
        reply: reply.clone(),
        spend: Spend::default(),
        millis: 0,
        recorded: true,
        cache: None,
    };
    let by = Actor::Agent { name: caller.agent.to_owned() };
    parts.record_keeping(&key, by, caller.subject.clone(), body, vec![asked]).await?;
    Ok(reply)
}

/// The budgets that a call of this agent counts against, with what was spent of each according to the log.
pub(crate) async fn budgets(
    parts: &Parts,
    agent: &str,
    subject: &Subject,
    run: Option<&RunRow>,
) -> Result<Vec<BudgetScope>, FlowError> {
    let (store, tenant) = (&parts.store, &parts.config.tenant);
    let now = parts.clock.now();
    let ticket = async {
        match (run, &subject.ticket) {
            (Some(run), Some(ticket)) => store.ticket(tenant, &run.id, ticket).await.map(Some),
            _ => Ok(None),
        }
    };
    let (quotas, ticket) = future::try_join(store.quotas(tenant, now), ticket).await?;
    let mut scopes = Vec::new();
    let mut limit = |name: String, limit: Budget, spent: Spend| {
        if limit != Budget::default() {
            scopes.push(BudgetScope { name, limit, spent });
        }
    };
    let project = run.map(|run| &run.project).or(subject.project.as_ref());
    let key = run.and_then(|run| run.options.key.as_ref());
    for row in quotas {
        let counts = match &row.scope {
            QuotaScope::Tenant => true,
            QuotaScope::Project { project: of } => project == Some(of),
            QuotaScope::Agent { agent: of } => agent == of,
            QuotaScope::Key { key: of } => key == Some(of),
        };
        if counts {
            // Each period has a name of its own: what this process remembers of the last one counts no more.
            let since = row.quota.per.begins(now).map(|day| format!(" since {day}")).unwrap_or_default();
            limit(format!("quota {}{since}", row.scope), row.quota.budget, row.spent);
        }
    }
    if let Some(run) = run {
        limit(format!("run {}", run.id), run.options.budget, run.spend);
    }
    if let Some(row) = ticket {
        limit(format!("ticket {}", row.id), row.ticket.budget, row.spend);
    }
    Ok(scopes)
}

/// The key of a call made while planning.
pub(crate) fn plan_key(plan: &PlanId, purpose: &str) -> Vec<String> {
    ["plan", plan.as_str(), "model", purpose].map(str::to_owned).to_vec()
}

/// The key of a call made for a run as a whole.
pub(crate) fn run_key(run: &RunId, purpose: &str) -> Vec<String> {
    ["run", run.as_str(), "model", purpose].map(str::to_owned).to_vec()
}

/// The subject of what concerns a plan.
pub(crate) fn of_plan(project: &ProjectId) -> Subject {
    Subject { project: Some(project.clone()), ..Subject::default() }
}

/// The key of one turn of an attempt.
pub(crate) fn turn_key(run: &RunId, ticket: &TicketId, attempt: u32, turn: u32) -> Vec<String> {
    ["run", run.as_str(), ticket.as_str(), &attempt.to_string(), "model", &turn.to_string()]
        .map(str::to_owned)
        .to_vec()
}
