//! What another program wrote as SARIF. It read hostile code, so it is hostile itself: bounded in bytes, results and
//! texts, and a path that leads out of the repository is no path.

use serde::Deserialize;

use crate::scope::RelativePath;

/// The longest log that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// The most results that are read.
const MAX_RESULTS: usize = 1_000;
/// The most characters of a text that are kept.
const MAX_TEXT: usize = 300;
/// The longest name of a rule that is kept.
const MAX_RULE: usize = 120;

/// What a scanner found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The name and version of the scanner, as it says.
    pub tool: String,
    /// What it found.
    pub results: Vec<ScanResult>,
    /// Results that were left out: too many, without a place, or with one outside of the repository.
    pub left_out: usize,
    /// What went wrong while it looked, in its own words, cut to a bound.
    pub failures: Vec<String>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanResult {
    /// The rule, as the scanner calls it.
    pub rule: String,
    /// What it says.
    pub message: String,
    /// Where, relative to what was scanned.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The last line, not before the first.
    pub end_line: u32,
}

/// Why a log was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Too long.
    #[error("the log is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// No SARIF.
    #[error("the log is no SARIF 2.1.0: {0}")]
    Malformed(String),
}

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(default)]
    invocations: Vec<Invocation>,
    #[serde(default)]
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: String,
    semantic_version: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    #[serde(default)]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(default)]
    level: Option<String>,
    message: Message,
}

#[derive(Deserialize, Default)]
struct Message {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    rule_id: String,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Option<Artifact>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    end_line: u64,
}

/// Reads a log.
pub fn read(bytes: &[u8]) -> Result<Scan, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    let log: Log = serde_json::from_slice(bytes)
        .map_err(|error| Unreadable::Malformed(cut(&error.to_string(), MAX_TEXT)))?;
    if log.version != "2.1.0" {
        return Err(Unreadable::Malformed(format!("its version is `{}`", cut(&log.version, 20))));
    }
    let mut scan = Scan::default();
    for run in log.runs {
        let driver = run.tool.driver;
        let version = driver.semantic_version.or(driver.version).unwrap_or_default();
        scan.tool = cut(format!("{} {version}", driver.name).trim(), MAX_RULE);
        let notes = run.invocations.into_iter().flat_map(|one| one.tool_execution_notifications);
        let failed = notes.filter(|note| note.level.as_deref() == Some("error"));
        scan.failures.extend(failed.take(5).map(|note| cut(&note.message.text, MAX_TEXT)));
        for result in run.results {
            match place(&result.locations) {
                Some((path, [line, end_line])) if scan.results.len() < MAX_RESULTS => {
                    let (rule, message) =
                        (cut(&result.rule_id, MAX_RULE), cut(&result.message.text, MAX_TEXT));
                    scan.results.push(ScanResult { rule, message, path, line, end_line });
                }
                _ => scan.left_out += 1,
            }
        }
    }
    Ok(scan)
}

fn place(locations: &[Location]) -> Option<(String, [u32; 2])> {
    let physical = locations.iter().find_map(|location| location.physical_location.as_ref())?;
    let path = unescaped(&physical.artifact_location.as_ref()?.uri)?;
    let path = RelativePath::parse(path).ok()?;
    let (start, end) = physical.region.as_ref().map_or((1, 1), |region| (region.start_line, region.end_line));
    let start = u32::try_from(start.max(1)).ok()?;
    Some((path.into(), [start, u32::try_from(end).ok()?.max(start)]))
}

/// A relative URI as a path.
fn unescaped(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A text on one line, cut to a bound.
fn cut(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(most).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(uri: &str, line: &serde_json::Value) -> Vec<u8> {
        let result = json!({
            "ruleId": "r", "message": { "text": "evil\u{1b}[31m\nline" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": uri }, "region": { "startLine": line },
            } }],
        });
        let run = json!({ "tool": { "driver": { "name": "x" } }, "results": [result] });
        json!({ "version": "2.1.0", "runs": [run] }).to_string().into_bytes()
    }

    #[test]
    fn what_is_no_sarif_is_refused_and_not_repeated_at_length() {
        let deep = format!(r#"{{"version":"2.1.0","runs":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        for bytes in [
            Vec::new(),
            b"null".to_vec(),
            b"\xff\xfe".to_vec(),
            br#"{"version":"2.1.0"}"#.to_vec(),
            br#"{"version":"1.0.0","runs":[]}"#.to_vec(),
            br#"{"version":"2.1.0","runs":[{"results":[]}]}"#.to_vec(),
            deep.into_bytes(),
            format!(r#"{{"version":"{}","runs":[]}}"#, "x".repeat(100_000)).into_bytes(),
        ] {
            let said = read(&bytes).unwrap_err().to_string();
            assert!(said.len() < 400, "{said}");
        }
        assert_eq!(read(&vec![b' '; MAX_BYTES + 1]).unwrap_err(), Unreadable::TooLong);
    }

    #[test]
    fn a_place_outside_of_the_repository_is_no_place() {
        for uri in
            ["/etc/passwd", "../x", "a/../../x", "file:///etc/passwd", "%2e%2e/x", ".git/config", "", "%zz"]
        {
            let scan = read(&log(uri, &json!(1))).unwrap();
            assert_eq!((scan.results.len(), scan.left_out), (0, 1), "{uri}");
        }
        assert_eq!(read(&log("a.py", &json!(99_999_999_999_u64))).unwrap().left_out, 1);
    }

    #[test]
    fn a_result_is_on_one_line_without_marks_for_the_terminal() {
        let scan = read(&log("a%20b.py", &json!(7))).unwrap();
        let result = &scan.results[0];
        assert_eq!((result.path.as_str(), result.line), ("a b.py", 7));
        assert_eq!(result.message, "evil [31m line");
    }

    #[test]
    fn a_flood_of_results_is_cut_and_counted() {
        let one = json!({
            "message": { "text": "x".repeat(5_000) },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "a.py" } } }],
        });
        let run = json!({ "tool": { "driver": { "name": "x" } }, "results": vec![one; MAX_RESULTS + 5] });
        let scan = read(json!({ "version": "2.1.0", "runs": [run] }).to_string().as_bytes()).unwrap();
        assert_eq!((scan.results.len(), scan.left_out), (MAX_RESULTS, 5));
        assert_eq!(scan.results[0].message.chars().count(), MAX_TEXT);
    }
}
