//! Budgets, checked before a call is sent.
//!
//! The worst case of a call is reserved in each of its scopes at once, so that two calls cannot both pass a budget that
//! only fits one; afterwards the reservation is replaced by what the call really used. The ledger is this process's
//! short memory: the lasting truth is what the caller brings along as spent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use swarm_domain::MicroUsd;
use swarm_domain::budget::{Budget, Spend};

use crate::error::ModelError;

/// Scopes that are remembered; beyond it those without a call in flight are forgotten, for their callers bring their
/// spending along.
const MAX_SCOPES: usize = 10_000;

/// Whose budget a call counts against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetScope {
    /// Names it, such as `run:run_01…` or `ticket:T-4k2`.
    pub name: String,
    /// What may be spent in it.
    pub limit: Budget,
    /// What has been spent in it so far, as the caller knows. What this process has settled since is added: of the two
    /// figures the larger counts.
    pub spent: Spend,
}

#[derive(Debug, Default, Clone, Copy)]
struct Account {
    spent: Spend,
    reserved: Spend,
    in_flight: u32,
}

/// What is spent and reserved in each scope.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Mutex<HashMap<String, Account>>,
}

/// A reservation. Dropped, it is released; settled, it becomes spending.
#[derive(Debug)]
pub struct Reservation {
    ledger: Arc<Ledger>,
    scopes: Vec<String>,
    worst: Spend,
    settled: bool,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reserves `worst` in every scope, or in none: [`ModelError::BudgetReached`] names the first that is too small.
    pub fn reserve(
        self: &Arc<Self>,
        scopes: &[BudgetScope],
        worst: Spend,
    ) -> Result<Reservation, ModelError> {
        let mut accounts = self.lock();
        for scope in scopes {
            let known = accounts.get(&scope.name).copied().unwrap_or_default();
            let so_far = larger(known.spent, scope.spent).plus(known.reserved);
            if !scope.limit.allows(so_far, worst) {
                return Err(reached(scope, so_far, worst));
            }
        }
        for scope in scopes {
            let account = accounts.entry(scope.name.clone()).or_default();
            account.spent = larger(account.spent, scope.spent);
            account.reserved = account.reserved.plus(worst);
            account.in_flight += 1;
        }
        if accounts.len() > MAX_SCOPES {
            accounts.retain(|_, account| account.in_flight > 0);
        }
        drop(accounts);
        let names = scopes.iter().map(|scope| scope.name.clone()).collect();
        Ok(Reservation { ledger: Arc::clone(self), scopes: names, worst, settled: false })
    }

    /// What this process knows to be spent in a scope.
    #[must_use]
    pub fn spent(&self, scope: &str) -> Spend {
        self.lock().get(scope).map(|account| account.spent).unwrap_or_default()
    }

    /// Drops what is known of a scope that has ended.
    pub fn forget(&self, scope: &str) {
        self.lock().remove(scope);
    }

    fn close(&self, scopes: &[String], worst: Spend, actual: Spend) {
        let mut accounts = self.lock();
        for name in scopes {
            if let Some(account) = accounts.get_mut(name) {
                account.reserved = less(account.reserved, worst);
                account.spent = account.spent.plus(actual);
                account.in_flight = account.in_flight.saturating_sub(1);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Replaces the reservation by what was really used.
    pub fn settle(mut self, actual: Spend) {
        self.settled = true;
        self.ledger.close(&self.scopes, self.worst, actual);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.settled {
            self.ledger.close(&self.scopes, self.worst, Spend::default());
        }
    }
}

fn larger(a: Spend, b: Spend) -> Spend {
    Spend {
        usd: a.usd.max(b.usd),
        tokens_in: a.tokens_in.max(b.tokens_in),
        tokens_out: a.tokens_out.max(b.tokens_out),
        calls: a.calls.max(b.calls),
    }
}

fn less(a: Spend, b: Spend) -> Spend {
    Spend {
        usd: a.usd.less(b.usd),
        tokens_in: a.tokens_in.saturating_sub(b.tokens_in),
        tokens_out: a.tokens_out.saturating_sub(b.tokens_out),
        calls: a.calls.saturating_sub(b.calls),
    }
}

fn reached(scope: &BudgetScope, so_far: Spend, worst: Spend) -> ModelError {
    let money = |amount: MicroUsd| amount.to_string();
    let mut parts = Vec::new();
    if let Some(limit) = scope.limit.usd {
        parts.push(format!(
            "{} of {} spent or reserved, and this call may cost {}",
            money(so_far.usd),
            money(limit),
            money(worst.usd)
        ));
    }
    if let Some(limit) = scope.limit.tokens {
        parts.push(format!(
            "{} of {limit} tokens used or reserved, and this call may take {}",
            so_far.tokens(),
            worst.tokens()
        ));
    }
    ModelError::BudgetReached { scope: scope.name.clone(), detail: parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(count: u64) -> Spend {
        Spend { tokens_in: count, calls: u64::from(count > 0), ..Spend::default() }
    }

    fn scope(name: &str, limit: u64, spent: u64) -> BudgetScope {
        BudgetScope {
            name: name.into(),
            limit: Budget { usd: None, tokens: Some(limit) },
            spent: tokens(spent),
        }
    }

    #[test]
    fn two_reservations_cannot_both_pass_a_budget_that_fits_one() {
        let ledger = Arc::new(Ledger::new());
        let first = ledger.reserve(&[scope("run:a", 100, 0)], tokens(60)).unwrap();
        let refused = ledger.reserve(&[scope("run:a", 100, 0)], tokens(60)).unwrap_err();
        assert!(matches!(&refused, ModelError::BudgetReached { scope, .. } if scope == "run:a"), "{refused}");
        first.settle(tokens(10));
        assert!(ledger.reserve(&[scope("run:a", 100, 0)], tokens(60)).is_ok());
    }

    #[test]
    fn what_is_released_or_refused_leaves_no_trace_in_any_scope() {
        let ledger = Arc::new(Ledger::new());
        let both = [scope("run:a", 100, 0), scope("ticket:t", 50, 0)];
        assert!(ledger.reserve(&both, tokens(60)).is_err());
        drop(ledger.reserve(&both, tokens(50)).unwrap());
        assert!(ledger.reserve(&both, tokens(50)).is_ok());
        assert_eq!(ledger.spent("run:a"), Spend::default());
    }

    #[test]
    fn of_the_callers_figure_and_ones_own_the_larger_counts() {
        let ledger = Arc::new(Ledger::new());
        ledger.reserve(&[scope("run:a", 100, 0)], tokens(40)).unwrap().settle(tokens(40));
        assert!(
            ledger.reserve(&[scope("run:a", 100, 0)], tokens(70)).is_err(),
            "a stale figure does not help"
        );
        assert!(ledger.reserve(&[scope("run:a", 100, 40)], tokens(60)).is_ok(), "nothing is counted twice");
        assert!(ledger.reserve(&[scope("run:a", 100, 90)], tokens(20)).is_err());
    }

    #[test]
    fn a_call_that_would_spend_the_last_cent_passes_and_one_more_millionth_does_not() {
        let ledger = Arc::new(Ledger::new());
        let costs = |usd: u64| Spend { usd: MicroUsd(usd), calls: 1, ..Spend::default() };
        let scope = BudgetScope {
            name: "run:a".into(),
            limit: Budget { usd: Some(MicroUsd(100)), tokens: None },
            spent: Spend::default(),
        };
        let scopes = [scope];
        let refused = ledger.reserve(&scopes, costs(101)).unwrap_err();
        assert!(refused.to_string().contains("may cost $0.0001"), "{refused}");
        ledger.reserve(&scopes, costs(100)).unwrap().settle(costs(100));
        assert!(ledger.reserve(&scopes, costs(1)).is_err());
        assert_eq!(ledger.spent("run:a").usd, MicroUsd(100));
    }

    #[test]
    fn a_scope_that_is_forgotten_while_a_call_is_under_way_does_not_come_back() {
        let ledger = Arc::new(Ledger::new());
        let under_way = ledger.reserve(&[scope("run:a", 100, 0)], tokens(60)).unwrap();
        ledger.forget("run:a");
        under_way.settle(tokens(60));
        assert_eq!(ledger.spent("run:a"), Spend::default());
    }

    #[test]
    fn scopes_without_a_call_under_way_are_forgotten_when_there_are_too_many() {
        let ledger = Arc::new(Ledger::new());
        let kept = ledger.reserve(&[scope("kept", 100, 0)], tokens(1)).unwrap();
        for number in 0..=MAX_SCOPES {
            ledger.reserve(&[scope(&format!("run:{number}"), 100, 0)], tokens(1)).unwrap().settle(tokens(1));
        }
        assert!(ledger.lock().len() <= MAX_SCOPES);
        kept.settle(tokens(1));
        assert_eq!(ledger.spent("kept"), tokens(1));
    }
}
