//! The page behind the link in a mail. To look at it decides nothing: programs that scan mail follow its links. What
//! decides is the form.
//!
//! It is plain HTML without scripts, whose policy lets nothing be loaded or run. It is for browsers, so it stands beside
//! the document that programs go by.

use axum::{Form, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use swarm_domain::{
    Problem,
    identity::{AnswerText, SessionId},
    interrupt::{HumanResponse, InterruptKind, InterruptRefusal, InterruptState},
};
use swarm_flows::{Asker, Question};
use swarm_notify::html::escaped;
use swarm_policy::GATE_ANSWER;
use swarm_store::AnswerLink;

use super::{
    auth::tried,
    plain_page::{page_of, refused},
};
use crate::{
    app::App,
    door::{Caller, Correlation, decide::allow_answer, of_operator, of_user},
    extract::InQuery,
    refusal::{Refusal, Reply},
};

/// The longest text that is shown of what is to be judged, in characters.
const MOST_SHOWN: usize = 60_000;

/// The link.
#[derive(Deserialize)]
pub(crate) struct LinkToken {
    /// What the mail's link holds.
    token: String,
}

/// An answer by a link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkAnswer {
    /// What the mail's link holds.
    token: String,
    /// What is answered.
    decision: LinkDecision,
    /// Words, where they are the answer.
    #[serde(default)]
    words: String,
}

/// What can be answered by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkDecision {
    /// It may be done.
    Accept,
    /// Words: it goes back with them.
    Response,
    /// It is left undone.
    Ignore,
}

/// Shows what a link in a mail is about, with the form that answers it. Decides nothing.
pub(crate) async fn answer_page(
    State(app): State<App>,
    from: Caller,
    InQuery(LinkToken { token }): InQuery<LinkToken>,
) -> Response {
    let page = async {
        tried(&app, from, None).await?;
        let link = read(&token)?;
        let (found, question) = app.flows.linked_question(&link).await?;
        let text = app.flows.question_text(&question).await?;
        Ok::<_, Refusal>(form(&found, &question, text.as_deref(), &token))
    };
    match page.await {
        Ok(body) => page_of(&app, StatusCode::OK, &body),
        Err(refusal) => refused(&app, &refusal, ""),
    }
}

/// Answers by a link in a mail, which counts once. Whether this person may is asked now, as for every answer.
pub(crate) async fn answer_by_link(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    form: Result<Form<LinkAnswer>, axum::extract::rejection::FormRejection>,
) -> Response {
    let answered = async {
        tried(&app, from, None).await?;
        let Form(given) = form.map_err(|_| unreadable())?;
        let link = read(&given.token)?;
        let (found, question) = app.flows.linked_question(&link).await?;
        may_answer(&app, &found.person, &question).await?;
        let response = match given.decision {
            LinkDecision::Accept => HumanResponse::accept(),
            LinkDecision::Ignore => HumanResponse::ignore(),
            LinkDecision::Response => HumanResponse::words(&given.words),
        };
        let by = Asker { person: found.person, correlation: Some(correlation.0.0), key: None };
        Ok::<_, Refusal>(app.flows.answer_by_link(&by, &link, &response).await?)
    };
    match answered.await {
        Ok(question) => page_of(&app, StatusCode::OK, &done(&question)),
        Err(refusal) => refused(&app, &refusal, ""),
    }
}

fn read(token: &str) -> Reply<AnswerText> {
    AnswerText::parse(token).ok_or_else(|| InterruptRefusal::Link.problem().into())
}

pub(crate) fn unreadable() -> Refusal {
    let problem =
        Problem::new("request.unreadable", "the form cannot be read", "open the link in the mail again");
    Refusal::of(StatusCode::BAD_REQUEST, problem)
}

/// Whether who the link was sent to may answer at all by now: as what their account is, or as the operator.
async fn may_answer(app: &App, person: &str, question: &Question) -> Reply<()> {
    let link_only = || SessionId::parse("session_by_link").map_err(|_| InterruptRefusal::Link.problem());
    let users = app.store().users(app.tenant()).await?;
    let account = users.into_iter().find(|user| user.email.as_str().eq_ignore_ascii_case(person));
    let who = match account {
        // In no session of theirs: the link is all that they showed.
        Some(user) if user.is_enabled() && user.verified_at.is_some() => of_user(app, user, link_only()?),
        None if app.config.operator.eq_ignore_ascii_case(person) => of_operator(app),
        _ => return Err(InterruptRefusal::Link.problem().into()),
    };
    allow_answer(app, &who, GATE_ANSWER, question).await
}

fn form(link: &AnswerLink, question: &Question, text: Option<&str>, token: &str) -> String {
    let row = &question.row;
    let interrupt = &row.interrupt;
    let mut body = format!("<h1>{}</h1>", escaped(&heading(question)));
    if let Some(decided) = row.standing.how() {
        return body + &format!("<p>It is {}. Nothing is left to answer.</p>", escaped(&decided));
    }
    for why in &interrupt.why {
        body += &format!("<p>{}</p>", escaped(why));
    }
    body += "<dl>";
    let ticket = row.ticket.as_ref().map(ToString::to_string);
    for (name, value) in [
        ("Project", Some(row.project.to_string())),
        ("Run", Some(row.run.to_string())),
        ("Ticket", ticket),
        ("Risk", Some(interrupt.risk.to_string())),
        ("Requested by", Some(interrupt.asked_by.join(", ")).filter(|names| !names.is_empty())),
        ("You answer as", Some(link.person.clone())),
    ] {
        if let Some(value) = value {
            body += &format!("<dt>{name}</dt><dd>{}</dd>", escaped(&value));
        }
    }
    body += "</dl>";
    if let Some(description) = &interrupt.request.description {
        body += &format!("<pre>{}</pre>", escaped(&cut(description)));
    }
    if let Some(text) = text {
        body += &format!(
            "<details open><summary>What is to be judged</summary><pre>{}</pre></details>",
            escaped(&cut(text))
        );
    }
    let token = escaped(token);
    let hidden = format!("<input type=\"hidden\" name=\"token\" value=\"{token}\">");
    let begin = "<form method=\"post\" action=\"/api/hitl/answer\">";
    let (yes, no, words) = match interrupt.kind {
        InterruptKind::PlanReview => ("Carry it out", "Do not", "Turn it down with these words"),
        InterruptKind::DiffReview => ("Merge it", "Do not", "Send it back with these words"),
        InterruptKind::Clarification => ("Build it as it is", "Do not build it", "Answer with these words"),
    };
    body += &format!(
        "{begin}{hidden}<button class=\"yes\" name=\"decision\" value=\"accept\">{yes}</button></form>\
         {begin}{hidden}<label for=\"words\">In words</label>\
         <textarea id=\"words\" name=\"words\" rows=\"4\" maxlength=\"4000\" required></textarea>\
         <button name=\"decision\" value=\"response\">{words}</button></form>\
         {begin}{hidden}<button name=\"decision\" value=\"ignore\">{no}</button></form>"
    );
    body
}

fn heading(question: &Question) -> String {
    let row = &question.row;
    let about = row.ticket.as_ref().map_or_else(|| row.run.to_string(), ToString::to_string);
    let what = match row.interrupt.kind {
        InterruptKind::PlanReview => "A plan",
        InterruptKind::DiffReview => "A change",
        InterruptKind::Clarification => "A question about the spec",
    };
    format!("{what}: {about}")
}

fn done(question: &Question) -> String {
    let row = &question.row;
    let said = match (row.standing.how(), row.standing.state) {
        (Some(how), _) => format!("It is {how}. The work goes on with it."),
        (None, InterruptState::Waiting) => {
            let (so_far, of) = (row.standing.accepts.len(), row.interrupt.terms.answers);
            format!("Your answer counts: {so_far} of {of} have accepted.")
        }
        (None, state) => format!("It is {}.", state.name()),
    };
    format!("<h1>{}</h1><p>{}</p>", escaped(&heading(question)), escaped(&said))
}

fn cut(text: &str) -> String {
    let plain: String =
        text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).take(MOST_SHOWN).collect();
    if text.chars().count() > MOST_SHOWN {
        plain + "\n… the rest is shown by swarm approvals"
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_text_whatever_it_says() {
        assert_eq!(
            escaped("<a href='x' on=\"y\">&\u{202E}"),
            "&lt;a href=&#39;x&#39; on=&quot;y&quot;&gt;&amp;\u{FFFD}"
        );
        assert!(cut(&"x".repeat(MOST_SHOWN + 1)).ends_with("swarm approvals"));
    }
}
