//! Signing in by a provider: against a real one that runs on this machine, and does wrong where it is told to.

use std::{collections::BTreeMap, fs, time::Duration};

use axum::{Json, Router, http::HeaderMap, routing};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::{Value, json};
use swarm_domain::{
    identity::{ProviderName, Registration},
    secret::{Reference, SecretHost},
};
use swarm_server::{ProviderConfig, ProviderKind, ServerConfig, Tries};
use swarm_store::EventFilter;

use crate::{
    idp::{Browser, CLIENT, Idp, SECRET},
    world::{
        self, World,
        team::{ADA, PASSWORD, code, read, text},
    },
};

const BOB: &str = "bob@example.org";

/// As an operator sets it.
fn set_up(config: &mut ServerConfig, providers: &[(&str, ProviderConfig)]) {
    let file = config.data_dir.join("client-secret");
    fs::write(&file, SECRET).unwrap();
    config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
    config.sign_in.registration = Registration::Open;
    for (name, provider) in providers {
        let client_secret = Some(Reference::parse(&format!("file:{}", file.display())).unwrap());
        let client_id =
            if provider.client_id.is_empty() { CLIENT.to_owned() } else { provider.client_id.clone() };
        let provider = ProviderConfig { client_id, client_secret, ..provider.clone() };
        config.providers.insert(ProviderName::parse(*name).unwrap(), provider);
    }
}

fn at(idp: &Idp) -> ProviderConfig {
    ProviderConfig { issuer: idp.issuer.clone(), ..ProviderConfig::default() }
}

fn people() -> Value {
    json!({
        "ada": { "email": ADA, "email_verified": true },
        "bob": { "email": BOB, "email_verified": true },
        "eve": { "email": ADA, "email_verified": false },
        "nobody": {},
    })
}

/// A server with an owner, and a provider that it knows as `corp`. None where this machine has no provider.
async fn world(change: impl FnOnce(&mut ProviderConfig)) -> Option<(World, Idp)> {
    world_with(change, |_| {}).await
}

async fn world_with(
    change: impl FnOnce(&mut ProviderConfig),
    server: impl FnOnce(&mut ServerConfig),
) -> Option<(World, Idp)> {
    let idp = Idp::start()?;
    let mut corp = at(&idp);
    change(&mut corp);
    let world = World::with(|config| {
        set_up(config, &[("corp", corp), ("other", at(&idp))]);
        server(config);
    })
    .await;
    world.owner().await;
    idp.knows(world.server.url(), &people()).await;
    Some((world, idp))
}

async fn users(world: &World) -> usize {
    read(world.get("/api/users").send().await.unwrap()).await["items"].as_array().unwrap().len()
}

async fn kinds(world: &World) -> Vec<&'static str> {
    let events = world.flows.store().events(world.tenant(), &EventFilter::default()).await.unwrap();
    events.iter().map(|event| event.body.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_new_comes_in_by_a_provider_and_is_known_by_it_from_then_on() {
    let Some((world, idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let mut browser = Browser::new();
    let listed = read(browser.open(&format!("{server}/api/auth/providers")).await).await;
    assert_eq!(listed["items"][0]["start"], "/api/auth/oidc/corp/start");
    assert!(!listed.to_string().contains("secret"), "{listed}");

    let done = browser.sign_in(&server, "corp").await;
    assert_eq!(done.status(), StatusCode::OK);
    let set: Vec<_> =
        done.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    assert!(set.iter().filter(|c| c.contains("HttpOnly; SameSite=Strict")).count() == 2, "{set:?}");
    assert!(done.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = done.text().await.unwrap();
    assert!(page.contains("It is done") && !page.contains("script"), "{page}");
    let me = read(browser.me(&server).await).await;
    assert_eq!((text(&me, "person"), text(&me, "role")), (BOB, "viewer"));
    assert_eq!((text(&me["user"], "how"), me["user"]["verified_at"].is_string()), ("federated", true));
    assert!(kinds(&world).await.ends_with(&["user_added", "identity_linked", "session_begun"]));

    // The address there changes, and is another's by now: who they are is what the provider calls them.
    idp.set(&json!({ "people": { "bob": { "email": ADA, "email_verified": true } } })).await;
    let mut later = Browser::new();
    assert_eq!(later.sign_in(&server, "corp").await.status(), StatusCode::OK);
    assert_eq!(text(&read(later.me(&server).await).await, "person"), BOB);
    assert_eq!(users(&world).await, 2);
    // Without a password there is none that is right.
    assert_eq!(code(world.login(BOB, PASSWORD).await).await, (401, "auth.credentials".to_owned()));
    // Who is disabled comes in by no way.
    let bob = world.user_id(BOB).await;
    world.post(&format!("/api/users/{bob}/disable")).send().await.unwrap();
    assert_eq!(
        code(Browser::new().sign_in(&server, "corp").await).await,
        (401, "auth.credentials".to_owned())
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_key_and_place_of_the_address_is_understood() {
    for (client, at_userinfo) in [(CLIENT, false), ("es256", true), ("eddsa", true)] {
        let Some((world, idp)) = world(|corp| corp.client_id = client.to_owned()).await else { return };
        idp.set(&json!({ "at_keyboard": "bob", "claims_at_userinfo": at_userinfo })).await;
        let mut browser = Browser::new();
        let done = browser.sign_in(world.server.url(), "corp").await;
        assert_eq!(done.status(), StatusCode::OK, "{client}: {}", done.text().await.unwrap());
        let me = read(browser.me(world.server.url()).await).await;
        assert_eq!(text(&me, "person"), BOB);
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_says_wrong_lets_nobody_in() {
    let Some((world, idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let now = world.flows.parts().clock.now().timestamp();
    for (wrong, why) in [
        (json!({ "claims": { "nonce": "another" } }), "not of this sign-in"),
        (json!({ "claims": { "nonce": null } }), "not of this sign-in"),
        (json!({ "claims": { "aud": "another" } }), "for somebody else"),
        (json!({ "claims": { "aud": [CLIENT, "another"] } }), "given to somebody else"),
        (json!({ "claims": { "azp": "another" } }), "given to somebody else"),
        (json!({ "claims": { "iss": "https://accounts.google.com" } }), "another issuer"),
        (json!({ "claims": { "exp": now - 3600 } }), "expired"),
        (json!({ "claims": { "exp": "soon" } }), "another form"),
        (json!({ "claims": { "iat": now + 3600 } }), "does not count yet"),
        (json!({ "claims": { "nbf": now + 3600 } }), "does not count yet"),
        (json!({ "claims": { "sub": "" } }), "somebody else"),
        (json!({ "alg": "none" }), "in a way that is not taken"),
        (json!({ "alg": "HS256" }), "in a way that is not taken"),
        (json!({ "header": { "alg": "ES256" } }), "no key of the provider"),
        (json!({ "header": { "alg": "PS256" } }), "no key of the provider"),
        (json!({ "header": { "kid": "another" } }), "no key of the provider"),
        (json!({ "header": { "crit": ["b64"] } }), "more than is understood"),
        (json!({ "stranger": true }), "no key of the provider"),
    ] {
        idp.set(&json!({ "wrong": wrong })).await;
        let mut browser = Browser::new();
        let refused = browser.sign_in(&server, "corp").await;
        assert!(refused.headers().get("set-cookie").is_none(), "{wrong}");
        let said = world::problem(refused, StatusCode::BAD_GATEWAY).await;
        assert_eq!(said["code"], "auth.provider_answer", "{wrong}");
        assert!(text(&said, "detail").contains(why), "{wrong}: {said}");
        assert_eq!(browser.me(&server).await.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(users(&world).await, 1);
    // What is more than must be said, and right, is no fault.
    let right = json!({ "claims": { "aud": [CLIENT, "another"], "azp": CLIENT, "groups": ["a"] } });
    idp.set(&json!({ "wrong": right })).await;
    assert_eq!(Browser::new().sign_in(&server, "corp").await.status(), StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_comes_back_once_and_to_the_browser_that_it_began_in() {
    let Some((world, idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let flow = (400, "auth.flow".to_owned());

    // Somebody is lured to an address of another's sign-in: it would sign them in as the other.
    let mut evil = Browser::new();
    let lure = evil.reach_callback(&server, "corp").await;
    let mut victim = Browser::new();
    assert_eq!(code(victim.open(&lure).await).await, flow);
    victim.reach_callback(&server, "corp").await;
    assert_eq!(code(victim.open(&lure).await).await, flow);
    // Neither at the other provider's address, nor with another state, nor without.
    assert_eq!(code(evil.open(&lure.replace("/corp/", "/other/")).await).await, flow);
    let other_state = |url: &str, state: &str| {
        let mut url = Url::parse(url).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "state").collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair("state", state);
        String::from(url)
    };
    for state in ["", "x", &"0".repeat(64), &"é".repeat(32), &"a".repeat(5000)] {
        assert_eq!(code(evil.open(&other_state(&lure, state)).await).await, flow, "{state:.20}");
    }
    for url in ["", "?", "?state=x&code=y&error=z", "?code=x"] {
        let asked = evil.open(&format!("{server}/api/auth/oidc/corp/callback{url}")).await;
        assert_eq!(code(asked).await, flow, "{url}");
    }
    // None of that used it up; it counts once.
    let before = evil.cookies.clone();
    assert_eq!(evil.open(&lure).await.status(), StatusCode::OK);
    let mut again = Browser::new();
    again.cookies = before;
    assert_eq!(code(again.open(&lure).await).await, flow);

    // A code that was used before, in a sign-in that has begun: the provider refuses it.
    let stolen = Url::parse(&lure).unwrap();
    let used = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let fresh = again.reach_callback(&server, "corp").await;
    let mut url = Url::parse(&fresh).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "code").collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).append_pair("code", &used);
    assert_eq!(code(again.open(url.as_str()).await).await, (403, "auth.provider_refused".to_owned()));
    // And another's fresh code is of no use either: the proof of who began it is missing (PKCE).
    let other = Browser::new().reach_callback(&server, "corp").await;
    let other = Url::parse(&other).unwrap();
    let unused = other.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let mut url = Url::parse(&again.reach_callback(&server, "corp").await).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "code").collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).append_pair("code", &unused);
    assert_eq!(code(again.open(url.as_str()).await).await, (403, "auth.provider_refused".to_owned()));
    // An answer that says that it is of another issuer is of a mix-up.
    let back = again.reach_callback(&server, "corp").await;
    let mixed =
        back.replace(&idp.issuer.replace(':', "%3A").replace('/', "%2F"), "https%3A%2F%2Fevil.example");
    assert_ne!(mixed, back);
    assert_eq!(code(again.open(&mixed).await).await, (502, "auth.provider_answer".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_by_its_owner_and_not_by_its_address() {
    let Some((world, idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    // An address that the provider has not verified, which is the owner's; one that it has; and none.
    for (who, refused) in [
        ("eve", (403, "auth.provider_address")),
        ("nobody", (403, "auth.provider_address")),
        ("ada", (409, "auth.link_needed")),
    ] {
        idp.set(&json!({ "at_keyboard": who })).await;
        let (status, said) = code(Browser::new().sign_in(&server, "corp").await).await;
        assert_eq!((status, said.as_str()), refused, "{who}");
    }
    assert_eq!(users(&world).await, 1);

    // Signed in to the account, in the browser that comes back.
    let mut browser = Browser::new();
    let url = |path: &str| Url::parse(&format!("{server}{path}")).unwrap();
    let login = json!({ "email": ADA, "password": PASSWORD, "cookies": true });
    assert_eq!(
        browser.ask(Method::POST, &url("/api/auth/login"), Some(&login)).await.status(),
        StatusCode::OK
    );
    let begun = browser.ask(Method::POST, &url("/api/auth/links/corp"), Some(&json!({}))).await;
    assert_eq!(begun.status(), StatusCode::OK);
    let there = text(&read(begun).await, "url").to_owned();
    let callback = browser.until(&there, &server).await;
    assert_eq!(browser.open(&callback).await.status(), StatusCode::OK);
    let links = read(browser.open(&format!("{server}/api/auth/links")).await).await;
    assert_eq!(
        (&links["items"][0]["provider"], &links["items"][0]["external"]["subject"]),
        (&json!("corp"), &json!("ada"))
    );

    let mut other = Browser::new();
    assert_eq!(other.sign_in(&server, "corp").await.status(), StatusCode::OK);
    assert_eq!(text(&read(other.me(&server).await).await, "role"), "owner");
    // One way in by one provider, and of one account.
    let again = browser.ask(Method::POST, &url("/api/auth/links/corp"), Some(&json!({}))).await;
    let callback = browser.until(text(&read(again).await, "url"), &server).await;
    assert_eq!(code(browser.open(&callback).await).await, (409, "auth.link_taken".to_owned()));

    // A session that was ended meanwhile links nothing.
    let begun = read(browser.ask(Method::POST, &url("/api/auth/links/other"), Some(&json!({}))).await).await;
    let callback = browser.until(text(&begun, "url"), &server).await;
    browser.ask(Method::POST, &url("/api/auth/logout"), Some(&json!({}))).await;
    assert_eq!(code(browser.open(&callback).await).await, (401, "auth.session_over".to_owned()));

    // The password is left, so the link may go.
    let gone = other.ask(Method::DELETE, &url("/api/auth/links/corp"), Some(&json!({}))).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        code(Browser::new().sign_in(&server, "corp").await).await,
        (409, "auth.link_needed".to_owned())
    );
    // A key and the operator have no links.
    let operator = world.post("/api/auth/links/corp").send().await.unwrap();
    assert_eq!(code(operator).await, (403, "auth.not_signed_in".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_in_stays() {
    let Some((world, idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let mut browser = Browser::new();
    browser.sign_in(&server, "corp").await;
    let url = Url::parse(&format!("{server}/api/auth/links/corp")).unwrap();
    let refused = browser.ask(Method::DELETE, &url, Some(&json!({}))).await;
    assert_eq!(code(refused).await, (409, "auth.last_way_in".to_owned()));
    let unknown = Url::parse(&format!("{server}/api/auth/links/other")).unwrap();
    assert_eq!(browser.ask(Method::DELETE, &unknown, Some(&json!({}))).await.status(), StatusCode::NOT_FOUND);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_manages_a_domain_speaks_for_its_accounts() {
    let trusted = || vec![SecretHost::parse("example.org").unwrap()];
    let Some((world, idp)) = world(|corp| corp.trusted_domains = trusted()).await else { return };
    let server = world.server.url().to_owned();
    let mut browser = Browser::new();
    assert_eq!(browser.sign_in(&server, "corp").await.status(), StatusCode::OK);
    assert_eq!(text(&read(browser.me(&server).await).await, "person"), ADA);
    // Not an unverified address there, and not the other provider.
    idp.set(&json!({ "at_keyboard": "eve" })).await;
    assert_eq!(code(Browser::new().sign_in(&server, "corp").await).await.1, "auth.provider_address");
    // Not an account that a stranger may have made in that name: they would still have its password.
    assert_eq!(world.register(BOB, None).await.status(), StatusCode::NO_CONTENT);
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    assert_eq!(code(Browser::new().sign_in(&server, "corp").await).await.1, "auth.link_needed");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_invited_shows_the_link_on_the_way() {
    let invite_only = |config: &mut ServerConfig| config.sign_in.registration = Registration::Invite;
    let Some((world, idp)) = world_with(|_| {}, invite_only).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let refused = (403, "auth.registration".to_owned());
    assert_eq!(code(Browser::new().sign_in(&server, "corp").await).await, refused);
    let body = json!({ "email": BOB, "role": "maintainer" });
    let made = read(world.post("/api/invitations").json(&body).send().await.unwrap()).await;
    // By the address alone nobody becomes what another was invited as.
    assert_eq!(code(Browser::new().sign_in(&server, "corp").await).await, refused);

    let mut browser = Browser::new();
    let start = Url::parse(&format!("{server}/api/auth/oidc/corp/start")).unwrap();
    let asked = json!({ "link": made["link"], "return_to": "/runs?a=1&b=2" });
    let begun = read(browser.ask(Method::POST, &start, Some(&asked)).await).await;
    let callback = browser.until(text(&begun, "url"), &server).await;
    let done = browser.open(&callback).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert!(done.text().await.unwrap().contains("url=/runs?a=1&amp;b=2\""));
    assert_eq!(text(&read(browser.me(&server).await).await, "role"), "maintainer");
    let invitations = read(world.get("/api/invitations").send().await.unwrap()).await;
    assert!(invitations["items"][0]["accepted_at"].is_string());
    // It was used up with it.
    let again = world.register("bob2@example.org", made["link"].as_str()).await;
    assert_eq!(code(again).await, (422, "auth.link".to_owned()));
    for (body, code_of) in [
        (json!({ "link": "swl_x" }), "auth.link"),
        (json!({ "return_to": "//evil.example" }), "auth.return_to"),
        (json!({ "return_to": "https://evil.example" }), "auth.return_to"),
    ] {
        let refused = browser.ask(Method::POST, &start, Some(&body)).await;
        assert_eq!(code(refused).await, (422, code_of.to_owned()));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_change_are_read_again_and_a_provider_that_is_gone_is_said_to_be() {
    let Some((world, mut idp)) = world(|_| {}).await else { return };
    let server = world.server.url().to_owned();
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    assert_eq!(Browser::new().sign_in(&server, "corp").await.status(), StatusCode::OK);
    // The keys that were read with that are withdrawn.
    idp.set(&json!({ "rotate": true })).await;
    assert_eq!(Browser::new().sign_in(&server, "corp").await.status(), StatusCode::OK);

    // The person says no.
    idp.set(&json!({ "refuses": true })).await;
    let refused = Browser::new().sign_in(&server, "corp").await;
    assert_eq!(code(refused).await, (403, "auth.provider_refused".to_owned()));
    idp.set(&json!({ "refuses": false })).await;
    // Who looks at it is told on a page, and led back.
    let stray = format!("{server}/api/auth/oidc/corp/callback?state=%3Cscript%3E");
    let program = world.http.get(&stray).send().await.unwrap();
    let said = world::problem(program, StatusCode::BAD_REQUEST).await;
    let person = world.http.get(&stray).header("accept", "text/html,*/*;q=0.8").send().await.unwrap();
    assert_eq!(person.status(), StatusCode::BAD_REQUEST);
    assert!(person.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = person.text().await.unwrap();
    assert!(page.contains("href=\"/sign-in\"") && page.contains(text(&said, "code")), "{page}");
    assert!(!page.contains("<script"), "{page}");

    // Our secret cannot be looked up: that is said, but not where it would be.
    let secret = world.database.data_dir().join("client-secret");
    fs::rename(&secret, secret.with_extension("away")).unwrap();
    let said =
        world::problem(Browser::new().sign_in(&server, "corp").await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(said["code"], "auth.provider_secret");
    assert!(!said.to_string().contains("client-secret"), "{said}");
    fs::write(&secret, "another").unwrap();
    let refused = Browser::new().sign_in(&server, "corp").await;
    assert_eq!(code(refused).await, (403, "auth.provider_refused".to_owned()));
    fs::write(&secret, SECRET).unwrap();

    let mut browser = Browser::new();
    let callback = browser.reach_callback(&server, "corp").await;
    idp.stop();
    assert_eq!(code(browser.open(&callback).await).await, (502, "auth.provider_down".to_owned()));
    // The other was never asked, so nothing is known of it; everybody else goes on.
    let start = Browser::new().open(&format!("{server}/api/auth/oidc/other/start")).await;
    assert_eq!(code(start).await, (502, "auth.provider_down".to_owned()));
    assert_eq!(world.login(ADA, PASSWORD).await.status(), StatusCode::OK);
    let unknown = Browser::new().open(&format!("{server}/api/auth/oidc/nobody/start")).await;
    assert_eq!(code(unknown).await, (404, "auth.provider_unknown".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_of_the_domains_that_are_let_in_come_in() {
    let allowed = || vec![SecretHost::parse("corp.example").unwrap()];
    let Some((world, idp)) = world(|corp| corp.allowed_domains = allowed()).await else { return };
    idp.set(&json!({ "at_keyboard": "bob" })).await;
    let refused = Browser::new().sign_in(world.server.url(), "corp").await;
    assert_eq!(code(refused).await, (403, "auth.provider_domain".to_owned()));
    world.end().await;
}

/// What GitHub's documentation says of its three addresses, behind a server of one's own. GitHub itself runs nowhere else.
async fn github() -> String {
    let token = |headers: HeaderMap, body: String| async move {
        assert_eq!(headers["accept"], "application/json");
        let form: BTreeMap<_, _> =
            Url::parse(&format!("form:?{body}")).unwrap().query_pairs().into_owned().collect();
        assert!(form["code_verifier"].len() == 64 && form["redirect_uri"].contains("/github/callback"));
        let right = form["client_secret"] == SECRET && form["client_id"] == CLIENT;
        match form["code"].as_str() {
            code if right && code != "used" => Json(json!({
                "access_token": format!("gho_{code}"), "scope": "read:user,user:email", "token_type": "bearer",
            })),
            _ => Json(json!({
                "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
            })),
        }
    };
    let user = |headers: HeaderMap| async move {
        let id = if headers["authorization"] == "Bearer gho_eve" { 2 } else { 583_231 };
        Json(json!({ "login": "octocat", "id": id, "email": ADA, "site_admin": true }))
    };
    let emails = |headers: HeaderMap| async move {
        let verified = headers["authorization"] != "Bearer gho_eve";
        Json(json!([
            { "email": ADA, "primary": false, "verified": true, "visibility": null },
            { "email": BOB, "primary": true, "verified": verified, "visibility": "private" },
        ]))
    };
    let router = Router::new()
        .route("/login/oauth/access_token", routing::post(token))
        .route("/api/v3/user", routing::get(user))
        .route("/api/v3/user/emails", routing::get(emails));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A browser that comes back from there with this code.
async fn from_github(server: &str, grant: &str) -> (Browser, Response) {
    let mut browser = Browser::new();
    let start = browser.open(&format!("{server}/api/auth/oidc/github/start")).await;
    let there = Url::parse(start.headers()["location"].to_str().unwrap()).unwrap();
    let asked: BTreeMap<_, _> = there.query_pairs().into_owned().collect();
    assert_eq!((there.path(), asked["scope"].as_str()), ("/login/oauth/authorize", "read:user user:email"));
    assert!(asked["code_challenge_method"] == "S256" && !asked.contains_key("nonce"));
    let back = format!("{}?code={grant}&state={}", asked["redirect_uri"], asked["state"]);
    let done = browser.open(&back).await;
    (browser, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn github_says_who_somebody_is_by_a_number_and_their_first_address() {
    let issuer = github().await;
    let world = World::with(|config| {
        let github = ProviderConfig { kind: ProviderKind::Github, issuer, ..ProviderConfig::default() };
        set_up(config, &[("github", github)]);
    })
    .await;
    world.owner().await;
    let server = world.server.url().to_owned();
    let (mut browser, done) = from_github(&server, "ada").await;
    assert_eq!(done.status(), StatusCode::OK, "{}", done.text().await.unwrap());
    assert_eq!(text(&read(browser.me(&server).await).await, "person"), BOB);
    let links = read(browser.open(&format!("{server}/api/auth/links")).await).await;
    assert_eq!(links["items"][0]["external"]["subject"], "583231");
    let (_, refused) = from_github(&server, "used").await;
    assert_eq!(code(refused).await, (403, "auth.provider_refused".to_owned()));
    let (_, refused) = from_github(&server, "eve").await;
    assert_eq!(code(refused).await, (403, "auth.provider_address".to_owned()));
    assert_eq!(users(&world).await, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_leads_elsewhere_or_never_ends_is_not_followed() {
    use axum::response::{IntoResponse, Redirect};
    // A description that leads to a machine behind us, and answers without an end.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let described = |issuer: String| {
        json!({
            "issuer": issuer, "authorization_endpoint": "http://169.254.169.254/latest", "token_endpoint": "http://10.0.0.1/",
            "jwks_uri": "file:///etc/passwd",
        })
    };
    let own = format!("{url}/inside");
    let router = Router::new()
        .route(
            "/inside/.well-known/openid-configuration",
            routing::get(move || async move { Json(described(own)) }),
        )
        .route(
            "/named/.well-known/openid-configuration",
            routing::get(|| async {
                Json(json!({
                    "issuer": "https://accounts.google.com", "authorization_endpoint": "https://a.example",
                    "token_endpoint": "https://a.example", "jwks_uri": "https://a.example",
                }))
            }),
        )
        .route(
            "/moved/.well-known/openid-configuration",
            routing::get(|| async { Redirect::temporary("http://169.254.169.254/").into_response() }),
        )
        .route("/long/.well-known/openid-configuration", routing::get(|| async { "x".repeat(1 << 20) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let world = World::with(|config| {
        let provider =
            |path: &str| ProviderConfig { issuer: format!("{url}/{path}"), ..ProviderConfig::default() };
        let all = ["inside", "named", "moved", "long"].map(|name| (name, provider(name)));
        set_up(config, &all);
    })
    .await;
    for (name, expected) in [
        ("inside", "auth.provider_answer"),
        ("named", "auth.provider_answer"),
        ("moved", "auth.provider_down"),
        ("long", "auth.provider_answer"),
    ] {
        let url = format!("{}/api/auth/oidc/{name}/start", world.server.url());
        assert_eq!(code(Browser::new().open(&url).await).await, (502, expected.to_owned()), "{name}");
    }
    world.end().await;
}
