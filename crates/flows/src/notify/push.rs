//! Messages to browsers: which ones somebody has, and what their push services say.

use futures::future::join_all;
use serde_json::json;
use swarm_domain::{
    BrowserId, EventBody, NotificationId, Problem, Subject,
    identity::{SessionId, UserId},
    notification::Stage,
};
use swarm_notify::{Message, PushTarget, Pushed, SendError, VapidKey};
use swarm_store::{BrowserRow, NewBrowser, Outcome, StoreError};

use crate::{
    parts::Parts,
    service::{Asker, Flows},
};

/// What was tried with the browsers of one person.
#[derive(Debug, Default)]
pub(super) struct Tried {
    taken: usize,
    never: Option<String>,
    later: Option<SendError>,
}

/// Hands a message to every browser of somebody's. One whose push service says that it is gone is forgotten.
pub(super) async fn send(parts: &Parts, person: &str, message: &Message) -> Result<Tried, StoreError> {
    let tenant = &parts.config.tenant;
    let browsers = parts.store.browsers_of(tenant, person).await?;
    if browsers.is_empty() {
        return Ok(Tried::default());
    }
    let key = key(parts).await?;
    let config = &parts.config.notifications.push;
    let sent = join_all(browsers.iter().map(async |browser| {
        let target = PushTarget {
            endpoint: browser.endpoint.clone(),
            p256dh: browser.p256dh.clone(),
            auth: browser.auth.clone(),
        };
        (browser, config.send(message, &target, &key).await)
    }));
    let mut tried = Tried::default();
    for (browser, sent) in sent.await {
        match sent {
            Ok(Pushed::Taken) => tried.taken += 1,
            Ok(Pushed::Gone) => {
                tracing::info!(browser = %browser.id, "takes no messages any more, and is forgotten");
                parts.store.forget_browser(tenant, &browser.id).await?;
            }
            Err(SendError::Never(why)) => tried.never = Some(why),
            Err(later) => tried.later = Some(later),
        }
    }
    Ok(tried)
}

impl Tried {
    /// What becomes of the message. Where one browser is to be tried again, all are: by its id the same message takes its
    /// own place.
    pub(super) fn outcome(self) -> Result<Outcome, SendError> {
        match self {
            Self { later: Some(later), .. } => Err(later),
            Self { taken: 1.., .. } => Ok(Outcome::Sent),
            Self { never: Some(why), .. } => Ok(Outcome::Dead(why)),
            Self { .. } => Ok(Outcome::Withdrawn("no browser of theirs takes messages".to_owned())),
        }
    }
}

async fn key(parts: &Parts) -> Result<VapidKey, StoreError> {
    let bytes = parts.store.push_key(&parts.config.tenant).await?;
    VapidKey::of_pkcs8(&bytes).ok_or_else(|| StoreError::Corrupt {
        place: "push_keys.key".to_owned(),
        detail: "it is no key".to_owned(),
    })
}

impl Flows {
    /// The key by which browsers know this server's messages; none where they are not told.
    pub async fn push_key(&self) -> Result<Option<String>, Problem> {
        if !self.parts().config.notifications.push.enabled {
            return Ok(None);
        }
        let key = key(self.parts()).await.map_err(|error| error.problem())?;
        Ok(Some(key.public()))
    }

    /// Lets a browser be told what waits for who is signed in there.
    pub async fn add_browser(
        &self,
        by: &Asker,
        (user, session): (UserId, SessionId),
        target: PushTarget,
    ) -> Result<BrowserRow, Problem> {
        let parts = self.parts();
        let config = &parts.config.notifications.push;
        if !config.enabled {
            return Err(off());
        }
        config.check(&target).map_err(|error| {
            Problem::new(
                "push.browser",
                format!("this browser cannot be told: {error}"),
                "have an admin see `flows.notifications.push.services`",
            )
        })?;
        let id = BrowserId::mint(&*parts.clock, &*parts.entropy);
        let PushTarget { endpoint, p256dh, auth } = target;
        let new = NewBrowser { id: id.clone(), user, session, endpoint, p256dh, auth };
        let made = parts.store.add_browser(&parts.config.tenant, new).await;
        let made = made.map_err(|error| error.problem())?;
        self.note_browser(by, &id, "let a browser be told").await?;
        Ok(made)
    }

    /// Lets a browser of somebody's own be told no more.
    pub async fn remove_browser(&self, by: &Asker, user: &UserId, id: &BrowserId) -> Result<(), Problem> {
        let parts = self.parts();
        let done = parts.store.remove_browser(&parts.config.tenant, user, id).await;
        done.map_err(|error| error.problem())?;
        self.note_browser(by, id, "let a browser be told no more").await
    }

    async fn note_browser(&self, by: &Asker, id: &BrowserId, what: &str) -> Result<(), Problem> {
        let moment = self.parts().clock.now().timestamp_micros().to_string();
        let what = EventBody::PersonAsked { what: what.to_owned(), reason: id.to_string() };
        self.record(by, &["browser", id.as_str(), &moment], Subject::default(), what).await
    }

    /// Sends a message to somebody's own browsers at once, to see whether it comes. How many push services took it.
    pub async fn try_browsers(&self, by: &Asker) -> Result<usize, Problem> {
        let parts = self.parts();
        if !parts.config.notifications.push.enabled {
            return Err(off());
        }
        let message = Message {
            id: NotificationId::mint(&*parts.clock, &*parts.entropy).to_string(),
            at: parts.clock.now(),
            kind: format!("channel.{}", Stage::Tried),
            title: "swarm reaches you in this browser".to_owned(),
            data: json!({ "by": by.person }),
            ..Message::default()
        };
        let tried = send(parts, &by.person, &message).await.map_err(|error| error.problem())?;
        let failed =
            |why: &str, next: &str| Err(Problem::new("notify.failed", format!("web push: {why}"), next));
        match tried {
            Tried { taken: taken @ 1.., .. } => Ok(taken),
            Tried { later: Some(later), .. } => {
                failed(&later.to_string(), "check that this server reaches the push service, then try again")
            }
            Tried { never: Some(why), .. } => failed(&why, "turn it off and on again in this browser"),
            Tried { .. } => Err(Problem::new(
                "push.none",
                "no browser of yours takes messages",
                "turn it on in the settings of the web app, under Notifications",
            )),
        }
    }
}

fn off() -> Problem {
    Problem::new(
        "push.off",
        "browsers are not told by this server",
        "have an admin set `flows.notifications.push.enabled`",
    )
}
