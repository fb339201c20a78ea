//! `swarm key`. A key's text is printed where it is made, alone, so that it can be sent into a file.

use swarm_client::{
    Client,
    types::{ApiKey, KeyRotation, MadeKey, NewKey},
};
use swarm_domain::{
    Problem, TenantId,
    identity::{Role, Scope as DomainScope},
};

use crate::{
    args::{KeyCommand, KeyCreateArgs, key_id},
    config::{self, Overrides},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    output,
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: KeyCommand) -> Result<Exit> {
    match command {
        KeyCommand::Create(args) => create(context, args).await,
        KeyCommand::List { all } => list(context, all).await,
        KeyCommand::Rotate { key, window, expires } => {
            let how = KeyRotation { window_seconds: Some(window), expires };
            let made = door::reading(context, async |client| {
                let id = find(client, &key).await?;
                Ok(client.rotate_key(&id, &how).await?)
            })
            .await?;
            show(context, &made, "the new text of")
        }
        KeyCommand::Revoke { key } => {
            door::reading(context, async |client| {
                let id = find(client, &key).await?;
                Ok(client.revoke_key(&id).await?)
            })
            .await?;
            context.output.say(&format!("{key} is revoked"))?;
            Ok(Exit::Done)
        }
        KeyCommand::Scopes => scopes(context),
    }
}

async fn create(context: &Context, args: KeyCreateArgs) -> Result<Exit> {
    let mut scopes = Vec::new();
    for scope in args.scope {
        // The words are the same on both sides; a test of the client holds them together.
        let word = serde_json::to_value(scope).and_then(serde_json::from_value);
        scopes.push(word.map_err(|error| Failure::io("name a scope", error))?);
    }
    let rate = args.rate.map(|rate| rate.to_string());
    let new = NewKey { name: args.name.to_string(), scopes, expires: args.expires, rate };
    let made = door::reading(context, async |client| Ok(client.make_key(&new).await?)).await?;
    show(context, &made, "this is the text of")
}

/// The text goes to standard output, the words about it elsewhere.
fn show(context: &Context, made: &MadeKey, words: &str) -> Result<Exit> {
    output::notice(&format!(
        "{words} {} ({}); it is not shown again. Send it as `Authorization: Bearer`",
        made.key.name, made.key.id
    ));
    context.output.print(made, |made| made.text.clone())?;
    Ok(Exit::Done)
}

async fn list(context: &Context, all: bool) -> Result<Exit> {
    let keys = door::reading(context, async |client| Ok(client.keys(all).await?)).await?;
    context.output.print(&keys, |keys| {
        if keys.is_empty() {
            return "no key is made; `swarm key create NAME --scope work:read` makes one".to_owned();
        }
        table(["key", "id", "may", "how often", "made", "counts until", "used"], keys.iter().map(row))
    })?;
    Ok(Exit::Done)
}

fn row(key: &ApiKey) -> [String; 7] {
    let scopes = serde_json::to_value(&key.scopes).unwrap_or_default();
    let scopes: Vec<_> = scopes.as_array().into_iter().flatten().filter_map(|scope| scope.as_str()).collect();
    let newest = key.versions.iter().max_by_key(|version| version.number);
    let until = match (key.revoked_at, newest.and_then(|version| version.expires)) {
        (Some(revoked), _) => format!("revoked {}", local(revoked)),
        (None, Some(expires)) => local(expires),
        (None, None) => "it is revoked".to_owned(),
    };
    [
        key.name.clone(),
        key.id.clone(),
        scopes.join(", "),
        key.rate.clone().unwrap_or_else(|| "as every key".to_owned()),
        local(key.made_at),
        until,
        key.used_at.map_or_else(|| "never".to_owned(), local),
    ]
}

/// The id of a key that is named by it, or by a name that only one key that counts has.
async fn find(client: &Client, named: &str) -> Result<String> {
    if let Some(id) = key_id(named) {
        return Ok(id.to_string());
    }
    let keys = client.keys(false).await?;
    let mut found = keys.iter().filter(|key| key.name == named && key.revoked_at.is_none());
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key.id.clone()),
        (None, _) => Err(Failure::usage(Problem::new(
            "key.unknown",
            format!("there is no key `{named}` that counts"),
            "run `swarm key list`",
        ))),
        _ => Err(Failure::usage(Problem::new(
            "key.ambiguous",
            format!("several keys are called `{named}`"),
            "name it by its id: `swarm key list`",
        ))),
    }
}

fn scopes(context: &Context) -> Result<Exit> {
    let policy = config::settings(Overrides::default())?.policy.load()?;
    let roles = Role::ALL.map(|role| (role, policy.scopes_of(role, &TenantId::local())));
    let having = |scope: DomainScope| {
        let roles = roles.iter().filter(|(_, scopes)| scopes.contains(&scope)).map(|(role, _)| role.as_str());
        roles.collect::<Vec<_>>()
    };
    let all: Vec<_> = DomainScope::ALL
        .into_iter()
        .map(|scope| serde_json::json!({ "scope": scope, "roles": having(scope) }))
        .collect();
    context.output.print(&all, |_| {
        table(
            ["scope", "roles that have it"],
            DomainScope::ALL.map(|scope| [scope.to_string(), having(scope).join(", ")]),
        )
    })?;
    Ok(Exit::Done)
}
