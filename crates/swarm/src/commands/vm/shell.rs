//! `swarm vm shell`: a person has a sandbox, line by line, and gives it back.

use std::{
    io::{self, BufRead, IsTerminal},
    time::Duration,
};

use swarm_client::{Client, ClientError, types};
use swarm_domain::Problem;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    output,
};

/// How often a sign of life is given within a lease.
const SIGNS: u64 = 3;

/// A sandbox that is ours.
struct Ours<'a> {
    client: &'a Client,
    vm: String,
    token: String,
    /// Where lines run, relative to the work folder.
    cwd: String,
    /// It is ours no more.
    lost: CancellationToken,
}

pub(super) async fn run(context: &Context, client: &Client, vm: &str) -> Result<Exit> {
    let taken = client.take_over_vm(vm).await?;
    let lost = CancellationToken::new();
    let keeper = keep(client.clone(), &taken, lost.clone());
    output::notice(&format!(
        "{} is yours for {} min at the most; its work waits until you leave with `exit` or Ctrl-D",
        taken.vm,
        taken.left_seconds.div_ceil(60)
    ));
    let mut ours = Ours { client, vm: taken.vm, token: taken.token, cwd: String::new(), lost: lost.clone() };
    let done = ours.lines(context).await;
    keeper.abort();
    match client.hand_back_vm(&ours.vm, &ours.token).await {
        Ok(()) => output::notice("handed back: its work goes on"),
        // It ended, or was handed back by itself.
        Err(error) if matches!(error.code(), "vm.handed_back" | "vm.unknown") => {}
        Err(error) => {
            output::notice(&format!("warning: {}; it is handed back by itself soon", error.detail()));
        }
    }
    if lost.is_cancelled() {
        return Err(Problem::new(
            "vm.handed_back",
            format!("{} is not yours any more", ours.vm),
            format!("take it over again: `swarm vm shell {vm}`"),
        )
        .into());
    }
    done
}

/// Gives signs of life until it is of no use any more.
fn keep(client: Client, taken: &types::VmTaken, lost: CancellationToken) -> JoinHandle<()> {
    let every = Duration::from_millis((taken.lease_seconds * 1_000 / SIGNS).max(100));
    let (vm, token) = (taken.vm.clone(), taken.token.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            match client.renew_vm(&vm, &token).await {
                Err(error) if is_over(&error) => return lost.cancel(),
                // The server may be back before the lease runs out.
                Ok(_) | Err(_) => {}
            }
        }
    })
}

fn is_over(error: &ClientError) -> bool {
    matches!(error.code(), "vm.handed_back" | "vm.taken_over" | "vm.unknown")
}

impl Ours<'_> {
    async fn lines(&mut self, context: &Context) -> Result<Exit> {
        let failed = |error| Failure::io("listen for signals", error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut typed = typed();
        let asks = io::stdin().is_terminal();
        let lost = self.lost.clone();
        let mut exit = Exit::Done;
        loop {
            if asks {
                output::prompt(&format!("{}:/work/{}$ ", self.vm, self.cwd));
            }
            let line = tokio::select! {
                line = typed.recv() => line,
                () = lost.cancelled() => None,
                _ = hang_up.recv() => None,
                _ = terminate.recv() => None,
                _ = interrupt.recv() => {
                    output::notice("");
                    None
                }
            };
            let Some(line) = line.filter(|line| !matches!(line.trim(), "exit" | "logout")) else {
                return Ok(exit);
            };
            if line.trim().is_empty() {
                continue;
            }
            let running = self.line(context, &line);
            exit = tokio::select! {
                ended = running => ended?,
                // Who waits no more ends the command.
                _ = interrupt.recv() => {
                    output::notice("[ended]");
                    Exit::Failed
                }
                _ = hang_up.recv() => return Ok(Exit::Interrupted),
                _ = terminate.recv() => return Ok(Exit::Interrupted),
                () = lost.cancelled() => return Ok(Exit::Failed),
            };
        }
    }

    async fn line(&mut self, context: &Context, line: &str) -> Result<Exit> {
        let words: Vec<_> = line.split_whitespace().collect();
        if let ["cd", rest @ ..] = words.as_slice()
            && rest.len() <= 1
        {
            return self.enter(context, rest.first().copied().unwrap_or_default()).await;
        }
        let ended = match self.run(line, &self.cwd).await {
            Ok(ended) => ended,
            Err(error) => return Self::refused(error),
        };
        super::said(context, &ended)?;
        Ok(if ended.exit_code == Some(0) { Exit::Done } else { Exit::Failed })
    }

    /// Remembers a folder, if it is there.
    async fn enter(&mut self, context: &Context, folder: &str) -> Result<Exit> {
        let Some(cwd) = joined(&self.cwd, folder) else {
            output::notice("[that is outside of /work]");
            return Ok(Exit::Failed);
        };
        match self.run("true", &cwd).await {
            Ok(_) => {
                self.cwd = cwd;
                // In JSON every line has its answer.
                context.output.document(&serde_json::json!({ "cwd": self.cwd }))?;
                Ok(Exit::Done)
            }
            Err(error) => Self::refused(error),
        }
    }

    async fn run(&self, command: &str, cwd: &str) -> Result<types::VmEnded, ClientError> {
        let line = types::VmExec {
            command: command.to_owned(),
            cwd: Some(cwd.to_owned()),
            stdin: None,
            wall_ms: None,
            token: Some(self.token.clone()),
        };
        self.client.exec_vm(&self.vm, &line).await
    }

    /// A line that could not be run is no reason to leave, unless the sandbox is ours no more.
    fn refused(error: ClientError) -> Result<Exit> {
        if is_over(&error) || matches!(error, ClientError::Unreachable { .. }) {
            return Err(error.into());
        }
        output::notice(&format!("[{}: {}]", error.code(), error.detail()));
        Ok(Exit::Failed)
    }
}

/// The lines that are typed. Reading them blocks a thread that is left behind at the end.
fn typed() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Where `cd` leads, relative to the work folder; nothing where that is outside.
fn joined(cwd: &str, folder: &str) -> Option<String> {
    let (from, rest) = match folder {
        "" | "~" => ("", ""),
        absolute if absolute.starts_with('/') => {
            let inside = absolute.strip_prefix("/work")?;
            if !inside.is_empty() && !inside.starts_with('/') {
                return None;
            }
            ("", inside)
        }
        relative => (cwd, relative),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(rest.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cd_stays_inside_of_the_work_folder() {
        for (cwd, folder, there) in [
            ("", "src", Some("src")),
            ("src", "../docs/./a", Some("docs/a")),
            ("src", "", Some("")),
            ("src", "/work/x", Some("x")),
            ("src", "/work", Some("")),
            ("src", "..", Some("")),
            ("src", "../..", None),
            ("", "/etc", None),
            ("", "/workshop", None),
        ] {
            assert_eq!(joined(cwd, folder).as_deref(), there, "{cwd} {folder}");
        }
    }
}
