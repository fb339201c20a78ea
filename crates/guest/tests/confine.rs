//! The wall around one command, apart from any sandbox.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

fn guest() -> Command {
    Command::new(env!("CARGO_BIN_EXE_swarm-guest"))
}

/// The version that the kernel has; nothing, with the reason on screen, where it has none.
fn version() -> Option<u32> {
    let said = guest().arg("landlock").output().unwrap();
    if !said.status.success() {
        println!("skipped: no Landlock here: {}", String::from_utf8_lossy(&said.stderr));
        return None;
    }
    Some(String::from_utf8(said.stdout).unwrap().trim().parse().unwrap())
}

fn confined(writable: &std::path::Path, command: &[&str]) -> Output {
    guest().args(["confine", "--write"]).arg(writable).arg("--").args(command).output().unwrap()
}

#[test]
fn a_command_writes_where_it_may_and_nowhere_else() {
    if version().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
    fs::create_dir(&inside).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "unchanged").unwrap();
    let line = format!(
        "cd {0}; echo a > inside/a; ln inside/a inside/b; mv inside/b inside/c; echo fine > /dev/null && echo null
         for line in 'echo x > outside/new' 'echo x > outside/file' 'truncate -s 0 outside/file' 'rm outside/file' \
                     'mkdir outside/folder' 'ln -s x outside/link' 'mkfifo outside/pipe' 'mv inside/a outside/a' \
                     'ln outside/file inside/file'; do
             (eval \"$line\") 2>/dev/null && echo \"done: $line\"
         done; cat outside/file",
        folder.path().display()
    );
    let ended = confined(&inside, &["sh", "-c", &line]);
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), "null\nunchanged");
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 2);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn a_process_beside_it_can_be_neither_signalled_nor_looked_into() {
    let Some(version) = version() else { return };
    let mut beside =
        Command::new("sleep").arg("600").env("BESIDE", "1").stdin(Stdio::null()).spawn().unwrap();
    let line = format!(
        "readlink /proc/{0}/cwd >/dev/null && echo looked
         readlink /proc/{0}/fd/0 >/dev/null && echo listed
         sleep 600 & kill $! && echo own; kill -9 {0} 2>/dev/null && echo killed",
        beside.id()
    );
    let plain = Command::new("sh").args(["-c", &line.replace("kill -9", "kill -0")]).output().unwrap();
    assert_eq!(String::from_utf8(plain.stdout).unwrap(), "looked\nlisted\nown\nkilled\n");
    let ended = confined(std::path::Path::new("/tmp"), &["sh", "-c", &line]);
    let said = String::from_utf8(ended.stdout).unwrap();
    // Signals are in the rules since their sixth version.
    let wanted = if version >= 6 { "own\n" } else { "own\nkilled\n" };
    assert_eq!(said, wanted);
    assert_eq!(beside.try_wait().unwrap().is_none(), version >= 6);
    let _ = beside.kill();
    let _ = beside.wait();
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_run_is_told_as_shells_tell_it() {
    let code = |words: &[&str]| guest().arg("confine").args(words).output().unwrap().status.code();
    assert_eq!(code(&["--", "no-such-program"]), Some(127));
    assert_eq!(code(&["--", "/etc/passwd"]), Some(126));
    assert_eq!(code(&["--", "sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["--"]), Some(125));
    assert_eq!(code(&["--write"]), Some(2));
}
