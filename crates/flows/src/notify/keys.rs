//! The keys of a channel, looked up when something is sent and dropped after it.

use swarm_domain::{
    EventBody, Problem, Subject,
    secret::{Secret, SecretHost, SecretId, SecretRecord},
};
use swarm_notify::{ChannelConfig, KeySource};

use crate::{
    parts::{Parts, part},
    secret::reference,
};

/// What stands at each of the places that a channel names, the newest first.
pub(super) async fn of(parts: &Parts, channel: &ChannelConfig) -> Result<Vec<Secret>, Problem> {
    let mut keys = Vec::new();
    for source in channel.secrets() {
        match source {
            KeySource::Reference(from) => keys.push(reference::look_up(from, &parts.config.vault).await?),
            KeySource::Sealed(name) => {
                let id = SecretId { name: name.clone(), project: None };
                keys.extend(sealed(parts, &id, channel.host().as_deref().unwrap_or_default()).await?);
            }
        }
    }
    for key in &keys {
        key.check().map_err(swarm_domain::secret::SecretError::problem)?;
    }
    Ok(keys)
}

/// The values of a secret that count, each use written down before. It must be for the channel's host.
async fn sealed(parts: &Parts, id: &SecretId, host: &str) -> Result<Vec<Secret>, Problem> {
    let row = parts.store.secret(&parts.config.tenant, id).await.map_err(|error| error.problem())?;
    let record = row.record;
    if !record.is_for(None, host) {
        return Err(Problem::new(
            "notify.secret_host",
            format!("the secret {id} is not for {host}"),
            format!("set it again with `--host {host}`"),
        ));
    }
    let mut values = Vec::new();
    let mut first = None;
    for version in record.valid(parts.clock.now()) {
        match reference::value(parts, &record, version).await {
            Ok(value) => {
                used(parts, &record, version.number, host).await?;
                values.push(value);
            }
            Err(problem) => first = first.or(Some(problem)),
        }
    }
    match first {
        Some(problem) if values.is_empty() => Err(problem),
        _ => Ok(values),
    }
}

async fn used(parts: &Parts, record: &SecretRecord, version: u32, host: &str) -> Result<(), Problem> {
    // Each use is one, whatever it has in common with others.
    let once = parts.entropy.bytes().map(|byte| format!("{byte:02x}")).concat();
    let key = ["secret", record.id.scope(), record.id.name.as_str(), "used", &once];
    let host = SecretHost::parse(host).map_err(swarm_domain::secret::SecretError::problem)?;
    let body = EventBody::SecretUsed { secret: record.id.clone(), version, host };
    let recorded = parts.record(&key, part("notifications"), Subject::default(), body).await;
    recorded.map(drop).map_err(|error| error.problem())
}
