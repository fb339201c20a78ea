//! `swarm audit verify FILE`: an exported log, held against nothing but the public key.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use swarm_domain::Problem;
use swarm_store::{ProofReport, PublicKey, prove};

use crate::{
    args::VerifyArgs,
    context::Context,
    exit::{Exit, Failure, Result},
    progress::plain,
    table::local,
};

/// The longest file of keys, and the longest note, in bytes.
const MAX_BYTES: u64 = 64 << 10;

pub(super) fn verify(context: &Context, file: &Path, args: &VerifyArgs) -> Result<Exit> {
    let mut keys = Vec::new();
    for given in &args.key {
        keys.extend(read_keys(given)?);
    }
    if keys.is_empty() {
        return Err(Failure::usage(Problem::new(
            "cli.audit_key",
            "an exported log is checked against a public key, and none was given",
            "give it with --key: whoever runs swarm prints it with `swarm audit key`",
        )));
    }
    let held = args.checkpoint.as_deref().map(read).transpose()?;
    let open = |error| unreadable(file, &error);
    let log = BufReader::new(File::open(file).map_err(open)?);
    let report = prove(log, keys, held.as_deref()).map_err(open)?;
    let sound = report.faults.is_empty();
    context.output.print(&report, words)?;
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

/// A key as it is printed, or a file with one a line.
fn read_keys(given: &str) -> Result<Vec<PublicKey>> {
    if let Ok(key) = PublicKey::parse(given) {
        return Ok(vec![key]);
    }
    let wrong = |detail: String| {
        let next = "give the output of `swarm audit key`, or a file that holds it";
        Failure::usage(Problem::new("cli.audit_key", detail, next))
    };
    let path = Path::new(given);
    if !path.is_file() {
        let why = PublicKey::parse(given).err().map(|error| error.to_string()).unwrap_or_default();
        return Err(wrong(format!("`{given}` is neither a public key nor a file: {why}")));
    }
    let text = read(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            PublicKey::parse(line).map_err(|error| wrong(format!("a line of {given} is no key: {error}")))
        })
        .collect()
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        .map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let detail = format!("{} cannot be read: {error}", path.display());
    Failure::usage(Problem::new("cli.audit_file", detail, "name a file that `swarm audit export` wrote"))
}

fn words(report: &ProofReport) -> String {
    let what = report.log.as_deref().unwrap_or("a log without events");
    let mut text = if report.faults.is_empty() {
        match &report.excerpt {
            None => format!(
                "{}: {} events, whole and signed; the head is {}",
                plain(what),
                report.events,
                report.head
            ),
            Some(filter) => format!(
                "{}: {} events, the part that was signed: {}",
                plain(what),
                report.events,
                plain(filter)
            ),
        }
    } else {
        format!("{}: NOT what was signed", plain(what))
    };
    if let Some(last) = &report.last {
        let said = if report.excerpt.is_some() {
            "signed as a part of a log".to_owned()
        } else {
            format!("{} checkpoints fit; the last one covers", report.checkpoints)
        };
        text +=
            &format!("\n{said} {} events, signed {} by {}", last.size, local(last.at), last.keys.join(", "));
    }
    if report.strangers > 0 {
        text += &format!("\n{} checkpoints or keys of strangers were passed over", report.strangers);
    }
    for fault in &report.faults {
        text += &format!("\n  event {} [{}]: {}", fault.seq, name(fault), plain(&fault.reason));
    }
    if report.more_faults > 0 {
        text += &format!("\n  and {} faults more", report.more_faults);
    }
    text
}

/// The fault's kind, as it stands in JSON.
fn name(fault: &swarm_store::Fault) -> String {
    let value = serde_json::to_value(fault.kind).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
