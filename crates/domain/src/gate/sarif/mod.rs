//! SARIF 2.1.0, the format in which scanners tell each other what they found: a report as SARIF, and what others wrote.

mod read;
mod write;

pub use read::{MAX_BYTES, Scan, ScanResult, Unreadable, read};
pub use write::write;
