//! `swarm vm`.

mod shell;
mod shown;

use std::io::{self, IsTerminal, Read};

use swarm_client::{Client, types};
use swarm_domain::Problem;

use crate::{
    args::{OfVm, VmCommand, VmExecArgs},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    output,
    table::{legible, table},
};

/// What the server takes as input of a command.
const MAX_STDIN: u64 = 1 << 20;

pub(super) async fn run(context: &Context, command: VmCommand) -> Result<Exit> {
    door::reading(context, async |client| match command {
        VmCommand::List => list(context, client).await,
        VmCommand::Show(OfVm { vm }) => {
            context.output.print(&client.vm(vm.as_str()).await?, shown::words)?;
            Ok(Exit::Done)
        }
        VmCommand::Console { of, lines } => {
            let said = client.vm_console(of.vm.as_str(), Some(lines)).await?;
            context.output.print(&said, shown::console)?;
            Ok(Exit::Done)
        }
        VmCommand::Exec(args) => exec(context, client, args).await,
        VmCommand::Shell(OfVm { vm }) => shell::run(context, client, vm.as_str()).await,
        VmCommand::Snapshot(OfVm { vm }) => {
            let taken = client.snapshot_vm(vm.as_str(), None).await?;
            context.output.print(&taken, shown::snapshot)?;
            Ok(Exit::Done)
        }
        VmCommand::Snapshots => snapshots(context, client).await,
        VmCommand::Fork { from } => {
            let fork = client.fork_vm(from.as_str(), None).await?;
            context.output.print(&fork, shown::fork)?;
            Ok(Exit::Done)
        }
        VmCommand::Stop(OfVm { vm }) => {
            client.stop_vm(vm.as_str(), None).await?;
            context.output.say(&format!("{vm} is stopped"))?;
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(context: &Context, client: &Client) -> Result<Exit> {
    context.output.print(&client.vms().await?, shown::list)?;
    Ok(Exit::Done)
}

async fn snapshots(context: &Context, client: &Client) -> Result<Exit> {
    context.output.print(&client.snapshots().await?, |all| {
        if all.is_empty() {
            return "nothing was written down; `swarm vm snapshot VM` does it".to_owned();
        }
        let header = ["snapshot", "of", "attempt", "taken", "event", "holds", "size"];
        table(header, all.iter().map(shown::snapshot_row))
    })?;
    Ok(Exit::Done)
}

async fn exec(context: &Context, client: &Client, args: VmExecArgs) -> Result<Exit> {
    let line = types::VmExec {
        command: line(&args.command),
        cwd: Some(args.cwd),
        stdin: if args.stdin { Some(stdin()?) } else { None },
        wall_ms: args.seconds.map(|seconds| u64::from(seconds) * 1_000),
        token: None,
    };
    let ended = client.exec_vm(args.of.vm.as_str(), &line).await?;
    said(context, &ended)?;
    Ok(if ended.exit_code == Some(0) { Exit::Done } else { Exit::Failed })
}

/// Prints how a command ended: what it said to where it said it, and what is no plain success to standard error.
fn said(context: &Context, ended: &types::VmEnded) -> Result<()> {
    if context.output.document(ended)? {
        return Ok(());
    }
    let plain = |text: &str, is_terminal: bool| {
        // What a stranger wrote must not steer a terminal; a file gets it as it is.
        if is_terminal { legible(text) } else { text.to_owned() }
    };
    let (out, err) = (ended.stdout.trim_end_matches('\n'), ended.stderr.trim_end_matches('\n'));
    if !out.is_empty() {
        output::line(&plain(out, io::stdout().is_terminal()))?;
    }
    if !err.is_empty() {
        output::notice(&plain(err, io::stderr().is_terminal()));
    }
    if ended.dropped_bytes > 0 {
        output::notice(&format!("[{} bytes of output were dropped]", ended.dropped_bytes));
    }
    if ended.exit_code != Some(0) {
        output::notice(&format!("[{}]", ended.ended));
    }
    Ok(())
}

/// One word is a line for the shell; several are a program with its arguments.
fn line(words: &[String]) -> String {
    match words {
        [line] => line.clone(),
        words => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '+');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn stdin() -> Result<String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::io("read standard input", error))?;
    if bytes.len() as u64 > MAX_STDIN {
        let detail = format!("standard input has more than {MAX_STDIN} bytes");
        return Err(Failure::usage(Problem::new(
            "cli.stdin",
            detail,
            "put it into a file of the work folder, and read that",
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(Problem::new(
            "cli.stdin",
            "standard input is no text",
            "give it as base64, and decode it inside",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_words_reach_the_program_as_they_were_given() {
        let words = |all: &[&str]| line(&all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["ls && pwd"]), "ls && pwd");
        assert_eq!(words(&["echo", "it's", "a b", "", "$HOME"]), r"echo 'it'\''s' 'a b' '' '$HOME'");
        assert_eq!(words(&["python3", "-m", "unittest"]), "python3 -m unittest");
    }
}
