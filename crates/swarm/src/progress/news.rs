//! An event as one line of words: for terminals that are none, and for `swarm run logs`.

use swarm_domain::{
    CommitId, Event, EventBody, NodeId, RunId, TicketId,
    attempt::AttemptOutcome,
    budget::{Budget, Spend},
    cache::CacheOutcome,
    claim::Returned,
    event::CheckStage,
    finding::{Finding, FindingCode},
    gate::{CheckReport, Outcome, Verdict},
    hunk::HunkEvidence,
    network::{NetworkDecision, NetworkUse},
    quality::Measures,
    quota::{Period, Quota},
    run::RunState,
    ticket::TicketState,
};

use super::{
    identity, people,
    text::{plain, tokens},
};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// For those who look closely.
    Detail,
    /// For everybody who waits.
    Main,
}

/// What happened, in words.
pub(crate) fn news(event: &Event) -> (Weight, String) {
    let (weight, words) = words(&event.body);
    let about = event.subject.attempt.as_ref().map(ToString::to_string);
    let about = about.or_else(|| event.subject.ticket.as_ref().map(ToString::to_string));
    let words = plain(&words);
    match about {
        Some(about) => (weight, format!("{about}  {words}")),
        None => (weight, words),
    }
}

fn carried(from: &RunId, commit: &CommitId) -> String {
    format!("holds as it is: carried from {from}, {}", short(commit.as_str()))
}

#[allow(clippy::too_many_lines, reason = "an arm for each kind of event")]
fn words(body: &EventBody) -> (Weight, String) {
    use Weight::{Detail, Main};
    match body {
        EventBody::ProjectAdded { project, repo } => (Detail, format!("project {project} is {repo}")),
        EventBody::SpecAdded { id, spec, .. } => {
            (Detail, format!("spec {id}: {}, {} requirements", spec.title, spec.requirements.len()))
        }
        EventBody::PlanRequested { plan, .. } => (Detail, format!("plan {plan} was asked for")),
        EventBody::PlanProposed { plan } => {
            (Main, format!("plan {} has {} tickets, drawn up by {}", plan.id, plan.tickets.len(), plan.model))
        }
        EventBody::PlanFailed { problem, .. } => (Main, format!("no plan: {problem}")),
        EventBody::RunStarted { plan, .. } => (Main, format!("run of {plan} began")),
        EventBody::RunBased { base, base_branch, branch } => {
            (Main, format!("works on branch {branch}, from {base_branch} at {}", short(base.as_str())))
        }
        EventBody::RunStateChanged { to } => (Main, run_state(to)),
        EventBody::RunBudgetChanged { budget } => (Main, new_budget(*budget)),
        EventBody::TicketStateChanged { to } => ticket_state(to),
        EventBody::AttemptStarted { number, agent, model, rung, choice, .. } => {
            let why = choice.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            (Main, format!("attempt {number} by {agent} with {model}, sandbox {rung}{why}"))
        }
        EventBody::TicketHeld { behind, why } => {
            (Main, format!("is held back until {behind} is merged: {why}"))
        }
        EventBody::WorkOffered { labels, .. } => (Detail, offered(labels)),
        EventBody::WorkClaimed { worker, .. } => (Main, format!("held by worker {worker}")),
        EventBody::WorkReturned { worker, how, spend, .. } => returned(worker.as_str(), *how, *spend),
        EventBody::ClaimExpired { worker, .. } => {
            (Main, format!("worker {worker} gave no sign of life; another may take it"))
        }
        EventBody::AttemptFinished { outcome, .. } => attempt(outcome),
        EventBody::ModelCalled { agent, model, spend, millis, recorded, cache, .. } => {
            (Detail, asked(agent, model, *spend, *millis, *recorded, *cache))
        }
        EventBody::ToolCalled { tool, about, overdue: true, network, .. } => {
            (Main, format!("{tool} {about}: ended at the deadline of its kind{}", reached(network)))
        }
        EventBody::ToolCalled { tool, about, ok, network, .. } => {
            (Detail, format!("{tool} {about}{}{}", if *ok { "" } else { ": failed" }, reached(network)))
        }
        EventBody::SandboxTakenOver { .. }
        | EventBody::SandboxCommandRun { .. }
        | EventBody::SandboxHandedBack { .. }
        | EventBody::SandboxStopped { .. }
        | EventBody::SandboxSnapshotTaken { .. }
        | EventBody::SandboxForked { .. } => sandbox(body),
        EventBody::CheckRun { stage, requirement, command, passed, ended, millis, .. } => {
            let on = if *stage == CheckStage::Merge { "merged with the rest, " } else { "" };
            let (weight, how) = if *passed { (Detail, "holds") } else { (Main, "does not hold") };
            (weight, format!("{on}{requirement} {how}: {command} ({ended}, {millis} ms)"))
        }
        EventBody::TestsProbed { mutants, killed, survived, .. } => {
            (Detail, probed(*mutants, *killed, survived.first().map(String::as_str)))
        }
        EventBody::HunksTried { evidence } => (Detail, missed(evidence)),
        EventBody::ChangeJudged { checks, .. } => judged(checks),
        EventBody::CodeMeasured { measures, .. } => (Detail, measured(measures)),
        EventBody::AttemptStuck { began, ended, why, taken_back } => stuck(*began, *ended, why, *taken_back),
        EventBody::FindingRaised { finding } => found(finding),
        EventBody::Committed { commit, files, added, removed } => {
            (Detail, format!("committed {}: {files} files, +{added} -{removed}", short(commit.as_str())))
        }
        EventBody::Clashed { with, mended, .. } => (Main, clashed(with, *mended)),
        EventBody::Merged { commit, requirements, partial, .. } => {
            let served: Vec<_> = requirements.iter().map(ToString::to_string).collect();
            let part = if *partial { "a part is " } else { "" };
            (Main, format!("{part}merged as {}: {}", short(commit.as_str()), served.join(", ")))
        }
        EventBody::TicketCarried { from, commit } => (Main, carried(from, commit)),
        EventBody::TicketReopened { by } => (Main, format!("does not hold on top of {by}: reopened")),
        EventBody::SurveyAsked { survey, what } => (Detail, format!("{survey} began: {}", what.name())),
        EventBody::SurveyEnded { survey, outcome } => (Main, format!("{survey}: {outcome}")),
        EventBody::PullRequestOpened { reference, title, .. } => {
            (Main, format!("pull request {reference}: {title}"))
        }
        EventBody::NodeJoined { node, token, host, .. } => {
            (Detail, format!("{node} began to work, on {host} (token {token})"))
        }
        EventBody::NodeLost { node, by, moved, .. } => (Main, lost(node, by, *moved)),
        EventBody::NodeLeft { node, moved, .. } => {
            (Detail, format!("{node} left, and handed {moved} workflows to the others"))
        }
        EventBody::SecretSet { .. }
        | EventBody::SecretRotated { .. }
        | EventBody::SecretRemoved { .. }
        | EventBody::SecretUsed { .. }
        | EventBody::SecretsRekeyed { .. } => (Detail, secret(body)),
        EventBody::StepFailed { step, code, failed, again_in, .. } => {
            (Detail, format!("{step} failed ({failed}): {code}, {}", again(*again_in)))
        }
        EventBody::AlertRaised { alert, words, .. } => (Main, format!("alert {alert}: {words}")),
        EventBody::AlertEnded { alert, .. } => (Main, format!("alert {alert} ended")),
        EventBody::QuotaSet { .. }
        | EventBody::AuditRead { .. }
        | EventBody::HoldSet { .. }
        | EventBody::HoldLifted { .. }
        | EventBody::ContentsPurged { .. } => record(body),
        EventBody::UserAdded { .. }
        | EventBody::UserVerified { .. }
        | EventBody::UserRoleChanged { .. }
        | EventBody::UserDisabled { .. }
        | EventBody::PasswordChanged { .. }
        | EventBody::IdentityLinked { .. }
        | EventBody::IdentityUnlinked { .. }
        | EventBody::SecondFactorSet { .. }
        | EventBody::SecondFactorRemoved { .. }
        | EventBody::RecoveryCodesMade { .. }
        | EventBody::RecoveryCodeUsed { .. }
        | EventBody::PasskeyAdded { .. }
        | EventBody::PasskeyRemoved { .. }
        | EventBody::UserInvited { .. }
        | EventBody::InvitationWithdrawn { .. }
        | EventBody::SessionBegun { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::KeyMade { .. }
        | EventBody::KeyRotated { .. }
        | EventBody::KeyRevoked { .. }
        | EventBody::AccessDenied { .. } => (Detail, identity::words(body)),
        EventBody::BudgetReached { scope, detail } => {
            (Main, format!("the budget of the {scope} is reached: {detail}"))
        }
        EventBody::InterruptRaised { .. }
        | EventBody::InterruptRouted { .. }
        | EventBody::InterruptAnswered { .. }
        | EventBody::InterruptDelegated { .. }
        | EventBody::InterruptReminded { .. }
        | EventBody::InterruptEscalated { .. }
        | EventBody::InterruptExpired { .. } => people::words(body),
        EventBody::PersonAsked { what, reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            (Main, format!("a person asked to {what}{why}"))
        }
    }
}

fn probed(mutants: u32, killed: u32, survivor: Option<&str>) -> String {
    let first = survivor.map(|one| format!("; unnoticed: {one}")).unwrap_or_default();
    format!("{killed} of {mutants} faults made on purpose were noticed{first}")
}

fn missed(evidence: &HunkEvidence) -> String {
    let left = if evidence.left > 0 { format!(", {} not tried", evidence.left) } else { String::new() };
    format!(
        "without its parts, one at a time: {} of {} are missed by a command{left}",
        evidence.missed(),
        evidence.hunks.len()
    )
}

fn lost(node: &NodeId, by: &NodeId, moved: u64) -> String {
    format!("{node} gave no sign of life: {by} handed {moved} workflows to the others")
}

/// When a step that failed is tried again.
fn again(millis: Option<u64>) -> String {
    millis.map_or_else(
        || "not tried again".to_owned(),
        |millis| format!("again in {}.{} s", millis / 1_000, millis % 1_000 / 100),
    )
}

/// The hosts that a command asked for, in a few words.
fn reached(network: &[NetworkUse]) -> String {
    const MOST: usize = 4;
    let mut words: Vec<_> = network
        .iter()
        .take(MOST)
        .map(|one| match one.decision {
            NetworkDecision::Allowed => format!("{} ({})", one.host, one.requests),
            decision => format!("{} ({}, {decision})", one.host, one.requests),
        })
        .collect();
    if network.len() > MOST {
        words.push(format!("{} more", network.len() - MOST));
    }
    if words.is_empty() { String::new() } else { format!("; asked for {}", words.join(", ")) }
}

fn asked(
    agent: &str,
    model: &str,
    spend: Spend,
    millis: u64,
    recorded: bool,
    cache: Option<CacheOutcome>,
) -> String {
    let how = match cache {
        Some(CacheOutcome::Hit { saved }) => {
            return format!("{agent} has the answer of {model} from the cache: saved {}", saved.usd);
        }
        Some(CacheOutcome::Differed) => ", and it differs from the cache",
        _ if recorded => ", recorded",
        _ => "",
    };
    format!("{agent} asked {model}: {} tokens, {}, {millis} ms{how}", tokens(spend.tokens()), spend.usd)
}

fn clashed(with: &[TicketId], mended: bool) -> String {
    let with: Vec<_> = with.iter().map(ToString::to_string).collect();
    let how = if mended { "a neutral fixer made both fit" } else { "it goes back to its author" };
    format!("clashes with {}: {how}", with.join(", "))
}

/// What people did with sandboxes.
fn sandbox(body: &EventBody) -> (Weight, String) {
    use Weight::{Detail, Main};
    match body {
        EventBody::SandboxTakenOver { sandbox } => {
            (Main, format!("a person took over {sandbox}; the work waits"))
        }
        EventBody::SandboxCommandRun { sandbox, command, ended, .. } => {
            (Detail, format!("a person ran in {sandbox}: {command} ({ended})"))
        }
        EventBody::SandboxHandedBack { sandbox, commands, why } => {
            (Main, format!("{sandbox} is {why}, after {commands} commands of a person"))
        }
        EventBody::SandboxStopped { sandbox } => (Main, format!("a person stopped {sandbox}")),
        EventBody::SandboxSnapshotTaken { sandbox, snapshot, position, memory, bytes, .. } => {
            let what = if *memory { "files and memory" } else { "files alone" };
            (Detail, format!("{snapshot} has {sandbox} as it was at event {position}: {what}, {bytes} bytes"))
        }
        EventBody::SandboxForked { sandbox, snapshot } => {
            (Detail, format!("{sandbox} was made from {snapshot}"))
        }
        _ => (Detail, String::new()),
    }
}

fn record(body: &EventBody) -> (Weight, String) {
    match body {
        EventBody::AuditRead { how, filter, count } => {
            (Weight::Detail, format!("the record was read ({}): {filter}, {count} events", how.name()))
        }
        EventBody::QuotaSet { scope, quota: Some(quota) } => {
            (Weight::Main, format!("the quota of {scope} is {}", limits(quota)))
        }
        EventBody::QuotaSet { scope, quota: None } => {
            (Weight::Main, format!("the quota of {scope} was lifted"))
        }
        EventBody::HoldSet { hold, scope, reason } => {
            (Weight::Main, format!("legal hold {hold} keeps {scope}: {reason}"))
        }
        EventBody::HoldLifted { hold, reason } => {
            (Weight::Main, format!("legal hold {hold} was lifted: {reason}"))
        }
        EventBody::ContentsPurged { before, runs, contents, bytes, .. } => {
            let before = before.format("%Y-%m-%d");
            (
                Weight::Main,
                format!("{contents} contents of {runs} runs from before {before} were purged, {bytes} bytes"),
            )
        }
        _ => (Weight::Detail, String::new()),
    }
}

fn limits(quota: &Quota) -> String {
    let per = match quota.per {
        Period::Ever => "in all".to_owned(),
        period => format!("a {}", period.name()),
    };
    let usd = quota.budget.usd.map(|usd| format!("{usd} {per}"));
    let tokens = quota.budget.tokens.map(|tokens| format!("{tokens} tokens {per}"));
    let runs = quota.runs.map(|runs| format!("{runs} runs at once"));
    [usd, tokens, runs].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn secret(body: &EventBody) -> String {
    match body {
        EventBody::SecretSet { secret, version, hosts, .. } => {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            format!("secret {secret} was set (version {version}), for {}", hosts.join(", "))
        }
        EventBody::SecretRotated { secret, version, window_seconds, .. } => {
            format!("secret {secret} has version {version} now; the old one counts {window_seconds} s more")
        }
        EventBody::SecretRemoved { secret } => format!("secret {secret} was removed"),
        EventBody::SecretUsed { secret, version, host } => {
            format!("secret {secret} (version {version}) was sent to {host}")
        }
        EventBody::SecretsRekeyed { values, .. } => format!("{values} secrets were sealed with a new key"),
        _ => String::new(),
    }
}

fn offered(labels: &[String]) -> String {
    if labels.is_empty() {
        "waits for a worker".to_owned()
    } else {
        format!("waits for a worker with {}", labels.join(", "))
    }
}

/// What a worker says that it spent is its own word.
fn returned(worker: &str, how: Returned, spend: Spend) -> (Weight, String) {
    let spent = match spend.calls {
        0 => String::new(),
        calls => {
            let calls = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
            format!("; it reports {calls}, {} tokens, {}", tokens(spend.tokens()), spend.usd)
        }
    };
    match how {
        Returned::Done => (Weight::Detail, format!("worker {worker} returned its work{spent}")),
        Returned::Failed => (Weight::Main, format!("worker {worker} could not do it{spent}")),
        Returned::GivenBack => (Weight::Main, format!("worker {worker} gave it back{spent}")),
    }
}

fn new_budget(budget: Budget) -> String {
    let limits =
        [budget.usd.map(|usd| usd.to_string()), budget.tokens.map(|n| format!("{} tokens", tokens(n)))];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    format!(
        "the run may spend {} now",
        if limits.is_empty() { "without limit".to_owned() } else { limits.join(", ") }
    )
}

/// What a gate only warns of is seen nowhere else; what blocks comes as a finding.
fn judged(checks: &[CheckReport]) -> (Weight, String) {
    let warned: Vec<_> = checks.iter().filter(|check| check.verdict() == Verdict::Warned).collect();
    if warned.is_empty() {
        let skipped = checks.iter().filter(|check| matches!(check.outcome, Outcome::Skipped { .. }));
        let skipped: Vec<_> = skipped.map(|check| check.check.name()).collect();
        let rest =
            if skipped.is_empty() { String::new() } else { format!(", skipped: {}", skipped.join(", ")) };
        return (Weight::Detail, format!("the change was read by {} checks{rest}", checks.len()));
    }
    let words = warned.iter().filter_map(|check| check.findings.first().map(|first| (check, first)));
    let words: Vec<_> =
        words.map(|(check, first)| format!("{} {}: {}", check.tool, check.words(), first.detail)).collect();
    (Weight::Main, format!("warning: {}", words.join("; ")))
}

fn stuck(began: u32, ended: u32, why: &str, taken_back: bool) -> (Weight, String) {
    let end = if taken_back { "taken back to before it" } else { "that was its end" };
    (Weight::Main, format!("leads nowhere since step {began}: {why} (seen at step {ended}); {end}"))
}

/// What was measured of the code, the worst by name.
fn measured(measures: &Measures) -> String {
    let worst = measures.worst_at.as_ref().map(|at| format!(", the worst {} at {at}", measures.worst));
    let clone = measures.clone_at.as_ref().map(|at| format!("; {at}"));
    format!(
        "measured: {} lines, {} functions ({} complex{}), {} of {} tokens are there already{}",
        measures.lines,
        measures.functions,
        measures.complex,
        worst.unwrap_or_default(),
        measures.duplicated,
        measures.tokens,
        clone.unwrap_or_default(),
    )
}

/// What a command was found to do wrong stands in the line before, where the command was said not to hold.
fn found(finding: &Finding) -> (Weight, String) {
    use FindingCode::{AcceptanceFailed, AcceptanceLimit, MergeRed};
    let said_already = matches!(finding.code, AcceptanceFailed | AcceptanceLimit | MergeRed);
    let weight = if said_already && finding.requirement.is_some() { Weight::Detail } else { Weight::Main };
    (weight, format!("found {}: {}", finding.code, finding.detail))
}

fn run_state(to: &RunState) -> String {
    match to {
        RunState::Running => "the run goes on".to_owned(),
        RunState::Done => "the run is done: every ticket is merged".to_owned(),
        RunState::NeedsPerson { problem } => format!("the run needs a person: {problem}; {}", problem.next),
        RunState::Cancelled => "the run was cancelled".to_owned(),
    }
}

fn ticket_state(to: &TicketState) -> (Weight, String) {
    match to {
        TicketState::NeedsPerson { problem } => {
            (Weight::Main, format!("needs a person: {problem}; {}", problem.next))
        }
        TicketState::Cancelled => (Weight::Main, "given up".to_owned()),
        other => (Weight::Detail, format!("is {}", other.name())),
    }
}

fn attempt(outcome: &AttemptOutcome) -> (Weight, String) {
    match outcome {
        AttemptOutcome::Accepted => (Weight::Main, "accepted: every acceptance command passed".to_owned()),
        AttemptOutcome::Rejected { findings } => {
            (Weight::Main, format!("rejected with {} findings", findings.len()))
        }
        AttemptOutcome::Failed { problem } => (Weight::Main, format!("failed: {problem}")),
    }
}

/// A commit's name as people quote it.
fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
