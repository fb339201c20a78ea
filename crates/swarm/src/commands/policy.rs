//! `swarm policy` and `swarm auth`.

use std::path::Path;

use swarm_client::types::{Explained, PolicyList, PolicyText};
use swarm_domain::Problem;

use crate::{
    args::{AuthCommand, PolicyCommand},
    config::{self, Overrides},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    output,
    table::table,
};

pub(super) async fn run(context: &Context, command: PolicyCommand) -> Result<Exit> {
    match command {
        PolicyCommand::List { text } => {
            let found = door::reading(context, async |client| Ok(client.policies().await?)).await?;
            context.output.print(&found, |found| in_words(found, text))?;
            Ok(Exit::Done)
        }
        PolicyCommand::Check { folder } => check(context, folder.as_deref()),
        PolicyCommand::Schema => {
            output::line(policies(None)?.schema().trim_end())?;
            Ok(Exit::Done)
        }
    }
}

pub(super) async fn auth(context: &Context, command: AuthCommand) -> Result<Exit> {
    let AuthCommand::Explain { user, action, resource } = command;
    let asked =
        async |client: &swarm_client::Client| Ok(client.explain(&user, &action, resource.as_deref()).await?);
    let found = door::reading(context, asked).await?;
    context.output.print(&found, explained)?;
    Ok(Exit::Done)
}

/// Those built in, with a folder's.
fn policies(folder: Option<&Path>) -> Result<swarm_policy::Policy> {
    swarm_server::policy(folder).map_err(|error| Failure::usage(error.problem()))
}

fn check(context: &Context, folder: Option<&Path>) -> Result<Exit> {
    let settings = config::settings(Overrides::default())?;
    let Some(folder) = folder.or_else(|| settings.policy.folder()) else {
        return Err(Failure::usage(Problem::new(
            "policy.no_folder",
            "no folder is named, and the configuration names none",
            "name one: `swarm policy check FOLDER`, or set `policy.folder`",
        )));
    };
    let all = policies(Some(folder))?;
    let own: Vec<_> = all.files().iter().filter(|file| !file.built_in).collect();
    let policies: usize = own.iter().map(|file| file.policies.len()).sum();
    let said = serde_json::json!({ "files": own.len(), "policies": policies });
    context.output.print(&said, |_| format!("{policies} policies in {} files are sound", own.len()))?;
    Ok(Exit::Done)
}

fn in_words(found: &PolicyList, text: bool) -> String {
    let from = |built_in| if built_in { "built in" } else { "the operator's" };
    if text {
        let policy = |one: &PolicyText| format!("// {}, {}:{}\n{}\n", one.id, one.file, one.line, one.text);
        return found.items.iter().flat_map(|file| &file.policies).map(policy).collect::<Vec<_>>().join("\n");
    }
    let rows = found.items.iter().flat_map(|file| {
        let row = |one: &PolicyText| {
            let place = format!("{}:{}", one.file, one.line);
            [one.id.clone(), one.effect.clone(), place, from(file.built_in).to_owned()]
        };
        file.policies.iter().map(row)
    });
    table(["policy", "effect", "file", "from"], rows)
}

fn explained(found: &Explained) -> String {
    let verdict = if found.allowed { "allowed" } else { "denied" };
    let mut text = format!("{verdict}: {} on {}, for {}\n", found.action, found.about.trim(), found.who);
    for one in &found.policies {
        text += &format!("\n{} {} ({}:{})\n{}\n", one.effect, one.id, one.file, one.line, one.text);
    }
    for error in &found.errors {
        text += &format!("\ncannot be decided: {error}\n");
    }
    for words in &found.words {
        text += &format!("\n{words}\n");
    }
    // Names come from whoever made them.
    text.lines().map(crate::progress::plain).collect::<Vec<_>>().join("\n")
}
