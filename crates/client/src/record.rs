//! The record and how long it is kept: the operations of the document, one method each.

use futures::{Stream, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::{
    Client, ClientError,
    call::{Target, api, unreachable},
    types::{AuditPage, HoldList, HoldRow, NewHold, PurgeReport},
};

/// Which events of the record; every part that is set must let an event through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who did it: `person:ada`, `agent:*`.
    pub who: Option<String>,
    /// The person on whose behalf.
    pub on_behalf: Option<String>,
    /// The kinds of events with commas between them.
    pub what: Option<String>,
    /// Not before this, after RFC 3339.
    pub from: Option<String>,
    /// Before this, after RFC 3339.
    pub to: Option<String>,
    /// About this project.
    pub project: Option<String>,
    /// About this run.
    pub run: Option<String>,
    /// About this ticket.
    pub ticket: Option<String>,
    /// How it came out: `done`, `failed`, `refused`.
    pub outcome: Option<String>,
}

/// Which page of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Which events.
    pub filter: AuditFilter,
    /// The oldest first; else the newest.
    pub oldest_first: bool,
    /// Where the page before this one ended.
    pub cursor: Option<u64>,
    /// At most this many.
    pub limit: Option<u32>,
    /// Wait so many seconds for what is not there yet; with the oldest first.
    pub wait: Option<u32>,
}

impl AuditFilter {
    fn put(&self, target: Target) -> Target {
        target.with(&[
            ("who", self.who.as_deref()),
            ("on_behalf", self.on_behalf.as_deref()),
            ("what", self.what.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("project", self.project.as_deref()),
            ("run", self.run.as_deref()),
            ("ticket", self.ticket.as_deref()),
            ("outcome", self.outcome.as_deref()),
        ])
    }
}

impl Client {
    /// A page of the record. That it was read is written down in it.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, ClientError> {
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let (cursor, limit) = (number(query.cursor), number(query.limit.map(u64::from)));
        let wait = number(query.wait.map(u64::from));
        let target = query.filter.put(api(&["audit"])).with(&[
            ("order", query.oldest_first.then_some("oldest")),
            ("cursor", cursor.as_deref()),
            ("limit", limit.as_deref()),
            ("wait", wait.as_deref()),
        ]);
        self.get(target).await
    }

    /// The record as a file, in parts as they come: `jsonl`, `csv` or `pdf`. An error in the middle: it broke off, and what came
    /// before is not all of it.
    pub async fn export_log(
        &self,
        form: &str,
        filter: &AuditFilter,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, ClientError>> + Send + use<>, ClientError> {
        let target = filter.put(api(&["audit", "export"])).with(&[("form", Some(form))]);
        let response = self.send(Method::GET, &target, |request| request).await?;
        let place = self.place();
        let parts = response.bytes_stream();
        Ok(parts
            .map(move |part| part.map(|bytes| bytes.to_vec()).map_err(|error| unreachable(&place, error))))
    }

    /// The legal holds, the newest first, the lifted ones too.
    pub async fn holds(&self) -> Result<Vec<HoldRow>, ClientError> {
        Ok(self.get::<HoldList>(api(&["holds"])).await?.items)
    }

    /// Sets a legal hold.
    pub async fn set_hold(&self, new: &NewHold) -> Result<HoldRow, ClientError> {
        self.post(api(&["holds"]), new).await
    }

    /// Lifts a legal hold.
    pub async fn lift_hold(&self, hold: &str, reason: &str) -> Result<HoldRow, ClientError> {
        self.post(api(&["holds", hold, "lift"]), &json!({ "reason": reason })).await
    }

    /// Deletes contents whose time has come, or says what would go.
    pub async fn purge(&self, dry_run: bool) -> Result<PurgeReport, ClientError> {
        self.post(api(&["purge"]), &json!({ "dry_run": dry_run })).await
    }
}
