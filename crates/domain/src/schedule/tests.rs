use proptest::prelude::*;

use super::*;
use crate::{
    agent::Capability,
    budget::Budget,
    clash::{Seen, SeenKind},
    estimate::Estimate,
    id::{PlanId, SpecId},
    ticket::{Dependency, DependencyKind, Risk, Ticket},
};

const BOUNDS: Bounds = Bounds { max_parallel: 4, train_length: 8 };

fn id(at: usize) -> TicketId {
    TicketId::parse(format!("T-{at}")).unwrap()
}

/// A plan in which the ticket at a place waits for those that `needs` gives it, each with a file of its own.
fn plan(count: usize, needs: impl Fn(usize) -> Vec<usize>) -> Plan {
    let ticket = |at: usize| Ticket {
        id: id(at),
        title: String::new(),
        description: String::new(),
        requirements: Vec::new(),
        touches: vec![format!("f{at}.py")],
        depends_on: needs(at)
            .into_iter()
            .map(|on| Dependency { on: id(on), kind: DependencyKind::Blocks })
            .collect(),
        acceptance: Vec::new(),
        budget: Budget::default(),
        risk: Risk::Low,
        capability: Capability::Code,
    };
    Plan {
        id: PlanId::parse("plan_1").unwrap(),
        spec: SpecId::of_text("x"),
        tickets: (0..count).map(ticket).collect(),
        estimate: Estimate::default(),
        model: "computed".to_owned(),
    }
}

fn schedule(plan: Plan, seen: &[Seen], bounds: Bounds) -> Schedule {
    let forecast = Forecast::of(&plan, seen);
    Schedule::new(plan, forecast, bounds, BTreeMap::new())
}

fn started(commands: &[Command]) -> Vec<TicketId> {
    let ticket = |command: &Command| match command {
        Command::StartTicket { ticket, .. } => Some(ticket.clone()),
        _ => None,
    };
    commands.iter().filter_map(ticket).collect()
}

#[test]
fn a_ticket_is_begun_when_all_that_it_needs_is_merged_and_not_before() {
    let mut schedule = schedule(plan(2, |at| if at == 1 { vec![0] } else { vec![] }), &[], BOUNDS);
    assert_eq!(started(&schedule.commands()), [id(0)]);
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    assert_eq!(
        schedule.commands(),
        [Command::StartTrain { number: 1, tickets: vec![id(0)] }],
        "verified is not merged"
    );
    schedule.train_ended(&[End::Merged]);
    assert_eq!(started(&schedule.commands()), [id(1)]);
}

#[test]
fn what_people_look_at_takes_no_place_and_is_merged_only_when_they_say_so() {
    let one = Bounds { max_parallel: 1, ..BOUNDS };
    let mut schedule = schedule(plan(2, |_| vec![]), &[], one);
    assert_eq!(started(&schedule.commands()), [id(0)]);
    schedule.ticket_ended(&id(0), TicketEnd::ForReview);
    assert_eq!(schedule.commands(), [Command::StartTicket { ticket: id(1), round: 0 }]);
    schedule.ticket_ended(&id(1), TicketEnd::Cancelled);
    assert_eq!(schedule.commands(), []);
    assert!(!schedule.is_idle(), "it waits for them");
    schedule.reviewed(&id(0), Reviewed::SentBack);
    assert_eq!(schedule.commands(), [Command::StartTicket { ticket: id(0), round: 1 }]);
    schedule.ticket_ended(&id(0), TicketEnd::ForReview);
    schedule.reviewed(&id(0), Reviewed::Approved);
    assert_eq!(schedule.commands(), [Command::StartTrain { number: 1, tickets: vec![id(0)] }]);
}

#[test]
fn what_stood_behind_a_guilty_candidate_goes_first_in_the_next_round() {
    let mut schedule = schedule(plan(3, |_| vec![]), &[], BOUNDS);
    assert_eq!(started(&schedule.commands()).len(), 3);
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    assert_eq!(schedule.commands().len(), 1);
    schedule.ticket_ended(&id(1), TicketEnd::Verified);
    schedule.ticket_ended(&id(2), TicketEnd::Verified);
    assert!(schedule.commands().is_empty(), "one round at a time");
    schedule.train_ended(&[End::Merged]);
    assert_eq!(schedule.commands(), [Command::StartTrain { number: 2, tickets: vec![id(1), id(2)] }]);
    schedule.train_ended(&[End::Guilty, End::Behind]);
    assert_eq!(
        schedule.commands(),
        [
            Command::StartTicket { ticket: id(1), round: 1 },
            Command::StartTrain { number: 3, tickets: vec![id(2)] }
        ]
    );
}

#[test]
fn work_that_the_train_sends_back_again_and_again_needs_a_person() {
    let mut schedule = schedule(plan(1, |_| vec![]), &[], BOUNDS);
    for _ in 0..MOST_REJECTIONS {
        assert_eq!(started(&schedule.commands()).len(), 1);
        schedule.ticket_ended(&id(0), TicketEnd::Verified);
        schedule.commands();
        schedule.train_ended(&[End::Clashed]);
    }
    let commands = schedule.commands();
    assert!(matches!(&commands[..], [Command::GiveUp { problem, .. }] if problem.code == "merge.rejected"));
    assert!(schedule.is_idle() && schedule.commands().is_empty());
}

#[test]
fn a_checkpoint_leaves_the_ticket_open_and_is_no_rejection_whether_it_fits_or_not() {
    let mut schedule = schedule(plan(1, |_| vec![]), &[], BOUNDS);
    for round in 0..6 {
        assert_eq!(schedule.commands(), [Command::StartTicket { ticket: id(0), round }]);
        schedule.ticket_ended(&id(0), TicketEnd::Checkpoint);
        assert!(matches!(&schedule.commands()[..], [Command::StartTrain { .. }]));
        schedule.train_ended(&[if round % 2 == 0 { End::Merged } else { End::Guilty }]);
        assert_eq!(schedule.state(&id(0)), Some(&TicketState::Working));
    }
}

#[test]
fn a_likely_clash_waits_until_the_other_is_merged_and_says_why_once() {
    let plan = plan(2, |_| vec![]);
    let seen =
        Seen { kind: SeenKind::Clashed, ours: vec!["f0.py".to_owned()], theirs: vec!["f1.py".to_owned()] };
    let mut schedule = schedule(plan, &[seen], BOUNDS);
    let commands = schedule.commands();
    assert_eq!(started(&commands), [id(0)]);
    assert!(
        matches!(&commands[1], Command::Hold { ticket, behind, why } if *ticket == id(1) && *behind == id(0) && why.contains("f0.py"))
    );
    assert!(schedule.commands().is_empty(), "it is said once");
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    assert!(started(&schedule.commands()).is_empty(), "the other is in the train");
    schedule.train_ended(&[End::Merged]);
    assert_eq!(started(&schedule.commands()), [id(1)]);
}

#[test]
fn a_clash_with_nobody_at_work_holds_nothing_back() {
    let plan = plan(2, |_| vec![]);
    let seen =
        Seen { kind: SeenKind::Clashed, ours: vec!["f0.py".to_owned()], theirs: vec!["f1.py".to_owned()] };
    let mut schedule = schedule(plan, &[seen], BOUNDS);
    schedule.commands();
    schedule.ticket_ended(&id(0), TicketEnd::Cancelled);
    assert_eq!(started(&schedule.commands()), [id(1)]);
}

#[test]
fn what_a_build_before_left_half_done_is_begun_again() {
    let states = BTreeMap::from([(id(0), TicketState::Merging), (id(1), TicketState::Merged)]);
    let mut schedule = Schedule::new(plan(2, |_| vec![]), Forecast::default(), BOUNDS, states);
    assert_eq!(started(&schedule.commands()), [id(0)]);
}

#[test]
fn what_was_carried_counts_as_merged_until_it_is_opened_again() {
    let plan = plan(2, |at| if at == 1 { vec![0] } else { vec![] });
    let states = [(id(0), TicketState::Waiting), (id(1), TicketState::Merged)].into();
    let mut schedule = Schedule::new(plan, Forecast::default(), BOUNDS, states);
    assert_eq!(started(&schedule.commands()), [id(0)]);
    // Not before it is merged: it says nothing about what is under way.
    schedule.reopened(&id(0));
    assert_eq!(schedule.state(&id(0)), Some(&TicketState::Working));
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    schedule.commands();
    schedule.train_ended(&[End::Merged]);
    schedule.reopened(&id(1));
    schedule.reopened(&id(1));
    assert_eq!(started(&schedule.commands()), [id(1)]);
}

#[test]
fn an_end_that_is_told_twice_counts_once() {
    let mut schedule = schedule(plan(1, |_| vec![]), &[], BOUNDS);
    schedule.commands();
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    schedule.ticket_ended(&id(0), TicketEnd::Verified);
    assert_eq!(schedule.commands(), [Command::StartTrain { number: 1, tickets: vec![id(0)] }]);
    schedule.train_ended(&[End::Merged]);
    schedule.train_ended(&[End::Guilty]);
    assert_eq!(schedule.state(&id(0)), Some(&TicketState::Merged));
}

proptest! {
    #[test]
    fn every_build_ends_within_its_bounds_and_in_the_order_of_its_plan(
        count in 1_usize..9,
        edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..10),
        clashes in prop::collection::vec((0_usize..9, 0_usize..9), 0..6),
        dice in prop::collection::vec(0_u8..12, 1..40),
        max_parallel in 1_usize..5,
        train_length in 1_usize..5,
    ) {
        let plan = plan(count, |at| {
            edges.iter().filter(|(waits, on)| *waits == at && *on < at).map(|(_, on)| *on).collect()
        });
        let seen: Vec<_> = clashes.iter().map(|(a, b)| Seen {
            kind: SeenKind::Clashed,
            ours: vec![format!("f{a}.py")],
            theirs: vec![format!("f{b}.py")],
        }).collect();
        let forecast = Forecast::of(&plan, &seen);
        let mut schedule = Schedule::new(plan.clone(), forecast.clone(), Bounds { max_parallel, train_length }, BTreeMap::new());
        let mut dice = dice.into_iter().cycle();
        let (mut working, mut train): (Vec<TicketId>, Option<Vec<TicketId>>) = (Vec::new(), None);
        let mut asked: Vec<TicketId> = Vec::new();
        let (mut checkpoints, mut reviews) = (0, 0);
        for turn in 0.. {
            prop_assert!(turn < 2_000, "it never ends");
            for command in schedule.commands() {
                match command {
                    Command::StartTicket { ticket, .. } => {
                        let needs = plan.ticket(&ticket).unwrap().depends_on.iter();
                        for needed in needs {
                            prop_assert_eq!(schedule.state(&needed.on), Some(&TicketState::Merged));
                        }
                        prop_assert!(!working.contains(&ticket));
                        for other in working.iter().chain(train.iter().flatten()) {
                            prop_assert!(forecast.between(&ticket, other).is_none(), "{} raced {}", ticket, other);
                        }
                        prop_assert!(!asked.contains(&ticket), "nobody works on what people look at");
                        working.push(ticket);
                    }
                    Command::StartTrain { tickets, .. } => {
                        prop_assert!(train.is_none() && tickets.len() <= train_length);
                        train = Some(tickets);
                    }
                    Command::Hold { .. } | Command::GiveUp { .. } => {}
                }
            }
            prop_assert!(working.len() <= max_parallel);
            prop_assert_eq!(schedule.is_idle(), working.is_empty() && train.is_none() && asked.is_empty());
            if schedule.is_idle() {
                break;
            }
            let roll = dice.next().unwrap();
            if !asked.is_empty() && (roll % 3 == 0 || (working.is_empty() && train.is_none())) {
                let ticket = asked.remove(0);
                prop_assert_eq!(schedule.state(&ticket), Some(&TicketState::Merging));
                let answer = match roll {
                    0 => Reviewed::NeedsPerson(Problem::new("x.y", "", "")),
                    1 => Reviewed::Cancelled,
                    2..=5 if reviews < 20 => { reviews += 1; Reviewed::SentBack }
                    _ => Reviewed::Approved,
                };
                schedule.reviewed(&ticket, answer.clone());
                // The same word again, as a replay may say it, changes nothing.
                schedule.reviewed(&ticket, Reviewed::Cancelled);
                prop_assert_eq!(schedule.state(&ticket) == Some(&TicketState::Cancelled), answer == Reviewed::Cancelled);
            } else if let Some(tickets) = train.take_if(|_| roll % 2 == 0 || working.is_empty()) {
                let guilty = (roll / 2) as usize;
                let ends: Vec<_> = (0..tickets.len()).map(|at| match at.cmp(&guilty) {
                    std::cmp::Ordering::Less => End::Merged,
                    std::cmp::Ordering::Equal => End::Guilty,
                    std::cmp::Ordering::Greater => End::Behind,
                }).collect();
                schedule.train_ended(&ends);
            } else {
                let ticket = working.swap_remove(roll as usize % working.len());
                let end = match roll {
                    11 => TicketEnd::NeedsPerson(Problem::new("x.y", "", "")),
                    10 => TicketEnd::Cancelled,
                    9 if checkpoints < 20 => { checkpoints += 1; TicketEnd::Checkpoint }
                    8 if checkpoints < 20 => { checkpoints += 1; TicketEnd::GoesOn }
                    6 | 7 => { asked.push(ticket.clone()); TicketEnd::ForReview }
                    _ => TicketEnd::Verified,
                };
                schedule.ticket_ended(&ticket, end);
            }
        }
        for ticket in &plan.tickets {
            let state = schedule.state(&ticket.id).cloned().unwrap_or(TicketState::Waiting);
            let blocked = ticket.depends_on.iter().any(|d| schedule.state(&d.on) != Some(&TicketState::Merged));
            prop_assert!(state.is_settled() || (state == TicketState::Waiting && blocked), "{} is lost: {:?}", ticket.id, state);
        }
    }
}
