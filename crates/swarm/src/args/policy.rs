//! `swarm policy` and `swarm auth`.

use std::path::PathBuf;

use clap::Subcommand;

/// `swarm policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// The policies that hold here, file by file
    List {
        /// With their text
        #[arg(long)]
        text: bool,
    },
    /// Whether the policies of a folder are sound; says file and line where they are not
    #[command(after_help = CHECK)]
    Check {
        /// The folder; that of the configuration when absent
        folder: Option<PathBuf>,
    },
    /// What policies can speak of: who, what and every action, as a Cedar schema
    #[command(after_help = SCHEMA)]
    Schema,
}

/// `swarm auth`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Why somebody may do something or not, and what would have to change
    #[command(after_help = EXPLAIN)]
    Explain {
        /// Who: an email address, the id of a key, `operator`, `anybody` or `agent:NAME`
        user: String,
        /// What they would do: an operation of the API, a scope, `gate:answer`, `tool:run`
        action: String,
        /// To what: an id, `RUN/TICKET` for a ticket; for a tool its file, or the line that it runs
        resource: Option<String>,
    },
}

const CHECK: &str = "\
Example:
    swarm policy check policies/     0 when they are sound, 2 when not";

const SCHEMA: &str = "\
Example:
    swarm policy schema > swarm.cedarschema     for an editor that knows Cedar";

const EXPLAIN: &str = "\
Examples:
    swarm auth explain ada@example.org runs:write
    swarm auth explain ada@example.org 'POST /api/runs/{run}/cancel' run_01abc
    swarm auth explain agent:coder tool:write migrations/1.sql";
