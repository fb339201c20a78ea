//! `swarm notifications`.

use clap::Subcommand;
use swarm_domain::NotificationId;

const TEST: &str = "\
Example:
    swarm notifications test mail";

/// `swarm notifications`.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    /// What you were told, the newest first
    List {
        /// Only what you have not read
        #[arg(long)]
        unread: bool,
    },
    /// Mark what you were told as read
    Read {
        /// Only this one
        id: Option<NotificationId>,
    },
    /// What could not be sent to people and rooms, and why
    Dead,
    /// Send again what could not be sent
    Replay {
        /// Which
        id: NotificationId,
    },
    /// Send yourself a message by a channel, to see whether it works
    #[command(after_help = TEST)]
    Test {
        /// The channel's name in the configuration
        channel: String,
    },
}
