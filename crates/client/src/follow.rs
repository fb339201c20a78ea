//! Following the log: events as they are appended, over as many connections as it takes.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures::{Stream, StreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Client, ClientError,
    call::{Target, unreachable},
    sse::{Message, Reader},
    types::{Event, ProblemDocument},
};

/// The wait before the first try to connect again, and the longest wait.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// The wait at which a standstill is told.
const TELLS: Duration = Duration::from_millis(800);
/// The server says every 15 seconds that it still lives.
const SILENCE: Duration = Duration::from_secs(45);

/// How long a stream waits for what is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a server that does not answer: it may be gone for good.
    pub server: Duration,
    /// For a server that answers, and says that its database does not: the work waits for it too.
    pub database: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { server: Duration::from_mins(1), database: Duration::from_mins(30) }
    }
}

/// Why a stream of events stands still, or that it no longer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standstill<'a> {
    /// It waits: said once, when it begins to.
    Waits(&'a ClientError),
    /// It goes on.
    Over,
}

type Bytes = Pin<Box<dyn Stream<Item = Result<Vec<u8>, ClientError>> + Send>>;

struct Follow {
    client: Client,
    run: Option<String>,
    position: u64,
    connection: Option<(Bytes, Reader)>,
    read: VecDeque<Message>,
    wait: Duration,
    away_since: Option<Instant>,
    patience: Patience,
    /// Whether it was told of the standstill.
    told: bool,
    tell: Box<dyn FnMut(Standstill<'_>) + Send>,
}

impl Client {
    /// Follows the log from behind position `after` (0: from the start), all of it or one run's part.
    ///
    /// Connects again by itself and goes on from the last event, so that nothing is lost or repeated. Ends with an
    /// error when the server or its database stays away for longer than [`Patience`] has it, or refuses; where a run
    /// settles it does not end: drop it.
    pub fn follow(
        &self,
        after: u64,
        run: Option<&str>,
    ) -> impl Stream<Item = Result<Event, ClientError>> + Send + use<> {
        self.follow_patiently(after, run, Patience::default(), |_| {})
    }

    /// As [`Client::follow`], with a patience of one's own, and telling when it has to wait.
    pub fn follow_patiently<T>(
        &self,
        after: u64,
        run: Option<&str>,
        patience: Patience,
        tell: T,
    ) -> impl Stream<Item = Result<Event, ClientError>> + Send + use<T>
    where
        T: FnMut(Standstill<'_>) + Send + 'static,
    {
        let follow = Follow {
            client: self.clone(),
            run: run.map(str::to_owned),
            position: after,
            connection: None,
            read: VecDeque::new(),
            wait: RETRY.0,
            away_since: None,
            patience,
            told: false,
            tell: Box::new(tell),
        };
        stream::unfold(Some(follow), |follow| async {
            let mut follow = follow?;
            match follow.next().await {
                Ok(event) => Some((Ok(event), Some(follow))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

impl Follow {
    async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            match self.try_next().await {
                Ok(event) => return Ok(event),
                Err(error) => {
                    self.connection = None;
                    self.read.clear();
                    self.rest(error).await?;
                }
            }
        }
    }

    async fn try_next(&mut self) -> Result<Event, ClientError> {
        loop {
            while let Some(message) = self.read.pop_front() {
                let event = event_of(&message)?;
                if event.seq > self.position {
                    self.position = event.seq;
                    return Ok(event);
                }
            }
            self.fill().await?;
        }
    }

    /// Reads what comes next, from a new connection where there is none.
    async fn fill(&mut self) -> Result<(), ClientError> {
        if self.connection.is_none() {
            self.connection = Some(self.connect().await?);
            self.wait = RETRY.0;
            self.away_since = None;
            if std::mem::take(&mut self.told) {
                (self.tell)(Standstill::Over);
            }
        }
        let Some((bytes, reader)) = &mut self.connection else {
            return Ok(());
        };
        let lost = |detail: &str| ClientError::Unreachable {
            url: Some(self.client.url()),
            detail: detail.to_owned(),
        };
        match timeout(SILENCE, bytes.next()).await {
            Ok(Some(part)) => {
                let messages = reader.feed(&part?).map_err(|_| ClientError::Unreadable {
                    detail: "a message of the event stream does not end".to_owned(),
                })?;
                self.read.extend(messages);
                Ok(())
            }
            Ok(None) => Err(lost("the event stream ended")),
            Err(_) => Err(lost("the event stream fell silent")),
        }
    }

    async fn connect(&mut self) -> Result<(Bytes, Reader), ClientError> {
        // A stream can be had from a server whose database is away: it would only end again.
        if self.away_since.is_some() {
            self.client.ready().await?;
        }
        let position = self.position.to_string();
        let target = Target::of(&["api", "events", "stream"]).with(&[("run", self.run.as_deref())]);
        let response = self
            .client
            .send(Method::GET, &target, |request| request.header("Last-Event-ID", &position))
            .await?;
        let place = self.client.place();
        let bytes = response
            .bytes_stream()
            .map(move |part| part.map(|bytes| bytes.to_vec()).map_err(|error| unreachable(&place, error)));
        Ok((Box::pin(bytes), Reader::default()))
    }

    /// Waits before the next try, or gives up.
    async fn rest(&mut self, error: ClientError) -> Result<(), ClientError> {
        let patience = match error.code() {
            "store.unavailable" | "server.not_ready" => self.patience.database,
            _ => self.patience.server,
        };
        let away_since = self.away_since.get_or_insert_with(Instant::now).elapsed();
        if !error.is_transient() || away_since > patience {
            return Err(error);
        }
        // A connection that ends is made again within a moment: nobody needs to hear of that.
        if self.wait >= TELLS && !self.told {
            self.told = true;
            (self.tell)(Standstill::Waits(&error));
        }
        sleep(self.wait).await;
        self.wait = (self.wait * 2).min(RETRY.1);
        Ok(())
    }
}

/// What the server sends as a message named `problem`.
#[derive(Deserialize)]
struct EndOfStream {
    code: String,
    detail: String,
    next: String,
}

fn event_of(message: &Message) -> Result<Event, ClientError> {
    if message.name.as_deref() == Some("problem")
        && let Ok(EndOfStream { code, detail, next }) = serde_json::from_str(&message.data)
    {
        let problem = ProblemDocument {
            r#type: format!("urn:swarm:problem:{code}"),
            title: "The event stream ended".to_owned(),
            status: 503,
            code,
            detail,
            next,
            correlation: String::new(),
        };
        return Err(ClientError::Refused { problem: Box::new(problem), retry_after: None });
    }
    serde_json::from_str(&message.data).map_err(|error| ClientError::Unreadable { detail: error.to_string() })
}
