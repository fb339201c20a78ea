//! `swarm gate`: needs a repository, and neither a server nor a database.

mod install;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use swarm_agents::Rules;
use swarm_domain::{
    CommitId, Problem,
    gate::{CheckReport, GateReport, Verdict, sarif},
};
use swarm_flows::{
    FlowsConfig,
    gate::{Asked, ByHand},
};
use swarm_forge::Here;
use swarm_sandbox::Ladder;

use super::{catalogue, plan::read_spec};
use crate::{
    args::{GateArgs, GateCommand, JudgeArgs, SandboxRung, Stage},
    config::{self, Overrides, Settings},
    context::Context,
    exit::{Exit, Failure, Result},
    house, interrupt, output,
    progress::plain,
    table::{indented, table},
};

/// Branches that changes are usually merged into.
const USUAL_BASES: [&str; 5] = ["origin/HEAD", "origin/main", "main", "origin/master", "master"];

pub(super) async fn run(context: &Context, args: GateArgs) -> Result<Exit> {
    match args.command {
        Some(GateCommand::Install { repo }) => install::run(context, &here(repo.as_deref(), None)?).await,
        None => judge(context, args.judge).await,
    }
}

async fn judge(context: &Context, args: JudgeArgs) -> Result<Exit> {
    let mut settings = config::settings(Overrides { sandbox: args.sandbox, ..Overrides::default() })?;
    settings.flows.gate_online |= args.online;
    if args.stage == Stage::PostDeploy && settings.sandbox.rung != SandboxRung::Process {
        return Err(Failure::usage(Problem::new(
            "gate.outside",
            "what was deployed cannot be reached from a sandbox, which has no network",
            "say `--sandbox process`: the commands then run as plain processes with your own rights",
        )));
    }
    // In `git commit --all` and the like git makes the commit from an index of its own, and tells its hooks which.
    let index =
        std::env::var_os("GIT_INDEX_FILE").filter(|_| args.stage == Stage::PreCommit).map(PathBuf::from);
    let here = here(args.repo.as_deref(), index.as_deref())?;
    let asked = asked(&here, &settings, &args).await?;
    let report = report(&here, &settings, asked).await?;
    if let Some(file) = &args.sarif {
        write_sarif(file, &report)?;
    }
    let verdict = report.verdict();
    if args.sarif.as_deref() != Some(Path::new("-")) {
        context.output.print(&Said { verdict, report: &report }, |_| in_words(&report))?;
    }
    Ok(if verdict == Verdict::Blocked { Exit::Failed } else { Exit::Done })
}

/// A report with what follows from it.
#[derive(Serialize)]
struct Said<'a> {
    verdict: Verdict,
    #[serde(flatten)]
    report: &'a GateReport,
}

fn here(repo: Option<&Path>, index: Option<&Path>) -> Result<Here> {
    let folder = match repo {
        Some(repo) => repo.to_owned(),
        None => std::env::current_dir().map_err(|error| Failure::io("find the current folder", error))?,
    };
    Here::around(&folder, index).map_err(|_| {
        Failure::usage(Problem::new(
            "cli.no_repository",
            format!("{} is not in a git repository with a work tree", folder.display()),
            "name one with --repo, or run `git init`",
        ))
    })
}

async fn asked(here: &Here, settings: &Settings, args: &JudgeArgs) -> Result<Asked> {
    let spec = args.spec.as_deref().map(read_spec).transpose()?.map(|(_, spec)| spec);
    let rules = match &args.agent {
        Some(name) => {
            let roster = catalogue(settings)?.current();
            roster.get(name).map_err(|error| error.problem())?.rules.clone()
        }
        None => Rules::default(),
    };
    let (head, base) = match args.stage {
        Stage::PreCommit => (None, None),
        Stage::PreMerge => {
            let head = commit(here, &args.head).await?;
            let base = base(here, args.base.as_deref(), &head).await?;
            (Some(head), Some(base))
        }
        Stage::PreDeploy | Stage::PostDeploy => (Some(commit(here, &args.head).await?), None),
    };
    let patience = match args.stage {
        Stage::PostDeploy => Duration::from_secs(args.wait),
        _ => Duration::ZERO,
    };
    Ok(Asked { stage: args.stage.into(), base, head, scope: args.scope.clone(), spec, rules, patience })
}

async fn commit(here: &Here, name: &str) -> Result<CommitId> {
    let found = here.commit(name).await;
    found.map_err(|error| match error {
        swarm_forge::ForgeError::NotFound { what } => Failure::usage(Problem::new(
            "gate.nothing",
            format!("there is no {what} here"),
            "name a commit, a branch or a tag with `--base` and `--head`",
        )),
        error => error.problem().into(),
    })
}

/// Where the history of what is merged into and that of the change part.
async fn base(here: &Here, named: Option<&str>, head: &CommitId) -> Result<CommitId> {
    let mut onto = match named {
        Some(name) => Some(commit(here, name).await?),
        None => None,
    };
    for name in USUAL_BASES {
        if onto.is_none() {
            onto = here.commit(name).await.ok();
        }
    }
    let onto = onto.ok_or_else(|| {
        let next = "name what is merged into with `--base`";
        Failure::usage(Problem::new("gate.nothing", "there is neither a branch main nor master", next))
    })?;
    let parted = here.fork_point(&onto, head).await.map_err(|error| error.problem())?;
    Ok(parted.unwrap_or(onto))
}

async fn report(here: &Here, settings: &Settings, asked: Asked) -> Result<GateReport> {
    let config: &FlowsConfig = &settings.flows;
    let by_hand = ByHand::open(here, config, asked).await.map_err(|error| error.problem())?;
    let state = tempfile::tempdir().map_err(|error| Failure::io("make a temporary folder", error))?;
    let ladder = if by_hand.needs_sandbox() {
        let climbed = Ladder::climb(house::choice(settings), &state.path().join("sandboxes")).await;
        Some(climbed.map_err(|error| error.problem())?)
    } else {
        None
    };
    let backend = ladder.as_ref().map(|ladder| ladder.backend.as_ref());
    let interrupt = interrupt::token()?;
    let judged = by_hand.judge(backend, state.path().join("work"), interrupt).await;
    if let Some(backend) = backend {
        backend.close().await;
    }
    Ok(judged.map_err(|error| error.problem())?)
}

fn write_sarif(file: &Path, report: &GateReport) -> Result<()> {
    let log = sarif::write(report, env!("CARGO_PKG_VERSION"));
    let text = serde_json::to_string_pretty(&log).map_err(|error| Failure::io("write SARIF", error))?;
    if file == Path::new("-") {
        return output::line(&text);
    }
    let doing = || format!("write {}", file.display());
    std::fs::write(file, text + "\n").map_err(|error| Failure::io(doing(), error))
}

fn in_words(report: &GateReport) -> String {
    let row = |check: &CheckReport| {
        [check.check.to_string(), check.tool.clone(), check.weight.to_string(), check.words()]
    };
    let mut text = format!("{}: {}\n\n", report.stage, report.change);
    text += &table(["check", "by", "weight", "result"], report.checks.iter().map(row));
    text.push('\n');
    for (check, finding) in report.findings() {
        let _ = writeln!(text, "\n{} {} [{}]", check.weight, plain(&finding.detail), finding.code);
        if !finding.evidence.is_empty() {
            let _ = writeln!(text, "{}", indented(&finding.evidence, "  | "));
        }
        let _ = writeln!(text, "{}", indented(finding.hint.trim_end(), "  "));
    }
    for check in report.checks.iter().filter(|check| check.more > 0) {
        let _ = writeln!(text, "\n{}: {} more are not shown", check.check, check.more);
    }
    let said = match report.verdict() {
        Verdict::Clean => "it passes",
        Verdict::Warned => "it passes, with warnings",
        Verdict::Blocked => "it is blocked",
    };
    format!("{text}\n{said}")
}
