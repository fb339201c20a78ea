//! `swarm spec`: the versions of specs, and what differs between them.

use std::path::Path;

use serde::Serialize;
use swarm_client::{Client, types};
use swarm_domain::{
    Problem, ProjectId, SpecId,
    spec::{
        self, Spec,
        delta::{self, DeltaError, DeltaFile, RequirementDelta, SpecDelta},
    },
};

use super::{plan::read_spec, planned, spec_check, spec_derive, spec_draft};
use crate::{
    args::SpecCommand,
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    progress::plain,
    table::{local, table},
    wire,
};

pub(super) async fn run(context: &Context, command: SpecCommand) -> Result<Exit> {
    match command {
        SpecCommand::List { project } => list(context, project.as_ref().map(ProjectId::as_str)).await,
        SpecCommand::Show { spec, text } => show(context, spec, text).await,
        SpecCommand::Diff { a, b, brief } => diff(context, &a, b.as_deref(), brief).await,
        SpecCommand::Apply { delta, to, write } => apply(context, &delta, &to, write),
        SpecCommand::Check(args) => Box::pin(spec_check::run(context, *args)).await,
        SpecCommand::Derive(args) => Box::pin(spec_derive::run(context, *args)).await,
        SpecCommand::Draft(args) => Box::pin(spec_draft::run(context, *args)).await,
    }
}

async fn list(context: &Context, project: Option<&str>) -> Result<Exit> {
    let specs = door::reading(context, async |client| Ok(client.specs().await?)).await?;
    let specs: Vec<_> = specs.into_iter().filter(|s| project.is_none_or(|p| p == s.project)).collect();
    context.output.print(&specs, |specs| {
        if specs.is_empty() {
            return "there is no spec yet; `swarm build SPEC --plan-only` reads one".to_owned();
        }
        let rows = specs.iter().map(|s| {
            [
                s.id.clone(),
                s.project.clone(),
                format!("v{}", s.version),
                plain(&s.title),
                s.requirements.to_string(),
                local(s.added_at),
            ]
        });
        table(["spec", "project", "version", "title", "requirements", "read"], rows)
    })?;
    Ok(Exit::Done)
}

async fn show(context: &Context, spec: Option<SpecId>, text: bool) -> Result<Exit> {
    let detail = door::reading(context, async |client| {
        let id = match spec {
            Some(id) => id.to_string(),
            None => newest(client).await?.id,
        };
        Ok(client.spec(&id).await?)
    })
    .await?;
    let read: Spec = wire::read(&detail.spec)?;
    context.output.print(&detail, |detail| {
        if text {
            return detail.source.lines().map(plain).collect::<Vec<_>>().join("\n");
        }
        let from = detail.previous.as_ref().map(|id| format!(", written from {id}")).unwrap_or_default();
        format!(
            "{} · {} · v{}{from} · {}\n\n{}",
            detail.id,
            detail.project,
            detail.version,
            local(detail.added_at),
            planned::requirements(&read)
        )
    })?;
    Ok(Exit::Done)
}

async fn newest(client: &Client) -> Result<types::SpecSummary> {
    let none = || Problem::new("spec.none", "there is no spec yet", "run `swarm build SPEC --plan-only`");
    let specs = client.specs().await?;
    Ok(specs.into_iter().max_by_key(|spec| spec.added_at).ok_or_else(none)?)
}

/// A version, with its text.
struct Version {
    name: String,
    text: String,
    spec: Spec,
}

impl Version {
    fn of_file(file: &Path) -> Result<Self> {
        let (text, spec) = read_spec(file)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Self { name: file.display().to_string(), text, spec })
    }

    async fn of_id(client: &Client, id: &str) -> Result<Self> {
        let detail = client.spec(id).await?;
        Ok(Self { name: detail.id, spec: wire::read(&detail.spec)?, text: detail.source })
    }

    /// The last version of what a file is a version of: one of its title, else the newest of all.
    async fn before(client: &Client, file: &Self) -> Result<Self> {
        let same = client.specs().await?.into_iter().filter(|s| s.title.trim() == file.spec.title.trim());
        let id = match same.max_by_key(|spec| spec.added_at) {
            Some(spec) => spec.id,
            None => newest(client).await?.id,
        };
        Self::of_id(client, &id).await
    }
}

#[derive(Serialize)]
struct Differs {
    from: String,
    to: String,
    #[serde(flatten)]
    delta: SpecDelta,
    markdown: String,
}

async fn diff(context: &Context, a: &str, b: Option<&str>, brief: bool) -> Result<Exit> {
    let file = |name: &str| Path::new(name).is_file().then(|| Version::of_file(Path::new(name))).transpose();
    let (from, to) = match (file(a)?, b) {
        (Some(from), Some(b)) => match file(b)? {
            Some(to) => (from, to),
            None => (from, stored(context, b).await?),
        },
        (Some(to), None) => {
            let before = door::reading(context, async |client| Version::before(client, &to).await).await?;
            (before, to)
        }
        (None, Some(b)) => {
            let from = stored(context, a).await?;
            let to = match file(b)? {
                Some(to) => to,
                None => stored(context, b).await?,
            };
            (from, to)
        }
        (None, None) => {
            let to = stored(context, a).await?;
            let detail = door::reading(context, async |client| Ok(client.spec(&to.name).await?)).await?;
            let first = || {
                Problem::new(
                    "spec.no_previous",
                    format!("{} is the first version", to.name),
                    "name the other version, as in `swarm spec diff A B`",
                )
            };
            (stored(context, &detail.previous.ok_or_else(first)?).await?, to)
        }
    };
    let delta = SpecDelta::between(&from.spec, &to.spec);
    let differs = Differs { markdown: delta.markdown(&to.text), from: from.name, to: to.name, delta };
    context.output.print(&differs, |differs| {
        if differs.delta.is_empty() {
            return format!("nothing differs between {} and {}", differs.from, differs.to);
        }
        if brief {
            return in_brief(&differs.delta);
        }
        differs.markdown.lines().map(plain).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}

async fn stored(context: &Context, id: &str) -> Result<Version> {
    let id = SpecId::parse(id).map_err(|_| {
        let detail = format!("{id} is neither a file nor the id of a spec");
        Failure::usage(Problem::new("cli.no_spec", detail, "run `swarm spec list` to see the ids"))
    })?;
    door::reading(context, async |client| Version::of_id(client, id.as_str()).await).await
}

/// A line for each requirement that differs, and the sum.
fn in_brief(delta: &SpecDelta) -> String {
    let rows = delta.requirements.iter().filter_map(|requirement| match requirement {
        RequirementDelta::Added { after } => {
            Some(["added".to_owned(), after.id.to_string(), after.title.clone(), String::new()])
        }
        RequirementDelta::Modified { after, fields, .. } => {
            let fields: Vec<_> = fields.iter().map(|field| field.name()).collect();
            Some(["modified".to_owned(), after.id.to_string(), after.title.clone(), fields.join(", ")])
        }
        RequirementDelta::Removed { before } => {
            Some(["removed".to_owned(), before.id.to_string(), before.title.clone(), String::new()])
        }
        RequirementDelta::Unchanged { id, was } => {
            (id != was).then(|| ["renamed".to_owned(), id.to_string(), String::new(), format!("from {was}")])
        }
    });
    let rows = table(["change", "requirement", "title", "what differs"], rows);
    format!("{rows}\n\n{}", planned::counts(delta.counts()))
}

#[derive(Serialize)]
struct Applied {
    file: String,
    written: bool,
    text: String,
}

fn apply(context: &Context, delta: &Path, to: &Path, write: bool) -> Result<Exit> {
    let (text, _) = read_spec(to)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let failed = |error: DeltaError| Failure::from(error.problem());
    let changes = std::fs::read_to_string(delta).map_err(|error| {
        let detail = format!("the delta {} cannot be read: {error}", delta.display());
        Failure::usage(Problem::new(
            "cli.no_spec",
            detail,
            "name a Markdown file, such as `swarm spec diff` prints",
        ))
    })?;
    let result = delta::apply(&text, &DeltaFile::parse(&changes).map_err(failed)?).map_err(failed)?;
    if write {
        write_whole(to, &result)?;
    }
    let applied = Applied { file: to.display().to_string(), written: write, text: result };
    context.output.print(&applied, |applied| {
        if applied.written {
            let count = spec::parse(&applied.text).map_or(0, |spec| spec.requirements.len());
            format!("{} is written: {count} requirements", applied.file)
        } else {
            applied.text.clone()
        }
    })?;
    if !write {
        crate::output::notice(&format!("{} is as it was; --write writes it", to.display()));
    }
    Ok(Exit::Done)
}

/// All of it or nothing.
pub(super) fn write_whole(file: &Path, text: &str) -> Result<()> {
    let failed = |error| Failure::io("write the spec", error);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, file).map_err(failed)
}
