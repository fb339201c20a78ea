//! The display from a list of events: what is seen at each moment is a snapshot.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use swarm_domain::{
    Actor, AttemptId, BlobHash, CommitId, Event, EventBody, MicroUsd, PlanId, Problem, ProjectId, RunId,
    SpecId, Subject, TenantId, TicketId,
    attempt::{AttemptOutcome, Rung},
    budget::{Budget, Spend},
    estimate::Estimate,
    event::CheckStage,
    finding::{Finding, FindingCode},
    network::{NetworkDecision, NetworkUse},
    plan::Plan,
    run::{RunOptions, RunState},
    skeleton, spec,
    ticket::{Dependency, DependencyKind, TicketState},
};

use super::{
    board::Board,
    news::{Weight, news},
    render::{Canvas, header, lines},
    summary,
};

const SPEC: &str = "# textstat\n\n## REQ-1: Count words\n\n`a.py` counts.\n\n```console\n$ python3 a.py\n1\n```\n\n## REQ-2: Show the top\n\n`b.py` shows.\n\nDepends on: REQ-1\n\n```console\n$ python3 b.py\n2\n```\n";

fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap() + TimeDelta::seconds(seconds)
}

/// A run as it is told: each event one second after the one before.
struct Story {
    events: Vec<Event>,
    plan: Plan,
}

impl Story {
    fn new() -> Self {
        let spec = spec::parse(SPEC).unwrap();
        let mut tickets = skeleton::draft(&spec, None).tickets;
        // Ids that fit on the line and do not change with the rules that make them.
        for (ticket, id) in tickets.iter_mut().zip(["T-one", "T-two"]) {
            ticket.id = TicketId::parse(id).unwrap();
        }
        let first = tickets[0].id.clone();
        tickets[1].depends_on = vec![Dependency { on: first, kind: DependencyKind::Blocks }];
        let plan = Plan {
            id: PlanId::parse("plan_1").unwrap(),
            spec: SpecId::parse("spec_1").unwrap(),
            tickets,
            estimate: Estimate::default(),
            model: "local/small".to_owned(),
        };
        Self { events: Vec::new(), plan }
    }

    fn tell(mut self, ticket: Option<(&str, u32)>, body: EventBody) -> Self {
        let id = ticket.map(|(id, _)| TicketId::parse(id).unwrap());
        let attempt = ticket
            .filter(|(_, number)| *number > 0)
            .map(|(ticket, number)| AttemptId::of(&TicketId::parse(ticket).unwrap(), number));
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event {
            seq,
            tenant: TenantId::local(),
            at: at(i64::try_from(seq).unwrap() - 1),
            actor: Actor::System { part: "test".to_owned() },
            subject: Subject {
                project: Some(ProjectId::parse("p").unwrap()),
                run: Some(RunId::parse("run_1").unwrap()),
                ticket: id,
                attempt,
            },
            correlation: None,
            body,
            prev: String::new(),
            hash: String::new(),
        });
        self
    }

    fn state(self, ticket: &str, to: TicketState) -> Self {
        self.tell(Some((ticket, 0)), EventBody::TicketStateChanged { to })
    }

    fn attempt(self, ticket: &str, number: u32) -> Self {
        self.tell(
            Some((ticket, number)),
            EventBody::AttemptStarted {
                number,
                agent: "coder".to_owned(),
                model: "local/small".to_owned(),
                rung: Rung::Bubblewrap,
                base: commit(),
                hints: Vec::new(),
                turn: None,
                capability: None,
                choice: None,
            },
        )
    }

    fn asked(self, ticket: &str, number: u32) -> Self {
        let spend = Spend { usd: MicroUsd(1_250), tokens_in: 2_000, tokens_out: 345, calls: 1 };
        self.tell(
            Some((ticket, number)),
            EventBody::ModelCalled {
                agent: "coder".to_owned(),
                model: "local/small".to_owned(),
                request: BlobHash::of(b"q"),
                reply: BlobHash::of(b"a"),
                spend,
                millis: 900,
                recorded: true,
                cache: None,
            },
        )
    }

    fn checked(self, ticket: &str, requirement: &str, stage: CheckStage, passed: bool) -> Self {
        self.tell(
            Some((ticket, 1)),
            EventBody::CheckRun {
                stage,
                requirement: requirement.parse().unwrap(),
                command: format!("check {requirement}"),
                commit: commit(),
                passed,
                ended: "exit 0".to_owned(),
                output: BlobHash::of(b"o"),
                rung: Rung::Bubblewrap,
                millis: 40,
            },
        )
    }

    fn board(&self) -> Board {
        let mut board = Board::new("textstat", &self.plan);
        self.events.iter().for_each(|event| board.apply(event));
        board
    }

    fn screen(&self, width: usize) -> String {
        let (board, now) = (self.board(), at(90));
        let canvas = Canvas { width, colours: false };
        let mut screen = header(&board, now, canvas);
        for line in lines(&board, now, canvas) {
            screen.push('\n');
            screen.push_str(line.trim_end());
        }
        screen
    }
}

fn commit() -> CommitId {
    CommitId::parse("0123456789abcdef0123456789abcdef01234567").unwrap()
}

fn begun() -> Story {
    let options = RunOptions {
        budget: Budget { usd: Some(MicroUsd(2_000_000)), tokens: None },
        ..RunOptions::default()
    };
    Story::new()
        .tell(None, EventBody::RunStarted { plan: PlanId::parse("plan_1").unwrap(), options })
        .tell(
            None,
            EventBody::RunBased {
                base: commit(),
                base_branch: "main".to_owned(),
                branch: "swarm/run_1".to_owned(),
            },
        )
        .state("T-one", TicketState::Working)
        .attempt("T-one", 1)
        .asked("T-one", 1)
}

fn merged(story: Story, ticket: &str, requirement: &str) -> Story {
    story
        .state(ticket, TicketState::Verifying)
        .checked(ticket, requirement, CheckStage::Validation, true)
        .tell(
            Some((ticket, 1)),
            EventBody::AttemptFinished { outcome: AttemptOutcome::Accepted, disk_bytes: 0 },
        )
        .state(ticket, TicketState::Merging)
        .checked(ticket, requirement, CheckStage::Merge, true)
        .tell(
            Some((ticket, 1)),
            EventBody::Merged {
                commit: commit(),
                requirements: vec![requirement.parse().unwrap()],
                partial: false,
                paths: Vec::new(),
            },
        )
        .state(ticket, TicketState::Merged)
}

fn finished() -> Story {
    let second = merged(begun(), "T-one", "REQ-1")
        .state("T-two", TicketState::Working)
        .attempt("T-two", 1)
        .asked("T-two", 1);
    merged(second, "T-two", "REQ-2")
        .tell(
            None,
            EventBody::PullRequestOpened {
                reference: "local/p/run_1".to_owned(),
                title: "feat: textstat".to_owned(),
                body: BlobHash::of(b"b"),
                head: commit(),
            },
        )
        .tell(None, EventBody::RunStateChanged { to: RunState::Done })
}

#[test]
fn before_the_run_every_ticket_waits() {
    insta::assert_snapshot!(Story::new().screen(110));
}

#[test]
fn while_an_agent_works_its_line_says_what_it_does_and_the_others_what_they_wait_for() {
    let story = begun().tell(
        Some(("T-one", 1)),
        EventBody::ToolCalled {
            tool: "write".to_owned(),
            arguments: BlobHash::of(b"a"),
            result: BlobHash::of(b"r"),
            ok: true,
            about: "a.py".to_owned(),
            millis: 2,
            overdue: false,
            network: Vec::new(),
        },
    );
    insta::assert_snapshot!(story.screen(120));
}

#[test]
fn a_narrow_terminal_gets_shorter_lines_and_never_wrapped_ones() {
    let screen = begun().screen(72);
    assert!(screen.lines().all(|line| console::measure_text_width(line) <= 72), "{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn a_finished_run_says_what_is_proven_and_where_the_pull_request_is() {
    let story = finished();
    insta::assert_snapshot!(format!("{}\n\n{}", story.screen(120), summary(&story.board(), 110)));
}

#[test]
fn a_ticket_that_needs_a_person_is_named_with_its_reason_and_what_to_do() {
    let problem = Problem::new("ticket.exhausted", "5 attempts failed", "read `swarm ticket show T-one`");
    let finding = Finding {
        code: FindingCode::AcceptanceFailed,
        detail: "printed 2, not 1".to_owned(),
        evidence: String::new(),
        hint: String::new(),
        requirement: None,
        path: None,
    };
    let story = begun()
        .tell(Some(("T-one", 1)), EventBody::FindingRaised { finding })
        .state("T-one", TicketState::NeedsPerson { problem: problem.clone() })
        .tell(None, EventBody::RunStateChanged { to: RunState::NeedsPerson { problem } });
    insta::assert_snapshot!(format!("{}\n\n{}", story.screen(120), summary(&story.board(), 110)));
}

#[test]
fn the_plain_lines_tell_what_matters() {
    let told: Vec<_> =
        finished().events.iter().map(news).filter(|(w, _)| *w == Weight::Main).map(|(_, t)| t).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_finding_is_told_unless_the_line_before_has_said_it() {
    let finding = |code, requirement: Option<&str>| {
        let requirement = requirement.map(|id| id.parse().unwrap());
        let (detail, evidence) = ("it is wrong".to_owned(), String::new());
        let finding = Finding { code, detail, evidence, hint: String::new(), requirement, path: None };
        let story = begun().tell(Some(("T-one", 1)), EventBody::FindingRaised { finding });
        news(story.events.last().unwrap()).0
    };
    assert_eq!(finding(FindingCode::AcceptanceFailed, Some("REQ-1")), Weight::Detail);
    assert_eq!(finding(FindingCode::AcceptanceFailed, None), Weight::Main);
    assert_eq!(finding(FindingCode::OutOfScope, None), Weight::Main);
}

#[test]
fn what_a_model_wrote_cannot_move_the_cursor() {
    let mut story = begun();
    story.plan.tickets[0].title = "nice\u{1b}[2J\r\ntitle".to_owned();
    let story = story.tell(
        Some(("T-one", 1)),
        EventBody::ToolCalled {
            tool: "run".to_owned(),
            arguments: BlobHash::of(b"a"),
            result: BlobHash::of(b"r"),
            ok: false,
            about: "\u{1b}]0;owned\u{7}".to_owned(),
            millis: 2,
            overdue: false,
            network: vec![NetworkUse {
                host: "\u{1b}[2J.evil.test".to_owned(),
                port: 443,
                decision: NetworkDecision::Refused,
                why: None,
                requests: 2,
                bytes_up: 1,
                bytes_down: 1,
            }],
        },
    );
    let text = format!("{}{}", story.screen(120), news(story.events.last().unwrap()).1);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert_eq!(story.screen(120).lines().count(), 3);
}

#[test]
fn a_run_that_is_taken_up_again_is_not_settled_any_more() {
    let problem = Problem::new("ticket.exhausted", "", "");
    let story = begun()
        .state("T-one", TicketState::NeedsPerson { problem: problem.clone() })
        .tell(None, EventBody::RunStateChanged { to: RunState::NeedsPerson { problem } })
        .state("T-one", TicketState::Waiting)
        .tell(None, EventBody::RunStateChanged { to: RunState::Running });
    assert!(story.board().settled.is_none());
    assert_eq!(story.board().lines[0].ended, None);
}
