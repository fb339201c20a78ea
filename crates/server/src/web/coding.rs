//! How a file may be packed for who asks.

use axum::http::{HeaderMap, header};

/// A way to pack a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// As `Content-Encoding` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// How the packed file's name ends.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

/// The best that is taken; none where nothing is, or where it is said not to be (`q=0`).
pub(super) fn accepted(headers: &HeaderMap) -> Option<Coding> {
    let said: Vec<&str> = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let takes = |name: &str| {
        said.iter().any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(name));
            let weight =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            is_it && weight > 0.0
        })
    };
    [Coding::Brotli, Coding::Gzip].into_iter().find(|coding| takes(coding.name()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_that_is_taken_is_chosen_and_what_is_refused_never() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            accepted(&headers)
        };
        assert_eq!(of("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(of("GZIP;q=0.5"), Some(Coding::Gzip));
        assert_eq!(of("br;q=0, gzip; q=1.0"), Some(Coding::Gzip));
        for none in ["", "identity", "br;q=0", "brotli", "gzip;q=x"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(accepted(&HeaderMap::new()), None);
    }
}
