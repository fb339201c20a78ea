//! A PDF file that is written as it goes: an object is sent as soon as it is made, and only where each began is kept.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Chunk, Ref};

/// What is said once at the start: the version, and four bytes that tell that this is no text.
const HEADER: &[u8] = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n";

/// A file under way.
#[derive(Debug)]
pub(super) struct File {
    /// Bytes that were taken already.
    sent: u64,
    ready: Vec<u8>,
    /// Where each object begins; object 1 is the first.
    begins: Vec<u64>,
}

impl File {
    pub(super) fn new() -> Self {
        Self { sent: 0, ready: HEADER.to_vec(), begins: Vec::new() }
    }

    /// A number for an object that is written later.
    pub(super) fn reserve(&mut self) -> Ref {
        self.begins.push(0);
        Ref::new(i32::try_from(self.begins.len()).unwrap_or(i32::MAX))
    }

    /// Writes the object of this number, and nothing else.
    pub(super) fn put(&mut self, id: Ref, write: impl FnOnce(&mut Chunk)) {
        let mut chunk = Chunk::new();
        write(&mut chunk);
        let at = self.sent + self.ready.len() as u64;
        let place = usize::try_from(id.get()).unwrap_or_default().checked_sub(1);
        if let Some(begin) = place.and_then(|place| self.begins.get_mut(place)) {
            *begin = at;
        }
        self.ready.extend_from_slice(chunk.as_bytes());
    }

    /// Gives out what is ready.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.sent += self.ready.len() as u64;
        std::mem::take(&mut self.ready)
    }

    /// Writes where everything is; nothing is put behind it. `id` names the document.
    pub(super) fn end(&mut self, catalog: Ref, info: Ref, id: &str) {
        let table = self.sent + self.ready.len() as u64;
        let mut end = format!("xref\n0 {}\n0000000000 65535 f\r\n", self.begins.len() + 1);
        for begin in &self.begins {
            end += &format!("{begin:010} 00000 n\r\n");
        }
        let id: String = id.chars().filter(char::is_ascii_hexdigit).take(32).collect();
        end += &format!(
            "trailer\n<< /Size {} /Root {} 0 R /Info {} 0 R /ID [<{id}> <{id}>] >>\nstartxref\n{table}\n%%EOF\n",
            self.begins.len() + 1,
            catalog.get(),
            info.get(),
        );
        self.ready.extend_from_slice(end.as_bytes());
    }
}

/// Packed as `FlateDecode` reads it.
pub(super) fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(data.len() / 3), Compression::default());
    // Into memory nothing fails to be written.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}
