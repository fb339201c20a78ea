//! Where counts are held: at most so many. Who finds no place shares one with the others who found none.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

use super::Subject;

/// The counts of one rate: for each subject the time at which nothing of it is left.
#[derive(Debug)]
pub(super) struct Places {
    held: Mutex<Held>,
    most: usize,
}

#[derive(Debug, Default)]
struct Held {
    known: HashMap<Subject, Nanos>,
    others: Option<Nanos>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { held: Mutex::default(), most }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Places {
    type Key = Subject;

    fn measure_and_replace<T, F, E>(&self, key: &Subject, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut held = self.held();
        if let Some(known) = held.known.get_mut(key) {
            let (outcome, next) = measure(Some(*known))?;
            *known = next;
            return Ok(outcome);
        }
        if held.known.len() < self.most {
            let (outcome, next) = measure(None)?;
            held.known.insert(key.clone(), next);
            return Ok(outcome);
        }
        let (outcome, next) = measure(held.others)?;
        held.others = Some(next);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Subject> for Places {
    fn retain_recent(&self, drop_below: Nanos) {
        self.held().known.retain(|_, at| *at > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.held().known.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.held().known.len()
    }

    fn is_empty(&self) -> bool {
        self.held().known.is_empty()
    }
}
