//! Who is let in: passwords, sessions, cookies, keys, links, and what each may do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod world;

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use swarm_domain::identity::{LinkText, Proof, Registration, Role};
use swarm_server::Tries;
use swarm_store::{EventFilter, SystemEntropy};
use world::{World, operations, problem};

const ADA: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";

/// What the tests ask of a world.
impl World {
    async fn in_team(registration: Registration) -> Self {
        Self::with(|config| {
            config.sign_in.registration = registration;
            config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
        })
        .await
    }

    /// A request that shows nothing.
    fn nobody(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.url()))
    }

    async fn send(&self, path: &str, body: &Value) -> Response {
        self.nobody(Method::POST, path).json(body).send().await.unwrap()
    }

    fn tenant(&self) -> &swarm_domain::TenantId {
        &self.flows.parts().config.tenant
    }

    async fn register(&self, email: &str, link: Option<&str>) -> Response {
        self.send("/api/auth/register", &json!({ "email": email, "password": PASSWORD, "link": link })).await
    }

    /// The first account, an owner's.
    async fn owner(&self) {
        let link = LinkText { proof: Proof::mint(&SystemEntropy) };
        self.flows.store().make_first_link(self.tenant(), &link).await.unwrap().unwrap();
        let made = self.register(ADA, Some(&link.reveal())).await;
        assert_eq!(made.status(), StatusCode::NO_CONTENT);
    }

    /// Somebody who was invited as this.
    async fn member(&self, email: &str, role: Role) {
        let body = json!({ "email": email, "role": role });
        let made = self.post("/api/invitations").json(&body).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        let link = read(made).await["link"].as_str().unwrap().to_owned();
        assert_eq!(self.register(email, Some(&link)).await.status(), StatusCode::NO_CONTENT);
    }

    async fn login(&self, email: &str, password: &str) -> Response {
        self.send("/api/auth/login", &json!({ "email": email, "password": password })).await
    }

    async fn signed_in(&self, email: &str) -> Value {
        let done = self.login(email, PASSWORD).await;
        assert_eq!(done.status(), StatusCode::OK);
        read(done).await
    }

    async fn refresh(&self, token: &str) -> Response {
        self.send("/api/auth/refresh", &json!({ "refresh_token": token })).await
    }

    /// A request in a session, or by a key.
    fn by(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        self.nobody(method, path).bearer_auth(token)
    }

    async fn status(&self, token: &str, path: &str) -> StatusCode {
        self.by(token, Method::GET, path).send().await.unwrap().status()
    }

    async fn key(&self, by: Option<&str>, scopes: &[&str]) -> Response {
        let request = match by {
            Some(token) => self.by(token, Method::POST, "/api/keys"),
            None => self.post("/api/keys"),
        };
        request.json(&json!({ "name": "ci", "scopes": scopes })).send().await.unwrap()
    }

    async fn user_id(&self, email: &str) -> String {
        let users = read(self.get("/api/users").send().await.unwrap()).await;
        let found = users["items"].as_array().unwrap().iter().find(|user| user["email"] == email);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn link(&self, email: &str, purpose: &str) -> String {
        let path = format!("/api/users/{}/link", self.user_id(email).await);
        let made = self.post(&path).json(&json!({ "purpose": purpose })).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        read(made).await["link"].as_str().unwrap().to_owned()
    }
}

async fn read(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status();
    (status.as_u16(), problem(response, status).await["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_and_a_disabled_account_have_one_answer() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Viewer).await;
    let bob = world.user_id("bob@example.org").await;
    let disabled = world.post(&format!("/api/users/{bob}/disable")).send().await.unwrap();
    assert_eq!(disabled.status(), StatusCode::OK);
    let mut answers = BTreeSet::new();
    for (email, password) in [
        (ADA, "wrong horse battery"),
        ("nobody@example.org", PASSWORD),
        ("bob@example.org", PASSWORD),
        ("bob@example.org", "wrong horse battery"),
    ] {
        let refused = world.login(email, password).await;
        let headers: BTreeSet<_> = refused.headers().keys().map(ToString::to_string).collect();
        let mut said = problem(refused, StatusCode::UNAUTHORIZED).await;
        assert_eq!(said["code"], "auth.credentials");
        said["correlation"] = Value::Null;
        answers.insert(format!("{said} {headers:?}"));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_too_long_is_refused_before_it_is_hashed_and_never_quoted() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let long = "canary".repeat(1000);
    assert_eq!(code(world.login(ADA, &long).await).await, (422, "auth.password".to_owned()));
    let login = world.send("/api/auth/login", &json!({ "email": ADA, "password": { "canary": 1 } })).await;
    let said = problem(login, StatusCode::UNPROCESSABLE_ENTITY).await.to_string();
    assert!(!said.contains("canary"), "{said}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signed_in_has_a_session_until_they_sign_out() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let session = world.signed_in("Ada@Example.org").await;
    let (access, refresh) = (text(&session, "access_token"), text(&session, "refresh_token"));
    let me = read(world.by(access, Method::GET, "/api/auth/me").send().await.unwrap()).await;
    assert_eq!((text(&me, "person"), text(&me, "role")), (ADA, "owner"));
    assert_eq!(me["session"], session["session"]);
    assert_eq!(world.status(access, "/api/runs").await, StatusCode::OK);

    // What they do stands in the log under their name.
    let repo = world.database.data_dir().join("repo");
    std::process::Command::new("git").args(["init", "-q"]).arg(&repo).status().unwrap();
    let body = json!({ "project": "greeter", "repo": repo });
    let added = world.by(access, Method::POST, "/api/projects").json(&body).send().await.unwrap();
    assert_eq!(added.status(), StatusCode::CREATED);
    let events = world.flows.store().events(world.tenant(), &EventFilter::default()).await.unwrap();
    let last = serde_json::to_value(&events.last().unwrap().actor).unwrap();
    assert_eq!(last, json!({ "kind": "person", "name": ADA }));

    let out = world.by(access, Method::POST, "/api/auth/logout").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    // At once, though the token itself would count for minutes.
    assert_eq!(world.status(access, "/api/auth/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(code(world.refresh(refresh).await).await, (401, "auth.session_over".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_counts_once() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let first = world.signed_in(ADA).await;
    let second = read(world.refresh(text(&first, "refresh_token")).await).await;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let raced = world.refresh(text(&first, "refresh_token")).await;
    assert_eq!(code(raced).await, (409, "auth.refresh_raced".to_owned()));
    assert_eq!(world.status(text(&second, "access_token"), "/api/auth/me").await, StatusCode::OK);
    for garbage in ["", "swr_", "x", text(&second, "access_token"), "swr_0_0"] {
        assert_eq!(code(world.refresh(garbage).await).await.0, 401, "{garbage}");
    }
    let nothing = world.nobody(Method::POST, "/api/auth/refresh").send().await.unwrap();
    assert_eq!(code(nothing).await, (403, "auth.cross_site".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Admin).await;
    let (here, there) = (world.signed_in(ADA).await, world.signed_in(ADA).await);
    let bob = world.signed_in("bob@example.org").await;
    let (here_token, there_token) = (text(&here, "access_token"), text(&there, "access_token"));
    let listed = world.by(here_token, Method::GET, "/api/auth/sessions").send().await.unwrap();
    assert_eq!(read(listed).await["items"].as_array().unwrap().len(), 2);
    let path = format!("/api/auth/sessions/{}", text(&there, "session"));
    let others = world.by(text(&bob, "access_token"), Method::DELETE, &path).send().await.unwrap();
    assert_eq!(code(others).await, (404, "store.not_found".to_owned()));
    let ended = world.by(here_token, Method::DELETE, &path).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.status(there_token, "/api/runs").await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.status(here_token, "/api/runs").await, StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_counts_only_for_requests_from_a_page_of_ours() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let ours = world.server.url().to_owned();
    let body = json!({ "email": ADA, "password": PASSWORD, "cookies": true });
    let login = || world.nobody(Method::POST, "/api/auth/login").json(&body);
    assert_eq!(code(login().send().await.unwrap()).await, (403, "auth.cross_site".to_owned()));
    let done = login().header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(done.status(), StatusCode::OK);
    let set: Vec<_> =
        done.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    assert!(
        set.len() == 2 && set.iter().all(|c| c.contains("HttpOnly") && c.contains("SameSite=Strict")),
        "{set:?}"
    );
    // No script finds them in the answer either.
    let session = read(done).await;
    assert!(session["access_token"].is_null() && session["refresh_token"].is_null());
    let cookies = set.iter().map(|c| c.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");

    let ask = |method: Method, path: &str| world.nobody(method, path).header("cookie", &cookies);
    assert_eq!(ask(Method::GET, "/api/auth/me").send().await.unwrap().status(), StatusCode::OK);
    let post = || ask(Method::POST, "/api/projects").json(&json!({ "project": "x" }));
    for (name, value) in [
        ("x-nothing", "1"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ] {
        let refused = post().header(name, value).send().await.unwrap();
        assert_eq!(code(refused).await, (403, "auth.cross_site".to_owned()), "{name}: {value}");
    }
    let both = post().header("origin", "http://evil.example").header("sec-fetch-site", "same-origin");
    assert_eq!(code(both.send().await.unwrap()).await.1, "auth.cross_site");
    for (name, value) in [("origin", ours.as_str()), ("sec-fetch-site", "same-origin")] {
        // It is let in, and refused for what it lacks.
        let read = post().header(name, value).send().await.unwrap();
        assert_eq!(code(read).await, (422, "request.invalid".to_owned()), "{name}");
    }
    let refresh = ask(Method::POST, "/api/auth/refresh").send().await.unwrap();
    assert_eq!(code(refresh).await, (403, "auth.cross_site".to_owned()));
    let refresh = ask(Method::POST, "/api/auth/refresh").header("origin", &ours).send().await.unwrap();
    assert_eq!(refresh.status(), StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_of_another_making_is_nobodys() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let session = world.signed_in(ADA).await;
    let good = text(&session, "access_token");
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    // {"alg":"none","typ":"at+jwt"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    for token in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{claims}."),
        format!("{header}.{header}.{signature}"),
        message.to_owned(),
        format!("{good} "),
    ]
    .iter()
    .filter(|token| token.trim() != good)
    {
        assert_eq!(world.status(token, "/api/runs").await, StatusCode::UNAUTHORIZED, "{token}");
    }
    let keys = read(world.nobody(Method::GET, "/.well-known/jwks.json").send().await.unwrap()).await;
    assert_eq!((text(&keys["keys"][0], "kty"), text(&keys["keys"][0], "alg")), ("OKP", "EdDSA"));
    assert!(keys["keys"][0].get("d").is_none(), "{keys}");

    // Another key signs from now on; what the old one signed counts until it is over.
    let rotated = world.post("/api/auth/signing-key/rotate").send().await.unwrap();
    assert_eq!(read(rotated).await["keys"].as_array().unwrap().len(), 2);
    assert_eq!(world.status(good, "/api/runs").await, StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_counts_once_and_for_its_purpose_alone() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Viewer).await;
    let bob = world.signed_in("bob@example.org").await;
    let link = world.link("bob@example.org", "reset").await;
    let reset = async |link: &str, password: &str| {
        world.send("/api/auth/reset", &json!({ "link": link, "password": password })).await
    };
    // Who made it stands in the log, and the link does not.
    let events = world.flows.store().events(world.tenant(), &EventFilter::default()).await.unwrap();
    let last = serde_json::to_string(events.last().unwrap()).unwrap();
    assert!(last.contains("make a link to reset for bob@example.org") && !last.contains("swl_"), "{last}");
    assert_eq!(code(world.send("/api/auth/verify", &json!({ "link": link })).await).await.1, "auth.link");
    // A password that is not taken leaves the link as it is.
    assert_eq!(code(reset(&link, "short").await).await, (422, "auth.password".to_owned()));
    assert_eq!(reset(&link, "another horse battery").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(reset(&link, "a third horse battery").await).await, (422, "auth.link".to_owned()));
    assert_eq!(world.status(text(&bob, "access_token"), "/api/runs").await, StatusCode::UNAUTHORIZED);
    assert_eq!(code(world.login("bob@example.org", PASSWORD).await).await.0, 401);
    assert_eq!(world.login("bob@example.org", "another horse battery").await.status(), StatusCode::OK);
    for wrong in ["", "swl_0", "../../etc/passwd", &link[..link.len() - 1]] {
        assert_eq!(code(reset(wrong, PASSWORD).await).await, (422, "auth.link".to_owned()));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_registration_is_open_nobody_learns_who_has_an_account_and_newcomers_are_verified_first() {
    let world = World::in_team(Registration::Open).await;
    // Not even the first may come without the link.
    assert_eq!(code(world.register("eve@example.org", None).await).await.1, "auth.registration");
    world.owner().await;
    for email in ["eve@example.org", "eve@example.org", ADA] {
        let made = world.register(email, None).await;
        assert_eq!((made.status(), made.text().await.unwrap().as_str()), (StatusCode::NO_CONTENT, ""));
    }
    assert_eq!(world.signed_in(ADA).await["user"]["role"], "owner", "nothing of hers was changed");
    let early = world.login("eve@example.org", PASSWORD).await;
    assert_eq!(code(early).await, (403, "auth.unverified".to_owned()));
    let wrong = world.login("eve@example.org", "wrong horse battery").await;
    assert_eq!(code(wrong).await, (401, "auth.credentials".to_owned()));
    let link = world.link("eve@example.org", "verify").await;
    let verify = async || world.send("/api/auth/verify", &json!({ "link": link })).await;
    assert_eq!(verify().await.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(verify().await).await.1, "auth.link");
    assert_eq!(world.signed_in("eve@example.org").await["user"]["role"], "viewer");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_closed_nobody_is_invited_and_without_an_invitation_nobody_comes() {
    let world = World::in_team(Registration::Closed).await;
    world.owner().await;
    let body = json!({ "email": "bob@example.org", "role": "viewer" });
    let invited = world.post("/api/invitations").json(&body).send().await.unwrap();
    assert_eq!(code(invited).await, (403, "auth.registration".to_owned()));
    assert_eq!(code(world.register("bob@example.org", None).await).await.1, "auth.registration");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_too_often_waits_whether_there_is_such_an_account_or_not() {
    let world = World::with(|config| {
        config.sign_in.by_account = Tries { burst: 3, every: Duration::from_mins(10) };
    })
    .await;
    world.owner().await;
    for email in [ADA, "nobody@example.org"] {
        for _ in 0..3 {
            assert_eq!(code(world.login(email, "wrong horse battery").await).await.0, 401);
        }
        let refused = world.login(email, PASSWORD).await;
        let wait: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=600).contains(&wait), "{wait}");
        assert_eq!(code(refused).await, (429, "auth.throttled".to_owned()));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_writes_nothing_and_every_route_asks_the_one_who_decides() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    for role in [Role::Viewer, Role::Reviewer, Role::Agent] {
        let email = format!("{role}@example.org");
        world.member(&email, role).await;
        let session = world.signed_in(&email).await;
        let token = text(&session, "access_token").to_owned();
        for (method, path, operation) in operations() {
            let Some(scope) = operation["security"][0]["token"][0].as_str() else { continue };
            // These would end what is asked with.
            if path.starts_with("/api/auth/") || path.ends_with("/stream") {
                continue;
            }
            let has = role.has(scope.parse().unwrap());
            let request = world.by(&token, method.clone(), &path);
            let request = if method == Method::POST { request.json(&json!({ "?": 1 })) } else { request };
            let answer = request.send().await.unwrap();
            let denied = answer.status() == StatusCode::FORBIDDEN && code(answer).await.1 == "auth.denied";
            assert_eq!(denied, !has, "{role}: {method} {path} asks for {scope}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_it_was_given_while_its_owner_may_and_until_it_is_revoked() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Maintainer).await;
    let bob = world.signed_in("bob@example.org").await;
    let token = text(&bob, "access_token");
    assert_eq!(
        code(world.key(Some(token), &["users:write"]).await).await,
        (422, "auth.key_scope".to_owned())
    );
    assert_eq!(code(world.key(Some(token), &[]).await).await, (422, "auth.key_scope".to_owned()));

    let made = read(world.key(Some(token), &["work:read", "secrets:read"]).await).await;
    let (key, id) = (text(&made, "text"), text(&made["key"], "id"));
    assert!(key.starts_with("swk_"));
    assert_eq!(world.status(key, "/api/runs").await, StatusCode::OK);
    assert_eq!(world.status(key, "/api/secrets").await, StatusCode::OK);
    // Bob may see the audit; this key may not.
    assert_eq!(world.status(token, "/api/audit/verify").await, StatusCode::OK);
    assert_eq!(world.status(key, "/api/audit/verify").await, StatusCode::FORBIDDEN);
    let post = world.by(key, Method::POST, "/api/projects").json(&json!({})).send().await.unwrap();
    assert_eq!(code(post).await, (403, "auth.denied".to_owned()));
    let listed = read(world.by(token, Method::GET, "/api/keys").send().await.unwrap()).await;
    assert!(listed["items"][0]["used_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(key.rsplit('_').next().unwrap()));

    // Bob becomes less, and the key with him.
    let role = format!("/api/users/{}/role", world.user_id("bob@example.org").await);
    let lessened = world.post(&role).json(&json!({ "role": "viewer" })).send().await.unwrap();
    assert_eq!(lessened.status(), StatusCode::OK);
    assert_eq!(world.status(key, "/api/secrets").await, StatusCode::FORBIDDEN);
    assert_eq!(world.status(key, "/api/runs").await, StatusCode::OK);

    let revoke = world.by(token, Method::DELETE, &format!("/api/keys/{id}")).send().await.unwrap();
    assert_eq!(revoke.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.status(key, "/api/runs").await, StatusCode::UNAUTHORIZED);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_key_comes_to_no_more_by_making_rotating_or_inviting() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let ada = world.signed_in(ADA).await;
    let token = text(&ada, "access_token");
    let wide = read(world.key(Some(token), &["work:read", "runs:write"]).await).await;
    let narrow = read(world.key(Some(token), &["account:write", "users:write", "users:read"]).await).await;
    let narrow = text(&narrow, "text");
    assert_eq!(code(world.key(Some(narrow), &["work:read"]).await).await.1, "auth.key_scope");
    let rotate = format!("/api/keys/{}/rotate", text(&wide["key"], "id"));
    let rotated = world.by(narrow, Method::POST, &rotate).json(&json!({})).send().await.unwrap();
    assert_eq!(code(rotated).await, (422, "auth.key_scope".to_owned()));
    for role in ["owner", "admin", "viewer"] {
        let body = json!({ "email": "eve@example.org", "role": role });
        let invited = world.by(narrow, Method::POST, "/api/invitations").json(&body).send().await.unwrap();
        assert_eq!(code(invited).await, (403, "auth.grant".to_owned()), "{role}");
    }
    let link = format!("/api/users/{}/link", world.user_id(ADA).await);
    let body = json!({ "purpose": "reset" });
    let made = world.by(narrow, Method::POST, &link).json(&body).send().await.unwrap();
    assert_eq!(code(made).await, (403, "auth.grant".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_manages_everybody_but_owners_and_no_ones_keys_but_to_revoke_them() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Admin).await;
    let (ada, bob) = (world.signed_in(ADA).await, world.signed_in("bob@example.org").await);
    let bob = text(&bob, "access_token");
    let id = world.user_id(ADA).await;
    for (path, body) in [
        ("role", json!({ "role": "viewer" })),
        ("disable", json!({})),
        ("link", json!({ "purpose": "reset" })),
    ] {
        let request = world.by(bob, Method::POST, &format!("/api/users/{id}/{path}"));
        let refused = request.json(&body).send().await.unwrap();
        assert_eq!(code(refused).await, (403, "auth.grant".to_owned()), "{path}");
    }
    let last = world.post(&format!("/api/users/{id}/disable")).send().await.unwrap();
    assert_eq!(code(last).await, (409, "auth.last_owner".to_owned()));
    let made = read(world.key(Some(text(&ada, "access_token")), &["work:read"]).await).await;
    let key = format!("/api/keys/{}", text(&made["key"], "id"));
    let rotate = world.by(bob, Method::POST, &format!("{key}/rotate")).json(&json!({})).send().await.unwrap();
    assert_eq!(code(rotate).await, (404, "store.not_found".to_owned()));
    let revoked = world.by(bob, Method::DELETE, &key).send().await.unwrap();
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_key_has_two_texts_while_it_is_rotated() {
    let world = World::in_team(Registration::Invite).await;
    let made = read(world.key(None, &["work:read"]).await).await;
    let path = format!("/api/keys/{}/rotate", text(&made["key"], "id"));
    let rotated = world.post(&path).json(&json!({ "window_seconds": 3600 })).send().await.unwrap();
    let rotated = read(rotated).await;
    for shown in [&made, &rotated] {
        assert_eq!(world.status(text(shown, "text"), "/api/runs").await, StatusCode::OK);
    }
    let now = world.post(&path).json(&json!({ "window_seconds": 0 })).send().await.unwrap();
    let now = read(now).await;
    for old in [&made, &rotated] {
        assert_eq!(world.status(text(old, "text"), "/api/runs").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.status(text(&now, "text"), "/api/runs").await, StatusCode::OK);
    let me = read(world.by(text(&now, "text"), Method::GET, "/api/auth/me").send().await.unwrap()).await;
    assert_eq!((text(&me, "person"), me["scopes"].clone()), ("ada", json!(["work:read"])));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_needs_the_old_one_and_ends_the_other_sessions() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let (here, there) = (world.signed_in(ADA).await, world.signed_in(ADA).await);
    let (here, there) = (text(&here, "access_token"), text(&there, "access_token"));
    let change = async |token: &str, old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        world.by(token, Method::POST, "/api/auth/password").json(&body).send().await.unwrap()
    };
    let wrong = change(here, "wrong horse battery", "another horse battery").await;
    assert_eq!(code(wrong).await, (401, "auth.credentials".to_owned()));
    assert_eq!(code(change(here, PASSWORD, ADA).await).await, (422, "auth.password".to_owned()));
    let done = change(here, PASSWORD, "another horse battery").await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.status(here, "/api/runs").await, StatusCode::OK);
    assert_eq!(world.status(there, "/api/runs").await, StatusCode::UNAUTHORIZED);
    let operator = change(world.server.token().reveal(), PASSWORD, "another horse battery").await;
    assert_eq!(code(operator).await, (403, "auth.not_signed_in".to_owned()));
    world.end().await;
}
