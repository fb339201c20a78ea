//! Handing a message over by HTTP: to the one address that was configured, and to nothing that it leads to.
//!
//! An address of the public internet is asked for, unless the channel says otherwise: whoever answers for a name could
//! point it at a machine behind the firewall. No redirect is followed and no proxy is used, for the same reason.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use serde_json::Value;
use swarm_domain::{
    address::{Standing, standing},
    secret::Secret,
};

use crate::{HookConfig, Message, SendError, WebhookConfig, WebhookSignature, render};

/// How long a connection may take to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTarget {
    #[error("its address is no URL")]
    NoUrl,
    #[error("its address is not `https`; `http = true` allows it")]
    NotHttps,
    #[error("its address holds a password")]
    Credentials,
}

/// An address that may be asked.
pub(crate) fn target(text: &str, http: bool) -> Result<Url, BadTarget> {
    let url = Url::parse(text).map_err(|_| BadTarget::NoUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if http => {}
        "http" => return Err(BadTarget::NotHttps),
        _ => return Err(BadTarget::NoUrl),
    }
    if url.host().is_none() {
        return Err(BadTarget::NoUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadTarget::Credentials);
    }
    Ok(url)
}

/// Posts to a room by its secret address.
pub(crate) async fn hook(
    hook: &HookConfig,
    keys: &[Secret],
    body: &Value,
    query: Option<&str>,
) -> Result<(), SendError> {
    let key = keys.first().ok_or_else(|| SendError::Never("its address is not known".to_owned()))?;
    let mut url = target(key.expose(), hook.http).map_err(|error| SendError::Never(error.to_string()))?;
    if query.is_some() {
        url.set_query(query);
    }
    let client = client(&url, hook.private, hook.timeout_seconds)?;
    let asked = client.post(url).json(body).send().await;
    judged(asked)
}

/// Posts to a program, signed.
pub(crate) async fn signed(
    webhook: &WebhookConfig,
    keys: &[Secret],
    message: &Message,
) -> Result<(), SendError> {
    let url = target(&webhook.url, webhook.http).map_err(|error| SendError::Never(error.to_string()))?;
    let body =
        serde_json::to_vec(&render::webhook(message)).map_err(|error| SendError::Never(error.to_string()))?;
    let seconds = now();
    let signature = WebhookSignature::of(keys, &message.id, seconds, &body)
        .map_err(|error| SendError::Never(error.to_string()))?;
    let client = client(&url, webhook.private, webhook.timeout_seconds)?;
    let asked = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature.as_str())
        .body(body)
        .send()
        .await;
    judged(asked)
}

/// The time of this try, in seconds: receivers hold it against their own clock, so it is the machine's.
#[allow(clippy::disallowed_methods, reason = "it is the other side's clock that it is held against")]
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

pub(crate) fn judged(asked: Result<Response, reqwest::Error>) -> Result<(), SendError> {
    let response = match asked {
        Ok(response) => response,
        // The address may hold a key.
        Err(error) => return Err(unanswered(&error.without_url())),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let why = format!("it answered with {}", status.as_u16());
    if status.is_redirection() {
        return Err(SendError::Never(format!("{why}: redirects are not followed")));
    }
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {}
        status if status.is_server_error() => {}
        _ => return Err(SendError::Never(why)),
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Err(SendError::Later { why, after: after.map(Duration::from_secs) })
}

fn unanswered(error: &reqwest::Error) -> SendError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(refused) = inner.downcast_ref::<NotPublic>() {
            return SendError::Never(refused.to_string());
        }
        source = inner.source();
    }
    SendError::later(if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it cannot be connected to"
    } else {
        "the connection broke"
    })
}

/// An address that is not asked.
#[derive(Debug, thiserror::Error)]
#[error(
    "its name leads to an address that is not public ({0}); `private = true` allows what is around this machine"
)]
struct NotPublic(String);

fn may_be_asked(address: IpAddr, private: bool) -> Result<(), NotPublic> {
    match standing(address) {
        Standing::Public => Ok(()),
        Standing::Private(_) if private => Ok(()),
        other => Err(NotPublic(other.to_string())),
    }
}

/// Looks names up, and gives out only what may be asked: exactly that is connected to afterwards.
struct Guarded {
    private: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that is not public among others that are is a trick, or a mistake.
            for address in &found {
                may_be_asked(address.ip(), private)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

pub(crate) fn client(url: &Url, private: bool, seconds: u64) -> Result<Client, SendError> {
    // An address in the place of a name is not looked up.
    let host = url.host_str().unwrap_or_default();
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        may_be_asked(address, private).map_err(|refused| SendError::Never(refused.to_string()))?;
    }
    // Fails if one is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        Client::builder()
            .user_agent(concat!("swarm/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(Duration::from_secs(seconds))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Guarded { private }))
    };
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let carried = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    builder()
        .build()
        // A slim container may have no certificates at all.
        .or_else(|_| builder().tls_backend_preconfigured(carried).build())
        .map_err(|_| SendError::Never("there is no HTTP client".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_says_where_and_how_is_asked() {
        for bad in [
            "",
            "hooks.slack.com/x",
            "ftp://a/b",
            "file:///etc/passwd",
            "https://",
            "https://u:p@a.org/",
            "http://a.org/",
        ] {
            assert!(target(bad, false).is_err(), "{bad}");
        }
        assert!(target("https://a.org/x?y", false).is_ok());
        assert!(target("http://a.org/", true).is_ok());
    }

    #[tokio::test]
    async fn an_address_around_this_machine_is_not_asked_however_it_is_written() {
        for url in [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://169.254.169.254/",
            "https://[::ffff:10.0.0.1]/",
            "https://10.0.0.1/",
        ] {
            let url = target(url, false).unwrap();
            let asked = match client(&url, false, 5) {
                Ok(client) => judged(client.get(url.clone()).send().await),
                Err(refused) => Err(refused),
            };
            assert!(
                matches!(&asked, Err(SendError::Never(why)) if why.contains("not public")),
                "{url}: {asked:?}"
            );
        }
        let metadata = target("https://169.254.169.254/", false).unwrap();
        assert!(client(&metadata, true, 5).is_err(), "not even where private ones are allowed");
    }
}
