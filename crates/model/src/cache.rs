//! Replies that may be given again to who asks exactly the same thing.
//!
//! Two questions are the same when all that a model is sent is the same, and where it is sent, and who asks. What is kept
//! is decided by the caller, after it has read the reply: one that could not be used must not come back.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use swarm_domain::budget::Spend;
use swarm_domain::cache::Agreement;

use crate::chat::{ChatReply, ChatRequest, Finish, ToolCall};
use crate::error::ModelError;
use crate::recording;

/// The longest reply that is kept, in bytes of its text and its calls of tools.
const MAX_REPLY_BYTES: usize = 256 * 1024;

/// Whether and how replies are given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Whether it is used at all.
    pub enabled: bool,
    /// How old a reply may be, in seconds.
    pub max_age_seconds: u64,
    /// How many replies are kept; beyond that, those go that were not used for longest.
    pub max_entries: u64,
    /// How many bytes of replies are kept.
    pub max_bytes: u64,
    /// So many of a hundred hits are asked for all the same, to see whether the model would still say that.
    pub check_percent: u8,
    /// A caller's hits are given up when fewer of a hundred such comparisons agree.
    pub min_agreement_percent: u8,
    /// So many comparisons are needed to judge.
    pub min_checks: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            max_age_seconds: 7 * 24 * 3_600,
            max_entries: 10_000,
            max_bytes: 256 << 20,
            check_percent: 5,
            min_agreement_percent: 80,
            min_checks: 10,
        }
    }
}

impl CacheConfig {
    pub(crate) fn validate(&self) -> Result<(), ModelError> {
        let wrong = |detail: &str| Err(ModelError::Config { detail: detail.to_owned() });
        if self.check_percent > 100 || self.min_agreement_percent > 100 {
            return wrong("`cache.check_percent` and `cache.min_agreement_percent` are shares of a hundred");
        }
        if self.enabled && (self.max_age_seconds == 0 || self.max_entries == 0 || self.max_bytes == 0) {
            return wrong(
                "a cache of no age, no entries or no bytes keeps nothing: set `cache.enabled` to false",
            );
        }
        Ok(())
    }
}

/// Whom a reply may be given to: nobody else ever sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheScope {
    /// Whose work it is.
    pub tenant: String,
    /// The project; empty for work on none.
    pub project: String,
    /// Who asks: an agent.
    pub caller: String,
}

/// That a call may be answered from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheUse {
    /// Whose replies it may be answered with.
    pub scope: CacheScope,
    /// The caller says that one answer is as good as another, although the temperature asks for variety.
    pub repeatable: bool,
}

impl CacheUse {
    /// Whether the same answer may be given twice.
    pub(crate) fn allows(&self, request: &ChatRequest) -> bool {
        self.repeatable || request.temperature_milli == 0
    }
}

/// A reply that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReply {
    /// The reply.
    pub reply: ChatReply,
    /// What the call cost that brought it.
    pub spend: Spend,
    /// How often it was looked up, this time included.
    pub uses: u64,
}

/// Where replies are kept. What cannot be read or written is no reason to fail: the model is asked then.
#[async_trait]
pub trait ReplyCache: Send + Sync {
    /// The reply that was kept under this key, unless it is too old.
    async fn find(&self, scope: &CacheScope, key: &str) -> Option<KeptReply>;

    /// Keeps a reply.
    async fn keep(&self, scope: &CacheScope, key: &str, model: &str, reply: &ChatReply, spend: Spend);

    /// Gives a reply up.
    async fn forget(&self, scope: &CacheScope, key: &str);

    /// What comparisons showed of late.
    async fn agreement(&self, scope: &CacheScope) -> Agreement;
}

/// The name of a question: the hash of all that a model is sent, of where it is sent, and of who asks.
pub(crate) fn key(scope: &CacheScope, identity: &str, request: &ChatRequest) -> String {
    let question = serde_json::json!({
        "version": 1,
        "scope": scope,
        "model": identity,
        "request": recording::request_key(request),
    });
    recording::canonical_hash(&question)
}

/// Whether a reply is worth giving again: it came from a model, to its end, and says something.
pub(crate) fn is_whole(reply: &ChatReply) -> bool {
    let calls: usize = reply.tool_calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
    reply.recording.is_none()
        && matches!(reply.finish, Finish::Stop | Finish::ToolCalls)
        && !(reply.text.trim().is_empty() && reply.tool_calls.is_empty())
        && reply.text.len() + calls <= MAX_REPLY_BYTES
}

/// Whether two replies say the same: the same calls of tools, and the same text but for white space. JSON is the same
/// where its values are.
pub(crate) fn say_the_same(one: &ChatReply, other: &ChatReply) -> bool {
    let call = |call: &ToolCall| (call.name.clone(), meaning(&call.arguments));
    meaning(&one.text) == meaning(&other.text)
        && one.tool_calls.iter().map(call).eq(other.tool_calls.iter().map(call))
}

#[derive(PartialEq)]
enum Meaning {
    Json(serde_json::Value),
    Words(String),
}

fn meaning(text: &str) -> Meaning {
    match serde_json::from_str(text) {
        Ok(value) => Meaning::Json(value),
        Err(_) => Meaning::Words(text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Whether this use of a reply is one of those that are compared. The choice follows from the question and the count, so
/// that it is the same when the step is run again, and spread over all questions.
pub(crate) fn is_compared(key: &str, uses: u64, percent: u8) -> bool {
    let hash = blake3::hash(format!("{key} {uses}").as_bytes());
    let number = u64::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i]));
    number % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Message, ReplyFormat, ToolSpec, Usage};

    fn scope() -> CacheScope {
        CacheScope { tenant: "local".to_owned(), project: "p".to_owned(), caller: "planner".to_owned() }
    }

    fn request() -> ChatRequest {
        ChatRequest {
            messages: vec![
                Message::System { text: "Plan.".to_owned() },
                Message::User { text: "A spec".to_owned() },
            ],
            tools: vec![ToolSpec {
                name: "read".to_owned(),
                description: "Reads".to_owned(),
                parameters: serde_json::json!({"type": "object"}),
            }],
            format: ReplyFormat::Json {
                name: "plan".to_owned(),
                schema: serde_json::json!({"type": "object"}),
            },
            max_tokens: 100,
            temperature_milli: 0,
            seed: None,
        }
    }

    fn reply(text: &str) -> ChatReply {
        ChatReply {
            text: text.to_owned(),
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
            model: "a/b".to_owned(),
            recording: None,
        }
    }

    #[test]
    fn whatever_is_sent_and_whoever_asks_makes_another_question() {
        let same = key(&scope(), "a/b", &request());
        assert_eq!(same, key(&scope(), "a/b", &request()));
        let mut others = vec![key(&scope(), "a/c", &request())];
        for change in [
            |s: &mut CacheScope| s.tenant.push('x'),
            |s: &mut CacheScope| s.project.push('x'),
            |s: &mut CacheScope| s.caller.push('x'),
            // What one part lends to the next is not the same either.
            |s: &mut CacheScope| (s.project, s.caller) = (String::new(), "pplanner".to_owned()),
        ] {
            let mut scope = scope();
            change(&mut scope);
            others.push(key(&scope, "a/b", &request()));
        }
        for change in [
            |r: &mut ChatRequest| r.messages.swap(0, 1),
            |r: &mut ChatRequest| drop(r.messages.pop()),
            |r: &mut ChatRequest| r.messages[1] = Message::User { text: "A spec ".to_owned() },
            |r: &mut ChatRequest| r.tools.clear(),
            |r: &mut ChatRequest| r.tools[0].parameters = serde_json::json!({"type": "string"}),
            |r: &mut ChatRequest| r.format = ReplyFormat::Text,
            |r: &mut ChatRequest| r.max_tokens = 101,
            |r: &mut ChatRequest| r.temperature_milli = 1,
            |r: &mut ChatRequest| r.seed = Some(0),
        ] {
            let mut request = request();
            change(&mut request);
            others.push(key(&scope(), "a/b", &request));
        }
        others.push(same);
        let all = others.len();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), all);
    }

    #[test]
    fn only_whole_answers_of_models_are_kept() {
        assert!(is_whole(&reply("yes")));
        let call = ToolCall { id: "1".to_owned(), name: "read".to_owned(), arguments: "{}".to_owned() };
        assert!(is_whole(&ChatReply { tool_calls: vec![call], finish: Finish::ToolCalls, ..reply("") }));
        let recording =
            Some(crate::chat::RecordingInfo { model: "a/b".to_owned(), date: "2026-01-01".to_owned() });
        for other in [
            ChatReply { finish: Finish::Length, ..reply("ye") },
            ChatReply { finish: Finish::Filtered, ..reply("no") },
            ChatReply { recording, ..reply("yes") },
            reply(" \n"),
            reply(&"x".repeat(MAX_REPLY_BYTES + 1)),
        ] {
            assert!(!is_whole(&other), "{:?} {:?}", other.finish, other.recording);
        }
    }

    #[test]
    fn replies_are_compared_by_what_they_say() {
        assert!(say_the_same(&reply("a  b\n"), &reply("a b")));
        assert!(say_the_same(&reply(r#"{"a":1,"b":2}"#), &reply("{ \"b\": 2, \"a\": 1 }")));
        assert!(!say_the_same(&reply(r#"{"a":1}"#), &reply(r#"{"a":2}"#)));
        assert!(!say_the_same(&reply("a b"), &reply("ab")));
        let call = |arguments: &str, id: &str| ChatReply {
            tool_calls: vec![ToolCall {
                id: id.to_owned(),
                name: "read".to_owned(),
                arguments: arguments.to_owned(),
            }],
            ..reply("")
        };
        assert!(say_the_same(&call("{\"p\":1}", "1"), &call("{ \"p\": 1 }", "2")));
        assert!(!say_the_same(&call("{\"p\":1}", "1"), &call("{\"p\":2}", "1")));
        assert!(!say_the_same(&call("{}", "1"), &reply("")));
    }

    #[test]
    fn about_the_asked_share_of_uses_is_compared() {
        let compared = |percent| (0..10_000).filter(|n| is_compared("key", *n, percent)).count();
        assert_eq!((compared(0), compared(100)), (0, 10_000));
        assert!((300..700).contains(&compared(5)), "{}", compared(5));
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused() {
        assert!(CacheConfig::default().validate().is_ok());
        let on = CacheConfig { enabled: true, ..CacheConfig::default() };
        assert!(on.validate().is_ok());
        for wrong in [
            CacheConfig { check_percent: 101, ..on },
            CacheConfig { min_agreement_percent: 101, ..on },
            CacheConfig { max_age_seconds: 0, ..on },
            CacheConfig { max_entries: 0, ..on },
            CacheConfig { max_bytes: 0, ..on },
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
    }
}
