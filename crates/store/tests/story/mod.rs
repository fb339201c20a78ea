//! A small story that touches every kind of event: two requirements, two tickets, one merged and one given up.

// Each test program uses a part of it.
use swarm_domain::{
    Actor, AttemptId, BlobHash, ClaimId, CommitId, EventBody, HoldId, IdempotencyKey, InterruptId, MicroUsd,
    NewEvent, NodeId, PlanId, Problem, ProjectId, RequirementId, RunId, SandboxId, SecretName, SnapshotId,
    SpecId, Subject, SurveyId, TenantId, TicketId,
    agent::Capability,
    alert::AlertKind,
    attempt::{AttemptOutcome, Rung},
    audit::{HoldScope, Reading},
    budget::{Budget, Spend},
    choice::ChoiceReason,
    claim::Returned,
    estimate::Estimate,
    event::CheckStage,
    finding::{Finding, FindingCode},
    hunk::{HunkEvidence, Missed, TriedHunk},
    identity::{
        EmailAddress, ExternalId, InvitationId, Joined, KeyId, KeyName, PasskeyId, ProviderName, Role, Scope,
        SessionEnd, SessionId, UserId,
    },
    interrupt::{
        ActionRequest, Escalation, HumanInterrupt, HumanResponse, Interrupt, InterruptKind, OnExpiry, Terms,
    },
    lease::FencingToken,
    network::{NetworkDecision, NetworkUse},
    notification::Routed,
    plan::Plan,
    quality::Measures,
    quota::{Quota, QuotaScope},
    run::{RunOptions, RunState},
    sandbox::HandedBack,
    secret::{Placement, Reference, SecretHost, SecretId},
    spec::{Acceptance, Requirement, Spec},
    survey::{Survey, SurveyOutcome},
    ticket::{Risk, Ticket, TicketCheck, TicketState},
};

pub fn tenant() -> TenantId {
    TenantId::local()
}

pub fn project() -> ProjectId {
    ProjectId::parse("textstat").unwrap()
}

pub fn spec_id() -> SpecId {
    SpecId::parse("spec_1").unwrap()
}

pub fn plan_id() -> PlanId {
    PlanId::parse("plan_1").unwrap()
}

pub fn run_id() -> RunId {
    RunId::parse("run_1").unwrap()
}

pub fn requirement_id(number: u32) -> RequirementId {
    RequirementId::parse(format!("REQ-{number}")).unwrap()
}

pub fn ticket_id(number: u32) -> TicketId {
    TicketId::parse(format!("T-{number}")).unwrap()
}

pub fn claim() -> ClaimId {
    ClaimId::of(&run_id(), &AttemptId::of(&ticket_id(1), 2))
}

pub fn worker() -> NodeId {
    NodeId::parse("far-away").unwrap()
}

pub fn commit(letter: char) -> CommitId {
    CommitId::parse(letter.to_string().repeat(40)).unwrap()
}

pub fn event(key: &str, subject: Subject, body: EventBody) -> NewEvent {
    NewEvent {
        tenant: tenant(),
        actor: Actor::System { part: "scheduler".to_owned() },
        subject,
        key: IdempotencyKey::of(&[key]),
        correlation: None,
        body,
    }
}

pub fn of_project() -> Subject {
    Subject { project: Some(project()), ..Subject::default() }
}

pub fn of_run() -> Subject {
    Subject { run: Some(run_id()), ..of_project() }
}

pub fn of_ticket(number: u32) -> Subject {
    Subject { ticket: Some(ticket_id(number)), ..of_run() }
}

pub fn of_attempt(ticket: u32, number: u32) -> Subject {
    Subject { attempt: Some(AttemptId::of(&ticket_id(ticket), number)), ..of_ticket(ticket) }
}

/// An event that may stand anywhere in a log.
pub fn asked(key: &str, reason: &str) -> NewEvent {
    let body = EventBody::PersonAsked { what: "cancel".to_owned(), reason: reason.to_owned() };
    event(key, Subject::default(), body)
}

/// An alert that begins.
pub fn alert_raised(key: &str) -> NewEvent {
    let words = "3 steps failed".to_owned();
    let body = EventBody::AlertRaised { alert: AlertKind::SandboxFailures, value: 3, bound: 3, words };
    event(key, Subject::default(), body)
}

fn acceptance(number: u32) -> Acceptance {
    Acceptance {
        command: format!("python3 -m textstat {number}"),
        exit: 0,
        stdout: Some("3\n".to_owned()),
        stderr_contains: None,
        line: number,
    }
}

pub fn spec() -> Spec {
    let requirement = |number| Requirement {
        id: requirement_id(number),
        title: format!("Counts words, part {number}"),
        text: "It counts \u{1f600} words\nand lines.".to_owned(),
        line: number,
        depends_on: Vec::new(),
        files: Vec::new(),
        acceptance: vec![acceptance(number)],
    };
    Spec {
        title: "textstat".to_owned(),
        overview: String::new(),
        requirements: vec![requirement(1), requirement(2)],
        fixtures: Vec::new(),
        not_understood: Vec::new(),
    }
}

pub fn plan() -> Plan {
    let ticket = |number| Ticket {
        id: ticket_id(number),
        title: format!("Count words, part {number}"),
        description: String::new(),
        requirements: vec![requirement_id(number)],
        touches: vec!["textstat/**".to_owned()],
        depends_on: Vec::new(),
        acceptance: vec![TicketCheck { requirement: requirement_id(number), check: acceptance(number) }],
        budget: Budget::default(),
        risk: Risk::Low,
        capability: Capability::Code,
    };
    Plan {
        id: plan_id(),
        spec: spec_id(),
        tickets: vec![ticket(1), ticket(2)],
        estimate: Estimate::default(),
        model: "scripted/one".to_owned(),
    }
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn user_added(id: &str, email: &str, role: Role) -> EventBody {
    let email = EmailAddress::parse(email).unwrap();
    EventBody::UserAdded { user: user(id), email, role, how: Joined::Registered, invitation: None }
}

fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).unwrap()
}

fn linked(id: &str, name: &str) -> EventBody {
    let external = ExternalId::of(&format!("https://{name}.example.org"), "248289761001").unwrap();
    EventBody::IdentityLinked { user: user(id), provider: provider(name), external }
}

fn far_away() -> chrono::DateTime<chrono::Utc> {
    "2126-11-22T00:00:00Z".parse().unwrap()
}

pub fn secret(name: &str) -> SecretId {
    SecretId { name: SecretName::parse(name).unwrap(), project: Some(project()) }
}

/// A person gets other ways in, and gives some up.
fn ways_in() -> Vec<NewEvent> {
    let (who, passkey) = (user("user_1"), PasskeyId::parse("passkey_1").unwrap());
    let of_nothing = |key: &str, body| event(key, Subject::default(), body);
    let added =
        EventBody::PasskeyAdded { user: who.clone(), passkey: passkey.clone(), name: "phone".to_owned() };
    vec![
        of_nothing("link 1", linked("user_1", "corp")),
        of_nothing("link 2", linked("user_1", "github")),
        of_nothing("passkey 1", added),
        of_nothing("passkey 2", EventBody::PasskeyRemoved { user: who.clone(), passkey }),
        of_nothing("link 3", EventBody::IdentityUnlinked { user: who, provider: provider("github") }),
    ]
}

/// A person looks into a sandbox, and makes another one of it.
fn around_a_sandbox() -> Vec<NewEvent> {
    let sandbox = |name: &str| SandboxId::parse(name).unwrap();
    let snapshot = SnapshotId::parse("snapshot_1").unwrap();
    let (first, second) = (sandbox("vm_1"), sandbox("vm_2"));
    let command = EventBody::SandboxCommandRun {
        sandbox: first.clone(),
        command: "ls".to_owned(),
        ended: "exit 0".to_owned(),
        exit_code: Some(0),
        output: BlobHash::of(b"{}"),
        millis: 12,
    };
    let taken = EventBody::SandboxSnapshotTaken {
        sandbox: first.clone(),
        snapshot: snapshot.clone(),
        position: 3,
        place: "/data/flows/vms/snapshots/snapshot_1".to_owned(),
        node: None,
        memory: true,
        bytes: 4096,
    };
    let back =
        EventBody::SandboxHandedBack { sandbox: first.clone(), commands: 1, why: HandedBack::LeaseEnded };
    vec![
        event("vm 1", of_attempt(1, 2), EventBody::SandboxTakenOver { sandbox: first.clone() }),
        event("vm 2", of_attempt(1, 2), command),
        event("vm 3", of_attempt(1, 2), taken),
        event("vm 4", of_attempt(1, 2), EventBody::SandboxForked { sandbox: second, snapshot }),
        event("vm 5", of_attempt(1, 2), back),
        event("vm 6", of_attempt(1, 2), EventBody::SandboxStopped { sandbox: first }),
    ]
}

fn secret_set(name: &str, version: u32) -> EventBody {
    EventBody::SecretSet {
        secret: secret(name),
        version,
        hosts: vec![SecretHost::parse("registry.example.org").unwrap()],
        placement: Placement::Bearer,
        reference: None,
        expires: None,
    }
}

pub fn call(usd: u64) -> EventBody {
    EventBody::ModelCalled {
        agent: "coder".to_owned(),
        model: "scripted/one".to_owned(),
        request: BlobHash::of(b"request"),
        reply: BlobHash::of(b"reply"),
        spend: Spend { usd: MicroUsd(usd), tokens_in: 100, tokens_out: 20, calls: 1 },
        millis: 12,
        recorded: true,
        cache: None,
    }
}

pub fn check(number: u32, stage: CheckStage, on: char, passed: bool) -> EventBody {
    EventBody::CheckRun {
        stage,
        requirement: requirement_id(number),
        command: acceptance(number).command,
        commit: commit(on),
        passed,
        ended: if passed { "exit 0" } else { "exit 1" }.to_owned(),
        output: BlobHash::of(b"3\n"),
        rung: Rung::Bubblewrap,
        millis: 7,
    }
}

fn without_its_hunk() -> HunkEvidence {
    let missed_by = vec![Missed { requirement: Some(requirement_id(1)), command: acceptance(1).command }];
    let hunk = TriedHunk { path: "src/a.rs".to_owned(), old_start: 0, new_start: 1, missed_by };
    HunkEvidence { commit: commit('b'), commands: 1, hunks: vec![hunk], left: 0, millis: 9 }
}

pub fn ticket_becomes(key: &str, number: u32, to: TicketState) -> NewEvent {
    event(key, of_ticket(number), EventBody::TicketStateChanged { to })
}

pub fn run_becomes(key: &str, to: RunState) -> NewEvent {
    event(key, of_run(), EventBody::RunStateChanged { to })
}

/// Up to a run that has just begun.
pub fn beginning() -> Vec<NewEvent> {
    let (spec_id, plan_id) = (spec_id(), plan_id());
    let failed = PlanId::parse("plan_0").unwrap();
    let problem = Problem::new("model.unreachable", "no answer", "try again");
    vec![
        event(
            "1",
            of_project(),
            EventBody::ProjectAdded { project: project(), repo: "/src/textstat".to_owned() },
        ),
        event(
            "2",
            of_project(),
            EventBody::SpecAdded {
                id: spec_id.clone(),
                text: BlobHash::of(b"# textstat"),
                spec: spec(),
                previous: None,
            },
        ),
        event(
            "3",
            of_project(),
            EventBody::PlanRequested { plan: failed.clone(), spec: spec_id.clone(), models: Vec::new() },
        ),
        event("4", of_project(), EventBody::PlanFailed { plan: failed, problem }),
        event(
            "5",
            of_project(),
            EventBody::PlanRequested {
                plan: plan_id.clone(),
                spec: spec_id,
                models: vec!["scripted/one".to_owned()],
            },
        ),
        event("6", of_project(), EventBody::PlanProposed { plan: plan() }),
        event("7", of_run(), EventBody::RunStarted { plan: plan_id, options: RunOptions::default() }),
    ]
}

/// What was measured of the attempt that was accepted.
pub fn measures() -> Measures {
    Measures {
        files: 1,
        lines: 9,
        functions: 2,
        worst: 4,
        worst_at: Some("a.py:3 count".to_owned()),
        tokens: 80,
        warnings: 1,
        ..Measures::default()
    }
}

/// A question about the second ticket, which time does to what these say, all in seconds after it was asked.
pub fn question(id: &str, remind: &[u64], escalate: Option<u64>, expire: Option<u64>) -> Interrupt {
    let kind = InterruptKind::DiffReview;
    let args = serde_json::json!({"files": 1});
    Interrupt {
        id: InterruptId::parse(id).unwrap(),
        kind,
        risk: Risk::High,
        why: vec!["schema: it changes a.sql".to_owned()],
        rules: vec!["schema".to_owned()],
        request: HumanInterrupt {
            action_request: ActionRequest { action: "merge_change".to_owned(), args },
            config: kind.config(),
            description: Some("A change.".to_owned()),
        },
        terms: Terms {
            people: vec!["ben".to_owned()],
            answers: 1,
            four_eyes: true,
            remind_seconds: remind.to_vec(),
            escalate: escalate
                .map(|after_seconds| Escalation { after_seconds, to: vec!["cleo".to_owned()] })
                .into_iter()
                .collect(),
            expire_seconds: expire,
            on_expiry: OnExpiry::Reject,
        },
        asked_by: vec!["ada".to_owned()],
        about: Vec::new(),
        commit: Some(commit('c')),
        text: None,
    }
}

/// What a person says.
pub fn said(key: &str, who: &str, subject: Subject, body: EventBody) -> NewEvent {
    NewEvent { actor: Actor::Person { name: who.to_owned() }, ..event(key, subject, body) }
}

pub fn answered(key: &str, who: &str, id: &str, response: HumanResponse) -> NewEvent {
    let interrupt = InterruptId::parse(id).unwrap();
    said(key, who, of_ticket(2), EventBody::InterruptAnswered { interrupt, response })
}

/// Questions, and all that can come of them.
fn asked_people() -> Vec<NewEvent> {
    let id = |id: &str| InterruptId::parse(id).unwrap();
    let raised = |interrupt: Interrupt| {
        event(
            &format!("{} raised", interrupt.id),
            of_ticket(2),
            EventBody::InterruptRaised { interrupt: Box::new(interrupt) },
        )
    };
    let to = "dora".to_owned();
    let routed = vec![Routed { person: "ben".to_owned(), why: vec!["named by schema".to_owned()] }];
    let escalated =
        EventBody::InterruptEscalated { interrupt: id("int_1"), number: 1, to: vec!["cleo".to_owned()] };
    vec![
        raised(question("int_1", &[0], Some(0), None)),
        event(
            "int_1 routed",
            of_ticket(2),
            EventBody::InterruptRouted { interrupt: id("int_1"), to: routed },
        ),
        event("int_1 escalated", of_ticket(2), escalated),
        event(
            "int_1 reminded",
            of_ticket(2),
            EventBody::InterruptReminded { interrupt: id("int_1"), number: 1 },
        ),
        said(
            "int_1 delegated",
            "cleo",
            of_ticket(2),
            EventBody::InterruptDelegated { interrupt: id("int_1"), to },
        ),
        answered("int_1 answered", "dora", "int_1", HumanResponse::words("Not so.")),
        raised(question("int_2", &[], None, Some(0))),
        event(
            "int_2 expired",
            of_ticket(2),
            EventBody::InterruptExpired { interrupt: id("int_2"), accepted: false },
        ),
        raised(question("int_3", &[], None, None)),
    ]
}

/// The record is read, kept and purged.
fn record() -> [NewEvent; 6] {
    let hold = HoldId::parse("case-1").unwrap();
    [
        event(
            "held",
            Subject::default(),
            EventBody::HoldSet {
                hold: hold.clone(),
                scope: HoldScope::Project { project: project() },
                reason: "asked for".to_owned(),
            },
        ),
        event(
            "quota",
            Subject::default(),
            EventBody::QuotaSet {
                scope: QuotaScope::Tenant,
                quota: Some(Quota { runs: Some(9), ..Quota::default() }),
            },
        ),
        event(
            "quota lifted",
            Subject::default(),
            EventBody::QuotaSet { scope: QuotaScope::Agent { agent: "idle".to_owned() }, quota: None },
        ),
        event("lifted", Subject::default(), EventBody::HoldLifted { hold, reason: "settled".to_owned() }),
        event(
            "read",
            Subject::default(),
            EventBody::AuditRead { how: Reading::Tail, filter: "everything".to_owned(), count: 3 },
        ),
        event(
            "purged",
            Subject::default(),
            EventBody::ContentsPurged {
                before: chrono::DateTime::UNIX_EPOCH,
                runs: 1,
                contents: 2,
                bytes: 30,
                list: BlobHash::of(b"list"),
            },
        ),
    ]
}

/// The whole story.
#[allow(clippy::too_many_lines, reason = "a list, to be read from top to bottom")]
pub fn whole() -> Vec<NewEvent> {
    let finding = Finding {
        code: FindingCode::AcceptanceFailed,
        detail: "it counts wrong".to_owned(),
        evidence: "2\n".to_owned(),
        hint: "Count the last word too.".to_owned(),
        requirement: Some(requirement_id(1)),
        path: None,
    };
    let started = |number| EventBody::AttemptStarted {
        number,
        agent: "coder".to_owned(),
        model: "scripted/one".to_owned(),
        rung: Rung::Bubblewrap,
        base: commit('a'),
        hints: vec!["Mind the \"quotes\", {braces} and commas".to_owned()],
        turn: None,
        capability: Some(Capability::Code),
        choice: (number > 1).then(|| ChoiceReason::Ladder { instead_of: "scripted/none".to_owned() }),
    };
    let tool = EventBody::ToolCalled {
        tool: "write".to_owned(),
        arguments: BlobHash::of(b"{}"),
        result: BlobHash::of(b"ok"),
        ok: true,
        about: "textstat/words.py".to_owned(),
        millis: 3,
        overdue: false,
        network: vec![NetworkUse {
            host: "pypi.org".to_owned(),
            port: 443,
            decision: NetworkDecision::Allowed,
            why: None,
            requests: 3,
            bytes_up: 700,
            bytes_down: 90_000,
        }],
    };
    let based = EventBody::RunBased {
        base: commit('a'),
        base_branch: "main".to_owned(),
        branch: "swarm/run_1".to_owned(),
    };
    let pull_request = |title: &str| EventBody::PullRequestOpened {
        reference: "pr-1".to_owned(),
        title: title.to_owned(),
        body: BlobHash::of(b"body"),
        head: commit('c'),
    };
    let problem = Problem::new("run.unfinished", "1 of 2 tickets is not merged", "retry");
    let mut story = beginning();
    story.extend([
        event("8", of_run(), based),
        ticket_becomes("9", 1, TicketState::Working),
        event("10", of_attempt(1, 1), started(1)),
        event("11", of_attempt(1, 1), call(150)),
        event("12", of_attempt(1, 1), tool),
        event(
            "13",
            of_attempt(1, 1),
            EventBody::Committed { commit: commit('b'), files: 1, added: 9, removed: 2 },
        ),
        ticket_becomes("14", 1, TicketState::Verifying),
        event("15", of_attempt(1, 1), check(1, CheckStage::Validation, 'b', false)),
        event("16", of_attempt(1, 1), EventBody::FindingRaised { finding: finding.clone() }),
        event(
            "17",
            of_attempt(1, 1),
            EventBody::AttemptFinished {
                outcome: AttemptOutcome::Rejected { findings: vec![finding] },
                disk_bytes: 4_096,
            },
        ),
        ticket_becomes("18", 1, TicketState::Working),
        event("tried", of_attempt(1, 1), EventBody::HunksTried { evidence: without_its_hunk() }),
        event("19", of_attempt(1, 2), started(2)),
        event("20", of_attempt(1, 2), call(50)),
        event(
            "offered",
            of_attempt(1, 2),
            EventBody::WorkOffered { claim: claim(), labels: vec!["gpu".to_owned()] },
        ),
        event(
            "claimed",
            of_attempt(1, 2),
            EventBody::WorkClaimed { claim: claim(), worker: worker(), token: FencingToken::new(1) },
        ),
        event(
            "expired",
            of_attempt(1, 2),
            EventBody::ClaimExpired { claim: claim(), worker: worker(), token: FencingToken::new(1) },
        ),
        event(
            "returned",
            of_attempt(1, 2),
            EventBody::WorkReturned {
                claim: claim(),
                worker: worker(),
                token: FencingToken::new(2),
                how: Returned::Done,
                work: Some(BlobHash::of(b"work")),
                spend: Spend::default(),
                models: vec!["far/model".to_owned()],
            },
        ),
        event(
            "21",
            of_attempt(1, 2),
            EventBody::Committed { commit: commit('c'), files: 1, added: 1, removed: 0 },
        ),
        event(
            "22",
            of_attempt(1, 2),
            EventBody::AttemptFinished { outcome: AttemptOutcome::Accepted, disk_bytes: 0 },
        ),
        ticket_becomes("23", 1, TicketState::Verifying),
        ticket_becomes("24", 1, TicketState::Merging),
        event("25", of_attempt(1, 2), check(1, CheckStage::Merge, 'c', true)),
        event(
            "26",
            of_attempt(1, 2),
            EventBody::Merged {
                commit: commit('c'),
                requirements: vec![requirement_id(1)],
                partial: false,
                paths: vec!["a.py".to_owned(), "b.py".to_owned()],
            },
        ),
        ticket_becomes("27", 1, TicketState::Merged),
        event(
            "27-held",
            of_ticket(2),
            EventBody::TicketHeld { behind: ticket_id(1), why: "both may change a.py".to_owned() },
        ),
        event(
            "27-clash",
            of_ticket(1),
            EventBody::Clashed {
                files: vec!["a.py".to_owned()],
                others: vec!["b.py".to_owned()],
                with: vec![ticket_id(2)],
                mended: true,
            },
        ),
        event(
            "28",
            of_run(),
            EventBody::BudgetReached { scope: "run".to_owned(), detail: "all spent".to_owned() },
        ),
        asked("29", "too dear"),
        ticket_becomes("30", 2, TicketState::Cancelled),
        event("31", of_run(), pull_request("Count words")),
        run_becomes("32", RunState::NeedsPerson { problem: problem.clone() }),
        event(
            "budget",
            of_run(),
            EventBody::RunBudgetChanged { budget: Budget { usd: Some(MicroUsd(5_000_000)), tokens: None } },
        ),
        ticket_becomes("again", 2, TicketState::Waiting),
        run_becomes("33", RunState::Running),
    ]);
    story.extend(asked_people());
    story.extend(record());
    // One list of everything would be too large for a stack.
    story.extend([
        event("carried", of_ticket(2), EventBody::TicketCarried { from: run_id(), commit: commit('c') }),
        event("reopened", of_ticket(2), EventBody::TicketReopened { by: ticket_id(1) }),
        event(
            "second version",
            of_project(),
            EventBody::SpecAdded {
                id: SpecId::parse("spec_2").unwrap(),
                text: BlobHash::of(b"# textstat 2"),
                spec: spec(),
                previous: Some(spec_id()),
            },
        ),
        event(
            "survey",
            of_project(),
            EventBody::SurveyAsked {
                survey: SurveyId::parse("survey_1").unwrap(),
                what: Survey::Check { spec: spec_id(), branch: None },
            },
        ),
        event(
            "surveyed",
            of_project(),
            EventBody::SurveyEnded {
                survey: SurveyId::parse("survey_1").unwrap(),
                outcome: SurveyOutcome::Failed { problem: problem.clone() },
            },
        ),
    ]);
    story.extend([
        event("secret 1", of_project(), secret_set("registry", 1)),
        event("secret 2", of_project(), secret_set("gone", 1)),
        event(
            "secret 3",
            of_project(),
            EventBody::SecretRotated {
                secret: secret("registry"),
                version: 2,
                window_seconds: 3600,
                reference: Some(Reference::parse("vault:secret/registry#token").unwrap()),
                expires: None,
            },
        ),
        event(
            "secret 4",
            of_attempt(1, 2),
            EventBody::SecretUsed {
                secret: secret("registry"),
                version: 2,
                host: SecretHost::parse("registry.example.org").unwrap(),
            },
        ),
        event("secret 5", of_project(), EventBody::SecretRemoved { secret: secret("gone") }),
        event(
            "secret 6",
            Subject::default(),
            EventBody::SecretsRekeyed { recipient: "age1x".to_owned(), values: 1 },
        ),
        event("user 1", Subject::default(), user_added("user_1", "ada@example.org", Role::Owner)),
        event("user 2", Subject::default(), user_added("user_2", "bob@example.org", Role::Viewer)),
        event("user 3", Subject::default(), EventBody::UserVerified { user: user("user_2") }),
        event(
            "user 4",
            Subject::default(),
            EventBody::UserRoleChanged { user: user("user_2"), role: Role::Reviewer },
        ),
        event(
            "user 5",
            Subject::default(),
            EventBody::PasswordChanged { user: user("user_2"), by_link: false },
        ),
        event("user 6", Subject::default(), EventBody::UserDisabled { user: user("user_2"), disabled: true }),
        event("factor 1", Subject::default(), EventBody::SecondFactorSet { user: user("user_1") }),
        event("factor 2", Subject::default(), EventBody::RecoveryCodesMade { user: user("user_1") }),
        event("factor 3", Subject::default(), EventBody::RecoveryCodeUsed { user: user("user_1"), left: 9 }),
        event("factor 4", Subject::default(), EventBody::SecondFactorSet { user: user("user_2") }),
        event(
            "factor 5",
            Subject::default(),
            EventBody::SecondFactorRemoved { user: user("user_2"), by_code: true },
        ),
        event(
            "invitation 1",
            Subject::default(),
            EventBody::UserInvited {
                invitation: InvitationId::parse("invite_1").unwrap(),
                email: EmailAddress::parse("eve@example.org").unwrap(),
                role: Role::Maintainer,
                expires: far_away(),
            },
        ),
        event(
            "invitation 2",
            Subject::default(),
            EventBody::InvitationWithdrawn { invitation: InvitationId::parse("invite_1").unwrap() },
        ),
        event(
            "session 1",
            Subject::default(),
            EventBody::SessionBegun {
                session: SessionId::parse("session_1").unwrap(),
                user: user("user_1"),
                device: "curl/8".to_owned(),
                expires: far_away(),
            },
        ),
        event(
            "session 2",
            Subject::default(),
            EventBody::SessionEnded {
                session: SessionId::parse("session_1").unwrap(),
                user: user("user_1"),
                how: SessionEnd::SignedOut,
            },
        ),
        event(
            "key 1",
            Subject::default(),
            EventBody::KeyMade {
                key: KeyId::parse("key_1").unwrap(),
                name: KeyName::parse("ci").unwrap(),
                owner: Some(user("user_1")),
                scopes: vec![Scope::WorkRead, Scope::RunsWrite],
                expires: Some(far_away()),
                rate: Some("20/min burst 5".parse().unwrap()),
            },
        ),
        event(
            "key 2",
            Subject::default(),
            EventBody::KeyRotated {
                key: KeyId::parse("key_1").unwrap(),
                version: 2,
                window_seconds: 3600,
                expires: None,
            },
        ),
        event("key 3", Subject::default(), EventBody::KeyRevoked { key: KeyId::parse("key_1").unwrap() }),
        event(
            "denied",
            Subject::default(),
            EventBody::AccessDenied {
                action: "POST /api/runs".to_owned(),
                about: "Tenant local".to_owned(),
                because: Vec::new(),
                unsaid: 2,
            },
        ),
        event(
            "measured",
            of_attempt(1, 2),
            EventBody::CodeMeasured { commit: commit('c'), measures: measures(), millis: 4 },
        ),
        event(
            "stuck",
            of_attempt(1, 1),
            EventBody::AttemptStuck { began: 2, ended: 7, why: "the same".to_owned(), taken_back: true },
        ),
        event(
            "step failed",
            of_attempt(1, 2),
            EventBody::StepFailed {
                step: "tool".to_owned(),
                code: "sandbox.vm_gone".to_owned(),
                detail: "the microVM is gone".to_owned(),
                failed: 1,
                again_in: Some(5_000),
            },
        ),
        alert_raised("alert 1"),
        event(
            "alert 2",
            Subject::default(),
            EventBody::AlertEnded { alert: AlertKind::SandboxFailures, value: 0 },
        ),
        alert_raised("alert 3"),
    ]);
    story.extend(ways_in());
    story.extend(around_a_sandbox());
    story.extend([
        event("34", of_run(), pull_request("Count words, again")),
        run_becomes("35", RunState::NeedsPerson { problem }),
    ]);
    story
}
