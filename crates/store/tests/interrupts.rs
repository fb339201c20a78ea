//! Questions to people, on a real database: the first answer wins, whoever else answers in the same moment; and what
//! was given up is not asked about any more.

use futures::future::join_all;
use swarm_domain::{
    EventBody, InterruptId, NewEvent,
    interrupt::{HumanResponse, Interrupt, InterruptState},
    run::RunState,
    ticket::{Risk, TicketState},
};
use swarm_store::{InterruptQuery, Store, StoreError, testing::TestDatabase};

use crate::story;

/// A run with a question about its second ticket, for everybody but who asked.
async fn asked(name: &str, question: Interrupt) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    store.append_all(&story::beginning()).await.unwrap();
    store.append(raised(question)).await.unwrap();
    (database, store)
}

fn raised(interrupt: Interrupt) -> NewEvent {
    let key = format!("{} raised", interrupt.id);
    story::event(&key, story::of_ticket(2), EventBody::InterruptRaised { interrupt: Box::new(interrupt) })
}

fn open() -> Interrupt {
    let mut question = story::question("int_1", &[], None, None);
    question.terms.people.clear();
    question
}

fn id() -> InterruptId {
    InterruptId::parse("int_1").unwrap()
}

async fn code(store: &Store, event: NewEvent) -> String {
    store.append(event).await.unwrap_err().problem().code
}

#[tokio::test]
async fn of_many_answers_at_once_one_counts_and_the_others_are_told_whose() {
    let (_database, store) = asked("at_once", open()).await;
    let answers = (0..8).map(|number| {
        let who = format!("person-{number}");
        let response = if number % 2 == 0 { HumanResponse::accept() } else { HumanResponse::words("No.") };
        let (store, event) = (store.clone(), story::answered(&who, &who, "int_1", response));
        async move { store.append(event).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(answers).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    let row = store.interrupt(&story::tenant(), &id()).await.unwrap();
    let winner = row.standing.settled_by.clone().unwrap();
    for refused in lost {
        let problem = refused.unwrap_err().problem();
        assert_eq!(problem.code, "interrupt.decided");
        assert!(problem.detail.contains(&format!("by {winner}")), "{problem}");
    }
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
    store.verify(&story::tenant()).await.unwrap();
}

#[tokio::test]
async fn who_may_not_answer_changes_nothing() {
    let (_database, store) = asked("may_not", story::question("int_1", &[], None, Some(3_600))).await;
    let yes = HumanResponse::accept;
    assert_eq!(code(&store, story::answered("a", "ada", "int_1", yes())).await, "interrupt.own_request");
    assert_eq!(code(&store, story::answered("b", "eve", "int_1", yes())).await, "interrupt.not_asked");
    assert_eq!(
        code(&store, story::answered("c", "ben", "int_1", HumanResponse::words(""))).await,
        "interrupt.malformed"
    );
    assert_eq!(code(&store, story::answered("d", "ben", "int_9", yes())).await, "store.not_found");
    let by_an_agent = NewEvent {
        actor: swarm_domain::Actor::Agent { name: "ben".to_owned() },
        ..story::answered("e", "ben", "int_1", yes())
    };
    assert_eq!(code(&store, by_an_agent).await, "interrupt.no_person");
    let early = EventBody::InterruptExpired { interrupt: id(), accepted: false };
    assert_eq!(code(&store, story::event("f", story::of_ticket(2), early)).await, "store.not_allowed");
    let row = store.interrupt(&story::tenant(), &id()).await.unwrap();
    assert_eq!(row.standing, swarm_domain::interrupt::Standing::default());
    store.append(story::answered("g", "ben", "int_1", yes())).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_comes_too_late_does_not_count_though_nobody_said_so_yet() {
    let (_database, store) = asked("too_late", story::question("int_1", &[], None, Some(0))).await;
    let late = story::answered("a", "ben", "int_1", HumanResponse::accept());
    assert_eq!(code(&store, late).await, "interrupt.too_late");
    // Nobody can say that it was accepted: the policy does not.
    let wrong = EventBody::InterruptExpired { interrupt: id(), accepted: true };
    assert_eq!(code(&store, story::event("b", story::of_ticket(2), wrong)).await, "store.not_allowed");
}

#[tokio::test]
async fn what_is_given_up_takes_its_questions_with_it_and_is_not_asked_about_again() {
    let (_database, store) = asked("given_up", open()).await;
    let mut of_run = story::question("int_run", &[], None, None);
    of_run.terms.people.clear();
    let key_and_body = EventBody::InterruptRaised { interrupt: Box::new(of_run) };
    store.append(story::event("run asked", story::of_run(), key_and_body)).await.unwrap();
    let state = async |id: &str| {
        let id = InterruptId::parse(id).unwrap();
        store.interrupt(&story::tenant(), &id).await.unwrap().standing.state
    };
    store.append(story::ticket_becomes("x", 2, TicketState::Cancelled)).await.unwrap();
    assert_eq!(
        (state("int_1").await, state("int_run").await),
        (InterruptState::Withdrawn, InterruptState::Waiting)
    );
    assert!(matches!(
        store.append(raised(story::question("int_2", &[], None, None))).await,
        Err(StoreError::NotAllowed { .. })
    ));
    store.append(story::ticket_becomes("y", 1, TicketState::Cancelled)).await.unwrap();
    assert_eq!(state("int_run").await, InterruptState::Withdrawn, "nothing of the run is left to do");
    let late = story::answered("late", "ben", "int_run", HumanResponse::accept());
    assert_eq!(code(&store, late).await, "interrupt.decided");
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn a_run_that_settles_leaves_no_question_open() {
    let (_database, store) = asked("settled", open()).await;
    store.append(story::run_becomes("over", RunState::Cancelled)).await.unwrap();
    let row = store.interrupt(&story::tenant(), &id()).await.unwrap();
    assert_eq!(row.standing.state, InterruptState::Withdrawn);
}

#[tokio::test]
async fn the_highest_risk_comes_first_and_of_these_the_oldest() {
    let (_database, store) = asked("order", open()).await;
    for (name, risk) in [("int_2", Risk::Low), ("int_3", Risk::High), ("int_4", Risk::Medium)] {
        store.append(raised(Interrupt { risk, ..story::question(name, &[], None, None) })).await.unwrap();
    }
    let names = async |which: InterruptQuery| {
        let rows = store.interrupts(&story::tenant(), &which).await.unwrap();
        rows.iter().map(|row| row.interrupt.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    let all = InterruptQuery { limit: 10, ..InterruptQuery::default() };
    assert_eq!(names(all.clone()).await, "int_1 int_3 int_4 int_2");
    assert_eq!(names(InterruptQuery { risk: Risk::Medium, ..all.clone() }).await, "int_1 int_3 int_4");
    assert_eq!(names(InterruptQuery { limit: 1, ..all.clone() }).await, "int_1");
    let first = store.interrupt(&story::tenant(), &id()).await.unwrap().raised_at;
    assert_eq!(names(InterruptQuery { raised_until: Some(first), ..all.clone() }).await, "int_1");
    store.append(story::answered("a", "ben", "int_1", HumanResponse::ignore())).await.unwrap();
    let waiting = InterruptQuery { state: Some(InterruptState::Waiting), ..all.clone() };
    assert_eq!(names(waiting).await, "int_3 int_4 int_2");
    assert_eq!(names(InterruptQuery { state: Some(InterruptState::Ignored), ..all }).await, "int_1");
}
