//! Questions to people: what waits, what is asked, and the answers.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, InterruptId, ProjectId, RunId, TicketId,
    hunk::HunkEvidence,
    interrupt::{HumanResponse, Interrupt, InterruptKind, InterruptState, Standing},
    notification::Routed,
    ticket::Risk,
};
use swarm_flows::{Question, QuestionFilter};
use swarm_policy::{GATE_ANSWER, GATE_DELEGATE};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{App, By},
    door::{Asking, decide::allow_answer},
    extract::{Body, InPath, InQuery},
    refusal::Reply,
};

/// Which questions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichInterrupts {
    /// Only in this state; in any when absent.
    state: Option<InterruptState>,
    /// Only from this risk on.
    risk: Option<Risk>,
    /// Only those that are at least so old, in seconds.
    older_than_seconds: Option<u64>,
    /// Only of this run.
    run: Option<RunId>,
}

/// A question in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InterruptSummary {
    /// Its id.
    pub id: InterruptId,
    /// What kind of question it is.
    pub kind: InterruptKind,
    /// How much harm a wrong answer can do.
    pub risk: Risk,
    /// Where it stands.
    pub state: InterruptState,
    /// What was decided, by whom and when, in words; absent while it waits.
    pub decided: Option<String>,
    /// The project.
    pub project: ProjectId,
    /// The run that asks.
    pub run: RunId,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// Why it is asked, in sentences.
    pub why: Vec<String>,
    /// Who may answer now; everybody where none is named.
    pub people: Vec<String>,
    /// Who has accepted it so far.
    pub accepted_by: Vec<String>,
    /// How many must accept.
    pub answers: u32,
    /// The tickets that cannot be merged before it is answered.
    pub blocked: Vec<TicketId>,
    /// When it was asked.
    pub raised_at: DateTime<Utc>,
    /// How old it is, or was when it was decided.
    pub age_seconds: u64,
    /// Until when answers count.
    pub until: Option<DateTime<Utc>>,
    /// Who was told first, and why they; absent before that was decided.
    pub routed: Option<Vec<Routed>>,
}

/// The questions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InterruptList {
    /// Those of the highest risk first, and of these the oldest.
    pub items: Vec<InterruptSummary>,
}

/// A question with all that is to be judged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InterruptDetail {
    /// In short.
    pub summary: InterruptSummary,
    /// What is asked; `request` has the shape of the Agent Inbox.
    pub interrupt: Interrupt,
    /// Where it stands.
    pub standing: Standing,
    /// The text that is to be judged, such as a diff.
    pub text: Option<String>,
    /// What proves the parts of a change; absent where nothing was found out, or is not yet.
    pub evidence: Option<HunkEvidence>,
}

/// To whom a question is handed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDelegation {
    /// The person's name.
    pub to: String,
}

impl From<Question> for InterruptSummary {
    fn from(question: Question) -> Self {
        let Question { row, blocked, age_seconds } = question;
        let (interrupt, standing) = (row.interrupt, row.standing);
        Self {
            people: standing.people(&interrupt),
            until: interrupt.terms.ends(row.raised_at),
            routed: row.routed,
            decided: standing.how(),
            id: interrupt.id,
            kind: interrupt.kind,
            risk: interrupt.risk,
            state: standing.state,
            project: row.project,
            run: row.run,
            ticket: row.ticket,
            attempt: row.attempt,
            why: interrupt.why,
            accepted_by: standing.accepts.into_iter().map(|accept| accept.by).collect(),
            answers: interrupt.terms.answers,
            blocked,
            raised_at: row.raised_at,
            age_seconds,
        }
    }
}

async fn detail(app: &App, question: Question) -> Reply<Json<InterruptDetail>> {
    let text = app.flows.question_text(&question).await?;
    let evidence = app.flows.question_evidence(&question).await?;
    let (interrupt, standing) = (question.row.interrupt.clone(), question.row.standing.clone());
    Ok(Json(InterruptDetail { summary: question.into(), interrupt, standing, text, evidence }))
}

/// Lists the questions to people: those of the highest risk first, and of these the oldest.
#[utoipa::path(get, path = "/api/hitl", tag = "hitl", params(WhichInterrupts),
    responses((status = OK, description = "The questions.", body = InterruptList)))]
pub(crate) async fn interrupts(
    State(app): State<App>,
    InQuery(which): InQuery<WhichInterrupts>,
) -> Reply<Json<InterruptList>> {
    let filter = QuestionFilter {
        run: which.run,
        state: which.state,
        risk: which.risk.unwrap_or_default(),
        older_than_seconds: which.older_than_seconds.unwrap_or_default(),
    };
    let found = app.flows.questions(&filter).await?;
    Ok(Json(InterruptList { items: found.into_iter().map(InterruptSummary::from).collect() }))
}

/// Shows a question with all that is to be judged.
#[utoipa::path(get, path = "/api/hitl/{interrupt}", tag = "hitl",
    params(("interrupt" = InterruptId, Path, description = "Its id.")),
    responses((status = OK, description = "The question.", body = InterruptDetail)))]
pub(crate) async fn interrupt(
    State(app): State<App>,
    InPath(id): InPath<InterruptId>,
) -> Reply<Json<InterruptDetail>> {
    detail(&app, app.flows.question(&id).await?).await
}

/// Answers a question. The first answer that decides counts; who comes later is told who decided. The same answer of the
/// same person again is the same answer.
#[utoipa::path(post, path = "/api/hitl/{interrupt}/respond", tag = "hitl", request_body = HumanResponse,
    params(("interrupt" = InterruptId, Path, description = "Its id.")),
    responses((status = OK, description = "The question after it.", body = InterruptDetail)))]
pub(crate) async fn answer_interrupt(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    InPath(id): InPath<InterruptId>,
    Body(response): Body<HumanResponse>,
) -> Reply<Json<InterruptDetail>> {
    allow_answer(&app, &who, GATE_ANSWER, &app.flows.question(&id).await?).await?;
    detail(&app, app.flows.answer(&asker, &id, &response).await?).await
}

/// Hands a question to somebody, who may answer it from then on.
#[utoipa::path(post, path = "/api/hitl/{interrupt}/delegate", tag = "hitl", request_body = NewDelegation,
    params(("interrupt" = InterruptId, Path, description = "Its id.")),
    responses((status = OK, description = "The question after it.", body = InterruptDetail)))]
pub(crate) async fn delegate_interrupt(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    InPath(id): InPath<InterruptId>,
    Body(NewDelegation { to }): Body<NewDelegation>,
) -> Reply<Json<InterruptDetail>> {
    allow_answer(&app, &who, GATE_DELEGATE, &app.flows.question(&id).await?).await?;
    detail(&app, app.flows.delegate(&asker, &id, &to).await?).await
}
