//! The program at work, and how it ended.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::Value;

use crate::world::PATIENCE;

/// A program at work. Dropping it kills it.
pub struct Running {
    child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Running {
    /// Starts it in a process group of its own, as a shell does. What it says goes into files that are named so.
    pub fn start(mut command: Command, name: &Path) -> Self {
        let (out, err) = (name.with_extension("out"), name.with_extension("err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child, out, err }
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to it and its children, as a terminal does.
    pub fn signal(&self, signal: Signal) {
        killpg(self.group(), signal).unwrap();
    }

    pub fn has_ended(&self) -> bool {
        has_ended(self.group())
    }

    pub fn ended(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {:?}", self.said(-1));
            std::thread::sleep(Duration::from_millis(5));
        };
        self.said(status.code().unwrap_or(-1))
    }

    fn said(&self, code: i32) -> Ended {
        let read = |file: &Path| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        Ended { code, out: read(&self.out), err: read(&self.err) }
    }
}

/// Whether a process is gone, or only waits for somebody to take note of its end.
pub fn has_ended(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = killpg(self.group(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Ended {
    /// All JSON documents of standard output, of which nothing else may be there.
    pub fn documents(&self) -> Vec<Value> {
        let all = serde_json::Deserializer::from_str(&self.out).into_iter();
        all.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ended with this exit code, said the error's code and what to do next.
    #[track_caller]
    pub fn failed(&self, exit: i32, code: &str) {
        assert_eq!(self.code, exit, "{self:?}");
        assert!(self.err.contains(&format!("[{code}]")), "{code}: {self:?}");
        let next = self.err.lines().find_map(|line| line.trim().strip_prefix("next: "));
        assert!(next.is_some_and(|next| next.len() > 5), "{self:?}");
    }
}
