//! What code in a sandbox asked of the network.

use serde::{Deserialize, Serialize};

/// What was decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NetworkDecision {
    /// It was carried out.
    Allowed,
    /// It was refused by a rule.
    Refused,
    /// It was allowed, and failed.
    Failed,
}

impl std::fmt::Display for NetworkDecision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        })
    }
}

/// Requests of one command for one port of one host that were decided alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NetworkUse {
    /// The host, as it was asked for; empty where it could not be read.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What was decided.
    pub decision: NetworkDecision,
    /// Why the first of them was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many.
    pub requests: u32,
    /// Bytes from the sandbox.
    pub bytes_up: u64,
    /// Bytes to the sandbox.
    pub bytes_down: u64,
}

/// Hosts, ports and decisions that are told apart in one record. Further ones are added up under no host.
pub const MOST_USES: usize = 64;

/// Adds up uses that differ in nothing but their numbers, in the order in which they first came.
#[must_use]
pub fn summed(uses: impl IntoIterator<Item = NetworkUse>) -> Vec<NetworkUse> {
    let mut sums: Vec<NetworkUse> = Vec::new();
    for mut one in uses {
        let same = |sum: &NetworkUse, one: &NetworkUse| {
            (&sum.host, sum.port, sum.decision) == (&one.host, one.port, one.decision)
        };
        if sums.len() >= MOST_USES && !sums.iter().any(|sum| same(sum, &one)) {
            (one.host, one.port, one.why) = (String::new(), 0, None);
        }
        match sums.iter_mut().find(|sum| same(sum, &one)) {
            Some(sum) => {
                sum.requests = sum.requests.saturating_add(one.requests);
                sum.bytes_up = sum.bytes_up.saturating_add(one.bytes_up);
                sum.bytes_down = sum.bytes_down.saturating_add(one.bytes_down);
            }
            None => sums.push(one),
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(host: &str, decision: NetworkDecision) -> NetworkUse {
        let why = (decision == NetworkDecision::Refused).then(|| format!("not {host}"));
        NetworkUse {
            host: host.to_owned(),
            port: 443,
            decision,
            why,
            requests: 1,
            bytes_up: 2,
            bytes_down: 3,
        }
    }

    #[test]
    fn requests_that_are_alike_are_one_line() {
        let (ok, no) = (NetworkDecision::Allowed, NetworkDecision::Refused);
        let sums = summed([one("a", ok), one("b", no), one("a", ok), one("a", no)]);
        let lines: Vec<_> =
            sums.iter().map(|sum| (sum.host.as_str(), sum.decision, sum.requests, sum.bytes_down)).collect();
        assert_eq!(lines, [("a", ok, 2, 6), ("b", no, 1, 3), ("a", no, 1, 3)]);
        assert_eq!(sums[1].why.as_deref(), Some("not b"));
    }

    #[test]
    fn however_many_hosts_are_asked_for_the_record_is_bounded_and_counts_all() {
        let sums = summed((0..1_000).map(|n| one(&format!("h{n}.example.org"), NetworkDecision::Refused)));
        assert_eq!(sums.len(), MOST_USES + 1);
        assert_eq!(sums.iter().map(|sum| sum.requests).sum::<u32>(), 1_000);
        assert_eq!(sums[MOST_USES].host, "");
    }
}
