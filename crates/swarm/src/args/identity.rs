//! `swarm user` and `swarm key`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use swarm_domain::{
    identity::{EmailAddress, KeyId, KeyName, Role, Scope},
    rate::Rate,
};

use super::secret::{time, window};

/// `swarm user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// The accounts: who they are in the team, since when
    List,
    /// Invite somebody; prints the link by which they make their account
    #[command(after_help = INVITE)]
    Invite {
        /// Their email address
        email: EmailAddress,
        /// What they will be: owner, admin, maintainer, reviewer, viewer or agent
        #[arg(long, default_value = "viewer")]
        role: Role,
    },
    /// The invitations, those that are over too
    Invitations,
    /// Take an invitation back
    Withdraw {
        /// Its id, or the address that it is for
        invitation: String,
    },
    /// Make an account by a link: the first one's, or an invitation's
    #[command(after_help = JOIN)]
    Join {
        /// The link
        link: String,
        /// Your email address; an invitation is for one
        #[arg(long)]
        email: EmailAddress,
    },
    /// Make somebody another thing in the team
    Role {
        /// Their email address
        email: EmailAddress,
        /// What they are from now on: owner, admin, maintainer, reviewer, viewer or agent
        role: Role,
    },
    /// Let somebody sign in no more; their sessions and keys count no more at once
    Disable {
        /// Their email address
        email: EmailAddress,
    },
    /// Let somebody sign in again
    Enable {
        /// Their email address
        email: EmailAddress,
    },
    /// Remove somebody's second factor, who lost their app and their recovery codes
    RemoveSecondFactor {
        /// Their email address
        email: EmailAddress,
    },
    /// A link for somebody, which counts once: to verify their address, or to choose another password
    Link {
        /// Their email address
        email: EmailAddress,
        /// What it is for
        #[arg(value_enum)]
        purpose: LinkFor,
    },
    /// Verify an address by a link and the password of the account
    Verify {
        /// The link
        link: String,
        /// Your email address
        #[arg(long)]
        email: EmailAddress,
    },
    /// Have a mail sent with a link to choose another password
    Forgot {
        /// Your email address
        email: EmailAddress,
    },
    /// Choose another password by a link
    Reset {
        /// The link
        link: String,
    },
}

/// What a link is for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum LinkFor {
    /// To show that an address is one's own
    Verify,
    /// To choose another password
    Reset,
}

const INVITE: &str = "\
Example:
    swarm user invite ada@example.org --role maintainer";

const JOIN: &str = "\
Examples:
    swarm user join swl_… --email ada@example.org        asks for a password, without showing it
    printf %s \"$PASSWORD\" | swarm user join swl_… --email ada@example.org";

/// `swarm key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make an API key; prints its text, once
    Create(KeyCreateArgs),
    /// The keys: what they may do, until when they count, when they were used; never their texts
    List {
        /// Everybody's, not just one's own
        #[arg(long)]
        all: bool,
    },
    /// Give a key another text; the old one counts beside it for a while
    #[command(after_help = ROTATE)]
    Rotate {
        /// Its id, or its name where only one that counts has it
        key: String,
        /// How long the old text still counts: 90s, 30m, 24h or 7d
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = window)]
        window: u32,
        /// When the new text stops to count by itself: a day, or a time with its zone
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<DateTime<Utc>>,
    },
    /// Let a key count no more, at once
    Revoke {
        /// Its id, or its name where only one that counts has it
        key: String,
    },
    /// What a key can be given, and which roles have it
    Scopes,
}

const CREATE: &str = "\
Examples:
    swarm key create ci --scope work:read --scope runs:write --expires 2030-01-31
    swarm key create ci --scope work:read --rate 20/min
    swarm key create worker --scope claims:work > worker.key      for swarm worker --token-file worker.key";

const ROTATE: &str = "\
Examples:
    swarm key rotate ci                  the old text counts for 24 hours more
    swarm key rotate ci --window 0s      the old text counts no more at once";

/// `swarm key create`.
#[derive(Debug, Args)]
#[command(after_help = CREATE)]
pub(crate) struct KeyCreateArgs {
    /// What it is called
    pub(crate) name: KeyName,

    /// What it may do; `swarm key scopes` lists the scopes
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
    pub(crate) scope: Vec<Scope>,

    /// When it stops to count by itself: a day, or a time with its zone
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) expires: Option<DateTime<Utc>>,

    /// How often it may ask, such as 20/min; as often as the server lets every key when absent
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
}

/// What names a key on the command line.
pub(crate) fn key_id(text: &str) -> Option<KeyId> {
    KeyId::parse(text).ok().filter(|id| id.as_str().starts_with("key_"))
}
