//! The record as a document for people: paged, with the head of the chain on every page, and how it is checked.
//!
//! ```text
//! record ─page─▶ row ─▶ report: sheet after sheet ─▶ file ─▶ sent
//!                        lines, letters
//! ```
//!
//! Whatever the record's length, one page of the report is held, and eight bytes for each that was sent: how many there
//! are is a drawing that every page shows and that is written last, and so are the letters that were used.

mod file;
mod front;
mod letters;
mod lines;
mod report;
mod row;
mod sheet;
#[cfg(test)]
mod tests;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use swarm_domain::{TenantId, audit::AuditFilter};
use swarm_store::{AuditOrder, AuditSearch, SignedLog, Store, StoreError};

use report::Report;
use row::Row;

/// How many events are drawn at once.
const PAGE: u32 = 100;

struct Document {
    store: Store,
    tenant: TenantId,
    signed: SignedLog,
    search: AuditSearch,
    report: Option<Report>,
}

/// The document as it is drawn, the oldest event first, up to the checkpoint that it names.
pub(crate) fn document(
    store: &Store,
    tenant: &TenantId,
    filter: AuditFilter,
    signed: SignedLog,
    now: DateTime<Utc>,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + use<> {
    let report = Report::new(&signed, &filter, now);
    let search = AuditSearch { filter, order: AuditOrder::Oldest, cursor: None, limit: PAGE };
    let document = Document { store: store.clone(), tenant: tenant.clone(), signed, search, report };
    stream::unfold(Some(document), |document| async {
        let mut document = document?;
        match document.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes.into()), Some(document))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Document {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(report) = &mut self.report else { return Ok(None) };
        let page = self.store.signed_page(&self.tenant, &self.signed, &self.search).await?;
        self.search.cursor = Some(page.cursor);
        for entry in &page.items {
            report.row(&Row::of(entry));
        }
        let bytes = report.taken();
        if page.more {
            return Ok(Some(bytes));
        }
        let end = self.report.take().map(Report::end).unwrap_or_default();
        Ok(Some([bytes, end].concat()))
    }
}
