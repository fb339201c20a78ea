//! Mail for accounts: asking for a link, and the page that it leads to. No answer says whether an account is there.

use axum::{Form, extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use serde::Deserialize;
use swarm_domain::{
    identity::{EmailAddress, Password},
    notification::Stage,
};
use swarm_notify::html::escaped;
use utoipa::ToSchema;

use super::{
    answer::unreadable,
    auth::{Reset, VerifyAddress, reset, throttled, tried, verify},
    plain_page::{page_of, refused},
};
use crate::{
    app::App,
    door::{Caller, Correlation},
    extract::{InQuery, Unquoted},
    refusal::{Refusal, Reply},
};

/// How many mails one address gets at once, and how long it takes until it gets one more.
const MAILS: (i32, TimeDelta) = (3, TimeDelta::minutes(20));

/// Somebody who does not know their password any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// The email address of their account.
    pub email: EmailAddress,
}

/// What a link in a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountLinkPurpose {
    /// To show that an address is one's own.
    Verify,
    /// To choose another password.
    Reset,
}

/// A link in a mail.
#[derive(Deserialize)]
pub(crate) struct AccountLink {
    /// What it is for.
    purpose: AccountLinkPurpose,
    /// The link.
    link: String,
}

/// The form behind a link in a mail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountLinkForm {
    /// What it is for.
    purpose: AccountLinkPurpose,
    /// The link.
    link: String,
    /// The email address of the account, to verify it.
    email: Option<EmailAddress>,
    /// The password of the account, or the new one.
    password: Password,
}

/// Has a link sent by which another password can be chosen. The answer is the same whether there is such an account, and
/// as quick.
#[utoipa::path(post, path = "/api/auth/forgot", tag = "auth", request_body = Forgotten,
    responses((status = ACCEPTED, description = "If there is such an account, a mail is on its way.")))]
pub(crate) async fn forgot(
    State(app): State<App>,
    from: Caller,
    Unquoted(Forgotten { email }): Unquoted<Forgotten>,
) -> Reply<StatusCode> {
    tried(&app, from, Some(&email)).await?;
    mail(&app, &email, Stage::Reset).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Has a mail sent, as often as one address gets them: nobody's mailbox is filled by asking.
pub(crate) async fn mail(app: &App, email: &EmailAddress, stage: Stage) -> Reply<()> {
    let (burst, every) = MAILS;
    if let Some(wait) = app.store().throttle(&format!("mail/{email}"), every, burst).await? {
        return Err(throttled(wait));
    }
    Ok(app.flows.mail_account(email, stage).await?)
}

/// Shows the form behind a link in a mail. Uses nothing up.
pub(crate) async fn account_link_page(
    State(app): State<App>,
    InQuery(AccountLink { purpose, link }): InQuery<AccountLink>,
) -> Response {
    // It is not looked up: a page that says whether a link counts would be one to try links at.
    let link = escaped(&link);
    let (title, word, email, label, button, complete) = match purpose {
        AccountLinkPurpose::Verify => (
            "Is this address yours?",
            "verify",
            "<label for=\"email\">Your email address</label>\
             <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required>",
            "The password of your account",
            "It is mine",
            "current-password",
        ),
        AccountLinkPurpose::Reset => (
            "Choose another password",
            "reset",
            "",
            "The new password, of 12 characters or more",
            "Choose it",
            "new-password",
        ),
    };
    let body = format!(
        "<h1>{title}</h1><form method=\"post\" action=\"/api/auth/link\">\
         <input type=\"hidden\" name=\"purpose\" value=\"{word}\"><input type=\"hidden\" name=\"link\" value=\"{link}\">{email}\
         <label for=\"password\">{label}</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"{complete}\" required>\
         <button class=\"yes\">{button}</button></form>"
    );
    page_of(&app, StatusCode::OK, &body)
}

/// Does what a link in a mail is for.
pub(crate) async fn use_account_link(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    form: Result<Form<AccountLinkForm>, axum::extract::rejection::FormRejection>,
) -> Response {
    let done = async {
        let Form(AccountLinkForm { purpose, link, email, password }) = form.map_err(|_| unreadable())?;
        match (purpose, email) {
            (AccountLinkPurpose::Reset, _) => {
                reset(&app, from, &correlation.0.0, Reset { link, password }).await?;
                Ok::<_, Refusal>(
                    "Your password is changed, and every session of before is over. Sign in with it.",
                )
            }
            (AccountLinkPurpose::Verify, Some(email)) => {
                verify(&app, from, &correlation.0.0, VerifyAddress { email, password, link }).await?;
                Ok("Your address is verified. Sign in now.")
            }
            (AccountLinkPurpose::Verify, None) => Err(unreadable()),
        }
    };
    match done.await {
        Ok(words) => page_of(&app, StatusCode::OK, &format!("<h1>Done</h1><p>{words}</p>")),
        Err(refusal) => refused(&app, &refusal, ""),
    }
}
