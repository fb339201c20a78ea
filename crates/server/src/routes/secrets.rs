//! Secrets. A value comes in and never goes out: no answer has a field for one.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Problem, ProjectId, SecretName,
    secret::{Placement, Reference, Secret, SecretHost, SecretId, SecretVersion},
};
use swarm_store::{Given, NewSecret as NewSecretRow, Rotation, SecretRow};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{App, By},
    extract::{InPath, InQuery, Unquoted},
    refusal::{Refusal, Reply},
};

/// How long an old value counts beside a new one where nothing is said.
const WINDOW_SECONDS: u32 = 24 * 3600;

/// A secret that is to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    /// Its name.
    pub name: SecretName,
    /// The project that it is for; all where absent.
    pub project: Option<ProjectId>,
    /// The hosts that it may be sent to, from 1 to 16 names.
    pub hosts: Vec<SecretHost>,
    /// How it is put into a request: `bearer`, `basic` or `header:NAME`; `bearer` where absent.
    pub placement: Option<Placement>,
    /// The value, which is sealed; or `reference`.
    pub value: Option<Secret>,
    /// Where it is looked up at each use: `vault:MOUNT/PATH#FIELD`, `env:NAME` or `file:/PATH`; or `value`.
    pub reference: Option<Reference>,
    /// When it stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

/// A value that is to take the place of another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewValue {
    /// The project that the secret is for; all where absent.
    pub project: Option<ProjectId>,
    /// The value, which is sealed; or `reference`.
    pub value: Option<Secret>,
    /// Where it is looked up at each use; or `value`.
    pub reference: Option<Reference>,
    /// How long the old one still counts, in seconds; a day where absent.
    #[schema(maximum = 2_592_000)]
    pub window_seconds: Option<u32>,
    /// When the new one stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

/// Of which project.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfProject {
    /// The project that it is for; all where absent.
    project: Option<ProjectId>,
}

/// Whether a secret can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretState {
    /// One value counts.
    Valid,
    /// Two values count: it was rotated.
    Rotating,
    /// No value counts any more.
    Expired,
}

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretDetail {
    /// Its name.
    pub name: SecretName,
    /// The project that it is for; all where absent.
    pub project: Option<ProjectId>,
    /// The hosts that it may be sent to.
    pub hosts: Vec<SecretHost>,
    /// How it is put into a request.
    pub placement: Placement,
    /// Whether it can be used.
    pub state: SecretState,
    /// Its versions that count or did last, oldest first.
    pub versions: Vec<SecretVersion>,
    /// When it was set first.
    pub created_at: DateTime<Utc>,
    /// When its value was last rotated.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was last put into a request.
    pub used_at: Option<DateTime<Utc>>,
    /// How often it was.
    pub uses: u64,
}

/// The secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretList {
    /// Those for all projects first, by name.
    pub items: Vec<SecretDetail>,
}

/// What was found of one version of a secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretCheck {
    /// Which secret.
    pub secret: SecretId,
    /// Which of its versions.
    pub version: u32,
    /// What is wrong; absent where it can be used.
    pub problem: Option<Problem>,
    /// What is worth knowing, though nothing is wrong yet.
    pub note: Option<String>,
}

/// What was found of all secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretChecks {
    /// One for each version that counts.
    pub items: Vec<SecretCheck>,
}

/// How the key is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rekey {
    /// Whether secrets that no key opens any more are given up; else they are an error.
    #[serde(default)]
    pub lost: bool,
}

/// What a rekeying did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rekeyed {
    /// The public half of the new key.
    pub recipient: String,
    /// How many values were sealed again.
    pub values: u32,
    /// The secrets that were given up, and must be set again.
    pub lost: Vec<SecretId>,
}

fn detail(row: SecretRow, now: DateTime<Utc>) -> SecretDetail {
    let state = match row.record.valid(now).len() {
        0 => SecretState::Expired,
        1 => SecretState::Valid,
        _ => SecretState::Rotating,
    };
    let record = row.record;
    SecretDetail {
        name: record.id.name,
        project: record.id.project,
        hosts: record.hosts,
        placement: record.placement,
        state,
        versions: record.versions,
        created_at: record.created_at,
        rotated_at: record.rotated_at,
        used_at: row.used_at,
        uses: row.uses,
    }
}

fn given(value: Option<Secret>, reference: Option<Reference>) -> Reply<Given> {
    match (value, reference) {
        (Some(value), None) => Ok(Given::Value(value)),
        (None, Some(reference)) => Ok(Given::Reference(reference)),
        _ => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "secret.one_source",
            "a secret has either a value or a reference to one",
            "send one of `value` and `reference`",
        )),
    }
}

/// Sets a secret. One of this name and project that is there is replaced at once.
#[utoipa::path(post, path = "/api/secrets", tag = "secrets", request_body = NewSecret,
    responses((status = CREATED, description = "The secret, without its value.", body = SecretDetail)))]
pub(crate) async fn set_secret(
    State(app): State<App>,
    By(asker): By,
    Unquoted(new): Unquoted<NewSecret>,
) -> Reply<(StatusCode, Json<SecretDetail>)> {
    let row = NewSecretRow {
        id: SecretId { name: new.name, project: new.project },
        hosts: new.hosts,
        placement: new.placement.unwrap_or(Placement::Bearer),
        given: given(new.value, new.reference)?,
        expires: new.expires,
    };
    let set = app.flows.set_secret(&asker, row).await?;
    Ok((StatusCode::CREATED, Json(detail(set, app.flows.parts().clock.now()))))
}

/// Lists the secrets, without their values.
#[utoipa::path(get, path = "/api/secrets", tag = "secrets",
    responses((status = OK, description = "The secrets.", body = SecretList)))]
pub(crate) async fn secrets(State(app): State<App>) -> Reply<Json<SecretList>> {
    let now = app.flows.parts().clock.now();
    let rows = app.flows.secrets().await?;
    Ok(Json(SecretList { items: rows.into_iter().map(|row| detail(row, now)).collect() }))
}

/// Shows a secret, without its value.
#[utoipa::path(get, path = "/api/secrets/{secret}", tag = "secrets",
    params(("secret" = SecretName, Path, description = "Its name."), OfProject),
    responses((status = OK, description = "The secret.", body = SecretDetail)))]
pub(crate) async fn secret(
    State(app): State<App>,
    InPath(name): InPath<SecretName>,
    InQuery(of): InQuery<OfProject>,
) -> Reply<Json<SecretDetail>> {
    let row = app.flows.secret(&SecretId { name, project: of.project }).await?;
    Ok(Json(detail(row, app.flows.parts().clock.now())))
}

/// Gives a secret another value. The old one counts beside it for a while.
#[utoipa::path(post, path = "/api/secrets/{secret}/rotate", tag = "secrets", request_body = NewValue,
    params(("secret" = SecretName, Path, description = "Its name.")),
    responses((status = OK, description = "The secret, without its values.", body = SecretDetail)))]
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    By(asker): By,
    InPath(name): InPath<SecretName>,
    Unquoted(new): Unquoted<NewValue>,
) -> Reply<Json<SecretDetail>> {
    let window_seconds = new.window_seconds.unwrap_or(WINDOW_SECONDS);
    let id = SecretId { name, project: new.project };
    let given = given(new.value, new.reference)?;
    let rotation = Rotation { given, window_seconds, expires: new.expires };
    let row = app.flows.rotate_secret(&asker, &id, rotation).await?;
    Ok(Json(detail(row, app.flows.parts().clock.now())))
}

/// Removes a secret with all its values.
#[utoipa::path(delete, path = "/api/secrets/{secret}", tag = "secrets",
    params(("secret" = SecretName, Path, description = "Its name."), OfProject),
    responses((status = NO_CONTENT, description = "It is gone.")))]
pub(crate) async fn remove_secret(
    State(app): State<App>,
    By(asker): By,
    InPath(name): InPath<SecretName>,
    InQuery(of): InQuery<OfProject>,
) -> Reply<StatusCode> {
    app.flows.remove_secret(&asker, &SecretId { name, project: of.project }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens or looks up each value that counts, and says what is wrong. No value is shown.
#[utoipa::path(post, path = "/api/secrets/all/check", tag = "secrets",
    responses((status = OK, description = "What was found.", body = SecretChecks)))]
pub(crate) async fn check_secrets(State(app): State<App>) -> Reply<Json<SecretChecks>> {
    let found = app.flows.check_secrets().await?;
    let item = |found: swarm_flows::SecretCheck| SecretCheck {
        secret: found.secret,
        version: found.version,
        problem: found.problem,
        note: found.note,
    };
    Ok(Json(SecretChecks { items: found.into_iter().map(item).collect() }))
}

/// Makes a new key and seals every value with it.
#[utoipa::path(post, path = "/api/secrets/all/rekey", tag = "secrets", request_body = Rekey,
    responses((status = OK, description = "What was done.", body = Rekeyed)))]
pub(crate) async fn rekey_secrets(
    State(app): State<App>,
    By(asker): By,
    Unquoted(how): Unquoted<Rekey>,
) -> Reply<Json<Rekeyed>> {
    let done = app.flows.rekey_secrets(&asker, how.lost).await?;
    Ok(Json(Rekeyed { recipient: done.recipient, values: done.values, lost: done.lost }))
}
