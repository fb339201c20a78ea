//! `swarm completions`.

use clap::CommandFactory;

use crate::{
    args::Cli,
    exit::{Exit, Result},
    output,
};

pub(super) fn print(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "swarm", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
