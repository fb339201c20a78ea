//! `swarm user`. A password is read from standard input or a prompt, sent to the server, and printed nowhere.

use std::io::{self, IsTerminal, Read};

use swarm_client::{
    Client, Hidden,
    types::{
        InvitationRow, LinkPurpose, NewAccount, NewInvitation, Reset, Role as WireRole, UserRow,
        VerifyAddress,
    },
};
use swarm_domain::{
    Problem,
    identity::{EmailAddress, MAX_PASSWORD_BYTES, Role},
};
use zeroize::Zeroizing;

use crate::{
    args::{LinkFor, UserCommand},
    commands::wire_name,
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: UserCommand) -> Result<Exit> {
    match command {
        UserCommand::List => list(context).await,
        UserCommand::Invite { email, role } => invite(context, &email, role).await,
        UserCommand::Invitations => invitations(context).await,
        UserCommand::Withdraw { invitation } => withdraw(context, &invitation).await,
        UserCommand::Join { link, email } => join(context, bare(&link), &email).await,
        UserCommand::Role { email, role } => {
            let role = wire(role)?;
            let changed =
                about(context, &email, async |client, user| Ok(client.change_role(&user.id, role).await?));
            said(context, &changed.await?, "is")
        }
        UserCommand::Disable { email } => {
            let changed =
                about(context, &email, async |client, user| Ok(client.disable_user(&user.id).await?));
            said(context, &changed.await?, "can sign in no more;")
        }
        UserCommand::Enable { email } => {
            let changed =
                about(context, &email, async |client, user| Ok(client.enable_user(&user.id).await?));
            said(context, &changed.await?, "can sign in again;")
        }
        UserCommand::RemoveSecondFactor { email } => {
            let changed = about(context, &email, async |client, user| {
                Ok(client.remove_users_second_factor(&user.id).await?)
            });
            said(context, &changed.await?, "signs in without a second factor, as")
        }
        UserCommand::Link { email, purpose } => link(context, &email, purpose).await,
        UserCommand::Verify { link, email } => {
            let link = bare(&link);
            let shown = VerifyAddress { email: email.to_string(), link, password: password(false)? };
            door::reading(context, async |client| Ok(client.verify_address(&shown).await?)).await?;
            context.output.say("the address is verified")?;
            Ok(Exit::Done)
        }
        UserCommand::Forgot { email } => {
            door::reading(context, async |client| Ok(client.forgot_password(email.as_str()).await?)).await?;
            context.output.say("if there is such an account, a mail is on its way")?;
            Ok(Exit::Done)
        }
        UserCommand::Reset { link } => {
            let asked = Reset { link: bare(&link), password: password(true)? };
            door::reading(context, async |client| Ok(client.reset_password(&asked).await?)).await?;
            context.output.say("the password is changed; every session of before is over")?;
            Ok(Exit::Done)
        }
    }
}

async fn list(context: &Context) -> Result<Exit> {
    let users = door::reading(context, async |client| Ok(client.users().await?)).await?;
    context.output.print(&users, |users| {
        if users.is_empty() {
            return "there is no account; `swarm up` prints a link for the first one".to_owned();
        }
        table(["account", "role", "since", "state", "id"], users.iter().map(row))
    })?;
    Ok(Exit::Done)
}

fn row(user: &UserRow) -> [String; 5] {
    let state = match (user.disabled_at, user.verified_at) {
        (Some(at), _) => format!("disabled {}", local(at)),
        (None, None) => "not verified".to_owned(),
        (None, Some(_)) => "active".to_owned(),
    };
    [user.email.clone(), wire_name(&user.role), local(user.joined_at), state, user.id.clone()]
}

async fn invite(context: &Context, email: &EmailAddress, role: Role) -> Result<Exit> {
    let new = NewInvitation { email: email.to_string(), role: wire(role)? };
    let made = door::reading(context, async |client| Ok(client.invite(&new).await?)).await?;
    context.output.print(&made, |made| {
        format!(
            "{email} is invited as {role}, until {}. No mail is sent: hand them this, it is not shown again\n  swarm user \
             join {} --email {email}",
            local(made.invitation.expires),
            made.link
        )
    })?;
    Ok(Exit::Done)
}

async fn invitations(context: &Context) -> Result<Exit> {
    let all = door::reading(context, async |client| Ok(client.invitations().await?)).await?;
    context.output.print(&all, |all| {
        if all.is_empty() {
            return "nobody is invited; `swarm user invite EMAIL` invites somebody".to_owned();
        }
        table(["for", "role", "state", "id"], all.iter().map(invitation_row))
    })?;
    Ok(Exit::Done)
}

fn invitation_row(row: &InvitationRow) -> [String; 4] {
    let state = match (row.accepted_at, row.withdrawn_at) {
        (Some(at), _) => format!("accepted {}", local(at)),
        (None, Some(at)) => format!("withdrawn {}", local(at)),
        (None, None) => format!("counts until {}", local(row.expires)),
    };
    [row.email.clone(), wire_name(&row.role), state, row.id.clone()]
}

async fn withdraw(context: &Context, named: &str) -> Result<Exit> {
    door::reading(context, async |client| {
        let all = client.invitations().await?;
        let open = |row: &&InvitationRow| row.accepted_at.is_none() && row.withdrawn_at.is_none();
        let mut ids: Vec<_> =
            all.iter().filter(open).filter(|row| row.email == named).map(|row| row.id.clone()).collect();
        if ids.is_empty() {
            ids.push(named.to_owned());
        }
        for id in ids {
            client.withdraw_invitation(&id).await?;
        }
        Ok(())
    })
    .await?;
    context.output.say("the invitation counts no more")?;
    Ok(Exit::Done)
}

/// The link in an address of the web app, which it stands behind the `#` of; or the link.
fn bare(link: &str) -> String {
    link.rsplit('#').next().unwrap_or(link).to_owned()
}

async fn join(context: &Context, link: String, email: &EmailAddress) -> Result<Exit> {
    let new = NewAccount { email: email.to_string(), password: password(true)?, link: Some(link) };
    door::reading(context, async |client| Ok(client.register(&new).await?)).await?;
    context.output.say(&format!("{email} has an account"))?;
    Ok(Exit::Done)
}

async fn link(context: &Context, email: &EmailAddress, purpose: LinkFor) -> Result<Exit> {
    let (purpose, command, rest) = match purpose {
        LinkFor::Verify => (LinkPurpose::Verify, "verify", format!(" --email {email}")),
        LinkFor::Reset => (LinkPurpose::Reset, "reset", String::new()),
    };
    let made =
        about(context, email, async |client, user| Ok(client.make_link(&user.id, purpose).await?)).await?;
    context.output.print(&made, |made| {
        format!(
            "it counts once, until {}. No mail is sent: hand them this, it is not shown again\n  swarm user {command} \
             {}{rest}",
            local(made.expires),
            made.link
        )
    })?;
    Ok(Exit::Done)
}

/// Does something with the account of this address.
async fn about<T>(
    context: &Context,
    email: &EmailAddress,
    work: impl AsyncFnOnce(&Client, &UserRow) -> Result<T>,
) -> Result<T> {
    door::reading(context, async |client| {
        let users = client.users().await?;
        let found = users.iter().find(|user| user.email == email.as_str());
        let unknown = || {
            let detail = format!("there is no account of {email}");
            Failure::usage(Problem::new("user.unknown", detail, "run `swarm user list`"))
        };
        work(client, found.ok_or_else(unknown)?).await
    })
    .await
}

fn said(context: &Context, user: &UserRow, what: &str) -> Result<Exit> {
    context.output.print(user, |user| format!("{} {what} {}", user.email, wire_name(&user.role)))?;
    Ok(Exit::Done)
}

fn wire(role: Role) -> Result<WireRole> {
    // The words are the same on both sides.
    let word = serde_json::to_value(role).and_then(serde_json::from_value);
    word.map_err(|error| Failure::io("name a role", error))
}

/// Reads a password as it is typed: asked for where a person is, twice where it is a new one, else all of standard input
/// but its last line break.
fn password(is_new: bool) -> Result<Hidden> {
    let failed = |error: io::Error| Failure::io("read the password", error);
    if io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        let ask = |words: &str| -> Result<Zeroizing<String>> {
            terminal.write_str(words).map_err(failed)?;
            Ok(Zeroizing::new(terminal.read_secure_line().map_err(failed)?))
        };
        let first = ask("password (it is not shown): ")?;
        if is_new && *ask("once more: ")? != *first {
            return Err(Failure::usage(Problem::new(
                "user.password_twice",
                "the password was typed in two ways",
                "run the command again",
            )));
        }
        return Ok(Hidden::new(first.as_str()));
    }
    // What is too long is refused as such by the server, and what is endless ends.
    let bound = u64::try_from(MAX_PASSWORD_BYTES * 2).unwrap_or(u64::MAX);
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(bound).read_to_string(&mut text).map_err(failed)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Hidden::new(line.strip_suffix('\r').unwrap_or(line)))
}
