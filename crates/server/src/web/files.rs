//! What was built of the web app. A release holds it; a debug build reads it from the checkout, so that the app can be
//! built again without compiling.

use std::borrow::Cow;

use axum::body::Bytes;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::coding::Coding;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// A file on its way out.
#[derive(Debug)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    /// As `Content-Type` has it.
    pub(super) kind: &'static str,
    /// How the bytes are packed.
    pub(super) coding: Option<Coding>,
    /// By which a client knows it again.
    pub(super) tag: String,
}

/// The file of this name, packed in this way where it is there so.
pub(super) fn find(name: &str, coding: Option<Coding>) -> Option<File> {
    // Only what the build names is served: neither a folder, nor what was packed by the name that it has here.
    let kind = kind(name)?;
    let packed =
        coding.and_then(|coding| Some((Built::get(&format!("{name}{}", coding.ending()))?, Some(coding))));
    let (file, coding) = packed.or_else(|| Some((Built::get(name)?, None)))?;
    Some(File { tag: tag(&file), bytes: bytes(file.data), kind, coding })
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(held) => Bytes::from_static(held),
        Cow::Owned(read) => Bytes::from(read),
    }
}

fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]))
}

fn kind(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_what_was_built_is_served() {
        for name in [
            "",
            "..",
            "../package.json",
            "../../Cargo.lock",
            "assets",
            "assets/..",
            "index.html.br",
            "/etc/hosts.txt",
        ] {
            assert!(find(name, None).is_none(), "{name}");
            assert!(find(name, Some(Coding::Gzip)).is_none(), "{name}");
        }
    }
}
