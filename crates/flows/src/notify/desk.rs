//! What people do with notifications: look, mark as read, send dead ones again, try a channel.

use serde_json::json;
use swarm_domain::{
    EventBody, InterruptId, NotificationId, Problem, Subject,
    notification::{NotificationState, Stage},
};
use swarm_notify::{Message, SendError};
use swarm_store::{NotificationQuery, NotificationRow, StoreError};

use super::{compose, courier, fold, keys, people};
use crate::service::{Asker, Flows};

/// Messages that are given at once.
const MOST: u32 = 200;

/// A message as it is shown in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What is kept of it.
    pub row: NotificationRow,
    /// One line that says what it is.
    pub title: String,
    /// The question that it is about.
    pub interrupt: Option<InterruptId>,
}

impl Flows {
    /// What a person was told in the app, the newest first, and how much of it they have not read.
    pub async fn told(&self, person: &str, unread: bool) -> Result<(Vec<Told>, u64), Problem> {
        let parts = self.parts();
        let tenant = &parts.config.tenant;
        let which = NotificationQuery {
            shown_to: Some(person.to_owned()),
            unread,
            limit: MOST,
            ..NotificationQuery::default()
        };
        let rows = parts.store.notifications(tenant, &which).await.map_err(|error| error.problem())?;
        let mut told = Vec::new();
        for row in rows {
            let id = InterruptId::parse(row.about.clone()).ok().filter(|_| row.stage.is_of_a_question());
            let title = match &id {
                Some(id) => match parts.store.interrupt(tenant, id).await {
                    Ok(question) => compose::title(row.stage, &question),
                    Err(StoreError::NotFound { .. }) => format!("{id} is gone"),
                    Err(error) => return Err(error.problem()),
                },
                None => row.stage.to_string(),
            };
            told.push(Told { row, title, interrupt: id });
        }
        let unread =
            parts.store.unread_notifications(tenant, person).await.map_err(|error| error.problem())?;
        Ok((told, unread))
    }

    /// Marks one of a person's messages as read, or all.
    pub async fn mark_read(&self, person: &str, id: Option<&NotificationId>) -> Result<(), Problem> {
        let parts = self.parts();
        let done = parts.store.read_notifications(&parts.config.tenant, person, id).await;
        done.map_err(|error| error.problem())
    }

    /// The messages that could not be sent, the newest first.
    pub async fn dead_letters(&self) -> Result<Vec<NotificationRow>, Problem> {
        let parts = self.parts();
        let which = NotificationQuery {
            state: Some(NotificationState::Dead),
            limit: MOST,
            ..NotificationQuery::default()
        };
        parts.store.notifications(&parts.config.tenant, &which).await.map_err(|error| error.problem())
    }

    /// Lets a message that could not be sent be sent again.
    pub async fn replay_notification(
        &self,
        by: &Asker,
        id: &NotificationId,
    ) -> Result<NotificationRow, Problem> {
        let parts = self.parts();
        let tenant = &parts.config.tenant;
        let row = parts.store.replay_notification(tenant, id).await.map_err(|error| error.problem())?;
        let moment = parts.clock.now().timestamp_micros().to_string();
        let what =
            EventBody::PersonAsked { what: "send a notification again".to_owned(), reason: id.to_string() };
        self.record(by, &["notification", id.as_str(), "replayed", &moment], Subject::default(), what)
            .await?;
        Ok(row)
    }

    /// Sends a message by a channel at once, to see whether it works.
    pub async fn try_channel(&self, by: &Asker, name: &str) -> Result<(), Problem> {
        let parts = self.parts();
        let Some(channel) = parts.config.notifications.channel(name) else {
            return Err(Problem::new(
                "notify.no_channel",
                format!("there is no channel `{}`", name.chars().take(64).collect::<String>()),
                "see `[[flows.notifications.channels]]` in `swarm config show`",
            ));
        };
        let to = people::address(parts, &by.person);
        if channel.is_for_people() && to.is_none() {
            return Err(Problem::new(
                "notify.no_address",
                format!("no address of {} is known", by.person),
                "add `[[flows.notifications.people]]` with `name` and `mail`",
            ));
        }
        let id = NotificationId::mint(&*parts.clock, &*parts.entropy);
        let message = Message {
            id: id.to_string(),
            at: parts.clock.now(),
            kind: format!("channel.{}", Stage::Tried),
            title: format!("swarm reaches you by {name}"),
            text: vec![format!("{} tried whether this channel works. It does.", by.person)],
            data: json!({ "channel": name, "by": by.person }),
            ..Message::default()
        };
        let keys = keys::of(parts, channel).await?;
        let sent = channel.send(&message, to.as_ref(), &keys).await;
        sent.map_err(|error| {
            let next = match error {
                SendError::Never(_) => "mend the channel's settings, then try it again",
                SendError::Later { .. } => "check that the other side is up, then try it again",
            };
            Problem::new("notify.failed", format!("{name}: {error}"), next)
        })
    }

    /// Reads the log and sends what is due now, as is done every few seconds anyway.
    pub async fn tell_people(&self) -> Result<(), Problem> {
        let told = async {
            while fold::read_on(self.parts()).await? {}
            while courier::send_due(self.parts()).await? {}
            Ok::<_, crate::FlowError>(())
        };
        told.await.map_err(|error| error.problem())
    }
}
