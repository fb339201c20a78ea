//! The server's answers in the words of the domain: the same JSON, read as the other type.

use serde::{Serialize, de::DeserializeOwned};
use swarm_client::{ClientError, types};
use swarm_domain::{Event, Problem};

use crate::exit::{Failure, Result};

/// Reads what the server sent as the domain's type of the same shape.
pub(crate) fn read<T: DeserializeOwned>(sent: &impl Serialize) -> Result<T> {
    let value = serde_json::to_value(sent).map_err(|error| unreadable(&error))?;
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}

/// An event; none where the server is newer and sends a kind that this program does not know.
pub(crate) fn event(sent: &types::Event) -> Option<Event> {
    read(sent).ok()
}

/// One line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Failure {
    let detail = format!("the server's answer cannot be read: {error}");
    Problem::new("cli.unreadable", detail, "use the same version of swarm as the server, then run it again")
        .into()
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Problem::new(error.code(), error.detail(), error.next()).into()
    }
}
