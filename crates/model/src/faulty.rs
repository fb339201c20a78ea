//! A model with faults on order, to see what the rest of the system does with them.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;

use crate::chat::{Capabilities, ChatEvent, ChatModel, ChatReply, ChatRequest, Finish, Replies, ToolCall};
use crate::error::ModelError;
use crate::replay;
use crate::tokens;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer begins this much later.
    Latency(Duration),
    /// 429, with this `Retry-After`.
    RateLimited(Duration),
    /// A request that needs more tokens than this with its answer is refused, as a provider refuses what is longer than
    /// the model's context.
    Context(u64),
    /// 500.
    ServerError,
    /// The stream breaks off after its first piece.
    Cut,
    /// Text and tool arguments are cut in half and no JSON any more.
    Malformed,
    /// Tools are called by a name that does not exist.
    WrongTool,
    /// This answer is given, word for word, to each call from now on.
    Loop,
}

/// When a fault happens. Calls are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// At these calls.
    At(Vec<u64>),
    /// At every so-manieth call.
    Every(u64),
}

/// Which faults happen when.
///
/// Written as `fault[:argument]when`, separated by commas, with or without `faulty:` before them. Faults are `429`
/// (argument: seconds of `Retry-After`, default 1), `500`, `context` (argument: tokens, default 8192), `latency` (argument: milliseconds, default 1000), `cut`,
/// `malformed`, `wrong-tool` and `loop`; when is `@3` (the third call), `@3+5` (the third and the fifth) or `%4` (every
/// fourth). Latency adds to other faults, and so does a context that is too small; of the others the first that is due happens.
///
/// ```
/// let schedule: swarm_model::FaultSchedule = "faulty:429:5@1,cut@3,latency:200%2".parse()?;
/// assert_eq!(schedule.to_string(), "429:5@1,cut@3,latency:200%2");
/// # Ok::<(), swarm_model::ModelError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultSchedule {
    faults: Vec<(Fault, When)>,
}

impl FaultSchedule {
    /// A schedule of these faults.
    #[must_use]
    pub fn new(faults: Vec<(Fault, When)>) -> Self {
        Self { faults }
    }

    fn due(&self, call: u64) -> impl Iterator<Item = Fault> + '_ {
        self.faults.iter().filter(move |(_, when)| when.is_due(call)).map(|(fault, _)| *fault)
    }
}

impl When {
    fn is_due(&self, call: u64) -> bool {
        match self {
            Self::At(calls) => calls.contains(&call),
            Self::Every(step) => *step > 0 && call.is_multiple_of(*step),
        }
    }
}

impl FromStr for FaultSchedule {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let text = text.strip_prefix("faulty:").unwrap_or(text);
        text.split(',').map(parse_item).collect::<Result<_, _>>().map(|faults| Self { faults })
    }
}

fn parse_item(item: &str) -> Result<(Fault, When), ModelError> {
    let wrong = || ModelError::Config {
        detail: format!(
            "`{item}` is no fault: write 429, 500, context, latency, cut, malformed, wrong-tool or loop with @CALL, @CALL+CALL or %N, as in 429:5@1,cut@3"
        ),
    };
    let at = item.find(['@', '%']).ok_or_else(wrong)?;
    let (what, when) = item.split_at(at);
    let (name, argument) =
        what.split_once(':').map_or((what, None), |(name, argument)| (name, Some(argument)));
    let number = |default: u64| argument.map_or(Ok(default), str::parse).map_err(|_| wrong());
    let fault = match name.trim() {
        "429" => Fault::RateLimited(Duration::from_secs(number(1)?)),
        "context" => Fault::Context(number(8_192)?),
        "latency" => Fault::Latency(Duration::from_millis(number(1_000)?)),
        _ if argument.is_some() => return Err(wrong()),
        "500" => Fault::ServerError,
        "cut" => Fault::Cut,
        "malformed" => Fault::Malformed,
        "wrong-tool" => Fault::WrongTool,
        "loop" => Fault::Loop,
        _ => return Err(wrong()),
    };
    let count = |text: &str| text.trim().parse().ok().filter(|n: &u64| *n > 0).ok_or_else(wrong);
    let when = match when.strip_prefix('@') {
        Some(calls) => When::At(calls.split('+').map(count).collect::<Result<_, _>>()?),
        None => When::Every(count(&when[1..])?),
    };
    Ok((fault, when))
}

impl fmt::Display for FaultSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (fault, when)) in self.faults.iter().enumerate() {
            f.write_str(if position == 0 { "" } else { "," })?;
            match fault {
                Fault::Latency(delay) => write!(f, "latency:{}", delay.as_millis()),
                Fault::RateLimited(rest) => write!(f, "429:{}", rest.as_secs()),
                Fault::Context(limit) => write!(f, "context:{limit}"),
                Fault::ServerError => f.write_str("500"),
                Fault::Cut => f.write_str("cut"),
                Fault::Malformed => f.write_str("malformed"),
                Fault::WrongTool => f.write_str("wrong-tool"),
                Fault::Loop => f.write_str("loop"),
            }?;
            match when {
                When::At(calls) => {
                    write!(f, "@{}", calls.iter().map(u64::to_string).collect::<Vec<_>>().join("+"))
                }
                When::Every(step) => write!(f, "%{step}"),
            }?;
        }
        Ok(())
    }
}

/// Wraps a model and lets the faults of a schedule happen. It keeps the name of the model that it wraps, so that
/// policies, prices and breakers stay as they are.
pub struct Faulty {
    inner: Arc<dyn ChatModel>,
    schedule: FaultSchedule,
    calls: AtomicU64,
    looping: Arc<Mutex<Option<ChatReply>>>,
}

impl Faulty {
    /// `inner` with these faults.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>, schedule: FaultSchedule) -> Self {
        Self { inner, schedule, calls: AtomicU64::new(0), looping: Arc::default() }
    }

    async fn inject(
        &self,
        fault: Fault,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let model = self.inner.name().to_owned();
        let refused = match fault {
            Fault::RateLimited(rest) => {
                Some(ModelError::RateLimited { model: model.clone(), retry_after: Some(rest) })
            }
            Fault::ServerError => {
                let detail = "500 Internal Server Error (injected fault)".to_owned();
                Some(ModelError::Unavailable { model: model.clone(), detail })
            }
            _ => None,
        };
        if let Some(error) = refused {
            return Err(error);
        }
        let events = self.inner.stream(request, cancel).await?;
        let looping = Arc::clone(&self.looping);
        Ok(match fault {
            Fault::Cut => {
                let cut = ModelError::Unavailable {
                    model,
                    detail: "the stream was cut (injected fault)".to_owned(),
                };
                let begun = events.take(1).filter(|event| {
                    let is_text = matches!(event, Ok(ChatEvent::Text { .. }));
                    async move { is_text }
                });
                begun.chain(stream::iter([Err(cut)])).boxed()
            }
            Fault::Loop => events
                .inspect(move |event| {
                    if let Ok(ChatEvent::Done { reply }) = event {
                        *looping.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply.clone());
                    }
                })
                .boxed(),
            Fault::Malformed => altered(events, malformed),
            _ => altered(events, wrong_tool),
        })
    }
}

#[async_trait]
impl ChatModel for Faulty {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn identity(&self) -> String {
        self.inner.identity()
    }

    fn replies(&self) -> Replies {
        self.inner.replies()
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mut due = None;
        for fault in self.schedule.due(call) {
            if let Fault::Latency(delay) = fault {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(ModelError::Cancelled),
                    () = tokio::time::sleep(delay) => {}
                }
            } else if let Fault::Context(limit) = fault {
                let needed = tokens::of_request(request) + u64::from(request.max_tokens);
                if needed > limit {
                    return Err(ModelError::TooLong { model: self.name().to_owned(), needed, limit });
                }
            } else {
                due = due.or(Some(fault));
            }
        }
        let repeated = self.looping.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (due, repeated) {
            (Some(fault), _) => self.inject(fault, request, cancel).await,
            (None, Some(reply)) => Ok(stream::iter(replay::events(reply).into_iter().map(Ok)).boxed()),
            (None, None) => self.inner.stream(request, cancel).await,
        }
    }
}

/// The stream with its reply changed; what was streamed matches the changed reply.
fn altered(
    events: BoxStream<'static, Result<ChatEvent, ModelError>>,
    change: fn(&mut ChatReply),
) -> BoxStream<'static, Result<ChatEvent, ModelError>> {
    events
        .flat_map(move |event| {
            stream::iter(match event {
                Ok(ChatEvent::Text { .. }) => Vec::new(),
                Ok(ChatEvent::Done { mut reply }) => {
                    change(&mut reply);
                    replay::events(reply).into_iter().map(Ok).collect()
                }
                Err(error) => vec![Err(error)],
            })
        })
        .boxed()
}

fn malformed(reply: &mut ChatReply) {
    reply.text = halved(&reply.text);
    for call in &mut reply.tool_calls {
        call.arguments = halved(&call.arguments);
    }
}

/// The first half, with an end that no JSON has.
fn halved(text: &str) -> String {
    let half = text.chars().count() / 2;
    text.chars().take(half).chain("{\"cut\": ".chars()).collect()
}

fn wrong_tool(reply: &mut ChatReply) {
    const NAME: &str = "no_such_tool";
    if reply.tool_calls.is_empty() {
        reply.tool_calls.push(ToolCall {
            id: "call_wrong".into(),
            name: NAME.into(),
            arguments: "{}".into(),
        });
        reply.finish = Finish::ToolCalls;
    }
    for call in &mut reply.tool_calls {
        NAME.clone_into(&mut call.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_is_not_understood_is_refused_with_an_example() {
        for bad in ["", "429", "429@0", "cut@", "cut%0", "cut:3@1", "latency:x@1", "nonsense@1", "cut@1,,"] {
            let error = bad.parse::<FaultSchedule>().unwrap_err();
            assert!(error.to_string().contains("429:5@1"), "{bad:?}: {error}");
        }
    }

    #[test]
    fn calls_are_counted_from_one() {
        let schedule: FaultSchedule = "cut@2+4,500%3".parse().unwrap();
        let due = |call| schedule.due(call).collect::<Vec<_>>();
        assert_eq!(due(1), []);
        assert_eq!(due(2), [Fault::Cut]);
        assert_eq!(due(3), [Fault::ServerError]);
        assert_eq!(due(4), [Fault::Cut]);
        assert_eq!(due(6), [Fault::ServerError]);
    }
}
