//! `swarm notifications`.

use swarm_client::types;

use crate::{
    args::NotificationCommand,
    context::Context,
    door,
    exit::{Exit, Result},
    progress::plain,
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: NotificationCommand) -> Result<Exit> {
    match command {
        NotificationCommand::List { unread } => {
            let found =
                door::reading(context, async |client| Ok(client.notifications(unread).await?)).await?;
            context.output.print(&found, |found| list(found, unread))?;
        }
        NotificationCommand::Read { id } => {
            let id = id.as_ref().map(swarm_domain::NotificationId::as_str);
            door::reading(context, async |client| Ok(client.read_notifications(id).await?)).await?;
            context.output.say(id.map_or("all of it is read", |_| "it is read"))?;
        }
        NotificationCommand::Dead => {
            let found = door::reading(context, async |client| Ok(client.dead_letters().await?)).await?;
            context.output.print(&found, |found| dead(found))?;
        }
        NotificationCommand::Replay { id } => {
            let done =
                door::reading(context, async |client| Ok(client.replay_notification(id.as_str()).await?));
            let done = done.await?;
            context
                .output
                .print(&done, |done| format!("{} is sent again by {}", done.id, plain(&done.channel)))?;
        }
        NotificationCommand::Test { channel } => {
            door::reading(context, async |client| Ok(client.try_channel(&channel).await?)).await?;
            context.output.say(&format!("{} took a message", plain(&channel)))?;
        }
    }
    Ok(Exit::Done)
}

fn list(found: &types::NotificationList, unread: bool) -> String {
    if found.items.is_empty() {
        return if unread { "nothing is unread".to_owned() } else { "you were told nothing".to_owned() };
    }
    let rows = found.items.iter().map(|item| {
        let row = &item.notification;
        let read = if row.read_at.is_some() { "" } else { "new" };
        let about = item.interrupt.clone().unwrap_or_default();
        [row.id.clone(), read.to_owned(), local(row.made_at), plain(&item.title), about]
    });
    let mut text = table(["message", "", "when", "what", "question"], rows);
    text += &format!("\n\n{} unread; `swarm approvals QUESTION` shows what is asked", found.unread);
    text
}

fn dead(found: &[types::NotificationRow]) -> String {
    if found.is_empty() {
        return "all that was to be sent was sent, or waits for its next try".to_owned();
    }
    let rows = found.iter().map(|row| {
        let to = if row.person.is_empty() { "a room".to_owned() } else { plain(&row.person) };
        let why = plain(row.fault.as_deref().unwrap_or_default());
        [
            row.id.clone(),
            plain(&row.channel),
            to,
            row.stage.clone(),
            local(row.made_at),
            row.tries.to_string(),
            why,
        ]
    });
    let text = table(["message", "channel", "to", "stage", "made", "tries", "why"], rows);
    format!("{text}\n\n`swarm notifications replay MESSAGE` sends one again")
}
