//! The `swarm` program: the command line, the configuration, and the wiring of the rooms below. It holds no rules.

mod args;
mod chart;
mod commands;
mod config;
mod context;
mod data;
mod doctor;
mod door;
mod exit;
mod house;
mod interrupt;
mod logging;
mod models;
mod output;
mod progress;
mod table;
mod top;
mod wire;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let json = cli.everywhere.json;
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::failure(&failure, json);
            failure.exit.into()
        }
    }
}
