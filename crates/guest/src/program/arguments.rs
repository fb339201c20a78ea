//! What the program is asked to do.

use std::path::PathBuf;

use nix::unistd::{Uid, getpid};

use crate::{keeper::Order, relay::LISTEN, settings::Settings, stream::Door};

pub const HELP: &str = "\
The program inside a microVM of swarm: runs commands, moves files, and says how it is.

As /init (process 1) it takes no arguments and reads the kernel's command line:
  swarm.port=NAME      the virtio-serial port to talk over (swarm)
  swarm.tty=PATH       a serial line instead
  swarm.vsock=PORT     or a port of AF_VSOCK to listen on (3129)
  swarm.root=DEVICE    a root file system, mounted read-only below an overlay
  swarm.rootfstype=T   its type (squashfs or ext4, whichever it is)
  swarm.scratch=DEVICE an ext4 file system for what is written; memory otherwise

As an ordinary process:
  swarm-guest serve --stdio|--unix PATH --work DIR --state DIR [--plain] [--user UID] [--relay ADDRESS]
      Speaks the protocol over standard streams or a Unix socket. --plain: no namespaces.
      --relay: connections to that address go to the host.
  swarm-guest relay --socket PATH [--listen 127.0.0.1:3128] [-- COMMAND...]
      Copies each connection to the Unix socket PATH; with a command, for as long as that runs.
  swarm-guest confine [--write PATH]... -- COMMAND...
      Becomes the command, which may write below these paths alone and reach no process beside it (Landlock).
  swarm-guest landlock
      Prints the version of Landlock that the kernel has.
  swarm-guest --help";

/// What is to be done.
pub enum Task {
    Machine,
    Serve { door: Door, settings: Settings },
    Keeper(Order),
    Relay { socket: PathBuf, listen: String, command: Vec<String> },
    Confine { writable: Vec<PathBuf>, command: Vec<String> },
    Landlock,
    Help,
}

pub fn read(mut words: impl Iterator<Item = String>) -> Result<Task, String> {
    match words.next().as_deref() {
        Some("serve") => serve(words),
        Some("keeper") => Order::read(words).map(Task::Keeper),
        Some("relay") => relay(words),
        Some("confine") => confine(words),
        Some("landlock") => Ok(Task::Landlock),
        Some("--help" | "-h") => Ok(Task::Help),
        // The kernel hands the options that it does not know to /init.
        _ if getpid().as_raw() == 1 => Ok(Task::Machine),
        Some(other) => Err(format!("no such command: {other}")),
        None => Err("what is to be done?".to_owned()),
    }
}

fn serve(mut words: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut door, mut work, mut state, mut user) = (None, None, None, None);
    let (mut plain, mut relay) = (false, None);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--stdio" => door = Some(Door::stdio()),
            "--unix" => door = Some(Door::unix(&PathBuf::from(value()?)).map_err(|error| error.to_string())?),
            "--work" => work = Some(PathBuf::from(value()?)),
            "--state" => state = Some(PathBuf::from(value()?)),
            "--user" => user = Some(value()?.parse().map_err(|_| "--user wants a number")?),
            "--plain" => plain = true,
            "--relay" => relay = Some(value()?),
            other => return Err(format!("no such option: {other}")),
        }
    }
    let door = door.ok_or("--stdio or --unix is needed")?;
    let (work, state) = (work.ok_or("--work is needed")?, state.ok_or("--state is needed")?);
    let isolate = !plain && Uid::effective().is_root();
    let settings = Settings { seen: work.clone(), work, state, machine: false, isolate, user, relay };
    Ok(Task::Serve { door, settings })
}

fn confine(mut words: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut writable = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => writable.push(PathBuf::from(words.next().ok_or("--write wants a value")?)),
            "--" => return Ok(Task::Confine { writable, command: words.collect() }),
            other => return Err(format!("no such option: {other}")),
        }
    }
    Err("-- and a command are needed".to_owned())
}

fn relay(mut words: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut socket, mut listen) = (None, LISTEN.to_owned());
    let mut command = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--socket" => socket = Some(PathBuf::from(value()?)),
            "--listen" => listen = value()?,
            "--" => command = words.by_ref().collect(),
            other => return Err(format!("no such option: {other}")),
        }
    }
    Ok(Task::Relay { socket: socket.ok_or("--socket is needed")?, listen, command })
}
