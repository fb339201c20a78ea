//! The page that a request comes from, as the browser says it. Browsers let any page send requests and open live
//! connections anywhere; what counts as ours is decided here and nowhere else.

use axum::http::{HeaderMap, header};

use crate::{app::Door, web_origin::WebOrigin};

/// Where a request comes from, by its `Origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// It does not say: a program, or a browser that follows a link.
    Unsaid,
    /// A page that this server serves.
    Ours,
    /// A page that the operator lets ask (`server.cors_origins`).
    Friend,
    /// Another page.
    Stranger,
}

impl Page {
    /// Which one it is. Two origins are nobody's.
    pub(crate) fn of(door: &Door, headers: &HeaderMap) -> Self {
        let mut named = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), more) = (named.next(), named.next()) else {
            return Self::Unsaid;
        };
        let origin = origin.to_str().ok().and_then(|text| text.parse::<WebOrigin>().ok());
        match origin {
            Some(origin) if more.is_none() && door.origins.contains(&origin) => Self::Ours,
            Some(origin) if more.is_none() && door.friends.contains(&origin) => Self::Friend,
            _ => Self::Stranger,
        }
    }

    /// Whether it is one that this server serves, where it is said.
    pub(crate) fn is_ours(self) -> Option<bool> {
        match self {
            Self::Unsaid => None,
            Self::Ours => Some(true),
            Self::Friend | Self::Stranger => Some(false),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::door::{Passwords, TokenKeys};

    /// A server at `http://127.0.0.1:4180` that lets `https://board.example.org` ask.
    pub(crate) fn door() -> Door {
        Door {
            token: crate::token::Token::generate(&swarm_store::SystemEntropy),
            token_keys: TokenKeys::default(),
            passwords: Passwords::default(),
            denials: crate::door::Denials::default(),
            origins: vec!["http://127.0.0.1:4180".parse().unwrap()],
            friends: vec!["https://board.example.org".parse().unwrap()],
        }
    }

    #[test]
    fn a_page_is_ours_or_a_friends_by_its_whole_origin_and_a_strangers_otherwise() {
        let door = door();
        let from = |origin: &'static str| {
            Page::of(&door, &HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]))
        };
        assert_eq!(Page::of(&door, &HeaderMap::new()), Page::Unsaid);
        assert_eq!(from("http://127.0.0.1:4180"), Page::Ours);
        assert_eq!(from("https://board.example.org"), Page::Friend);
        for other in [
            "null",
            "",
            "http://evil.example",
            "https://127.0.0.1:4180",
            "http://127.0.0.1:4181",
            "http://127.0.0.1",
            "http://board.example.org",
            "https://board.example.org.evil.example",
            "https://xboard.example.org",
        ] {
            assert_eq!(from(other), Page::Stranger, "{other}");
        }
        let mut two = HeaderMap::new();
        two.append(header::ORIGIN, HeaderValue::from_static("http://127.0.0.1:4180"));
        two.append(header::ORIGIN, HeaderValue::from_static("http://evil.example"));
        assert_eq!(Page::of(&door, &two), Page::Stranger);
    }
}
