//! The shapes of LangChain's Agent Inbox: `HumanInterrupt` and `HumanResponse`, field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that an agent, or code for it, is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// What is to be done: `build_plan`, `merge_change`, `explain_spec`.
    pub action: String,
    /// With what: an object.
    pub args: Value,
}

/// Which answers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the Agent Inbox")]
pub struct HumanInterruptConfig {
    /// Whether it may be left undone.
    pub allow_ignore: bool,
    /// Whether words may be sent back.
    pub allow_respond: bool,
    /// Whether the arguments may be changed.
    pub allow_edit: bool,
    /// Whether it may be done as it is.
    pub allow_accept: bool,
}

/// A request for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HumanInterrupt {
    /// What is to be done.
    pub action_request: ActionRequest,
    /// Which answers are taken.
    pub config: HumanInterruptConfig,
    /// What it is about, as Markdown.
    pub description: Option<String>,
}

/// The kinds of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResponseKind {
    /// Do it as it is.
    Accept,
    /// Do it with these arguments.
    Edit,
    /// Words: an answer to a question, or why a review sends the work back.
    Response,
    /// Leave it undone.
    Ignore,
}

impl ResponseKind {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Edit => "edit",
            Self::Response => "response",
            Self::Ignore => "ignore",
        }
    }
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HumanResponse {
    /// What kind of answer it is.
    pub r#type: ResponseKind,
    /// Null for `ignore`; null or the action request for `accept`; the changed action request for `edit`; the words for
    /// `response`.
    #[serde(default)]
    pub args: Value,
}

impl HumanInterruptConfig {
    /// Whether this kind of answer is taken.
    #[must_use]
    pub fn allows(&self, kind: ResponseKind) -> bool {
        match kind {
            ResponseKind::Accept => self.allow_accept,
            ResponseKind::Edit => self.allow_edit,
            ResponseKind::Response => self.allow_respond,
            ResponseKind::Ignore => self.allow_ignore,
        }
    }

    /// The kinds of answer that are taken.
    #[must_use]
    pub fn allowed(&self) -> Vec<&'static str> {
        [ResponseKind::Accept, ResponseKind::Edit, ResponseKind::Response, ResponseKind::Ignore]
            .into_iter()
            .filter(|kind| self.allows(*kind))
            .map(ResponseKind::name)
            .collect()
    }
}

impl HumanResponse {
    /// Does it as it is.
    #[must_use]
    pub fn accept() -> Self {
        Self { r#type: ResponseKind::Accept, args: Value::Null }
    }

    /// Sends words back.
    #[must_use]
    pub fn words(words: &str) -> Self {
        Self { r#type: ResponseKind::Response, args: Value::String(words.to_owned()) }
    }

    /// Leaves it undone.
    #[must_use]
    pub fn ignore() -> Self {
        Self { r#type: ResponseKind::Ignore, args: Value::Null }
    }

    /// The changed action.
    #[must_use]
    pub fn action(&self) -> Option<ActionRequest> {
        serde_json::from_value(self.args.clone()).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shapes_are_those_of_the_agent_inbox() {
        let interrupt = HumanInterrupt {
            action_request: ActionRequest { action: "merge_change".to_owned(), args: json!({"files": 2}) },
            config: HumanInterruptConfig {
                allow_ignore: true,
                allow_respond: true,
                allow_edit: false,
                allow_accept: true,
            },
            description: Some("Two files.".to_owned()),
        };
        let wire = json!({
            "action_request": {"action": "merge_change", "args": {"files": 2}},
            "config": {"allow_ignore": true, "allow_respond": true, "allow_edit": false, "allow_accept": true},
            "description": "Two files.",
        });
        assert_eq!(serde_json::to_value(&interrupt).unwrap(), wire);
        let answers = [
            (json!({"type": "accept", "args": null}), HumanResponse::accept()),
            (json!({"type": "ignore"}), HumanResponse::ignore()),
            (json!({"type": "response", "args": "No."}), HumanResponse::words("No.")),
        ];
        for (wire, response) in answers {
            assert_eq!(serde_json::from_value::<HumanResponse>(wire).unwrap(), response);
        }
        assert!(serde_json::from_value::<HumanResponse>(json!({"type": "approve"})).is_err());
        assert!(serde_json::from_value::<HumanResponse>(json!({"type": "accept", "by": "ada"})).is_err());
    }
}
