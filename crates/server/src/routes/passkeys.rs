//! Passkeys: one's own, and signing in by one. What goes to a browser and comes back has the form of W3C Web Authentication
//! level 3, so that its JSON can be handed to `navigator.credentials` and back as it is.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor,
    identity::{IdentityError, PasskeyId, Proof, Who},
};
use swarm_store::{
    CEREMONY_SECONDS, IdentityChange, NewCeremony, NewPasskey as Added, PasskeyRow, PasskeyUse, StoreError,
};
use utoipa::ToSchema;

use super::auth::{SessionTokens, begin, device, just_signed_in, not_signed_in, tried};
use crate::{
    app::App,
    door::{Asking, Caller, Changing, Correlation, cookie},
    extract::{InPath, Unquoted},
    passkey::{self, Answered, Ceremony, MAX_BYTES, Signed},
    refusal::Reply,
};

/// The longest name of a passkey, in characters.
const MAX_NAME: usize = 80;
/// How browsers call what they keep.
const KIND: &str = "public-key";
/// Ways to reach an authenticator that are kept, and how long their names may be.
const MAX_TRANSPORTS: usize = 8;

/// One's own passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyList {
    /// The oldest first.
    pub items: Vec<PasskeyRow>,
}

/// What a browser makes a passkey by: `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyOptions {
    /// What the answer must be to, in base64url.
    pub challenge: String,
    /// Whose passkey it will be a way into.
    pub rp: PasskeyServer,
    /// For whom.
    pub user: PasskeyUser,
    /// What it may sign with, the best first.
    pub pub_key_cred_params: Vec<PasskeyAlgorithm>,
    /// How long that may take, in milliseconds.
    pub timeout: u32,
    /// Those that the account has: the same is not made twice.
    pub exclude_credentials: Vec<PasskeyName>,
    /// What the authenticator must be able to do.
    pub authenticator_selection: PasskeyNeeds,
    /// Its maker is not asked for: `none`.
    pub attestation: String,
}

/// A server, as browsers know it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyServer {
    /// Its name in addresses.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// An account, as a passkey knows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyUser {
    /// Its id, in base64url.
    pub id: String,
    /// The email address.
    pub name: String,
    /// The same.
    pub display_name: String,
}

/// A way to sign.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyAlgorithm {
    /// `public-key`.
    pub r#type: String,
    /// Its number among the COSE algorithms at IANA.
    pub alg: i64,
}

/// A passkey that is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyName {
    /// `public-key`.
    pub r#type: String,
    /// The name that its authenticator gave it, in base64url.
    pub id: String,
    /// How a browser reaches it.
    pub transports: Vec<String>,
}

/// What an authenticator must be able to do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyNeeds {
    /// It finds the passkey by itself, so that nobody types an address: `required`.
    pub resident_key: String,
    /// The same, for old browsers.
    pub require_resident_key: bool,
    /// It verifies who holds it: `required`.
    pub user_verification: String,
}

/// What a browser signs in by: `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyWanted {
    /// What the answer must be to, in base64url.
    pub challenge: String,
    /// The server's name in addresses.
    pub rp_id: String,
    /// How long that may take, in milliseconds.
    pub timeout: u32,
    /// The authenticator verifies who holds it: `required`.
    pub user_verification: String,
}

/// A passkey that a browser made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// What its owner calls it, such as the device that it is kept on.
    pub name: String,
    /// What the browser gave.
    pub credential: PasskeyMade,
}

/// What a browser gives of a new passkey: `RegistrationResponseJSON`. More may stand in it, which is not looked at.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasskeyMade {
    /// The name that the authenticator gave it, in base64url.
    pub id: String,
    /// What the authenticator says.
    pub response: PasskeyMadeResponse,
}

/// What an authenticator says of a new passkey: `AuthenticatorAttestationResponseJSON`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyMadeResponse {
    /// What the browser says of it, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// The passkey, in base64url.
    pub attestation_object: String,
    /// How a browser reaches it.
    #[serde(default)]
    pub transports: Vec<String>,
}

/// Somebody who signs in by a passkey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeySignIn {
    /// What the browser gave.
    pub credential: PasskeyShown,
    /// What they sign in with, for their list of sessions; the `User-Agent` where absent.
    pub device: Option<String>,
    /// Whether a browser asks, which gets its tokens as cookies that no script can read.
    #[serde(default)]
    pub cookies: bool,
}

/// What a browser gives of a passkey that was used: `AuthenticationResponseJSON`. More may stand in it, which is not looked
/// at.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasskeyShown {
    /// The name that the authenticator gave it, in base64url.
    pub id: String,
    /// What the authenticator says.
    pub response: PasskeyShownResponse,
}

/// What an authenticator signed: `AuthenticatorAssertionResponseJSON`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyShownResponse {
    /// What the browser says of it, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// What the authenticator says, in base64url.
    pub authenticator_data: String,
    /// Its signature of both, in base64url.
    pub signature: String,
    /// The id of the account, in base64url.
    pub user_handle: Option<String>,
}

/// Lists one's own passkeys.
#[utoipa::path(get, path = "/api/auth/passkeys", tag = "auth",
    responses((status = OK, description = "One's own; none for the operator.", body = PasskeyList)))]
pub(crate) async fn passkeys(State(app): State<App>, Asking(principal): Asking) -> Reply<Json<PasskeyList>> {
    let items = match principal.user() {
        Some(user) => app.store().passkeys(app.tenant(), user).await?,
        None => Vec::new(),
    };
    Ok(Json(PasskeyList { items }))
}

/// Begins to add a passkey, within ten minutes of signing in: the answer is what a browser makes one by.
#[utoipa::path(post, path = "/api/auth/passkeys/begin", tag = "auth",
    responses((status = OK, description = "For `navigator.credentials.create`.", body = PasskeyOptions)))]
pub(crate) async fn begin_passkey(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    headers: HeaderMap,
) -> Reply<Json<PasskeyOptions>> {
    let (user, email) = just_signed_in(&app, &principal.who).await?;
    let page = passkey::page(&app.door, &headers)?;
    tried(&app, from, None).await?;
    let known = app.store().passkeys(app.tenant(), user).await?;
    let proof = Proof::mint(&*app.flows.parts().entropy);
    let new = NewCeremony { proof: &proof, user: Some(user), origin: &page.to_string() };
    app.store().begin_ceremony(app.tenant(), new).await?;
    let name_of = |row: PasskeyRow| PasskeyName {
        r#type: KIND.to_owned(),
        id: BASE64_URL_SAFE_NO_PAD.encode(row.credential),
        transports: row.transports,
    };
    Ok(Json(PasskeyOptions {
        challenge: BASE64_URL_SAFE_NO_PAD.encode(proof.reveal()),
        rp: PasskeyServer { id: page.host().to_owned(), name: "swarm".to_owned() },
        user: PasskeyUser {
            id: BASE64_URL_SAFE_NO_PAD.encode(user.as_str()),
            name: email.to_owned(),
            display_name: email.to_owned(),
        },
        pub_key_cred_params: passkey::ALGORITHMS
            .into_iter()
            .map(|alg| PasskeyAlgorithm { r#type: KIND.to_owned(), alg })
            .collect(),
        timeout: timeout(),
        exclude_credentials: known.into_iter().map(name_of).collect(),
        authenticator_selection: PasskeyNeeds {
            resident_key: "required".to_owned(),
            require_resident_key: true,
            user_verification: "required".to_owned(),
        },
        attestation: "none".to_owned(),
    }))
}

/// Adds a passkey that a browser made: one signs in by it from now on, and no second factor is asked for then.
#[utoipa::path(post, path = "/api/auth/passkeys", tag = "auth", request_body = NewPasskey,
    responses((status = CREATED, description = "It opens the account.", body = PasskeyRow)))]
pub(crate) async fn add_passkey(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    Unquoted(NewPasskey { name, credential }): Unquoted<NewPasskey>,
) -> Reply<(StatusCode, Json<PasskeyRow>)> {
    let (user, _) = just_signed_in(&app, &principal.who).await?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(IdentityError::PasskeyNew("it needs a name of at most 80 characters, on one line").into());
    }
    let decode = |text: &str| decoded(text).ok_or(IdentityError::PasskeyNew("it has another form"));
    let json = decode(&credential.response.client_data_json)?;
    let attestation = decode(&credential.response.attestation_object)?;
    let answered = Answered::read(&json, Ceremony::Create).map_err(IdentityError::PasskeyNew)?;
    let page = app.store().take_ceremony(app.tenant(), &answered.challenge, Some(user)).await?;
    let page = page.ok_or(IdentityError::PasskeyNew("its time is over, or it was begun by somebody else"))?;
    let made = answered.made(&page, &attestation).map_err(IdentityError::PasskeyNew)?;
    if decode(&credential.id)? != made.credential {
        return Err(IdentityError::PasskeyNew("the browser and the authenticator name it otherwise").into());
    }
    let parts = app.flows.parts();
    let new = Added {
        id: PasskeyId::mint(&*parts.clock, &*parts.entropy),
        user: user.clone(),
        name: name.to_owned(),
        credential: made.credential,
        public_key: made.public_key,
        counter: made.counter,
        backed_up: made.backed_up,
        transports: transports(credential.response.transports),
    };
    let row = app.store().add_passkey(app.tenant(), &by, new).await?;
    Ok((StatusCode::CREATED, Json(row)))
}

/// Lets a passkey of one's own open nothing any more. The last way in stays.
#[utoipa::path(delete, path = "/api/auth/passkeys/{passkey}", tag = "auth",
    params(("passkey" = PasskeyId, Path, description = "The passkey.")),
    responses((status = NO_CONTENT, description = "It opens nothing any more.")))]
pub(crate) async fn remove_passkey(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(passkey): InPath<PasskeyId>,
) -> Reply<StatusCode> {
    let Some(user) = principal.user() else {
        return Err(StoreError::NotFound { kind: "passkey", id: passkey.to_string() }.into());
    };
    if !matches!(principal.who, Who::User { .. }) {
        return Err(not_signed_in());
    }
    app.store().remove_passkey(app.tenant(), &by, user, &passkey).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to sign in by a passkey: the answer is what a browser asks an authenticator by.
#[utoipa::path(post, path = "/api/auth/login/passkey/begin", tag = "auth",
    responses((status = OK, description = "For `navigator.credentials.get`.", body = PasskeyWanted)))]
pub(crate) async fn begin_passkey_login(
    State(app): State<App>,
    headers: HeaderMap,
) -> Reply<Json<PasskeyWanted>> {
    // Each page for signing in asks this when it is opened: the answer counts as a try, and this does not.
    let page = passkey::page(&app.door, &headers)?;
    let proof = Proof::mint(&*app.flows.parts().entropy);
    let new = NewCeremony { proof: &proof, user: None, origin: &page.to_string() };
    app.store().begin_ceremony(app.tenant(), new).await?;
    Ok(Json(PasskeyWanted {
        challenge: BASE64_URL_SAFE_NO_PAD.encode(proof.reveal()),
        rp_id: page.host().to_owned(),
        timeout: timeout(),
        user_verification: "required".to_owned(),
    }))
}

/// Signs in by a passkey. It is two factors by itself, so no code is asked for.
#[utoipa::path(post, path = "/api/auth/login/passkey", tag = "auth", request_body = PasskeySignIn,
    responses((status = OK, description = "The session.", body = SessionTokens)))]
pub(crate) async fn passkey_login(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    headers: HeaderMap,
    Unquoted(asked): Unquoted<PasskeySignIn>,
) -> Reply<Response> {
    if asked.cookies {
        cookie::same_site(&app, &Method::POST, &headers)?;
    }
    tried(&app, from, None).await?;
    let said = asked.credential.response;
    let decode = |text: &str| decoded(text).ok_or(IdentityError::Passkey("it has another form"));
    let json = decode(&said.client_data_json)?;
    let (data, signature) = (decode(&said.authenticator_data)?, decode(&said.signature)?);
    let answered = Answered::read(&json, Ceremony::Get).map_err(IdentityError::Passkey)?;
    let page = app.store().take_ceremony(app.tenant(), &answered.challenge, None).await?;
    let page = page.ok_or(IdentityError::Passkey("its time is over, or it was used before"))?;
    let known = app.store().known_passkey(app.tenant(), &decode(&asked.credential.id)?).await?;
    let known = known.ok_or(IdentityError::Passkey("it opens no account here"))?;
    let owner = said.user_handle.as_deref().map(decode).transpose()?;
    if owner.is_some_and(|owner| owner != known.user.id.as_str().as_bytes()) {
        return Err(IdentityError::Passkey("it is of another account").into());
    }
    let signed = Signed { authenticator_data: &data, signature: &signature };
    let shown = answered.shown(&page, &known.public_key, signed).map_err(IdentityError::Passkey)?;
    if !known.user.is_enabled() {
        return Err(IdentityError::Passkey("it opens no account here").into());
    }
    let used = PasskeyUse { counter: shown.counter, backed_up: shown.backed_up };
    app.store().use_passkey(app.tenant(), &known.id, used).await?;
    let actor = Actor::Person { name: known.user.email.to_string() };
    let by = IdentityChange { actor, correlation: Some(correlation.0.0) };
    let cookies = asked.cookies.then(|| app.door.is_sealed(&headers));
    begin(&app, &by, known.user, &device(asked.device, &headers), cookies).await
}

fn timeout() -> u32 {
    u32::try_from(CEREMONY_SECONDS * 1000).unwrap_or(u32::MAX)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    // Four letters are three bytes.
    if text.len() > MAX_BYTES / 3 * 4 { None } else { BASE64_URL_SAFE_NO_PAD.decode(text).ok() }
}

/// Those that can be ways to reach an authenticator: they go back to browsers.
fn transports(said: Vec<String>) -> Vec<String> {
    let is_word = |word: &String| {
        !word.is_empty() && word.len() <= 20 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    };
    said.into_iter().filter(is_word).take(MAX_TRANSPORTS).collect()
}
