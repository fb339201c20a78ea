//! API keys. A key's text is in the answer that makes it and in no other.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    identity::{IdentityError, KeyId, KeyName, KeyRecord, KeyText, Principal, Proof, Scope, UserId, within},
    rate::{Rate, RateLimit},
    secret::SecretVersion,
};
use swarm_store::{KeyRow, NewKey as NewKeyRow, StoreError};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    door::{Asking, Changing, decide::allow},
    extract::{Body, InPath, InQuery},
    refusal::Reply,
};

/// How long an old secret counts beside a new one where nothing is said.
const WINDOW_SECONDS: u32 = 24 * 3600;

/// A key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is called.
    pub name: KeyName,
    /// What it may do: at most what who asks may do.
    pub scopes: BTreeSet<Scope>,
    /// When it stops to count by itself, at most 366 days from now; never where absent.
    pub expires: Option<DateTime<Utc>>,
    /// How often it may ask, such as `20/min`; as often as the server lets every key where absent. More than that only an
    /// admin can give.
    pub rate: Option<Rate>,
}

/// A secret that is to take the place of another.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRotation {
    /// How long the old one still counts, in seconds; a day where absent.
    #[schema(maximum = 2_592_000)]
    pub window_seconds: Option<u32>,
    /// When the new one stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

/// A key, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What it is called.
    pub name: KeyName,
    /// Whose it is; absent where it is the operator's.
    pub owner: Option<UserId>,
    /// What it may do, as far as its owner still may.
    pub scopes: BTreeSet<Scope>,
    /// How often it may ask; as often as the server lets every key where absent.
    pub rate: Option<Rate>,
    /// Its texts that count or did last, by number, oldest first.
    pub versions: Vec<SecretVersion>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

impl From<KeyRow> for ApiKey {
    fn from(KeyRow { record, used_at }: KeyRow) -> Self {
        let KeyRecord { id, name, owner, scopes, rate, versions, made_at, revoked_at } = record;
        Self { id, name, owner, scopes, rate, versions, made_at, revoked_at, used_at }
    }
}

/// A key, with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// What is known of it.
    pub key: ApiKey,
    /// The text: `Authorization: Bearer swk_…`. It is not shown again.
    pub text: String,
}

/// Keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The newest first, revoked ones too.
    pub items: Vec<ApiKey>,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// Everybody's, for who may see who has an account; else one's own.
    #[serde(default)]
    all: bool,
}

/// Makes a key. It does what its owner may at the time that it is used, and of that only what it is given here.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = NewKey,
    responses((status = CREATED, description = "The key, with its text.", body = MadeKey)))]
pub(crate) async fn make_key(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    Body(new): Body<NewKey>,
) -> Reply<(StatusCode, Json<MadeKey>)> {
    let parts = app.flows.parts();
    let scopes = app.policy().scopes(&principal);
    KeyRecord::check(&scopes, &new.scopes, new.expires, parts.clock.now())?;
    if let (Some(asked), RateLimit(Some(house))) = (new.rate, app.rates.limits().key)
        && !asked.is_within(house)
        && !scopes.contains(&Scope::SystemWrite)
    {
        return Err(IdentityError::KeyRate(house).into());
    }
    let text =
        KeyText { key: KeyId::mint(&*parts.clock, &*parts.entropy), proof: Proof::mint(&*parts.entropy) };
    let row = NewKeyRow {
        id: text.key.clone(),
        name: new.name,
        owner: principal.user().cloned(),
        scopes: new.scopes,
        expires: new.expires,
        rate: new.rate,
        proof: text.proof.hash(),
    };
    let key = app.store().make_key(app.tenant(), &by, row).await?;
    Ok((StatusCode::CREATED, Json(MadeKey { key: key.into(), text: text.reveal().to_string() })))
}

/// Lists keys, without their texts.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(KeyQuery),
    responses((status = OK, description = "The keys.", body = KeyList)))]
pub(crate) async fn keys(
    State(app): State<App>,
    Asking(principal): Asking,
    InQuery(query): InQuery<KeyQuery>,
) -> Reply<Json<KeyList>> {
    if query.all {
        allow(&app, &principal, Scope::UsersRead).await?;
        let items = app.store().keys(app.tenant(), None).await?;
        return Ok(Json(KeyList { items: items.into_iter().map(ApiKey::from).collect() }));
    }
    let mut items = app.store().keys(app.tenant(), principal.user()).await?;
    // The operator's own have no owner.
    items.retain(|key| key.record.owner.as_ref() == principal.user());
    Ok(Json(KeyList { items: items.into_iter().map(ApiKey::from).collect() }))
}

/// Gives a key of one's own another text. The old one counts beside it for a while.
#[utoipa::path(post, path = "/api/keys/{key}/rotate", tag = "keys", request_body = KeyRotation,
    params(("key" = KeyId, Path, description = "The key.")),
    responses((status = OK, description = "The key, with its new text.", body = MadeKey)))]
pub(crate) async fn rotate_key(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(id): InPath<KeyId>,
    Body(how): Body<KeyRotation>,
) -> Reply<Json<MadeKey>> {
    let record = app.store().key(app.tenant(), &id).await?.record;
    // Also an admin does not get to act in another's name.
    if record.owner.as_ref() != principal.user() {
        return Err(not_there(&id));
    }
    // A key that may do less would else become one that may do more.
    let has = app.policy().scopes(&principal);
    if let Some(beyond) = within(&record.scopes, &has) {
        return Err(IdentityError::KeyBeyond(beyond).into());
    }
    KeyRecord::check(&has, &record.scopes, how.expires, app.flows.parts().clock.now())?;
    let text = KeyText { key: id, proof: Proof::mint(&*app.flows.parts().entropy) };
    let window = how.window_seconds.unwrap_or(WINDOW_SECONDS);
    let rotation = (window, how.expires);
    let key = app.store().rotate_key(app.tenant(), &by, &text.key, &text.proof.hash(), rotation).await?;
    Ok(Json(MadeKey { key: key.into(), text: text.reveal().to_string() }))
}

/// Lets a key count no more, at once: one's own, or anybody's for who manages accounts.
#[utoipa::path(delete, path = "/api/keys/{key}", tag = "keys",
    params(("key" = KeyId, Path, description = "The key.")),
    responses((status = NO_CONTENT, description = "It counts no more.")))]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(id): InPath<KeyId>,
) -> Reply<StatusCode> {
    let record = app.store().key(app.tenant(), &id).await?.record;
    if !may_revoke(&app, &principal, &record) {
        return Err(not_there(&id));
    }
    app.store().revoke_key(app.tenant(), &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn may_revoke(app: &App, principal: &Principal, record: &KeyRecord) -> bool {
    record.owner.as_ref() == principal.user() || app.policy().may(principal, Scope::UsersWrite)
}

/// Another's key is not there: nobody is told which ids there are.
fn not_there(id: &KeyId) -> crate::refusal::Refusal {
    StoreError::NotFound { kind: "key", id: id.to_string() }.into()
}
