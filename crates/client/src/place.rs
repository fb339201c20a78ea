//! Where a server is, and the token that it wants: what `server.json` in the data folder says.

use std::{fmt, fs, path::Path};

use serde::Deserialize;

use crate::error::ClientError;

/// Where a server is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Place {
    pub(crate) fn new(url: &str, token: &str) -> Result<Self, ClientError> {
        let url = url.trim().trim_end_matches('/');
        let parsed = reqwest::Url::parse(url).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(ClientError::Setup { detail: format!("`{url}` is not the URL of a server") });
        }
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ClientError::Setup {
                detail: "the token is empty or holds what no token holds".to_owned(),
            });
        }
        Ok(Self { url: url.to_owned(), token: token.to_owned() })
    }

    /// A server at a known address, with the token that stands in a file: alone, or as `token` in JSON, such as a copy of
    /// the server's own `server.json`.
    pub(crate) fn with_token_file(url: &str, path: &Path) -> Result<Self, ClientError> {
        #[derive(Deserialize)]
        struct Held {
            token: String,
        }
        let text = fs::read_to_string(path).map_err(|error| ClientError::Setup {
            detail: format!("cannot read the token in {}: {error}", path.display()),
        })?;
        match serde_json::from_str::<Held>(&text) {
            Ok(Held { token }) => Self::new(url, &token),
            Err(_) => Self::new(url, text.trim()),
        }
    }

    /// What the server of this data folder wrote when it started.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, ClientError> {
        let path = data_dir.join("server.json");
        let unreachable = |detail: String| ClientError::Unreachable { url: None, detail };
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => unreachable(format!("{} is not there", path.display())),
            _ => unreachable(format!("cannot read {}: {error}", path.display())),
        })?;
        let place: Self = serde_json::from_slice(&bytes)
            .map_err(|_| unreachable(format!("{} is not a server's file", path.display())))?;
        Self::new(&place.url, &place.token)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_or_no_token_is_refused() {
        for url in ["", "localhost:4180", "ftp://localhost", "http://", "file:///etc/passwd"] {
            assert!(Place::new(url, "t").is_err(), "{url:?}");
        }
        for token in ["", "a b", "a\nb", "é"] {
            assert!(Place::new("http://127.0.0.1:1", token).is_err(), "{token:?}");
        }
        assert_eq!(Place::new("http://127.0.0.1:1/", "t").unwrap().url, "http://127.0.0.1:1");
    }

    #[test]
    fn a_place_does_not_show_its_token() {
        let place = Place::new("http://127.0.0.1:1", "hush").unwrap();
        assert!(!format!("{place:?}").contains("hush"));
    }

    #[test]
    fn a_token_file_holds_the_token_alone_or_is_a_servers_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        for text in ["hush\n", r#"{"url": "http://127.0.0.1:1", "token": "hush"}"#] {
            fs::write(&file, text).unwrap();
            let place = Place::with_token_file("http://127.0.0.1:7/", &file).unwrap();
            assert_eq!((place.url.as_str(), place.token.as_str()), ("http://127.0.0.1:7", "hush"));
        }
        fs::write(&file, "two words").unwrap();
        assert_eq!(Place::with_token_file("http://127.0.0.1:7", &file).unwrap_err().code(), "client.setup");
        assert!(Place::with_token_file("http://127.0.0.1:7", &dir.path().join("none")).is_err());
    }

    #[test]
    fn without_a_servers_file_no_server_answers() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Place::read(dir.path()).unwrap_err().code(), "client.unreachable");
        fs::write(dir.path().join("server.json"), "{").unwrap();
        assert_eq!(Place::read(dir.path()).unwrap_err().next(), "run `swarm up`");
    }
}
