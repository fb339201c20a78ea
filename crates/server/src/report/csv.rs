//! The record as a table: RFC 4180, and nothing in it that a spreadsheet would run.

use futures::{Stream, stream};
use swarm_domain::{TenantId, audit::AuditFilter};
use swarm_store::{AuditEntry, AuditOrder, AuditSearch, Store, StoreError};

/// How many rows are written at once.
const PAGE: u32 = 250;

const HEADER: [&str; 13] = [
    "position",
    "time",
    "who",
    "on_behalf",
    "what",
    "outcome",
    "project",
    "run",
    "ticket",
    "attempt",
    "correlation",
    "says",
    "hash",
];

struct Table {
    store: Store,
    tenant: TenantId,
    search: AuditSearch,
    begun: bool,
    more: bool,
}

/// The rows of the table as they are read, the oldest first. It holds what is there when it gets there.
pub(crate) fn table(
    store: &Store,
    tenant: &TenantId,
    filter: AuditFilter,
) -> impl Stream<Item = Result<String, StoreError>> + Send + use<> {
    let search = AuditSearch { filter, order: AuditOrder::Oldest, cursor: None, limit: PAGE };
    let table = Table { store: store.clone(), tenant: tenant.clone(), search, begun: false, more: true };
    stream::unfold(Some(table), |table| async {
        let mut table = table?;
        match table.next().await {
            Ok(Some(rows)) => Some((Ok(rows), Some(table))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Table {
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        if !std::mem::replace(&mut self.begun, true) {
            return Ok(Some(record(HEADER.map(str::to_owned))));
        }
        if !self.more {
            return Ok(None);
        }
        let page = self.store.audit(&self.tenant, &self.search).await?;
        self.more = page.more;
        self.search.cursor = Some(page.cursor);
        Ok(Some(page.items.iter().map(row).collect()))
    }
}

fn row(entry: &AuditEntry) -> String {
    fn text(value: Option<&impl ToString>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }
    let event = &entry.event;
    let subject = &event.subject;
    record([
        event.seq.to_string(),
        event.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        entry.who(),
        text(entry.on_behalf.as_ref()),
        event.body.name().to_owned(),
        entry.outcome.map(|outcome| outcome.name().to_owned()).unwrap_or_default(),
        text(subject.project.as_ref()),
        text(subject.run.as_ref()),
        text(subject.ticket.as_ref()),
        text(subject.attempt.as_ref()),
        text(event.correlation.as_ref()),
        serde_json::to_string(&event.body).unwrap_or_default(),
        event.hash.clone(),
    ])
}

/// A record: fields with commas between them, and CRLF at the end.
fn record(fields: [String; 13]) -> String {
    fields.map(|field| quoted(&defused(field))).join(",") + "\r\n"
}

/// What a spreadsheet would take for a formula gets an apostrophe before it, also behind white space: it then is text.
fn defused(field: String) -> String {
    let begins = field.trim_start().chars().next();
    let formula =
        matches!(begins, Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'));
    if formula || field.starts_with(['\t', '\r', '\n']) { format!("'{field}") } else { field }
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) || field.starts_with([' ', '\'']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_a_spreadsheet_would_run_becomes_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r\n=cmd|'/c calc'!A0", "\u{ff1d}1"] {
            let field = quoted(&defused(formula.to_owned()));
            assert!(field.trim_start_matches('"').starts_with('\''), "{formula:?} became {field:?}");
        }
        for text in ["a=1", "7", "person:ada", "{\"a\":1}", ""] {
            assert_eq!(defused(text.to_owned()), text);
        }
    }

    #[test]
    fn a_record_has_thirteen_fields_whatever_stands_in_them() {
        let fields = [(); 13].map(|()| "a,\"b\"\r\nc".to_owned());
        let line = record(fields);
        assert!(line.ends_with("\"\r\n"));
        assert_eq!(line.matches("\"a,\"\"b\"\"\r\nc\"").count(), 13);
        assert_eq!(record(HEADER.map(str::to_owned)).matches(',').count(), 12);
    }
}
