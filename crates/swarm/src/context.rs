//! What every command has at hand.

use std::path::PathBuf;

use crate::{args::Everywhere, data, exit::Result, output::Output};

/// The options of every command, made ready.
pub(crate) struct Context {
    /// How results are printed.
    pub(crate) output: Output,
    everywhere: Everywhere,
}

impl Context {
    pub(crate) fn new(everywhere: Everywhere) -> Self {
        Self { output: Output { json: everywhere.json }, everywhere }
    }

    /// The data folder; it may not be there yet.
    pub(crate) fn data(&self) -> Result<PathBuf> {
        data::folder(self.everywhere.data.as_deref())
    }
}
