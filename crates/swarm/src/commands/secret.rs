//! `swarm secret`. A value is read from standard input or a prompt, sent to the server, and printed nowhere.

use std::{
    fmt::Write,
    io::{self, IsTerminal, Read},
};

use chrono::{DateTime, Utc};
use swarm_client::{
    Hidden,
    types::{NewSecret, NewValue, SecretCheck, SecretDetail, SecretId, SecretState},
};
use swarm_domain::{
    Problem, ProjectId, SecretName,
    secret::{MAX_VALUE_BYTES, Placement, Reference, Secret, SecretError, SecretHost},
};

use crate::{
    args::{SecretCommand, SecretRotateArgs, SecretSetArgs, ValueArgs},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    progress::plain,
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: SecretCommand) -> Result<Exit> {
    match command {
        SecretCommand::Set(args) => set(context, args).await,
        SecretCommand::List => list(context).await,
        SecretCommand::Rotate(args) => rotate(context, args).await,
        SecretCommand::Rm { name, project } => remove(context, &name, project.as_ref()).await,
        SecretCommand::Check => check(context).await,
        SecretCommand::Rekey { lost } => rekey(context, lost).await,
    }
}

async fn set(context: &Context, args: SecretSetArgs) -> Result<Exit> {
    let SecretSetArgs { name, host, form, value } = args;
    let placement = Placement::parse(&form).map_err(SecretError::problem)?;
    let hosts = host.iter().map(|host| SecretHost::parse(host)).collect::<Result<Vec<_>, _>>();
    let hosts = hosts.map_err(SecretError::problem)?;
    let (given, reference) = given(&name, &value, |value| placement.check(value))?;
    let new = NewSecret {
        name: name.to_string(),
        project: value.project.map(String::from),
        hosts: hosts.into_iter().map(String::from).collect(),
        placement: Some(placement.to_string()),
        value: given,
        reference,
        expires: value.expires,
    };
    let set = door::reading(context, async |client| Ok(client.set_secret(&new).await?)).await?;
    context.output.print(&set, |set| {
        format!(
            "{} is set, version {}; it goes to {} and nowhere else",
            title(set),
            newest(set),
            set.hosts.join(", ")
        )
    })?;
    Ok(Exit::Done)
}

async fn rotate(context: &Context, args: SecretRotateArgs) -> Result<Exit> {
    let SecretRotateArgs { name, window, value } = args;
    // How it will be sent is the server's to know, and to hold the value against.
    let (given, reference) = given(&name, &value, Secret::check)?;
    let new = NewValue {
        project: value.project.map(String::from),
        value: given,
        reference,
        window_seconds: Some(window),
        expires: value.expires,
    };
    let done =
        door::reading(context, async |client| Ok(client.rotate_secret(name.as_str(), &new).await?)).await?;
    context.output.print(&done, |done| {
        let old = done.versions.iter().find_map(|version| version.until);
        let old = old.map_or("the old value counts no more".to_owned(), |until| {
            format!("the old value counts until {}", local(until))
        });
        format!("{} has version {} now; {old}", title(done), newest(done))
    })?;
    Ok(Exit::Done)
}

async fn remove(context: &Context, name: &SecretName, project: Option<&ProjectId>) -> Result<Exit> {
    let project = project.map(ProjectId::as_str);
    door::reading(context, async |client| Ok(client.remove_secret(name.as_str(), project).await?)).await?;
    context.output.say(&format!("{name} is removed, with all its values"))?;
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit> {
    let secrets = door::reading(context, async |client| Ok(client.secrets().await?)).await?;
    context.output.print(&secrets, |secrets| {
        if secrets.is_empty() {
            return "no secret is set; `swarm secret set NAME --host HOST` sets one".to_owned();
        }
        let header = ["secret", "project", "goes to", "as", "kept", "state", "version", "expires", "used"];
        table(header, secrets.iter().map(row))
    })?;
    Ok(Exit::Done)
}

async fn check(context: &Context) -> Result<Exit> {
    let found = door::reading(context, async |client| Ok(client.check_secrets().await?)).await?;
    context.output.print(&found, |found| {
        if found.is_empty() {
            return "no secret is set".to_owned();
        }
        found.iter().map(finding).collect()
    })?;
    let wrong = found.iter().any(|one| one.problem.is_some());
    Ok(if wrong { Exit::Failed } else { Exit::Done })
}

async fn rekey(context: &Context, lost: bool) -> Result<Exit> {
    let done = door::reading(context, async |client| Ok(client.rekey_secrets(lost).await?)).await?;
    context.output.print(&done, |done| {
        let mut text = format!(
            "{} values are sealed with a new key, whose public half is {}",
            done.values, done.recipient
        );
        for gone in &done.lost {
            let _ = write!(text, "\n{} is given up; set it again", of(gone));
        }
        text
    })?;
    Ok(Exit::Done)
}

/// The value or the reference that was given; a value as an argument is refused.
fn given(
    name: &SecretName,
    args: &ValueArgs,
    fits: impl FnOnce(&Secret) -> Result<(), SecretError>,
) -> Result<(Option<Hidden>, Option<String>)> {
    if !args.refused.is_empty() || args.value.is_some() {
        return Err(Failure::usage(Problem::new(
            "secret.argument",
            "a value is not taken as an argument: it would stand in the shell's history, and every user of this machine \
             can see the arguments of a program. If this was a real one, it is known now: change it",
            format!(
                "give it on standard input, or leave it out to be asked: `swarm secret set {name} --host HOST`"
            ),
        )));
    }
    if let Some(reference) = &args.from {
        let reference = Reference::parse(reference).map_err(SecretError::problem)?;
        return Ok((None, Some(reference.to_string())));
    }
    let value = read(name)?;
    fits(&value).map_err(SecretError::problem)?;
    Ok((Some(Hidden::new(value.expose())), None))
}

/// Reads a value: asked for where a person is, else all of standard input.
fn read(name: &SecretName) -> Result<Secret> {
    let failed = |error: io::Error| Failure::io("read the value", error);
    if io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("value of {name} (it is not shown): ")).map_err(failed)?;
        return Ok(Secret::new(terminal.read_secure_line().map_err(failed)?));
    }
    // Twice what is taken: what is too long is refused as such, and what is endless ends.
    let bound = MAX_VALUE_BYTES * 2;
    let mut text = String::with_capacity(bound + 1);
    let read = io::stdin().lock().take(u64::try_from(bound).unwrap_or(u64::MAX)).read_to_string(&mut text);
    let value = Secret::new(text);
    match read {
        Ok(_) => Ok(value),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(SecretError::Value("it is no text").problem().into())
        }
        Err(error) => Err(failed(error)),
    }
}

fn title(secret: &SecretDetail) -> String {
    match &secret.project {
        Some(project) => format!("{} of {project}", secret.name),
        None => secret.name.clone(),
    }
}

fn of(id: &SecretId) -> String {
    match &id.project {
        Some(project) => format!("{} of {project}", id.name),
        None => id.name.clone(),
    }
}

fn newest(secret: &SecretDetail) -> u32 {
    secret.versions.iter().map(|version| version.number).max().unwrap_or_default()
}

fn row(secret: &SecretDetail) -> [String; 9] {
    let last = secret.versions.iter().max_by_key(|version| version.number);
    let kept = last.and_then(|version| version.reference.clone()).unwrap_or_else(|| "sealed".to_owned());
    let or_never = |time: Option<DateTime<Utc>>| time.map_or_else(|| "never".to_owned(), local);
    let used = match secret.uses {
        0 => "never".to_owned(),
        uses => format!("{uses} times, last {}", or_never(secret.used_at)),
    };
    [
        secret.name.clone(),
        secret.project.clone().unwrap_or_else(|| "all".to_owned()),
        secret.hosts.join(", "),
        secret.placement.clone(),
        kept,
        state(secret).to_owned(),
        newest(secret).to_string(),
        or_never(last.and_then(|version| version.expires)),
        used,
    ]
}

fn state(secret: &SecretDetail) -> &'static str {
    match secret.state {
        SecretState::Valid => "valid",
        SecretState::Rotating => "rotating",
        SecretState::Expired => "expired",
        SecretState::Unknown => "unknown",
    }
}

fn finding(found: &SecretCheck) -> String {
    let name = format!("{} (version {})", of(&found.secret), found.version);
    match (&found.problem, &found.note) {
        (Some(problem), _) => {
            format!(
                "✗ {name}  {} [{}]\n  next: {}\n",
                plain(&problem.detail),
                problem.code,
                plain(&problem.next)
            )
        }
        (None, Some(note)) => format!("- {name}  can be used; {}\n", plain(note)),
        (None, None) => format!("✓ {name}  can be used\n"),
    }
}
