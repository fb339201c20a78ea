//! Landlock around a command: where it may write is named, everything else it can only read, and what stands beside it in
//! the same view it can neither signal nor look into. A second wall within that of the mounts: it stays when one of those
//! is wrong.

use std::{
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, Scope, make_bitflags, path_beneath_rules,
};

/// The newest rules that are asked for. A kernel that knows fewer holds those that it knows.
const NEWEST: ABI = ABI::V6;

/// What a shell says when a program is not there, and when it cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// What is said when the wall cannot be put up: nothing is run then.
const NOT_CONFINED: u8 = 125;

/// Becomes the command, within the wall. Comes back only where that fails.
pub fn run(writable: &[PathBuf], command: &[String]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else {
        eprintln!("swarm-guest: there is no command");
        return ExitCode::from(NOT_CONFINED);
    };
    if let Err(error) = restrict(writable) {
        eprintln!("swarm-guest: the command cannot be confined: {error}");
        return ExitCode::from(NOT_CONFINED);
    }
    let error = Command::new(program).args(arguments).exec();
    let missing = error.kind() == io::ErrorKind::NotFound;
    eprintln!("{program}: {}", if missing { "not found".to_owned() } else { error.to_string() });
    ExitCode::from(if missing { NOT_FOUND } else { NOT_RUNNABLE })
}

/// Says which version of the rules the kernel knows. Restricts this process in passing, which has no more to do.
pub fn say_version() -> ExitCode {
    match restrict(&[]).map(|status| status.landlock) {
        Ok(LandlockStatus::Available { effective_abi, kernel_abi }) => {
            println!("{}", kernel_abi.map_or_else(|| effective_abi.to_string(), |newer| newer.to_string()));
            return ExitCode::SUCCESS;
        }
        Ok(LandlockStatus::NotEnabled) => {
            eprintln!("the kernel has it, and it is not enabled (`lsm=` at boot)");
        }
        Ok(LandlockStatus::NotImplemented) => eprintln!("the kernel does not have it"),
        Err(error) => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

fn restrict(writable: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::from_read(NEWEST);
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules([Path::new("/")], read))?
        .add_rules(path_beneath_rules([Path::new("/dev")], read | devices()))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(NEWEST)))?
        .restrict_self()
}

/// What is done with `/dev/null` and terminals.
fn devices() -> BitFlags<AccessFs> {
    make_bitflags!(AccessFs::{WriteFile | Truncate | IoctlDev})
}
