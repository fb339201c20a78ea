//! What a client's frame is answered with.

use swarm_domain::{Problem, identity::Principal};

use crate::live::{
    Live,
    frame::{Close, Malformed},
    path::{Path, PathError},
    version::Version,
};

/// Paths as a client wrote them, in their one form, once: all that it may follow, or why not.
pub(crate) fn paths(live: &Live, who: &Principal, given: &[String]) -> Result<Vec<Path>, Problem> {
    let mut paths = Vec::new();
    for text in given {
        let path = Path::parse(text).map_err(|error| not_a_path(&error))?;
        if !live.access.may_subscribe(who, &path) {
            return Err(forbidden(&path));
        }
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(not_a_path(&PathError::Empty));
    }
    Ok(paths)
}

/// A path that is none.
pub(crate) fn not_a_path(error: &PathError) -> Problem {
    Problem::new(
        "live.path",
        error.to_string(),
        "name a path such as `events` or `runs/RUN`; `swarm run list` has the ids",
    )
}

/// A path that is not for this client.
pub(crate) fn forbidden(path: &Path) -> Problem {
    Problem::new("live.forbidden", format!("`{path}` is not yours to follow"), "ask its owner for access")
}

/// More paths than a connection may follow.
pub(crate) fn too_many(most: usize) -> Problem {
    let detail = format!("a connection follows at most {most} paths");
    Problem::new(
        "live.too_many_subscriptions",
        detail,
        "follow the run or the project instead of each ticket",
    )
}

/// A message that is no frame.
pub(crate) fn malformed(fault: &Malformed) -> Problem {
    Problem::new(
        "live.malformed",
        fault.to_string(),
        "see schemas/ws_messages.schema.json, or /api/asyncapi.json",
    )
}

/// A message more than may be sent.
pub(crate) fn rate(per_second: u32, burst: u32) -> Problem {
    let detail =
        format!("more than {per_second} messages a second, or {burst} at once: this one was not read");
    Problem::new("live.rate", detail, "wait as long as `retry_after_ms` says, then send it again")
}

/// A version that is not served.
pub(crate) fn version(asked: &str) -> Problem {
    let served = Version::ALL.map(Version::as_str).join(" and ");
    let detail = format!("version `{asked}` is not served; {served} are");
    Problem::new("live.version", detail, format!("ask for `{}`", Version::CURRENT.subprotocol()))
}

/// Another version in the middle of the conversation.
pub(crate) fn late_hello() -> Problem {
    Problem::new("live.late_hello", "the version is settled: `hello` comes first", "open another connection")
}

/// What a connection is closed for.
pub(crate) fn ending(close: Close, max: usize) -> Problem {
    let again = "connect again and resume from `cursor`";
    match close {
        Close::Restart => Problem::new("live.restart", "the server stops", again),
        Close::Binary => Problem::new("live.binary", "a message was not text", "send JSON as text"),
        Close::TooLarge => {
            let detail = format!("a message was larger than {max} bytes");
            Problem::new("live.too_large", detail, "send smaller messages: name fewer paths at once")
        }
        Close::Malformed => Problem::new(
            "live.not_a_client",
            "message after message was no frame",
            "see `swarm` docs: live updates",
        ),
        Close::Revoked => Problem::new("live.revoked", "you may not come in any more", "sign in again"),
        Close::Version => version("unknown"),
        Close::Silent => {
            Problem::new("live.silent", "nothing was heard for too long", "answer pings, or send `ping`")
        }
        Close::Slow => Problem::new("live.slow_consumer", "what was sent was not taken for too long", again),
        Close::Flood => Problem::new(
            "live.flood",
            "too many messages, again and again",
            "keep to the limits of `welcome`",
        ),
    }
}
