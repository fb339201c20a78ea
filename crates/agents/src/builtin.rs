//! The agents that come inside the binary: the files of `agents/build/` at the root of the repository.

use std::path::Path;

use crate::{error::AgentError, file::AgentFile};

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the files.
        pub(crate) const FILES: &[(&str, &str)] = &[$(
            (concat!($name, ".md"), include_str!(concat!("../../../agents/build/", $name, ".md"))),
        )*];
    };
}

embedded!(
    "coder",
    "conflict-fixer",
    "fixer",
    "planner",
    "reviewer",
    "spec-writer",
    "summariser",
    "surveyor",
    "test-writer",
    "ticket-writer"
);

pub(crate) fn files() -> Result<Vec<AgentFile>, AgentError> {
    FILES.iter().map(|(name, text)| AgentFile::parse(&Path::new("agents/build").join(name), text)).collect()
}
