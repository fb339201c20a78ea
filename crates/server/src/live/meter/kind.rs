//! What is counted, by kind. Each kind has a place in an array: one that nobody counts cannot be named.

/// An enum of kinds with their names.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $kind:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$each])* $kind,)+
        }

        impl super::Kind for $name {
            const ALL: &'static [Self] = &[$(Self::$kind),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $text,)+
                }
            }

            fn place(self) -> usize {
                self as usize
            }
        }
    )+};
}

kinds! {
    /// A frame that was handed to a connection.
    Sent {
        /// The connection stands.
        Welcome = "welcome",
        /// Paths were subscribed to.
        Subscribed = "subscribed",
        /// Paths are not subscribed to any more.
        Unsubscribed = "unsubscribed",
        /// Events are sent again.
        Resumed = "resumed",
        /// An event.
        Event = "event",
        /// Not all was sent.
        Gap = "gap",
        /// The connection lives.
        Heartbeat = "heartbeat",
        /// The answer to a ping.
        Pong = "pong",
        /// Something was not done.
        Error = "error",
        /// A ping of the protocol's own.
        ControlPing = "control_ping",
        /// The end.
        Close = "close",
    }
    /// A message that came in.
    Heard {
        /// Another version is wanted.
        Hello = "hello",
        /// Paths are subscribed to.
        Subscribe = "subscribe",
        /// Paths are given up.
        Unsubscribe = "unsubscribe",
        /// Events are wanted again.
        Resume = "resume",
        /// A sign of life is wanted.
        Ping = "ping",
        /// A ping of the protocol's own.
        ControlPing = "control_ping",
        /// Its answer.
        ControlPong = "control_pong",
        /// The client ends.
        Close = "close",
        /// No frame.
        Malformed = "malformed",
        /// No text.
        Binary = "binary",
        /// Larger than a frame may be.
        TooLarge = "too_large",
        /// One too many: not read.
        Refused = "refused",
    }
    /// A frame that was not sent.
    Dropped {
        /// A later state replaces it.
        Superseded = "superseded",
        /// The client did not keep up.
        Overflow = "overflow",
        /// The connection ended first.
        Unsent = "unsent",
    }
    /// A connection that ended.
    Ended {
        /// The client closed it.
        Client = "client",
        /// It broke.
        Broken = "broken",
        /// The server stops.
        Restart = "restart",
        /// A message was not text.
        Binary = "binary",
        /// A message was too large.
        TooLarge = "too_large",
        /// Message after message was no frame.
        Malformed = "malformed",
        /// The client may not come in any more.
        Revoked = "revoked",
        /// The version is not served.
        Version = "version",
        /// The client was silent.
        Silent = "silent",
        /// The client was slow.
        Slow = "slow",
        /// The client sent too much.
        Flood = "flood",
    }
    /// A way that events go out.
    Transport {
        /// WebSocket.
        WebSocket = "websocket",
        /// Server-sent events.
        Sse = "sse",
        /// Long-poll.
        Poll = "poll",
    }
    /// Why a connection was not made.
    TurnedAway {
        /// There are as many as are served.
        Full = "full",
        /// No version in common.
        Version = "version",
        /// A page of another origin.
        Origin = "origin",
    }
}
