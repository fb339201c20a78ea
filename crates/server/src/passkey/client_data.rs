//! What a browser says of a ceremony (`CollectedClientData`, 5.8.1): it is what the authenticator signs by its hash.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{Fault, MAX_BYTES};
use crate::web_origin::WebOrigin;

/// What an authenticator was asked for. An answer to one is none to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new passkey.
    Create,
    /// A signature of one that is there.
    Get,
}

#[derive(Debug)]
pub(super) struct ClientData {
    pub(super) challenge: Vec<u8>,
    pub(super) origin: WebOrigin,
}

/// As browsers write it; they may add fields.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    pub(super) fn read(json: &[u8], ceremony: Ceremony) -> Result<Self, Fault> {
        const FORM: Fault = "what the browser says of it has another form";
        if json.len() > MAX_BYTES {
            return Err(FORM);
        }
        let said: Said = serde_json::from_slice(json).map_err(|_| FORM)?;
        let wanted = match ceremony {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        };
        if said.r#type != wanted {
            return Err("it answers another question");
        }
        if said.cross_origin || said.top_origin.is_some() {
            return Err("it was given inside a page of somebody else");
        }
        let challenge = BASE64_URL_SAFE_NO_PAD.decode(said.challenge).map_err(|_| FORM)?;
        let origin = said.origin.parse().map_err(|_| "it was given on no page of a server")?;
        Ok(Self { challenge, origin })
    }
}
