//! Who is let in: passwords, sessions, cookies, tokens, links.

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_domain::identity::{Registration, Role};
use swarm_server::Tries;
use swarm_store::EventFilter;

use crate::world::{
    World, problem,
    team::{ADA, PASSWORD, code, read, text},
};

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
    assert!(last.contains("make a link to reset for user_") && !last.contains("swl_"), "{last}");
    assert_eq!(code(world.verify("bob@example.org", PASSWORD, &link).await).await.1, "auth.link");
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
    // Whoever has the address but did not make the account does not make it count.
    let stranger = world.verify("eve@example.org", "wrong horse battery", &link).await;
    assert_eq!(code(stranger).await, (401, "auth.credentials".to_owned()));
    let verified = world.verify("eve@example.org", PASSWORD, &link).await;
    assert_eq!(verified.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(world.verify("eve@example.org", PASSWORD, &link).await).await.1, "auth.link");
    assert_eq!(world.signed_in("eve@example.org").await["user"]["role"], "viewer");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_a_stranger_made_in_ones_name_is_ones_own_after_a_reset() {
    let world = World::in_team(Registration::Open).await;
    world.owner().await;
    // A stranger was first, with a password of theirs.
    assert_eq!(world.register("eve@example.org", None).await.status(), StatusCode::NO_CONTENT);
    let link = world.link("eve@example.org", "reset").await;
    let body = json!({ "link": link, "password": "eves own horse battery" });
    assert_eq!(world.send("/api/auth/reset", &body).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(world.login("eve@example.org", PASSWORD).await).await.0, 401);
    assert_eq!(world.login("eve@example.org", "eves own horse battery").await.status(), StatusCode::OK);
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
