//! What is told about each request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use swarm_domain::network::{NetworkDecision, NetworkUse};
use tokio::sync::mpsc::UnboundedSender;

use super::{meter::Traffic, refusal::Refusal};

/// The longest text from the sandbox that is told on.
const LONGEST: usize = 255;

/// One request, when it has ended. Without its path, headers and body: they may hold what is nobody's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The host that was asked for, as the sandbox wrote it. Empty where it could not be read.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The method; `CONNECT` for a tunnel.
    pub method: String,
    /// What was decided.
    pub decision: NetworkDecision,
    /// Why it was refused or failed.
    pub why: Option<String>,
    /// What the host answered, where swarm could see it.
    pub status: Option<u16>,
    /// Whether a credential was added.
    pub credential: bool,
    /// Bytes from the sandbox.
    pub bytes_up: u64,
    /// Bytes to the sandbox.
    pub bytes_down: u64,
    /// How long it took.
    pub took: Duration,
}

impl From<Report> for NetworkUse {
    fn from(report: Report) -> Self {
        let Report { host, port, decision, why, bytes_up, bytes_down, .. } = report;
        Self { host, port, decision, why, requests: 1, bytes_up, bytes_down }
    }
}

/// A request that is being made. Told when dropped, so that one that is cut off is told as well.
#[derive(Debug)]
pub(super) struct Entry {
    report: Report,
    traffic: Arc<Traffic>,
    began: Instant,
    to: Option<UnboundedSender<Report>>,
}

impl Entry {
    pub(super) fn begin(traffic: Arc<Traffic>, to: Option<UnboundedSender<Report>>) -> Self {
        let report = Report {
            host: String::new(),
            port: 0,
            method: String::new(),
            decision: NetworkDecision::Failed,
            why: None,
            status: None,
            credential: false,
            bytes_up: 0,
            bytes_down: 0,
            took: Duration::ZERO,
        };
        Self { report, traffic, began: Instant::now(), to }
    }

    pub(super) fn asks(&mut self, method: &str, host: &str, port: u16) {
        self.report.method = plain(method);
        self.report.host = plain(host);
        self.report.port = port;
    }

    pub(super) fn allowed(&mut self) {
        self.report.decision = NetworkDecision::Allowed;
    }

    pub(super) fn answered(&mut self, status: u16, credential: bool) {
        self.report.status = Some(status);
        self.report.credential = credential;
    }

    pub(super) fn stopped(&mut self, refusal: &Refusal) {
        self.report.decision =
            if refusal.is_by_rule() { NetworkDecision::Refused } else { NetworkDecision::Failed };
        self.report.why = Some(refusal.to_string());
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut report = self.report.clone();
        (report.bytes_up, report.bytes_down) = (self.traffic.up(), self.traffic.down());
        report.took = self.began.elapsed();
        tracing::info!(
            host = report.host,
            port = report.port,
            method = report.method,
            decision = %report.decision,
            why = report.why,
            status = report.status,
            credential = report.credential,
            bytes_up = report.bytes_up,
            bytes_down = report.bytes_down,
            "a sandbox asked for the network"
        );
        if let Some(to) = &self.to {
            // Nobody listens any more: it is in the log.
            let _ = to.send(report);
        }
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_cut_off_is_told_as_well() {
        let (to, mut reports) = tokio::sync::mpsc::unbounded_channel();
        let mut entry = Entry::begin(Arc::default(), Some(to));
        entry.asks("GET", "pypi.org\n\u{1b}[2J", 443);
        drop(entry);
        let report = reports.try_recv().unwrap();
        assert_eq!((report.host.as_str(), report.decision), ("pypi.org[2J", NetworkDecision::Failed));
        assert!(reports.try_recv().is_err(), "told once");
    }
}
