//! One file a command: ask, and print the answer.

mod agent;
mod alerts;
mod approval;
mod audit;
mod budget;
mod build;
mod cache;
mod completions;
mod config;
mod db;
mod doctor;
mod failures;
mod fleet;
mod gate;
mod key;
mod limits;
mod model;
mod notification;
mod plan;
mod planned;
mod planning;
mod policy;
mod pr;
mod quality;
mod remote_worker;
mod repository;
mod retention;
mod run;
mod sandbox;
mod sandbox_bench;
mod secret;
mod spec;
mod spec_check;
mod spec_derive;
mod spec_draft;
mod stats;
mod steps;
mod ticket;
mod top;
mod trace;
mod travel;
mod up;
mod user;
mod vm;
mod worker;

use std::future::Future;

pub(crate) use agent::catalogue;
pub(crate) use run::state as state_of_run;
pub(crate) use ticket::wire_name;

use crate::{
    args::{BenchCommand, Cli, Command},
    context::Context,
    exit::{Exit, Failure, Result},
    logging,
};

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> Result<Exit> {
    let context = Context::new(cli.everywhere.clone());
    let serves = match &cli.command {
        Command::Up(_) => true,
        Command::Worker(args) => args.command.is_none(),
        _ => false,
    };
    logging::begin(cli.everywhere.verbose, cli.everywhere.json && serves, serves);
    match cli.command {
        Command::Completions { shell } => completions::print(shell),
        Command::Config(command) => config::run(&context, &command),
        Command::Agent(command) => agent::run(&context, &command),
        Command::Plan(command) => plan::run(&context, command),
        Command::Spec(command) => wait(spec::run(&context, command)),
        Command::Build(args) => wait(build::run(&context, *args)),
        Command::Up(args) => wait(up::run(&context, args)),
        Command::Worker(args) => wait(worker::run(&context, *args)),
        Command::Ticket(command) => wait(ticket::run(&context, command)),
        Command::Run(command) => wait(run::run(&context, command)),
        Command::Approvals(args) => wait(approval::list(&context, args)),
        Command::Approve(args) => wait(approval::approve(&context, args)),
        Command::Reject(args) => wait(approval::reject(&context, args)),
        Command::Answer(args) => wait(approval::answer(&context, args)),
        Command::Delegate(args) => wait(approval::delegate(&context, args)),
        Command::Notifications(command) => wait(notification::run(&context, command)),
        Command::Top(args) => wait(top::run(&context, args)),
        Command::Trace(args) => wait(trace::run(&context, args)),
        Command::Stats(args) => wait(stats::run(&context, args)),
        Command::Gate(args) => wait(gate::run(&context, *args)),
        Command::Alerts { all } => wait(alerts::run(&context, all)),
        Command::Failures(args) => wait(failures::run(&context, args)),
        Command::Quality(args) => wait(quality::run(&context, args)),
        Command::Pr(command) => wait(pr::run(&context, command)),
        Command::Secret(command) => wait(secret::run(&context, command)),
        Command::User(command) => wait(user::run(&context, command)),
        Command::Key(command) => wait(key::run(&context, command)),
        Command::Limits => wait(limits::run(&context)),
        Command::Auth(command) => wait(policy::auth(&context, command)),
        Command::Policy(command) => wait(policy::run(&context, command)),
        Command::Doctor => wait(doctor::run(&context)),
        Command::Sandbox(command) => wait(sandbox::run(&context, command)),
        Command::Bench(BenchCommand::Sandbox(args)) => wait(sandbox_bench::run(&context, args)),
        Command::Vm(command) => wait(vm::run(&context, command)),
        Command::Audit(command) => wait(audit::run(&context, &command)),
        Command::Budget(command) => wait(budget::run(&context, command)),
        Command::Hold(command) => wait(retention::hold(&context, command)),
        Command::Purge(args) => wait(retention::purge(&context, args)),
        Command::Model(command) => wait(model::run(&context, command)),
        Command::Cache(command) => wait(cache::run(&context, &command)),
        Command::Db(command) => wait(db::run(&context, &command)),
    }
}

/// Runs what must wait for something. The first to need a runtime is the first to pay for one.
fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // A second call finds the provider in place; that is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("start the runtime", error))?;
    runtime.block_on(work)
}
