//! `swarm secret`.

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use swarm_domain::{ProjectId, SecretName};

/// `swarm secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Give a secret its value, from standard input or a prompt; one that is there is replaced at once
    Set(SecretSetArgs),
    /// The secrets: for what they are, until when they count, when they were used; never their values
    List,
    /// Give a secret another value; the old one counts beside it for a while
    Rotate(SecretRotateArgs),
    /// Remove a secret with all its values
    Rm {
        /// Its name
        name: SecretName,
        /// The project that it is for; all when absent
        #[arg(long, value_name = "PROJECT")]
        project: Option<ProjectId>,
    },
    /// Whether each secret can be opened or looked up; says what is wrong, shows no value
    Check,
    /// Seal every value with a new key
    Rekey {
        /// Give up the secrets that no key opens any more, because the key was lost
        #[arg(long)]
        lost: bool,
    },
}

const SET: &str = "\
Examples:
    swarm secret set registry --host npm.example.org            asks for the value, without showing it
    printf %s \"$TOKEN\" | swarm secret set registry --host npm.example.org
    swarm secret set search --host api.example.org --as header:X-Api-Key --project shop --expires 2030-01-31
    swarm secret set registry --host npm.example.org --from vault:secret/team/registry#token

The value is never an argument: arguments stand in the shell's history, and every user of the machine sees them.";

/// Where a value comes from.
#[derive(Debug, Args)]
pub(crate) struct ValueArgs {
    /// Look it up at each use instead of keeping it: vault:MOUNT/PATH#FIELD, env:NAME or file:/PATH
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) from: Option<String>,

    /// When it stops to count by itself: a day, or a time with its zone
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) expires: Option<DateTime<Utc>>,

    /// The project that it is for; all when absent
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<ProjectId>,

    // Taken, so that it can be refused with the reason and without being printed.
    #[arg(hide = true, value_name = "VALUE")]
    pub(crate) refused: Vec<String>,
    #[arg(long, hide = true, value_name = "VALUE")]
    pub(crate) value: Option<String>,
}

/// `swarm secret set`.
#[derive(Debug, Args)]
#[command(after_help = SET)]
pub(crate) struct SecretSetArgs {
    /// Its name
    pub(crate) name: SecretName,

    /// A host that it may be sent to; to no other it ever is
    #[arg(long, value_name = "HOST", required = true, value_delimiter = ',')]
    pub(crate) host: Vec<String>,

    /// How it is put into a request: bearer, basic (the value is USER:PASSWORD) or header:NAME
    #[arg(long = "as", value_name = "FORM", default_value = "bearer")]
    pub(crate) form: String,

    #[command(flatten)]
    pub(crate) value: ValueArgs,
}

const ROTATE: &str = "\
Examples:
    swarm secret rotate registry                 asks for the new value; the old one counts for 24 hours more
    printf %s \"$NEW\" | swarm secret rotate registry --window 2h
    printf %s \"$NEW\" | swarm secret rotate registry --window 0s     the old one counts no more at once";

/// `swarm secret rotate`.
#[derive(Debug, Args)]
#[command(after_help = ROTATE)]
pub(crate) struct SecretRotateArgs {
    /// Its name
    pub(crate) name: SecretName,

    /// How long the old value still counts: 90s, 30m, 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = window)]
    pub(crate) window: u32,

    #[command(flatten)]
    pub(crate) value: ValueArgs,
}

pub(super) fn window(text: &str) -> Result<u32, String> {
    let wrong = || "write it like 90s, 30m, 24h or 7d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(wrong)
}

pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    day.map(|day| day.and_utc()).ok_or_else(|| "write it like 2030-01-31 or 2030-01-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_and_a_time_are_read_as_people_write_them() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(window(text), Ok(seconds));
        }
        for bad in ["", "s", "24", "h24", "-1h", "1.5h", "24 h", "99999999999d", "4294967295d", "1w", "ü"] {
            assert!(window(bad).is_err(), "{bad}");
        }
        assert_eq!(time("2030-01-31").unwrap().to_rfc3339(), "2030-01-31T00:00:00+00:00");
        assert_eq!(time("2030-01-31T12:00:00+02:00").unwrap().to_rfc3339(), "2030-01-31T10:00:00+00:00");
        for bad in ["", "2030", "31.01.2030", "2030-02-30", "tomorrow"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
