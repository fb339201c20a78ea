//! Why a request is not carried out, as the sandbox is told and as the report says.

use std::net::IpAddr;

use http::StatusCode;
use swarm_domain::Problem;

use super::host::Target;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0} is not on the list of hosts that may be reached from here")]
    NotOnTheList(Target),
    #[error("{0} is an address; hosts are reached by name only")]
    Address(String),
    #[error("{target} leads to {address} ({what}), which is not reached from here")]
    Inside { target: Target, address: IpAddr, what: String },
    #[error("{0} is reached over TLS only: swarm adds a credential to what is sent there")]
    InTheClear(Target),
    #[error("the method {0} is not carried out")]
    Method(String),
    #[error("what follows CONNECT {0} is not the beginning of TLS")]
    NotTls(Target),
    #[error("the TLS that follows CONNECT {target} asks for {}", named.as_deref().unwrap_or("no host"))]
    AnotherName { target: Target, named: Option<String> },
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("the request is too large: {0}")]
    TooLarge(&'static str),
    #[error("{0} took too long")]
    TooSlow(&'static str),
    #[error("{0} has no address")]
    NoAddress(Target),
    #[error("{target} cannot be reached: {detail}")]
    Unreachable { target: Target, detail: String },
    #[error("swarm has no credential to add for {0} just now")]
    NoCredential(Target),
    #[error("all the bytes have passed that this sandbox may send and receive")]
    Spent,
    #[error("this sandbox has made all the requests that it may make")]
    TooMany,
}

/// What a line of a report says that it was.
impl Refusal {
    /// Whether it was refused; otherwise it was tried and failed.
    pub(super) fn is_by_rule(&self) -> bool {
        !matches!(
            self,
            Self::NoAddress(_) | Self::Unreachable { .. } | Self::NoCredential(_) | Self::TooSlow(_)
        )
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotOnTheList(_)
            | Self::Address(_)
            | Self::Inside { .. }
            | Self::InTheClear(_)
            | Self::NotTls(_)
            | Self::AnotherName { .. }
            | Self::Spent => StatusCode::FORBIDDEN,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::NoAddress(_) | Self::Unreachable { .. } | Self::NoCredential(_) => StatusCode::BAD_GATEWAY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// With what the operator may do: whoever is in the sandbox can do nothing about it.
    pub(super) fn problem(&self) -> Problem {
        let detail = self.to_string();
        match self {
            Self::NotOnTheList(target) => {
                let next = format!(
                    "the operator may add `{}` to `network: allow:` in the agent file, or a preset to `network: presets:`",
                    if matches!(target.port, 80 | 443) {
                        target.host.to_string()
                    } else {
                        target.to_string()
                    }
                );
                Problem::new("network.refused", detail, next)
            }
            Self::Inside { target, .. } => {
                let next = format!(
                    "if it is meant, the operator may name `{}` in `sandbox.network.private_hosts` of the configuration",
                    target.host
                );
                Problem::new("network.refused", detail, next)
            }
            Self::Address(_) => {
                Problem::new("network.refused", detail, "use the host's name, and have it allowed")
            }
            Self::InTheClear(_) => Problem::new("network.refused", detail, "use https://"),
            Self::Method(_) => Problem::new("network.refused", detail, "use another method"),
            Self::NotTls(_) | Self::AnotherName { .. } => {
                Problem::new("network.refused", detail, "use TLS, and name the host that CONNECT names")
            }
            Self::Malformed(_) | Self::TooLarge(_) => {
                Problem::new("network.malformed", detail, "send a plain HTTP/1.1 request, or use CONNECT")
            }
            Self::TooSlow(_) | Self::NoAddress(_) | Self::Unreachable { .. } | Self::NoCredential(_) => {
                Problem::new("network.unreachable", detail, "try again later")
            }
            Self::Spent => Problem::new(
                "network.limit",
                detail,
                "the operator may raise `limits: network_mb:` in the agent file",
            ),
            Self::TooMany => Problem::new("network.limit", detail, "make fewer requests"),
        }
    }

    /// The body of the answer, as RFC 9457 has it.
    pub(super) fn body(&self) -> String {
        let Problem { code, detail, next } = self.problem();
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let body = serde_json::json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail, "next": next
        });
        format!("{body}\n")
    }

    /// The whole answer, for a connection on which nothing was answered yet.
    pub(super) fn answer(&self) -> Vec<u8> {
        let (status, body) = (self.status(), self.body());
        let title = status.canonical_reason().unwrap_or_default();
        format!(
            "HTTP/1.1 {} {title}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            status.as_u16(),
            body.len()
        )
        .into_bytes()
    }

    /// What is sent in place of an answer where the client waits for TLS: a fatal alert (RFC 8446, 6.2).
    pub(super) fn alert(&self) -> [u8; 7] {
        const UNRECOGNIZED_NAME: u8 = 112;
        const ACCESS_DENIED: u8 = 49;
        let what = if matches!(self, Self::AnotherName { .. }) { UNRECOGNIZED_NAME } else { ACCESS_DENIED };
        [21, 3, 3, 0, 2, 2, what]
    }
}

/// What an answer is that swarm gives itself.
pub(super) const CONTENT_TYPE: &str = "application/problem+json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_which_host_is_not_on_the_list_and_what_the_operator_may_do() {
        let target = Target::parse("evil.example.net:443", None).unwrap();
        let answer = String::from_utf8(Refusal::NotOnTheList(target).answer()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n") && head.contains("application/problem+json"));
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((body["code"].as_str(), body["status"].as_u64()), (Some("network.refused"), Some(403)));
        assert!(body["detail"].as_str().unwrap().contains("evil.example.net:443"));
        assert!(body["next"].as_str().unwrap().contains("add `evil.example.net` to `network: allow:`"));
    }

    #[test]
    fn what_the_client_wrote_cannot_break_out_of_the_answer() {
        let answer = Refusal::Address("1.1.1.1\r\nX: y\"}".to_owned()).answer();
        let answer = String::from_utf8(answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(read["detail"].as_str().unwrap().contains("X: y\"}"));
    }
}
