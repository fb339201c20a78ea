//! Known vulnerabilities of what the lock files of a change name. The tools that know them (`cargo-audit`, `npm audit`,
//! `pip-audit`) need the network, so they run only where the operator lets them; they get the lock file and nothing else,
//! in an empty folder, without the operator's variables. What could not be asked is said.

use serde::Deserialize;
use serde_json::Value;
use swarm_domain::{
    finding::{Finding, FindingCode},
    gate::{GateCheck, GatePolicy, Look},
    scope::RelativePath,
};
use swarm_sandbox::{Ended, Exec, How, Process};

use super::{
    bench::{Bench, Needs, found, last_words, own_environment},
    files::Files,
    is_on,
};
use crate::error::FlowError;

/// The longest lock file that is read, in bytes.
const MAX_LOCK_BYTES: usize = 8 << 20;
/// Lock files of one change that are asked about.
const MAX_LOCKS: usize = 8;
const NEEDS: Needs = Needs { output_bytes: 16 << 20, seconds: 180 };
const MAX_TEXT: usize = 160;

/// A tool that knows vulnerabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auditor {
    Cargo,
    Npm,
    Pip,
}

impl Auditor {
    /// Who knows about a file.
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        match name {
            "Cargo.lock" => Some(Self::Cargo),
            "package-lock.json" | "npm-shrinkwrap.json" => Some(Self::Npm),
            "requirements.txt" | "requirements.lock" => Some(Self::Pip),
            _ => None,
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Cargo => "cargo-audit",
            Self::Npm => "npm",
            Self::Pip => "pip-audit",
        }
    }

    fn name(self) -> &'static str {
        if self == Self::Npm { "npm audit" } else { self.program() }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Cargo => &["audit", "--json", "--file", "Cargo.lock"],
            Self::Npm => &["audit", "--json", "--package-lock-only", "--ignore-scripts"],
            // Nothing is resolved: that would build what is named there.
            Self::Pip => &[
                "--disable-pip",
                "--no-deps",
                "--progress-spinner",
                "off",
                "-f",
                "json",
                "-r",
                "requirements.txt",
            ],
        }
    }

    /// The files that it wants to see, under the names that it looks for.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Cargo => &["Cargo.lock"],
            Self::Npm => &["package-lock.json", "package.json"],
            Self::Pip => &["requirements.txt"],
        }
    }
}

/// Asks about each lock file among these paths. Nothing to ask about is no news.
pub(super) async fn audit(
    bench: &Bench<'_>,
    policy: &GatePolicy,
    paths: &[&str],
    among: Files<'_>,
) -> Result<Vec<Look>, FlowError> {
    let mut looks = Vec::new();
    for path in paths {
        let Some(auditor) = Auditor::of(path).filter(|_| is_on(policy, GateCheck::Dependencies)) else {
            continue;
        };
        let why = match found(auditor.program()) {
            _ if looks.len() >= MAX_LOCKS => Some("too many lock files in one change".to_owned()),
            None => Some(format!("{path} is there, and {} is not installed", auditor.program())),
            Some(_) if !bench.online => Some(format!(
                "{} asks the network about {path}; let it with `--online` or `flows.gate_online`",
                auditor.name()
            )),
            Some(_) => None,
        };
        let found = match why {
            Some(why) => Err(why),
            None => one(bench, auditor, path, among).await?,
        };
        looks.push(Look { check: GateCheck::Dependencies, tool: auditor.name().to_owned(), found });
        if looks.len() > MAX_LOCKS {
            break;
        }
    }
    if looks.is_empty() {
        looks.push(Look { check: GateCheck::Dependencies, tool: "swarm".to_owned(), found: Ok(Vec::new()) });
    }
    Ok(looks)
}

async fn one(
    bench: &Bench<'_>,
    auditor: Auditor,
    path: &str,
    among: Files<'_>,
) -> Result<Result<Vec<Finding>, String>, FlowError> {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let mut files = Vec::new();
    for (at, name) in auditor.files().iter().enumerate() {
        let from = if at == 0 { path.to_owned() } else { format!("{folder}{name}") };
        let Ok(from) = RelativePath::parse(from) else { continue };
        // One that is too large is as good as not there: that is said.
        if let Some(bytes) = among.file(&from, MAX_LOCK_BYTES).await.unwrap_or_default() {
            files.push((*name, bytes));
        }
    }
    if files.is_empty() {
        return Ok(Err(format!("{path} is too large, or cannot be read")));
    }
    // It is the operator's own tool, and it reaches the network because the operator said so.
    let backend = Process::open(&bench.folder.join("tools")).await?;
    let program = found(auditor.program()).unwrap_or_default();
    let argv = [program.to_string_lossy().into_owned()].into_iter();
    let argv = argv.chain(auditor.arguments().iter().map(ToString::to_string)).collect();
    let command = Exec { argv, env: own_environment(), ..Exec::default() };
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let ended = bench.run(&backend, auditor.program(), &files, NEEDS, command).await?;
    Ok(said(auditor, path, &ended))
}

/// What a tool said; or why that cannot be taken for an answer.
fn said(auditor: Auditor, path: &str, ended: &Ended) -> Result<Vec<Finding>, String> {
    let unread = || format!("{} did not answer: {}", auditor.name(), last_words(ended));
    if !matches!(ended.how, How::Exited { .. }) || ended.dropped_bytes > 0 {
        return Err(unread());
    }
    let value: Value = serde_json::from_slice(&ended.stdout).map_err(|_| unread())?;
    let named = match auditor {
        Auditor::Cargo => cargo(value),
        Auditor::Npm => npm(&value),
        Auditor::Pip => pip(value),
    };
    let named = named.ok_or_else(unread)?;
    Ok(named.into_iter().map(|one| one.finding(auditor, path)).collect())
}

/// A vulnerability of a package.
#[derive(Debug, PartialEq, Eq)]
struct Vulnerable {
    package: String,
    version: String,
    id: String,
    about: String,
    mended_in: String,
}

impl Vulnerable {
    fn finding(self, auditor: Auditor, path: &str) -> Finding {
        let Self { package, version, id, about, mended_in } = self;
        let hint = match mended_in.as_str() {
            "" => format!("Do without {package}, or find out whether {id} matters here."),
            version => format!("Bring {package} in {path} to {version}."),
        };
        Finding {
            code: FindingCode::VulnerableDependency,
            detail: format!("{path}: {} knows {id} of {package} {version}: {about}", auditor.name()),
            evidence: String::new(),
            hint,
            requirement: None,
            path: Some(path.to_owned()),
        }
    }
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_TEXT)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn cargo(value: Value) -> Option<Vec<Vulnerable>> {
    #[derive(Deserialize)]
    struct Report {
        vulnerabilities: List,
    }
    #[derive(Deserialize)]
    struct List {
        list: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        advisory: Advisory,
        package: Package,
        #[serde(default)]
        versions: Versions,
    }
    #[derive(Deserialize)]
    struct Advisory {
        id: String,
        #[serde(default)]
        title: String,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    #[derive(Deserialize, Default)]
    struct Versions {
        #[serde(default)]
        patched: Vec<String>,
    }
    let report: Report = serde_json::from_value(value).ok()?;
    let one = |one: One| Vulnerable {
        package: plain(&one.package.name),
        version: plain(&one.package.version),
        id: plain(&one.advisory.id),
        about: plain(&one.advisory.title),
        mended_in: plain(&one.versions.patched.join(" or ")),
    };
    Some(report.vulnerabilities.list.into_iter().map(one).collect())
}

/// npm names each package that is hit, and for each why: an advisory, or the name of a package that it needs.
fn npm(value: &Value) -> Option<Vec<Vulnerable>> {
    let hit = value.get("vulnerabilities")?.as_object()?;
    let mut found = Vec::new();
    for (package, one) in hit {
        let text =
            |value: &Value, key: &str| plain(value.get(key).and_then(Value::as_str).unwrap_or_default());
        let fix = one.get("fixAvailable").filter(|fix| fix.is_object());
        let mended_in = fix.map(|fix| text(fix, "version")).unwrap_or_default();
        for via in one.get("via").and_then(Value::as_array)?.iter().filter(|via| via.is_object()) {
            found.push(Vulnerable {
                package: plain(package),
                version: text(via, "range"),
                id: text(via, "url").rsplit('/').next().unwrap_or_default().to_owned(),
                about: text(via, "title"),
                mended_in: mended_in.clone(),
            });
        }
    }
    Some(found)
}

fn pip(value: Value) -> Option<Vec<Vulnerable>> {
    #[derive(Deserialize)]
    struct Report {
        dependencies: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        name: String,
        #[serde(default)]
        version: String,
        #[serde(default)]
        vulns: Vec<Vulnerability>,
    }
    #[derive(Deserialize)]
    struct Vulnerability {
        id: String,
        #[serde(default)]
        fix_versions: Vec<String>,
        #[serde(default)]
        description: String,
    }
    let report: Report = serde_json::from_value(value).ok()?;
    let all = report.dependencies.into_iter().flat_map(|one| {
        let (name, version) = (plain(&one.name), plain(&one.version));
        one.vulns.into_iter().map(move |vuln| Vulnerable {
            package: name.clone(),
            version: version.clone(),
            id: plain(&vuln.id),
            about: plain(&vuln.description),
            mended_in: plain(&vuln.fix_versions.join(" or ")),
        })
    });
    Some(all.collect())
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
