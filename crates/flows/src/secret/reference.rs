//! Looking a value up where it is kept.

use std::{fs, io::Read};

use swarm_domain::{
    Problem,
    secret::{MAX_VALUE_BYTES, Reference, Secret, SecretRecord, SecretVersion},
};
use swarm_model::{Vault, VaultConfig};

use crate::parts::Parts;

/// The value of a version: opened, or looked up. It fits into the header that it is for.
pub(crate) async fn value(
    parts: &Parts,
    record: &SecretRecord,
    version: &SecretVersion,
) -> Result<Secret, Problem> {
    let value = if let Some(reference) = &version.reference {
        look_up(reference, &parts.config.vault).await?
    } else {
        let opened = parts.store.open_secret(&parts.config.tenant, record, version.number).await;
        opened.map_err(|error| error.problem())?
    };
    record.placement.check(&value).map_err(swarm_domain::secret::SecretError::problem)?;
    Ok(value)
}

/// The value that stands elsewhere.
pub(crate) async fn look_up(reference: &Reference, vault: &VaultConfig) -> Result<Secret, Problem> {
    match reference {
        Reference::Env(name) => match environment(name) {
            Some(value) => Ok(Secret::new(value)),
            None => Err(unresolved(reference, "the variable is not set where swarm was started")),
        },
        Reference::File(path) => {
            let read = {
                let path = path.clone();
                tokio::task::spawn_blocking(move || file(&path)).await
            };
            let read = read.unwrap_or(Err("it could not be read".to_owned()));
            read.map_err(|detail| unresolved(reference, &detail))
        }
        Reference::Vault { mount, path, field } => {
            let vault = Vault::open(vault, &environment).map_err(|error| error.problem())?;
            vault.read(mount, path, field).await.map_err(|error| error.problem())
        }
    }
}

/// A variable of this process; an empty one is not set.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn file(path: &str) -> Result<Secret, String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is no plain file".to_owned());
    }
    let opened = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    // A line break may follow the value.
    let bound = u64::try_from(MAX_VALUE_BYTES).unwrap_or(u64::MAX) + 2;
    opened.take(bound + 1).read_to_string(&mut text).map_err(|_| "it is no text".to_owned())?;
    Ok(Secret::new(text))
}

fn unresolved(reference: &Reference, detail: &str) -> Problem {
    Problem::new(
        "secret.unresolved",
        format!("{reference} cannot be looked up: {detail}"),
        "put it there, or set the secret from elsewhere; then run `swarm secret check`",
    )
}
