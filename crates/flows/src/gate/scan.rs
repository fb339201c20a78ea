//! What semgrep finds in a change, where semgrep is installed. It runs in a sandbox without network, on the changed files
//! alone, with rules that lie beside them: those of swarm and those of the repository. What it says is read as SARIF,
//! with bounds, and counts only where it is about a line that was added.

use swarm_domain::{
    finding::{Finding, FindingCode},
    gate::{GateCheck, GatePolicy, Look, sarif},
};
use swarm_sandbox::{Ended, Exec, How};

use super::{
    bench::{Bench, Needs, is_seen, last_words},
    is_on,
    own::Own,
};
use crate::{
    error::FlowError,
    validate::{
        change::{ChangedFile, fault},
        evidence,
    },
};

/// Rules that come with swarm: few, and each about something that is hardly ever right.
const RULES: &str = include_str!("semgrep.yaml");
/// Files that one scan looks at, at the most.
const MAX_FILES: usize = 200;
const NEEDS: Needs = Needs { output_bytes: sarif::MAX_BYTES, seconds: 180 };
/// Ends of names of what semgrep's grammars read.
const ENDS: &[&str] = &[
    "py", "pyi", "rs", "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "go", "java", "rb", "php", "c",
    "h", "cc", "cpp", "hpp", "cs", "kt", "kts", "scala", "swift", "sh", "bash", "tf", "yaml", "yml", "json",
    "html", "lua", "ex", "exs", "sol", "dart", "jl", "clj", "lisp", "ml", "mli", "vue",
];

/// Has a change scanned.
pub(super) async fn semgrep(
    bench: &Bench<'_>,
    policy: &GatePolicy,
    files: &[ChangedFile],
    own: &Own,
) -> Result<Look, FlowError> {
    let look = |tool: &str, found| Look { check: GateCheck::Semgrep, tool: tool.to_owned(), found };
    let scanned: Vec<_> = files.iter().filter(|file| is_scanned(file)).take(MAX_FILES).collect();
    if !is_on(policy, GateCheck::Semgrep) || scanned.is_empty() {
        return Ok(look("semgrep", Ok(Vec::new())));
    }
    if !is_seen("semgrep") {
        let why =
            "semgrep is not installed where a sandbox sees it (`pip install semgrep` for the whole system)";
        return Ok(look("semgrep", Err(why.to_owned())));
    }
    let Some(backend) = bench.backend else {
        return Ok(look("semgrep", Err("no sandbox works here; `swarm doctor` says why".to_owned())));
    };
    let paths: Vec<String> = scanned.iter().map(|file| format!("code/{}", file.path)).collect();
    let bytes = scanned.iter().map(|file| file.new.as_deref().unwrap_or_default());
    let mut beside: Vec<(&str, &[u8])> = paths.iter().map(String::as_str).zip(bytes).collect();
    // Without this one semgrep passes over tests, and a change could bring one that passes over more.
    beside.push(("code/.semgrepignore", b"# nothing\n"));
    beside.push(("rules/swarm.yaml", RULES.as_bytes()));
    if let Some(rules) = &own.semgrep {
        beside.push(("rules/repository.yaml", rules));
    }
    let ended = bench.run(backend, "semgrep", &beside, NEEDS, command()).await?;
    Ok(match read(&ended, &scanned) {
        Ok((tool, found)) => look(&tool, Ok(found)),
        // What cannot be scanned may be meant so: it is no reason to let it pass.
        Err(why) => look("semgrep", Ok(vec![unread(&why, &ended)])),
    })
}

/// Whether the scan of a change needs a sandbox.
pub(super) fn needs_sandbox(policy: &GatePolicy, files: &[ChangedFile]) -> bool {
    is_on(policy, GateCheck::Semgrep) && is_seen("semgrep") && files.iter().any(is_scanned)
}

fn is_scanned(file: &ChangedFile) -> bool {
    let end = file.path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    file.new.is_some() && end.is_some_and(|end| ENDS.contains(&end.as_str()))
}

fn command() -> Exec {
    let line = "exec semgrep scan --config ../rules --sarif --quiet --metrics off --disable-version-check \
                --no-git-ignore --disable-nosem --jobs 1 --timeout 20 --max-target-bytes 1000000 .";
    let mut command = Exec::shell(line);
    command.cwd = "code".into();
    for (name, value) in [
        ("SEMGREP_SEND_METRICS", "off"),
        ("SEMGREP_ENABLE_VERSION_CHECK", "0"),
        ("SEMGREP_SETTINGS_FILE", "/tmp/semgrep.yml"),
        ("SEMGREP_LOG_FILE", "/tmp/semgrep.log"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ] {
        command.env.insert(name.to_owned(), value.to_owned());
    }
    command
}

fn read(ended: &Ended, files: &[&ChangedFile]) -> Result<(String, Vec<Finding>), String> {
    if ended.dropped_bytes > 0 {
        return Err(sarif::Unreadable::TooLong.to_string());
    }
    let scan = match (sarif::read(&ended.stdout), &ended.how) {
        (Ok(scan), How::Exited { code: 0 | 1 }) => scan,
        (Ok(scan), _) if !scan.failures.is_empty() => return Err(scan.failures.join("; ")),
        (Err(error), How::Exited { code: 0 | 1 }) => return Err(error.to_string()),
        _ => return Err(last_words(ended)),
    };
    let mut found = Vec::new();
    for result in &scan.results {
        let Some(file) = files.iter().find(|file| file.path == result.path) else { continue };
        if file.lines.added.range(result.line..=result.end_line).next().is_none() {
            continue;
        }
        // Semgrep puts the folder of the rules before their names.
        let rule = result.rule.strip_prefix("rules.").unwrap_or(&result.rule);
        let what = format!("semgrep rule `{rule}`: {}", result.message);
        let line = file.text().and_then(|text| text.lines().nth(result.line.saturating_sub(1) as usize));
        let hint = format!("Mend what semgrep's rule `{rule}` finds in {}.", file.path);
        let code = FindingCode::Scanned;
        found.push(fault(code, &file.path, result.line, &what, line.unwrap_or_default(), &hint));
    }
    if found.is_empty() && !scan.failures.is_empty() {
        return Err(scan.failures.join("; "));
    }
    Ok((scan.tool.replace("Semgrep OSS", "semgrep"), found))
}

fn unread(why: &str, ended: &Ended) -> Finding {
    Finding {
        code: FindingCode::Scanned,
        detail: format!("semgrep gave no answer that can be read: {why}"),
        evidence: evidence::bounded(&String::from_utf8_lossy(&ended.stderr)),
        hint: "Write the change so that semgrep can read it.".to_owned(),
        requirement: None,
        path: None,
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
