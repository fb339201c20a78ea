//! The program inside a VM. See `--help`, and the crate's front page for what it is for.

mod arguments;
mod boot;
mod cgroup;
mod command;
mod confine;
mod files;
mod identity;
mod keeper;
mod linger;
mod link_up;
mod outbox;
mod plumbing;
mod relay;
mod session;
mod settings;
mod stream;
mod trust;
mod vitals;

use std::process::ExitCode;

use arguments::Task;

fn main() -> ExitCode {
    let outcome = match arguments::read(std::env::args().skip(1)) {
        Ok(Task::Machine) => boot::machine(),
        Ok(Task::Serve { door, settings }) => session::serve(door, settings),
        Ok(Task::Keeper(order)) => return keeper::run(&order),
        Ok(Task::Relay { socket, listen, command }) => return relay::alone(&socket, &listen, &command),
        Ok(Task::Confine { writable, command }) => return confine::run(&writable, &command),
        Ok(Task::Landlock) => return confine::say_version(),
        Ok(Task::Help) => {
            println!("{}", arguments::HELP);
            Ok(())
        }
        Err(wrong) => {
            eprintln!("swarm-guest: {wrong}\n\n{}", arguments::HELP);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("swarm-guest: {error}");
            ExitCode::FAILURE
        }
    }
}
