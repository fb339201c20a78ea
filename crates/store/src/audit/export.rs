//! The log as lines that can be taken away and checked without a database.

use std::collections::VecDeque;

use futures::{Stream, stream};
use swarm_domain::TenantId;

use super::{
    checkpoint::{Checkpoint, log_name},
    line::{self, FORM, Line, Opening},
    note::Note,
    signer,
};
use crate::{
    Result, Store,
    blob::blocking,
    column::{count, whole},
};

/// How many checkpoints are read at once.
const PAGE: i64 = 500;

/// An export under way.
struct Export {
    store: Store,
    tenant: TenantId,
    /// How many events it holds.
    until: u64,
    at: u64,
    /// Lines that are ready.
    ready: VecDeque<String>,
    begun: bool,
    /// The checkpoints that come next, and the place of the last that was read.
    checkpoints: VecDeque<Signed>,
    read_to: Option<(i64, String)>,
    ended: bool,
}

#[derive(sqlx::FromRow)]
struct EventText {
    seq: i64,
    text: String,
    prev: String,
    hash: String,
}

impl Store {
    /// A tenant's log, line by line, each with its newline: what it is, who took whose key's place, and the events with
    /// the checkpoints between them. A checkpoint of its end is signed first. Read as the reader takes it: whatever the
    /// log's length, a few MiB are held.
    ///
    /// A log that does not go on from what was signed is exported as it is, with the checkpoints that it contradicts.
    pub async fn export(
        &self,
        tenant: &TenantId,
    ) -> Result<impl Stream<Item = Result<String>> + Send + use<>> {
        self.make_audit_key().await?;
        let until = match self.sign_checkpoint_of(tenant).await {
            Ok(()) => self.last_signed(tenant).await?,
            Err(error @ crate::StoreError::Diverged { .. }) => {
                tracing::error!(%error, "a log is exported that contradicts its checkpoints");
                self.last_position(tenant).await?
            }
            Err(error) => return Err(error),
        };
        let export = Export {
            store: self.clone(),
            tenant: tenant.clone(),
            until,
            at: 0,
            ready: VecDeque::new(),
            begun: false,
            checkpoints: VecDeque::new(),
            read_to: Some((0, String::new())),
            ended: false,
        };
        Ok(stream::unfold(Some(export), |export| async {
            let mut export = export?;
            match export.next().await {
                Ok(Some(line)) => Some((Ok(line + "\n"), Some(export))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    /// Where an export ends: at a checkpoint, so that all of it is covered. What was appended since is for the next one.
    pub(super) async fn last_signed(&self, tenant: &TenantId) -> Result<u64> {
        let signed: Option<i64> =
            sqlx::query_scalar("SELECT max(size) FROM swarm.checkpoints WHERE tenant = $1")
                .bind(tenant.as_str())
                .fetch_one(self.pool())
                .await?;
        Ok(signed.map_or(0, count))
    }
}

impl Export {
    async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if !self.begun {
                self.begun = true;
                self.open().await?;
            } else if self.at < self.until {
                self.events().await?;
            } else if !self.ended {
                self.ended = true;
                self.rest().await?;
            } else {
                return Ok(None);
            }
        }
    }

    async fn open(&mut self) -> Result<()> {
        let opening = Opening { form: FORM, tenant: self.tenant.to_string(), events: self.until };
        self.ready.push_back(Line::Log(opening).text());
        let folder = self.store.audit_folder();
        let handovers = blocking(move || folder.handovers()).await?;
        self.ready.extend(handovers.into_iter().map(|(_, note)| Line::Handover(note).text()));
        Ok(())
    }

    async fn events(&mut self) -> Result<()> {
        let rows: Vec<EventText> = {
            let mut conn = self.store.pool().acquire().await?;
            signer::page(&mut conn, &self.tenant, self.at, self.until).await?
        };
        if rows.is_empty() {
            // Events are missing: the reader is to find that, not we.
            self.at = self.until;
        }
        for row in rows {
            self.at = count(row.seq);
            self.ready.push_back(line::event(&row.text, &row.prev, &row.hash));
            while let Some(note) = self.checkpoint_at(self.at).await? {
                self.ready.push_back(Line::Checkpoint(note).text());
            }
        }
        Ok(())
    }

    /// The next checkpoint, where it is of this size or a smaller one.
    async fn checkpoint_at(&mut self, size: u64) -> Result<Option<String>> {
        if self.checkpoints.is_empty()
            && let Some((after, key)) = self.read_to.take()
        {
            let rows: Vec<Signed> = sqlx::query_as(
                "SELECT size, key, note FROM swarm.checkpoints
                 WHERE tenant = $1 AND (size, key) > ($2, $3) AND size <= $4 ORDER BY size, key LIMIT $5",
            )
            .bind(self.tenant.as_str())
            .bind(after)
            .bind(key)
            .bind(whole(self.until))
            .bind(PAGE)
            .fetch_all(self.store.pool())
            .await?;
            self.read_to = rows.last().map(|last| (last.size, last.key.clone()));
            self.checkpoints = rows.into();
        }
        let next = self.checkpoints.pop_front_if(|next| count(next.size) <= size);
        Ok(next.map(|next| next.note))
    }

    /// Checkpoints of more events than there are: evidence that some are gone. Those of the table, and the last one of
    /// the file where the table does not hold it any more.
    async fn rest(&mut self) -> Result<()> {
        let mut beyond: Vec<String> = sqlx::query_scalar(
            "SELECT note FROM swarm.checkpoints WHERE tenant = $1 AND size > $2 ORDER BY size LIMIT $3",
        )
        .bind(self.tenant.as_str())
        .bind(whole(self.until))
        .bind(PAGE)
        .fetch_all(self.store.pool())
        .await?;
        let first: Option<String> =
            sqlx::query_scalar("SELECT hash FROM swarm.events WHERE tenant = $1 AND seq = 1")
                .bind(self.tenant.as_str())
                .fetch_optional(self.store.pool())
                .await?;
        if let Some(first) = first {
            let (folder, log) = (self.store.audit_folder(), log_name(&self.tenant, &first));
            let kept = blocking(move || folder.last_checkpoint(&log)).await?;
            beyond.extend(kept.filter(|kept| !beyond.contains(kept)));
        }
        // Asked last: what was appended and signed while this export went on is no evidence of anything.
        let last = self.store.last_position(&self.tenant).await?;
        let beyond = beyond.into_iter().filter(|note| size(note) > last);
        self.ready.extend(beyond.map(|note| Line::Checkpoint(note).text()));
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Signed {
    size: i64,
    key: String,
    note: String,
}

/// How many events a note speaks of, whoever wrote it.
fn size(note: &str) -> u64 {
    let note = Note::parse(note).ok();
    note.and_then(|note| Checkpoint::read(note.unproven()).ok()).map_or(0, |checkpoint| checkpoint.size)
}
