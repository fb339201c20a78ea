//! What a build came to, as lines that can be counted and compared.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;
use swarm_domain::RequirementId;

use super::{
    Outcome,
    slot::{Slot, said},
};
use crate::world::git;

/// Lines with how often each is true. Times, ids that are made anew each time, and the order of merges are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub lines: BTreeMap<String, usize>,
    /// The name of the run's branch in the repository.
    pub branch: String,
    /// What each commit of the merge train fulfilled, as the log has it.
    pub merges: BTreeMap<String, Vec<RequirementId>>,
}

/// What is missing in a build beside another, and what is there too often.
#[derive(Debug, Default)]
pub struct Difference {
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
}

impl Facts {
    pub async fn read(slot: &Slot, conn: &mut PgConnection) -> Outcome<Self> {
        let runs: Vec<(String, String, i64, i64, i64, i64)> =
            sqlx::query_as("SELECT id, state, usd, tokens_in, tokens_out, calls FROM swarm.runs")
                .fetch_all(&mut *conn)
                .await
                .map_err(said)?;
        let [(run, state, usd, tokens_in, tokens_out, calls)] = runs.as_slice() else {
            return Err(format!("{} runs", runs.len()));
        };
        let mut facts = Self { branch: format!("swarm/{run}"), ..Self::default() };
        facts.add(format!("run {state}, paid {usd} for {tokens_in}+{tokens_out} tokens in {calls} calls"));
        let tickets: Vec<(String, String)> = sqlx::query_as("SELECT id, state FROM swarm.tickets")
            .fetch_all(&mut *conn)
            .await
            .map_err(said)?;
        for (ticket, state) in tickets {
            facts.add(format!("ticket {ticket} is {state}"));
        }
        let events: Vec<String> = sqlx::query_scalar("SELECT text FROM swarm.events ORDER BY seq")
            .fetch_all(&mut *conn)
            .await
            .map_err(said)?;
        for event in events {
            let event: Value = serde_json::from_str(&event).map_err(said)?;
            let body = &event["body"];
            if let (Some("merged"), Some(commit)) = (body["type"].as_str(), body["commit"].as_str()) {
                let requirements = serde_json::from_value(body["requirements"].clone()).map_err(said)?;
                facts.merges.insert(commit.to_owned(), requirements);
            }
            if let Some(line) = line(&event) {
                facts.add(line);
            }
        }
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')",
        )
        .fetch_one(&mut *conn)
        .await
        .map_err(said)?;
        facts.add(format!("{open} workflows are open"));
        facts.read_branch(slot);
        Ok(facts)
    }

    fn read_branch(&mut self, slot: &Slot) {
        let repo = slot.repo();
        let log = ["log", "--first-parent", "--format=%s | %(trailers:key=Ticket,valueonly,separator=%x2c)"];
        let range = format!("main..{}", self.branch);
        let commits = git(&repo, &[&log[..], &[&range]].concat());
        for commit in commits.lines() {
            self.add(format!("on the branch: {commit}"));
        }
        let tree = git(&repo, &["rev-parse", &format!("{}^{{tree}}", self.branch)]);
        self.add(format!("the tree is {tree}"));
        let branches = git(&repo, &["for-each-ref", "--format=x"]);
        self.add(format!("{} branches", branches.lines().count()));
    }

    fn add(&mut self, line: String) {
        *self.lines.entry(line).or_default() += 1;
    }

    /// How this build differs from one that nobody disturbed.
    pub fn beside(&self, undisturbed: &Self) -> Difference {
        let mut difference = Difference::default();
        for line in self.lines.keys().chain(undisturbed.lines.keys().filter(|l| !self.lines.contains_key(*l)))
        {
            let of = |facts: &Self| facts.lines.get(line).copied().unwrap_or_default();
            let (here, there) = (of(self), of(undisturbed));
            let change = format!("{line} ({here} times instead of {there})");
            match here.cmp(&there) {
                std::cmp::Ordering::Less => difference.lost.push(change),
                std::cmp::Ordering::Greater => difference.doubled.push(change),
                std::cmp::Ordering::Equal => {}
            }
        }
        difference
    }
}

impl Difference {
    pub fn is_none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty()
    }
}

/// What an event says that must be said just as often in each build. How often the merge train runs a check depends on
/// who comes first, so those are left out; so is what tells of nodes.
fn line(event: &Value) -> Option<String> {
    let (body, subject) = (&event["body"], &event["subject"]);
    let about = subject["attempt"].as_str().or(subject["ticket"].as_str()).unwrap_or("the run");
    let kind = body["type"].as_str()?;
    let text = |name: &str| body[name].to_string();
    let detail = match kind {
        "plan_requested"
        | "plan_proposed"
        | "run_started"
        | "run_based"
        | "attempt_started"
        | "merged"
        | "pull_request_opened"
        | "plan_failed"
        | "code_measured"
        | "budget_reached" => String::new(),
        "run_state_changed" | "ticket_state_changed" => body["to"]["state"].to_string(),
        "attempt_finished" => body["outcome"]["outcome"].to_string(),
        "model_called" => format!("{} {} {}", text("agent"), text("model"), text("spend")),
        "tool_called" => format!("{} {} {}", text("tool"), text("about"), text("ok")),
        "check_run" if body["stage"] == "validation" => format!("{} {}", text("command"), text("passed")),
        "finding_raised" => body["finding"]["code"].to_string(),
        "committed" => format!("{} files, +{} -{}", body["files"], body["added"], body["removed"]),
        _ => return None,
    };
    // An attempt's state is its ticket's.
    let about =
        if kind == "ticket_state_changed" { subject["ticket"].as_str().unwrap_or(about) } else { about };
    Some(format!("{kind} {about} {detail}"))
}
