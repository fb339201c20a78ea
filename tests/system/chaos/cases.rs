//! Which positions are tried, and in which builds.

use std::collections::BTreeMap;

use super::{
    play::{Kill, Victim},
    report::kind,
    setting,
    trap::Write,
};

/// How many kills one build gets, about. Between two of them it has time to recover and to go on.
const KILLS: usize = 12;
/// How many positions `CHAOS=some` tries, at the least.
const SAMPLE: usize = 12;
/// How often a position that a build did not come by is tried again.
const TRIES: u32 = 4;

/// One build, and where it is killed.
#[derive(Debug, Clone)]
pub struct Case {
    /// The numbers of the positions in the undisturbed build, from 1.
    pub at: Vec<usize>,
    pub kills: Vec<Kill>,
    tries: u32,
}

impl Case {
    fn new(at: Vec<usize>, positions: &[String], write: Write, again: bool, victim: Victim) -> Self {
        let kill = |at: &usize| Kill {
            what: positions[at - 1].clone(),
            write,
            victim,
            again: again.then(|| i64::try_from(at % 5 + 1).unwrap()),
        };
        let kills = at.iter().map(kill).collect();
        Self { at, kills, tries: 1 }
    }

    /// How to run it alone.
    pub fn name(&self) -> String {
        let kept = self.kills.iter().all(|kill| kill.write == Write::Kept);
        let again = self.kills.iter().any(|kill| kill.again.is_some());
        let database = self.kills.iter().any(|kill| kill.victim == Victim::Database);
        let at: Vec<_> = self.at.iter().map(ToString::to_string).collect();
        let (kept, again) =
            (if kept { "CHAOS_WRITE=kept " } else { "" }, if again { "CHAOS_TWICE=1 " } else { "" });
        let victim = if database { "CHAOS_VICTIM=database " } else { "" };
        format!("{kept}{again}{victim}CHAOS_AT={}", at.join(","))
    }

    /// What is left to try where only these were reached, or what was tried often enough.
    pub fn unreached(&self, reached: &[usize]) -> Result<Option<Self>, Vec<(String, bool)>> {
        let (at, kills): (Vec<_>, Vec<_>) = (self.at.iter().copied().zip(self.kills.iter().cloned()))
            .enumerate()
            .filter(|(id, _)| !reached.contains(id))
            .map(|(_, left)| left)
            .unzip();
        match kills.is_empty() {
            true => Ok(None),
            false if self.tries < TRIES => Ok(Some(Self { at, kills, tries: self.tries + 1 })),
            false => Err(kills.into_iter().map(|kill| (kill.what, kill.write == Write::Kept)).collect()),
        }
    }
}

/// What the environment asks for.
pub fn chosen(positions: &[String]) -> Vec<Case> {
    let write = if setting("CHAOS_WRITE").as_deref() == Some("kept") { Write::Kept } else { Write::Lost };
    if let Some(at) = setting("CHAOS_AT") {
        let last = positions.len();
        let number = |at: &str| match at.parse() {
            Ok(number) if (1..=last).contains(&number) => number,
            _ => panic!("CHAOS_AT: `{at}` is no position of this build, which has 1 to {last}"),
        };
        let at = at.split(',').map(number).collect();
        let database = setting("CHAOS_VICTIM").as_deref() == Some("database");
        let victim = if database { Victim::Database } else { Victim::Worker };
        return vec![Case::new(at, positions, write, setting("CHAOS_TWICE").is_some(), victim)];
    }
    if setting("CHAOS").as_deref() == Some("all") { every(positions) } else { sample(positions) }
}

fn every(positions: &[String]) -> Vec<Case> {
    let mut cases = Vec::new();
    let groups = || spread(positions.len());
    for write in [Write::Lost, Write::Kept] {
        cases.extend(groups().map(|at| Case::new(at, positions, write, false, Victim::Worker)));
    }
    // One in eight builds is killed during each of its recoveries too, and in one in eight PostgreSQL is what is killed.
    cases.extend(groups().step_by(8).map(|at| Case::new(at, positions, Write::Lost, true, Victim::Worker)));
    let of_database = groups().skip(4).step_by(8);
    cases.extend(of_database.map(|at| Case::new(at, positions, Write::Lost, false, Victim::Database)));
    cases
}

/// All positions, in groups whose members lie far apart.
fn spread(positions: usize) -> impl Iterator<Item = Vec<usize>> {
    let groups = positions.div_ceil(KILLS);
    (1..=groups).map(move |first| (first..=positions).step_by(groups).collect())
}

/// A spread over the whole build with every kind of position in it, in three builds: writes lost, writes kept, and
/// killed during recovery too.
fn sample(positions: &[String]) -> Vec<Case> {
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, position) in positions.iter().enumerate() {
        kinds.entry(kind(position)).or_default().push(index + 1);
    }
    // The middle one of a kind says more than the first.
    let mut at: Vec<usize> = kinds.values().map(|of_kind| of_kind[of_kind.len() / 2]).collect();
    at.extend((at.len()..SAMPLE).map(|index| index * positions.len() / SAMPLE + 1));
    at.sort_unstable();
    at.dedup();
    let share = |of: usize| at.iter().copied().skip(of).step_by(3).collect::<Vec<_>>();
    vec![
        Case::new(share(0), positions, Write::Lost, false, Victim::Worker),
        Case::new(share(1), positions, Write::Kept, false, Victim::Worker),
        Case::new(share(2), positions, Write::Lost, true, Victim::Worker),
    ]
}
