//! `swarm spec draft`: what somebody wants, written down as requirements of a spec.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;
use swarm_client::types;
use swarm_domain::{
    Problem,
    drafting::{Conversation, Drafted, EditKind, Said, Speaker},
    spec::MAX_SPEC_BYTES,
    survey::SurveyOutcome,
};
use tokio_util::sync::CancellationToken;

use super::{repository::place, spec::write_whole, spec_check::wait};
use crate::{
    args::DraftArgs,
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

#[derive(Serialize)]
struct Written {
    file: Option<String>,
    #[serde(flatten)]
    drafted: Drafted,
}

pub(super) async fn run(context: &Context, args: DraftArgs) -> Result<Exit> {
    let said = Said { by: Speaker::Person, text: args.words.join(" ") };
    let conversation = Conversation { text: so_far(&args.file)?, talk: vec![said] };
    conversation.check().map_err(Failure::usage)?;
    let settings = config::settings(Overrides { sandbox: args.engine.sandbox, ..Overrides::default() })?;
    let (repo, project) = place(&args.place)?;
    let interrupt = interrupt::token()?;
    let asked = types::NewDraft {
        project: project.to_string(),
        text: conversation.text.clone(),
        talk: wire::read(&conversation.talk)?,
        models: args.engine.model.clone(),
    };
    let wiring = Wiring { data: context.data()?, settings, engine: args.engine, ..Wiring::default() };
    let door = Door::to_work(wiring).await?;
    let found = found(&door, asked, repo, &interrupt).await;
    let file = (!args.dry_run).then_some(args.file.as_path());
    let done = found.and_then(|found| show(context, &found, &conversation.text, file));
    door.close().await;
    ended(done, &interrupt)
}

/// The text of the file, or nothing where it is not there.
fn so_far(file: &Path) -> Result<String> {
    let failed = |detail: String| {
        let next = "name a Markdown file; one that is not there is made";
        Failure::usage(Problem::new(
            "cli.no_spec",
            format!("{} cannot be read: {detail}", file.display()),
            next,
        ))
    };
    match fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(error.to_string())),
        Ok(found) if found.len() > MAX_SPEC_BYTES as u64 => {
            return Err(failed(format!("it has more than {MAX_SPEC_BYTES} bytes")));
        }
        Ok(_) => {}
    }
    fs::read_to_string(file).map_err(|error| failed(error.to_string()))
}

/// Asks for the draft and waits for it.
async fn found(
    door: &Door,
    mut asked: types::NewDraft,
    repo: String,
    interrupt: &CancellationToken,
) -> Result<types::SurveyDetail> {
    match door.source() {
        Some(Source::None) => return Err(models::none().into()),
        Some(source) if asked.models.is_empty() => asked.models = source.policy(),
        _ => {}
    }
    let client = door.client();
    client.add_project(&types::NewProject { project: asked.project.clone(), repo }).await?;
    let survey = client.draft_spec(&asked).await?;
    wait(client, &survey, interrupt).await
}

fn show(context: &Context, found: &types::SurveyDetail, before: &str, file: Option<&Path>) -> Result<Exit> {
    let none = || Problem::new("survey.unknown", "the survey has no draft", "run it again");
    let outcome: SurveyOutcome = wire::read(found.outcome.as_ref().ok_or_else(none)?)?;
    if let SurveyOutcome::Failed { problem } = outcome {
        return Err(problem.into());
    }
    let drafted: Drafted = wire::read(found.drafted.as_ref().ok_or_else(none)?)?;
    let file = file.filter(|_| drafted.text != before);
    if let Some(file) = file {
        write_whole(file, &drafted.text)?;
    }
    let written = Written { file: file.map(|file| file.display().to_string()), drafted };
    context.output.print(&written, in_brief)?;
    if let Some(file) = &written.file {
        output::notice(&format!(
            "it is a draft: read {file}, say more with `swarm spec draft`, then `swarm build {file} --plan-only`"
        ));
    }
    Ok(Exit::Done)
}

fn in_brief(written: &Written) -> String {
    let Drafted { reply, questions, edits, left_out, .. } = &written.drafted;
    let mut text = plain(reply);
    if !edits.is_empty() {
        let rows = edits.iter().map(|one| {
            let edit = match one.edit {
                EditKind::Added => "added",
                EditKind::Changed => "changed",
                EditKind::Removed => "removed",
            };
            let proof = if one.proven { "an example" } else { "none yet" };
            [edit.to_owned(), one.id.to_string(), plain(&one.title), proof.to_owned()]
        });
        let _ = write!(text, "\n\n{}", table(["", "requirement", "title", "proof"], rows));
    }
    if !left_out.is_empty() {
        let rows = left_out.iter().map(|one| [plain(&one.what), plain(&one.why)]);
        let _ = write!(text, "\n\n{}", table(["left out", "why"], rows));
    }
    if !questions.is_empty() {
        text.push_str("\n\nto be answered first:");
        for question in questions {
            let _ = write!(text, "\n- {}", plain(question));
        }
    }
    if written.file.is_none() && !edits.is_empty() {
        let _ = write!(text, "\n\n{}", written.drafted.text.trim_end());
    }
    text.trim_start().to_owned()
}
