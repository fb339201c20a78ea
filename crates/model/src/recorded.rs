//! Real replies, kept and played back: a demo without a key, and tests with what models really say.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use swarm_domain::Clock;
use tokio_util::sync::CancellationToken;

use crate::chat::{Capabilities, ChatEvent, ChatModel, ChatReply, ChatRequest, RecordingInfo, Replies};
use crate::error::ModelError;
use crate::recording::{self, FORMAT, RecordedLine, RecordingHeader, RequestSummary, request_key};
use crate::replay;

/// Passes calls on to a model and keeps each new request with its reply. A request that is already in the file is
/// asked again but not kept again.
pub struct Recorder {
    inner: Arc<dyn ChatModel>,
    tape: Arc<Mutex<Tape>>,
}

struct Tape {
    file: File,
    known: HashSet<String>,
}

impl Recorder {
    /// Records `inner` into the file at `path`. A recording that is there already is continued.
    pub fn new(inner: Arc<dyn ChatModel>, path: &Path, clock: &dyn Clock) -> Result<Self, ModelError> {
        let mut file = recording::open_to_append(path)?;
        let empty = file.metadata().is_ok_and(|meta| meta.len() == 0);
        let mut known = HashSet::new();
        if empty {
            let header = RecordingHeader {
                swarm_recording: FORMAT,
                model: inner.name().to_owned(),
                date: clock.now().format("%Y-%m-%d").to_string(),
                swarm: env!("CARGO_PKG_VERSION").to_owned(),
                capabilities: inner.capabilities(),
            };
            recording::append(&mut file, &header)?;
        } else {
            let (_, lines) = recording::read(path)?;
            known.extend(lines.into_iter().map(|line| line.key));
        }
        Ok(Self { inner, tape: Arc::new(Mutex::new(Tape { file, known })) })
    }
}

#[async_trait]
impl ChatModel for Recorder {
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
        let tape = Arc::clone(&self.tape);
        let (key, summary) = (request_key(request), RequestSummary::of(request));
        let events = self.inner.stream(request, cancel).await?;
        Ok(events
            .map(move |event| {
                if let Ok(ChatEvent::Done { reply }) = &event {
                    keep(&tape, &key, &summary, reply)?;
                }
                event
            })
            .boxed())
    }
}

fn keep(
    tape: &Mutex<Tape>,
    key: &str,
    request: &RequestSummary,
    reply: &ChatReply,
) -> Result<(), ModelError> {
    let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
    if tape.known.contains(key) {
        return Ok(());
    }
    let line = RecordedLine { key: key.to_owned(), request: request.clone(), reply: reply.clone() };
    recording::append(&mut tape.file, &line)?;
    tape.known.insert(key.to_owned());
    Ok(())
}

/// Plays a recording back. A request that is not in it is [`ModelError::NotRecorded`], with the key.
#[derive(Debug)]
pub struct Recorded {
    name: String,
    header: RecordingHeader,
    path: PathBuf,
    replies: HashMap<String, ChatReply>,
    pace: Option<Duration>,
}

impl Recorded {
    /// Reads the recording at `path`. Of several replies to one request the first is played.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let (header, lines) = recording::read(path)?;
        let mut replies = HashMap::new();
        for line in lines {
            replies.entry(line.key).or_insert(line.reply);
        }
        let name = format!("recorded/{}", header.model);
        Ok(Self { name, header, path: path.to_owned(), replies, pace: None })
    }

    /// Lets each reply take about this long, so that one can watch it. Without it replies come at once.
    #[must_use]
    pub fn with_pace(mut self, pace: Option<Duration>) -> Self {
        self.pace = pace;
        self
    }

    /// Which model was recorded and when.
    #[must_use]
    pub fn info(&self) -> RecordingInfo {
        RecordingInfo { model: self.header.model.clone(), date: self.header.date.clone() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many different requests it answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.replies.len()
    }

    /// Whether it answers nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }
}

#[async_trait]
impl ChatModel for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.header.capabilities
    }

    fn replies(&self) -> Replies {
        Replies::Recorded { info: self.info() }
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let key = request_key(request);
        let Some(reply) = self.replies.get(&key) else {
            return Err(ModelError::NotRecorded { key });
        };
        let reply = ChatReply { recording: Some(self.info()), ..reply.clone() };
        let events = replay::events(reply);
        let Some(pace) = self.pace else {
            return Ok(stream::iter(events.into_iter().map(Ok)).boxed());
        };
        let step = pace / u32::try_from(events.len()).unwrap_or(u32::MAX).max(1);
        Ok(replay::paced(events, step, cancel))
    }
}
