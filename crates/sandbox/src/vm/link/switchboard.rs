//! Who hears what on which channel.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use swarm_guest::{
    message::FromGuest,
    protocol::{Frame, Kind, SESSION},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{LinkError, circuit::Circuit, conversation::Conversation, intake::Intake, wire::Place};
use crate::egress::Proxy;

/// Frames that wait for one conversation. When there are more, nothing is read until some are taken.
const INBOX: usize = 8;

/// An honest guest has this many connections open at most.
const MOST_CIRCUITS: usize = 128;

/// Frames for nobody, such as the last ones of what was just over, between two things that begin. An honest guest has
/// far fewer on their way.
const MOST_STRAYS: u32 = 100_000;

/// How often the network's limit is looked at. The proxy holds it without that.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where each frame goes.
#[derive(Debug)]
pub(super) struct Switchboard {
    out: mpsc::Sender<Vec<u8>>,
    state: Mutex<State>,
    given_up: CancellationToken,
}

#[derive(Debug)]
struct State {
    conversations: HashMap<u32, mpsc::Sender<Frame>>,
    /// What the guest has begun: connections on their way out.
    circuits: HashMap<u32, Arc<Intake>>,
    /// The last channel that the host took for a conversation.
    last: u32,
    way_out: Option<Proxy>,
    strays: u32,
    over: Option<Over>,
}

/// Why nothing is said any more.
#[derive(Debug, Clone)]
enum Over {
    Lost(String),
    Nonsense(String),
}

impl From<Over> for LinkError {
    fn from(over: Over) -> Self {
        match over {
            Over::Lost(why) => Self::Lost(why),
            Over::Nonsense(why) => Self::Nonsense(why),
        }
    }
}

impl Switchboard {
    pub(super) fn new(out: mpsc::Sender<Vec<u8>>) -> Self {
        let state = State {
            conversations: HashMap::new(),
            circuits: HashMap::new(),
            last: SESSION + 1,
            way_out: None,
            strays: 0,
            over: None,
        };
        Self { out, state: Mutex::new(state), given_up: CancellationToken::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lead_out(&self, proxy: Proxy) {
        self.state().way_out = Some(proxy);
    }

    /// Whether a sandbox has had all the network that it may have.
    pub(super) fn has_spent_the_network(&self) -> bool {
        self.state().way_out.as_ref().is_some_and(Proxy::is_spent)
    }

    /// Ends when it has; never without a way out.
    pub(super) async fn network_is_spent(&self) {
        if self.state().way_out.is_none() {
            return std::future::pending().await;
        }
        while !self.has_spent_the_network() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A new conversation.
    pub(super) fn converse(self: &Arc<Self>) -> Result<Conversation, LinkError> {
        let channel = {
            let mut state = self.state();
            state.last = state.last.checked_add(2).unwrap_or(SESSION + 1);
            state.last
        };
        self.join(channel)
    }

    /// A conversation on this channel.
    pub(super) fn join(self: &Arc<Self>, channel: u32) -> Result<Conversation, LinkError> {
        let (sender, inbox) = mpsc::channel(INBOX);
        let mut state = self.state();
        if let Some(over) = &state.over {
            return Err(over.clone().into());
        }
        state.strays = 0;
        state.conversations.insert(channel, sender);
        Ok(Conversation::new(channel, inbox, Arc::clone(self)))
    }

    pub(super) fn leave(&self, channel: u32) {
        self.state().conversations.remove(&channel);
    }

    /// The connection is over.
    pub(super) fn hang_up(&self, channel: u32) {
        self.state().circuits.remove(&channel);
    }

    pub(super) async fn send(&self, frame: &Frame) -> Result<(), LinkError> {
        self.place().await?.take(frame)
    }

    /// A place for one frame among those that wait to be written.
    pub(super) async fn place(&self) -> Result<Place<'_>, LinkError> {
        self.out.reserve().await.map(Place).map_err(|_| self.reason())
    }

    /// Why nothing is heard or said any more.
    pub(super) fn reason(&self) -> LinkError {
        let over = self.state().over.clone();
        over.map_or_else(|| LinkError::Lost("the stream to the guest is closed".to_owned()), LinkError::from)
    }

    /// Nothing is said any more, and this is why. The first reason counts.
    pub(super) fn give_up(&self, error: LinkError) {
        let mut state = self.state();
        state.over.get_or_insert(match error {
            LinkError::Nonsense(why) => Over::Nonsense(why),
            other => Over::Lost(other.to_string()),
        });
        state.conversations.clear();
        state.circuits.clear();
        self.given_up.cancel();
    }

    /// Ends when nothing is said any more.
    pub(super) async fn is_given_up(&self) {
        self.given_up.cancelled().await;
    }

    /// Hands a frame to whom it is for. The error is that the guest is to be given up.
    pub(super) async fn hand_on(
        self: &Arc<Self>,
        frame: Frame,
        circuits: &mut JoinSet<()>,
    ) -> Result<(), LinkError> {
        let inbox = self.state().conversations.get(&frame.channel).cloned();
        if let Some(inbox) = inbox {
            // Who has left meanwhile does not want it.
            let _ = inbox.send(frame).await;
            return Ok(());
        }
        let circuit = self.state().circuits.get(&frame.channel).cloned();
        match (circuit, frame.kind) {
            (Some(intake), Kind::Relay) => intake.take(&frame.body),
            (Some(intake), Kind::Control) => match FromGuest::read(&frame)? {
                FromGuest::Window { bytes } => {
                    intake.credit(bytes);
                    Ok(())
                }
                FromGuest::Failed(_) => {
                    intake.hang_up();
                    Ok(())
                }
                other => Err(super::unfit(&other)),
            },
            (None, Kind::Control) if matches!(FromGuest::read(&frame)?, FromGuest::Dial) => {
                self.dial(frame.channel, circuits)
            }
            (Some(_), _) => Err(LinkError::Nonsense("another kind of frame than a connection's".to_owned())),
            (None, _) => self.stray(),
        }
    }

    /// A program inside wants the way out.
    fn dial(self: &Arc<Self>, channel: u32, circuits: &mut JoinSet<()>) -> Result<(), LinkError> {
        let mut state = self.state();
        if channel == SESSION || channel % 2 == 1 {
            return Err(LinkError::Nonsense("a connection on a channel of the host's".to_owned()));
        }
        if state.circuits.len() >= MOST_CIRCUITS {
            return Err(LinkError::Nonsense("more connections than it may ask for".to_owned()));
        }
        let intake = Arc::<Intake>::default();
        state.circuits.insert(channel, Arc::clone(&intake));
        state.strays = 0;
        let circuit = Circuit::new(channel, intake, Arc::clone(self));
        circuits.spawn(circuit.run(state.way_out.clone()));
        Ok(())
    }

    fn stray(&self) -> Result<(), LinkError> {
        let mut state = self.state();
        state.strays += 1;
        if state.strays > MOST_STRAYS {
            return Err(LinkError::Nonsense("frames for nobody, without an end".to_owned()));
        }
        Ok(())
    }
}
