//! `swarm vm`: the sandboxes of the server that runs.

use clap::{Args, Subcommand};
use swarm_domain::SandboxId;

const SHELL: &str = "\
Examples:
    swarm vm shell T-4k2p9.1          the sandbox of this attempt
    swarm vm shell vm_01j8…           this one
    printf 'ls\\ncat notes.txt\\n' | swarm vm shell T-4k2p9.1

The agent's next command waits until you leave with `exit` or Ctrl-D. Each line runs by itself, in the work folder or where
`cd` led; nothing goes on running between two lines. When your terminal goes away, the sandbox is handed back by itself.";

const EXEC: &str = "\
Examples:
    swarm vm exec T-4k2p9.1 'ls -l && git status'
    swarm vm exec T-4k2p9.1 --cwd src --seconds 20 -- python3 -m unittest -q";

const FORK: &str = "\
Examples:
    swarm vm fork T-4k2p9.1            as it is now
    swarm vm fork snapshot_01j8…       as it was then";

/// A sandbox.
#[derive(Debug, Clone, Args)]
pub(crate) struct OfVm {
    /// Which: its id, or that of its attempt
    #[arg(value_name = "VM")]
    pub(crate) vm: SandboxId,
}

/// `swarm vm`.
#[derive(Debug, Subcommand)]
pub(crate) enum VmCommand {
    /// The sandboxes there are, what they are for and what they use; and who has those of other attempts
    List,
    /// One sandbox
    Show(OfVm),
    /// The last that was said in a sandbox, and by its machine
    Console {
        #[command(flatten)]
        of: OfVm,
        /// The last so many lines
        #[arg(long, value_name = "LINES", default_value_t = 50)]
        lines: u32,
    },
    /// Run a command in a sandbox, between those of its agent; who ran what is written down
    Exec(VmExecArgs),
    /// Take a sandbox over: its work waits until you leave
    #[command(after_help = SHELL)]
    Shell(OfVm),
    /// Write a sandbox down as it is: files, memory where it is a microVM, and where the log stands
    Snapshot(OfVm),
    /// What was written down and is still there
    Snapshots,
    /// Make a sandbox of its own from another one, or from a snapshot; it ends when nobody uses it for a while
    #[command(after_help = FORK)]
    Fork {
        /// A sandbox, its attempt, or a snapshot
        #[arg(value_name = "VM|SNAPSHOT")]
        from: SandboxId,
    },
    /// End a sandbox with whatever runs in it; its work does the step again in another one
    Stop(OfVm),
}

/// `swarm vm exec`.
#[derive(Debug, Args)]
#[command(after_help = EXEC)]
pub(crate) struct VmExecArgs {
    #[command(flatten)]
    pub(crate) of: OfVm,

    /// Where, relative to the work folder
    #[arg(long, value_name = "DIR", default_value = "")]
    pub(crate) cwd: String,

    /// How long it may take; the sandbox's own bound counts too
    #[arg(long, value_name = "SECONDS")]
    pub(crate) seconds: Option<u32>,

    /// Give it what comes on standard input, up to a mebibyte
    #[arg(long)]
    pub(crate) stdin: bool,

    /// A line for the shell, or a program with its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}
