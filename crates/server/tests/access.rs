//! What each may do who was let in: by role, by key, and for as long as they are who they were.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::json;
use swarm_domain::identity::{Registration, Role};

use crate::world::{
    World, operations,
    team::{ADA, code, read, text},
};

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
async fn a_stream_that_is_open_ends_with_the_session_or_the_key_behind_it() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    let (here, there) = (world.signed_in(ADA).await, world.signed_in(ADA).await);
    let made = read(world.key(Some(text(&here, "access_token")), &["work:read"]).await).await;
    let follow = async |token: &str| {
        let response = world.by(token, Method::GET, "/api/events/stream").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response
    };
    let session = follow(text(&there, "access_token")).await;
    let key = follow(text(&made, "text")).await;
    let mut other = follow(text(&here, "access_token")).await;
    let end = async |path: String| {
        let done = world.by(text(&here, "access_token"), Method::DELETE, &path).send().await.unwrap();
        assert_eq!(done.status(), StatusCode::NO_CONTENT);
    };
    end(format!("/api/auth/sessions/{}", text(&there, "session"))).await;
    // They end by themselves, or this would not come back.
    assert!(session.text().await.unwrap().contains("user_added"));
    end(format!("/api/keys/{}", text(&made["key"], "id"))).await;
    assert!(
        !key.text().await.unwrap().contains("user_added"),
        "a key that may see the work alone sees no accounts"
    );
    // The one that asked goes on.
    let mut seen = String::new();
    while !seen.contains("key_revoked") {
        seen.push_str(std::str::from_utf8(&other.chunk().await.unwrap().unwrap()).unwrap());
    }
    drop(other);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_accounts_sees_the_work_in_the_log_and_not_who_came() {
    let world = World::in_team(Registration::Invite).await;
    world.owner().await;
    world.member("bob@example.org", Role::Viewer).await;
    world.note(0, 2, None).await;
    let kinds = async |token: &str| {
        let page = read(world.by(token, Method::GET, "/api/events").send().await.unwrap()).await;
        let events = page["events"].as_array().unwrap().clone();
        let kinds: BTreeSet<_> = events.iter().map(|event| text(&event["body"], "type").to_owned()).collect();
        (kinds, page["next"].as_u64().unwrap())
    };
    let (ada, bob) = (world.signed_in(ADA).await, world.signed_in("bob@example.org").await);
    let (all, end) = kinds(text(&ada, "access_token")).await;
    assert!(all.contains("user_added") && all.contains("session_begun") && all.contains("person_asked"));
    let (seen, seen_to) = kinds(text(&bob, "access_token")).await;
    let hidden = ["user", "session", "key", "password", "invitation"];
    let who = |kind: &String| hidden.iter().any(|word| kind.starts_with(word));
    assert!(seen.contains("person_asked") && !seen.iter().any(who), "{seen:?}");
    assert!(all.iter().any(who));
    assert_eq!(seen_to, end, "and goes on from the same place");
    world.end().await;
}
