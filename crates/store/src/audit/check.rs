//! Holding a chain in the database against the checkpoints of it, in the table and in the file.

use futures::TryStreamExt;
use sqlx::PgConnection;
use swarm_domain::TenantId;

use super::{
    checkpoint::{Checkpoint, log_name},
    fault::{Fault, FaultKind},
    folder::Folder,
    handover::Trust,
    note::NoteError,
};
use crate::{Result, Store, blob::blocking, column::count};

/// What the files say, read before the database is: what they hold then, the database must hold too.
pub(crate) struct Witness {
    trust: Trust,
    logs: Vec<String>,
    kept: Vec<Checkpoint>,
    fault: Option<Fault>,
}

/// How far a chain is signed.
#[derive(Debug, Default)]
pub(crate) struct Signed {
    pub(crate) checkpoints: u64,
    pub(crate) events: u64,
}

impl Store {
    /// Reads what the audit's folder says of a tenant.
    pub(crate) async fn witness(&self, tenant: &TenantId) -> Result<Witness> {
        let (folder, prefix) = (self.audit_folder(), format!("swarm/{tenant}/"));
        blocking(move || read(&folder, &prefix)).await
    }
}

fn read(folder: &Folder, prefix: &str) -> Result<Witness> {
    let trust = folder.trust()?;
    let logs: Vec<_> = folder.logs()?.into_iter().filter(|log| log.starts_with(prefix)).collect();
    let mut witness = Witness { trust, logs, kept: Vec::new(), fault: None };
    for log in &witness.logs {
        for note in folder.checkpoints(log)? {
            match Checkpoint::open(&note?, witness.trust.keys()) {
                Ok((checkpoint, _)) => witness.kept.push(checkpoint),
                // The file of a key that was lost says nothing any more.
                Err(NoteError::UnknownKey(_)) => {}
                Err(error) => {
                    let reason =
                        format!("a checkpoint in {} cannot be believed: {error}", folder.file(log).display());
                    witness.fault.get_or_insert(FaultKind::of_note(&error).at(0, reason));
                }
            }
        }
    }
    Ok(witness)
}

#[derive(sqlx::FromRow)]
struct Row {
    size: i64,
    head: String,
    note: String,
    hash: Option<String>,
}

/// Checks the checkpoints of a chain that fits together.
pub(crate) async fn check(
    conn: &mut PgConnection,
    tenant: &TenantId,
    witness: &Witness,
) -> Result<(Signed, Option<Fault>)> {
    let first: Option<String> =
        sqlx::query_scalar("SELECT hash FROM swarm.events WHERE tenant = $1 AND seq = 1")
            .bind(tenant.as_str())
            .fetch_optional(&mut *conn)
            .await?;
    let log = first.map(|first| log_name(tenant, &first));
    let mut signed = Signed::default();
    let mut fault = witness.fault.clone().or_else(|| other_log(witness, log.as_deref()));
    let mut rows = sqlx::query_as::<_, Row>(
        "SELECT c.size, c.head, c.note, e.hash FROM swarm.checkpoints c
         LEFT JOIN swarm.events e ON e.tenant = c.tenant AND e.seq = c.size
         WHERE c.tenant = $1 ORDER BY c.size, c.key",
    )
    .bind(tenant.as_str())
    .fetch(&mut *conn);
    while let Some(row) = rows.try_next().await? {
        match one(&row, log.as_deref(), &witness.trust) {
            Ok(()) => {
                signed.checkpoints += 1;
                signed.events = signed.events.max(count(row.size));
            }
            Err(found) => {
                fault.get_or_insert(found);
            }
        }
    }
    drop(rows);
    if fault.is_none() {
        fault = kept(conn, tenant, witness).await?;
    }
    Ok((signed, fault))
}

fn one(row: &Row, log: Option<&str>, trust: &Trust) -> Result<(), Fault> {
    let size = count(row.size);
    let (checkpoint, _) = Checkpoint::open(&row.note, trust.keys()).map_err(|error| {
        FaultKind::of_note(&error).at(size, format!("its checkpoint cannot be believed: {error}"))
    })?;
    if Some(checkpoint.log.as_str()) != log {
        return Err(FaultKind::OtherLog.at(size, format!("its checkpoint is of the log {}", checkpoint.log)));
    }
    if checkpoint.size != size || checkpoint.head != row.head {
        let reason = "the columns of its checkpoint do not say what was signed";
        return Err(FaultKind::Changed.at(size, reason));
    }
    fits(&checkpoint, row.hash.as_deref())
}

/// Whether the event with this hash is the one that was signed.
fn fits(checkpoint: &Checkpoint, hash: Option<&str>) -> Result<(), Fault> {
    let size = checkpoint.size;
    match hash {
        Some(hash) if hash == checkpoint.head => Ok(()),
        Some(_) => {
            let at = checkpoint.at.format("%Y-%m-%d %H:%M:%S UTC");
            let reason =
                format!("it has not the hash that was signed at {at}: the chain was rewritten up to here");
            Err(FaultKind::Rewritten.at(size, reason))
        }
        None => Err(FaultKind::Truncated.at(size, format!("it is missing: {size} events were signed"))),
    }
}

/// Whether the files know another log of this tenant. A chain whose first event was rewritten is one.
fn other_log(witness: &Witness, log: Option<&str>) -> Option<Fault> {
    let other = witness.logs.iter().find(|known| Some(known.as_str()) != log)?;
    let reason = format!(
        "the data folder holds signed checkpoints of the log {other}, which is not in this database: it was rewritten from \
         its first event on, or this is another database"
    );
    Some(FaultKind::OtherLog.at(1, reason))
}

/// Whether the database holds what the files say was signed.
async fn kept(conn: &mut PgConnection, tenant: &TenantId, witness: &Witness) -> Result<Option<Fault>> {
    for part in witness.kept.chunks(500) {
        let sizes: Vec<i64> = part.iter().map(|checkpoint| crate::column::whole(checkpoint.size)).collect();
        let found: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM swarm.events WHERE tenant = $1 AND seq = ANY ($2)")
                .bind(tenant.as_str())
                .bind(sizes)
                .fetch_all(&mut *conn)
                .await?;
        for checkpoint in part {
            let hash = found.iter().find(|(seq, _)| count(*seq) == checkpoint.size);
            if let Err(fault) = fits(checkpoint, hash.map(|(_, hash)| hash.as_str())) {
                return Ok(Some(fault));
            }
        }
    }
    Ok(None)
}
