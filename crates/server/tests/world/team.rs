//! A team on the server: its people, their sessions and keys.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use swarm_domain::identity::{LinkText, Proof, Registration, Role};
use swarm_server::Tries;
use swarm_store::SystemEntropy;

use super::{World, problem};

pub const ADA: &str = "ada@example.org";
pub const PASSWORD: &str = "correct horse battery";

/// What the tests ask of a world.
impl World {
    pub async fn in_team(registration: Registration) -> Self {
        Self::with(|config| {
            config.sign_in.registration = registration;
            config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
        })
        .await
    }

    /// A request that shows nothing.
    pub fn nobody(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.url()))
    }

    pub async fn send(&self, path: &str, body: &Value) -> Response {
        self.nobody(Method::POST, path).json(body).send().await.unwrap()
    }

    pub fn tenant(&self) -> &swarm_domain::TenantId {
        &self.flows.parts().config.tenant
    }

    pub async fn register(&self, email: &str, link: Option<&str>) -> Response {
        self.send("/api/auth/register", &json!({ "email": email, "password": PASSWORD, "link": link })).await
    }

    /// The first account, an owner's.
    pub async fn owner(&self) {
        let link = LinkText { proof: Proof::mint(&SystemEntropy) };
        self.flows.store().make_first_link(self.tenant(), &link).await.unwrap().unwrap();
        let made = self.register(ADA, Some(&link.reveal())).await;
        assert_eq!(made.status(), StatusCode::NO_CONTENT);
    }

    /// Somebody who was invited as this.
    pub async fn member(&self, email: &str, role: Role) {
        let body = json!({ "email": email, "role": role });
        let made = self.post("/api/invitations").json(&body).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        let link = read(made).await["link"].as_str().unwrap().to_owned();
        assert_eq!(self.register(email, Some(&link)).await.status(), StatusCode::NO_CONTENT);
    }

    pub async fn login(&self, email: &str, password: &str) -> Response {
        self.send("/api/auth/login", &json!({ "email": email, "password": password })).await
    }

    pub async fn signed_in(&self, email: &str) -> Value {
        let done = self.login(email, PASSWORD).await;
        assert_eq!(done.status(), StatusCode::OK);
        read(done).await
    }

    pub async fn verify(&self, email: &str, password: &str, link: &str) -> Response {
        let body = json!({ "email": email, "password": password, "link": link });
        self.send("/api/auth/verify", &body).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.send("/api/auth/refresh", &json!({ "refresh_token": token })).await
    }

    /// A request in a session, or by a key.
    pub fn by(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        self.nobody(method, path).bearer_auth(token)
    }

    pub async fn status(&self, token: &str, path: &str) -> StatusCode {
        self.by(token, Method::GET, path).send().await.unwrap().status()
    }

    pub async fn key(&self, by: Option<&str>, scopes: &[&str]) -> Response {
        let request = match by {
            Some(token) => self.by(token, Method::POST, "/api/keys"),
            None => self.post("/api/keys"),
        };
        request.json(&json!({ "name": "ci", "scopes": scopes })).send().await.unwrap()
    }

    pub async fn user_id(&self, email: &str) -> String {
        let users = read(self.get("/api/users").send().await.unwrap()).await;
        let found = users["items"].as_array().unwrap().iter().find(|user| user["email"] == email);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub async fn link(&self, email: &str, purpose: &str) -> String {
        let path = format!("/api/users/{}/link", self.user_id(email).await);
        let made = self.post(&path).json(&json!({ "purpose": purpose })).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        read(made).await["link"].as_str().unwrap().to_owned()
    }
}

pub async fn read(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

pub async fn code(response: Response) -> (u16, String) {
    let status = response.status();
    (status.as_u16(), problem(response, status).await["code"].as_str().unwrap().to_owned())
}
