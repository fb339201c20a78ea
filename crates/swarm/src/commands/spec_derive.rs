//! `swarm spec derive`: a draft of a spec, read off the code that there is.

use std::{fmt::Write as _, path::Path};

use serde::Serialize;
use swarm_client::types;
use swarm_domain::{Problem, derived::Draft, survey::SurveyOutcome};
use tokio_util::sync::CancellationToken;

use super::{repository::place, spec::write_whole, spec_check::wait};
use crate::{
    args::DeriveArgs,
    config::{self, Overrides},
    context::Context,
    door::{Door, ended},
    exit::{Exit, Failure, Result},
    house::Wiring,
    interrupt,
    models::{self, Source},
    output,
    progress::plain,
    table::table,
    wire,
};

/// Requirements that are shown one by one.
const MAX_SHOWN: usize = 40;

#[derive(Serialize)]
struct Derived {
    commit: String,
    file: Option<String>,
    #[serde(flatten)]
    draft: Draft,
}

pub(super) async fn run(context: &Context, args: DeriveArgs) -> Result<Exit> {
    let to_terminal = args.out == Path::new("-");
    if !to_terminal && !args.force && args.out.symlink_metadata().is_ok() {
        return Err(Failure::usage(Problem::new(
            "cli.file_exists",
            format!("{} is there already, and is left as it is", args.out.display()),
            "name another file with --out, or write over it with --force",
        )));
    }
    let settings = config::settings(Overrides { sandbox: args.engine.sandbox, ..Overrides::default() })?;
    let (repo, project) = place(&args.place)?;
    let interrupt = interrupt::token()?;
    let asked = types::NewDerivation {
        project: project.to_string(),
        branch: args.place.branch.clone(),
        paths: args.path.clone(),
        models: args.engine.model.clone(),
        plain: Some(args.no_model),
    };
    let wiring = Wiring { data: context.data()?, settings, engine: args.engine, ..Wiring::default() };
    let door = Door::to_work(wiring).await?;
    let found = found(&door, asked, repo, &interrupt).await;
    let file = (!to_terminal).then_some(args.out.as_path());
    let done = found.and_then(|found| show(context, &found, file));
    door.close().await;
    ended(done, &interrupt)
}

/// Asks for the draft and waits for it.
async fn found(
    door: &Door,
    mut asked: types::NewDerivation,
    repo: String,
    interrupt: &CancellationToken,
) -> Result<types::SurveyDetail> {
    if asked.plain != Some(true) {
        match door.source() {
            Some(Source::None) => return Err(no_model().into()),
            Some(source) if asked.models.is_empty() => asked.models = source.policy(),
            _ => {}
        }
    }
    let client = door.client();
    client.add_project(&types::NewProject { project: asked.project.clone(), repo }).await?;
    let survey = client.derive_spec(&asked).await?;
    wait(client, &survey, interrupt).await
}

fn no_model() -> Problem {
    let Problem { code, detail, next } = models::none();
    Problem::new(&code, detail, format!("{next}; `--no-model` takes down what is there in computed words"))
}

fn show(context: &Context, found: &types::SurveyDetail, file: Option<&Path>) -> Result<Exit> {
    let none = || Problem::new("survey.unknown", "the survey has no draft", "run it again");
    let outcome: SurveyOutcome = wire::read(found.outcome.as_ref().ok_or_else(none)?)?;
    let commit = match outcome {
        SurveyOutcome::Failed { problem } => return Err(problem.into()),
        SurveyOutcome::Derived { commit, .. } => commit.to_string(),
        SurveyOutcome::Checked { .. } | SurveyOutcome::Drafted { .. } => return Err(none().into()),
    };
    let draft: Draft = wire::read(found.draft.as_ref().ok_or_else(none)?)?;
    if let Some(file) = file {
        write_whole(file, &draft.text)?;
    }
    let derived = Derived { commit, file: file.map(|file| file.display().to_string()), draft };
    context.output.print(&derived, |derived| match &derived.file {
        Some(file) => in_brief(derived, file),
        None => derived.draft.text.trim_end().to_owned(),
    })?;
    if let Some(file) = &derived.file {
        output::notice(&format!(
            "it is a draft: read it, settle the open questions, then `swarm plan lint {file}`"
        ));
    }
    Ok(Exit::Done)
}

fn in_brief(derived: &Derived, file: &str) -> String {
    let Draft { requirements, unread, dropped_citations, dropped_words, .. } = &derived.draft;
    let rows = requirements.iter().take(MAX_SHOWN).map(|one| {
        let place = one.evidence.first().map(ToString::to_string).unwrap_or_default();
        [one.id.to_string(), plain(&one.title), one.confidence.name().to_owned(), plain(&place)]
    });
    let mut text = table(["requirement", "title", "confidence", "seen at"], rows);
    if requirements.len() > MAX_SHOWN {
        let _ = write!(text, "\nand {} more", requirements.len() - MAX_SHOWN);
    }
    let open = requirements.iter().filter(|one| one.question.is_some()).count();
    let _ = write!(
        text,
        "\n\n{file} is written: {} requirements, {open} with an open question",
        requirements.len()
    );
    if *dropped_citations > 0 || *dropped_words > 0 {
        let _ = write!(
            text,
            "\n{dropped_citations} citations of the model did not hold; {dropped_words} of its answers were not used"
        );
    }
    if !unread.is_empty() {
        let rows = unread.iter().map(|one| [plain(&one.path), plain(&one.why)]);
        let _ = write!(text, "\n\n{}", table(["not covered", "why"], rows));
    }
    text
}
