//! How a connection ends.

use crate::live::meter::Ended;

/// Why the server closes a connection, with the code that says so. Below 4000 they are RFC 6455's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// The server stops, or is started again.
    Restart,
    /// A message was not text.
    Binary,
    /// A message was larger than a frame may be.
    TooLarge,
    /// Message after message was no frame.
    Malformed,
    /// The client may not come in any more.
    Revoked,
    /// The version is not served.
    Version,
    /// The client said nothing for too long.
    Silent,
    /// The client did not take what was sent.
    Slow,
    /// The client went on sending too much.
    Flood,
}

impl Close {
    /// Every one of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Binary,
        Self::TooLarge,
        Self::Restart,
        Self::Malformed,
        Self::Revoked,
        Self::Version,
        Self::Silent,
        Self::Slow,
        Self::Flood,
    ];

    /// The close code.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Binary => 1003,
            Self::TooLarge => 1009,
            Self::Restart => 1012,
            Self::Malformed => 4400,
            Self::Revoked => 4401,
            Self::Version => 4406,
            Self::Silent => 4408,
            Self::Slow => 4413,
            Self::Flood => 4429,
        }
    }

    /// The reason that stands beside the code.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Restart => "the server stops: come again and resume",
            Self::Binary => "only text is read",
            Self::TooLarge => "the message is too large",
            Self::Malformed => "message after message was no frame",
            Self::Revoked => "you may not come in any more",
            Self::Version => "this version is not served",
            Self::Silent => "nothing was heard for too long",
            Self::Slow => "you did not keep up: come again and resume",
            Self::Flood => "too many messages",
        }
    }

    /// How it is counted.
    pub(crate) fn kind(self) -> Ended {
        match self {
            Self::Restart => Ended::Restart,
            Self::Binary => Ended::Binary,
            Self::TooLarge => Ended::TooLarge,
            Self::Malformed => Ended::Malformed,
            Self::Revoked => Ended::Revoked,
            Self::Version => Ended::Version,
            Self::Silent => Ended::Silent,
            Self::Slow => Ended::Slow,
            Self::Flood => Ended::Flood,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_end_has_a_code_of_its_own_that_a_server_may_send_and_a_reason_that_fits() {
        let codes: BTreeSet<_> = Close::ALL.map(Close::code).into();
        assert_eq!(codes.len(), Close::ALL.len());
        for close in Close::ALL {
            assert!(matches!(close.code(), 1003 | 1009 | 1012 | 4000..=4999));
            assert!(close.reason().len() <= 123);
        }
    }

    #[test]
    fn the_docs_have_every_close_code() {
        let page = include_str!("../../../../../docs/src/live.md");
        for close in Close::ALL {
            assert!(page.contains(&format!("| {} |", close.code())), "{close:?}");
        }
    }
}
