//! Steps that led nowhere, as whoever drives a turn is told of them.

use serde::{Deserialize, Serialize};

/// Steps of a turn of which nothing new came. They cost what all steps cost, so they are worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadEnd {
    /// The answer of the model that they began with, from 1.
    pub began: u32,
    /// The answer after which it was noticed.
    pub ended: u32,
    /// What was seen, in words.
    pub why: String,
    /// Whether the conversation was taken back to before them; else the turn has ended.
    pub taken_back: bool,
}
