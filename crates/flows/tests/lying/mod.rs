//! The lying models: every way to fake success that we know, each told in a real attempt and each caught. The book names
//! them all (`docs/src/never-fooled.md`), and no other.

mod about_answers;
mod about_files;
mod about_tests;
mod about_work;
mod stage;

use stage::{CALC, GREET, Lie, TESTED, UNTESTED};
use swarm_domain::EventBody;

/// Tests for the lies of a file, one each, and the list of them.
#[macro_export]
macro_rules! lies {
    ($($test:ident: $name:literal, $job:expr, $code:ident, $does:expr;)*) => {
        pub const ALL: &[$crate::lying::stage::Lie] = &[$(
            $crate::lying::stage::Lie {
                name: $name,
                job: &$job,
                does: $does,
                caught_by: swarm_domain::finding::FindingCode::$code,
            },
        )*];
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let lie = ALL.iter().find(|lie| lie.name == $name).unwrap();
                $crate::lying::stage::told(lie).await;
            }
        )*
    };
}

fn all() -> impl Iterator<Item = &'static Lie> {
    [about_tests::ALL, about_answers::ALL, about_work::ALL, about_files::ALL].into_iter().flatten()
}

#[test]
fn the_book_names_every_lie_and_no_other() {
    let page = include_str!("../../../../docs/src/never-fooled.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let code = cells.nth(1)?.trim_matches('`').to_owned();
        Some((name, code))
    });
    let mut written: Vec<_> = rows.collect();
    let mut told: Vec<_> = all().map(|lie| (lie.name.to_owned(), lie.caught_by.to_string())).collect();
    written.sort();
    told.sort();
    assert_eq!(written, told);
    assert!(told.len() >= 30);
    told.dedup_by_key(|(name, _)| name.clone());
    assert_eq!(told.len(), written.len(), "two lies have one name");
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_work_is_accepted() {
    for job in [&CALC, &TESTED, &GREET] {
        drop(stage::honest(job, job.honest).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_work_with_a_new_test_is_accepted() {
    let test = "import unittest\n\nimport calc\n\n\nclass Zero(unittest.TestCase):\n    def test_zero(self):\n        self.assertEqual(calc.add(0, 7), 7)\n";
    let events =
        stage::honest(&TESTED, &format!("{}\ncat > test_zero.py <<'X'\n{test}X\n", TESTED.honest)).await;
    assert!(probed(&events).is_some(), "the tests were tried");
}

/// How many faults were made on purpose, how many were noticed, and whether by tests of the attempt's own.
fn probed(events: &[swarm_domain::Event]) -> Option<(u32, u32, bool)> {
    events.iter().find_map(|event| match &event.body {
        EventBody::TestsProbed { mutants, killed, own_tests, .. } => Some((*mutants, *killed, *own_tests)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_notice_a_fault_are_accepted_and_the_count_is_kept() {
    let events = stage::honest(&UNTESTED, UNTESTED.honest).await;
    let (mutants, killed, own_tests) = probed(&events).unwrap();
    assert!(own_tests && mutants >= 4 && killed == mutants, "{killed} of {mutants}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_without_tests_is_not_made_wrong_unless_that_is_asked_for() {
    assert_eq!(probed(&stage::honest(&CALC, CALC.honest).await), None);
}
