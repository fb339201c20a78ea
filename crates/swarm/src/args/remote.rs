//! Options of a worker that has no database: it works over HTTP.

use std::path::PathBuf;

use clap::Args;

/// Where the work comes from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Over HTTP, without the database")]
pub(crate) struct RemoteArgs {
    /// Claim work from the server at this URL: neither its database nor its data folder is needed
    #[arg(long, value_name = "URL", requires = "token_file", conflicts_with = "only_labels")]
    pub(crate) server: Option<String>,

    /// The file with the server's token, or a copy of its server.json; read again when the server has a new one
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,

    /// End after one piece of work
    #[arg(long, requires = "server")]
    pub(crate) once: bool,
}
