//! What is refused before anything is made: names, folders, limits and commands that cannot be meant.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use crate::{
    error::SandboxError,
    sandbox::{Exec, Limits, SandboxSpec},
};

const LONGEST_NAME: usize = 200;

/// The kernel takes 128 KiB in one argument and a few megabytes in all; swarm's own arguments need room too.
const LONGEST_ARGUMENT: usize = 100 << 10;
const LONGEST_COMMAND: usize = 1 << 20;

/// Below this not even a shell starts.
const LEAST_MEMORY: u64 = 8 << 20;

/// The work folder's real path, when the specification is fit to be carried out. `private` is swarm's own folder, which
/// must not be seen inside.
pub(crate) fn spec(spec: &SandboxSpec, private: &Path) -> Result<PathBuf, SandboxError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if spec.name.is_empty() || spec.name.len() > LONGEST_NAME || !spec.name.chars().all(plain) {
        let detail = format!("1 to {LONGEST_NAME} of a-z, A-Z, 0-9, `-`, `_`, `.` are wanted");
        return Err(SandboxError::invalid("sandbox name", detail));
    }
    limits(&spec.limits)?;
    let unfit = |detail: String| {
        SandboxError::invalid("work folder", format!("{}: {detail}", spec.workdir.display()))
    };
    let workdir = fs::canonicalize(&spec.workdir).map_err(|error| unfit(error.to_string()))?;
    if !workdir.is_dir() {
        return Err(unfit("it is no folder".to_owned()));
    }
    if private.starts_with(&workdir) {
        return Err(unfit("swarm's own files are in it".to_owned()));
    }
    Ok(workdir)
}

fn limits(limits: &Limits) -> Result<(), SandboxError> {
    let low = |what: &str, least: String| {
        Err(SandboxError::invalid("limit", format!("{what} must be at least {least}")))
    };
    if limits.memory_bytes < LEAST_MEMORY {
        return low("memory", format!("{LEAST_MEMORY} bytes"));
    }
    if limits.cpu_milli == 0 {
        return low("CPU", "1 thousandth".to_owned());
    }
    if limits.pids == 0 {
        return low("processes", "1".to_owned());
    }
    if limits.disk_bytes == 0 {
        return low("disk", "1 byte".to_owned());
    }
    if limits.disk_iops == Some(0) {
        return low("operations of the disk", "1 a second".to_owned());
    }
    if limits.wall.is_zero() {
        return low("the wall clock", "1 ms".to_owned());
    }
    Ok(())
}

/// Whether a command is fit to be carried out.
pub(crate) fn exec(exec: &Exec) -> Result<(), SandboxError> {
    let refuse = |detail: &str| Err(SandboxError::invalid("command", detail));
    let Some(program) = exec.argv.first() else {
        return refuse("there is no program");
    };
    if program.is_empty() || program.starts_with('-') {
        return refuse("a program's name is not empty and does not begin with `-`");
    }
    let texts = || exec.argv.iter().chain(exec.env.keys()).chain(exec.env.values());
    if texts().any(|text| text.contains('\0')) {
        return refuse("it has a NUL character");
    }
    if texts().any(|text| text.len() > LONGEST_ARGUMENT)
        || texts().map(String::len).sum::<usize>() > LONGEST_COMMAND
    {
        return refuse("it is too long");
    }
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if exec.env.keys().any(|key| key.is_empty() || !key.chars().all(name)) {
        return refuse("a variable's name has letters, digits and `_` only");
    }
    if exec.cwd.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(SandboxError::invalid("working folder", format!("{} is not inside", exec.cwd.display())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Exec)) -> bool {
        let mut command = Exec::shell("true");
        change(&mut command);
        matches!(exec(&command), Err(SandboxError::Invalid { .. }))
    }

    #[test]
    fn commands_that_cannot_be_meant_are_refused() {
        assert!(!refused(|_| ()));
        assert!(refused(|command| command.argv.clear()));
        assert!(refused(|command| command.argv[0] = "-x".to_owned()));
        assert!(refused(|command| command.argv[2] = "a\0b".to_owned()));
        assert!(refused(|command| command.argv[2] = "a".repeat(200_000)));
        assert!(refused(|command| command.cwd = PathBuf::from("../elsewhere")));
        assert!(refused(|command| command.cwd = PathBuf::from("/etc")));
        assert!(refused(|command| drop(command.env.insert("A=B".to_owned(), String::new()))));
    }

    #[test]
    fn a_work_folder_that_holds_swarms_own_files_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let (state, work) = (data.path().join("sandboxes"), data.path().join("work"));
        fs::create_dir(&state).unwrap();
        fs::create_dir(&work).unwrap();
        let at = |name: &str, workdir: &Path| {
            let workdir = workdir.to_owned();
            spec(&SandboxSpec { name: name.to_owned(), workdir, ..SandboxSpec::default() }, &state)
        };
        assert!(at("good", &work).is_ok());
        for (name, folder) in [
            ("bad", data.path()),
            ("bad", &state),
            ("", &work),
            ("a/b", &work),
            ("bad", Path::new("/no/such")),
        ] {
            assert!(
                matches!(at(name, folder), Err(SandboxError::Invalid { .. })),
                "{name} {}",
                folder.display()
            );
        }
    }
}
