//! Facts: the event log, the views drawn from it, and blobs by content hash.
//!
//! Everything that happens is one [`Event`](swarm_domain::Event) in a tenant's log: append-only, numbered without
//! gaps, each holding the hash of the one before. The views (runs, tickets, checks and so on) are written in the
//! transaction of the event, by one function, and can be drawn again from the log at any time.
//!
//! This crate must not know HTTP, models or git. It keeps what others decided, and refuses what cannot follow.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use swarm_domain::{Actor, EventBody, IdempotencyKey, NewEvent, ProjectId, Subject, TenantId};
//! use swarm_store::{Cluster, ClusterOptions, Store, SystemClock};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let data = Path::new(".swarm");
//! let cluster = Cluster::start(data, ClusterOptions::default()).await?;
//! let store = Store::connect(&cluster.database_url(), data, Arc::new(SystemClock)).await?;
//!
//! let tenant = TenantId::local();
//! let project = ProjectId::parse("textstat")?;
//! let added = store
//!     .append(NewEvent {
//!         tenant: tenant.clone(),
//!         actor: Actor::Person { name: "ada".to_owned() },
//!         subject: Subject { project: Some(project.clone()), ..Subject::default() },
//!         key: IdempotencyKey::of(&["project", "textstat"]),
//!         correlation: None,
//!         body: EventBody::ProjectAdded { project: project.clone(), repo: "/src/textstat".to_owned() },
//!     })
//!     .await?;
//! assert_eq!(store.project(&tenant, &project).await?.added_at, added.event.at);
//! # Ok(()) }
//! ```
//!
//! To add a view: a table in a new migration, a file in `view/` with its row, its writes and its reads, an arm in
//! `projection.rs` and its name in the list there, by which it is rebuilt.

mod answer_link;
mod audit;
mod blob;
mod cache;
mod canonical;
mod claim;
mod cluster;
mod column;
mod error;
mod event_log;
mod fanout_key;
mod guard;
mod identity;
mod live_ticket;
mod node;
mod notification;
mod presence;
mod projection;
mod purge;
mod push;
mod rebuild;
mod schema;
mod secret;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod view;
mod wall;

pub use answer_link::{AnswerLink, NewAnswerLink};
pub use audit::{
    AuditEntry, AuditKeys, AuditOrder, AuditPage, AuditSearch, CheckpointRow, Due, Fault, FaultKind,
    MAX_COUNTED, MAX_READINGS_AN_HOUR, NoteError, ProofReport, PublicKey, SignedHead, SignedLog, prove,
};
pub use blob::{Blobs, MAX_BLOB_BYTES};
pub use cache::{CACHE_CLEARED, CacheBounds, CachePlace, CacheReport, CachedReply};
pub use claim::{ClaimRow, Offer};
pub use cluster::{Cluster, ClusterOptions, Origin};
pub use error::{Result, StoreError};
pub use event_log::{Appended, ChainReport, EventFilter, Growth, MAX_EVENT_BYTES, MAX_EVENTS_READ, Wakes};
pub use fanout_key::FanoutKey;
pub use identity::{
    Arrival, CEREMONY_SECONDS, FLOW_SECONDS, IdentityChange, KEPT_SECONDS, KeyHolder, KnownPasskey,
    MOST_PASSKEYS, NewCeremony, NewFederated, NewFlow, NewKey, NewPasskey, NewSecondStep, NewSession,
    NewUser, PasskeyRow, PasskeyUse, ProviderFlow, RECOVERY_CODES, Refreshed, SECOND_STEP_SECONDS,
    SecondStep, ShownLink, SignedIn, TakenFlow, TokenKey,
};
pub use live_ticket::{LetInBy, TicketHolder};
pub use node::{Acting, Joining, LostNode, NodeRow};
pub use notification::{NewNotification, NotificationQuery, NotificationRow, Outcome};
pub use presence::Watching;
pub use purge::{PurgeReport, PurgedRun};
pub use push::{BrowserRow, NewBrowser};
pub use rebuild::{RebuildReport, RebuiltTable, TableHash};
pub use schema::SchemaVersion;
pub use secret::{Given, NewSecret, Rekeyed, Rotation, SecretChange, SecretFault};
pub use store::Store;
pub use time::{SystemClock, SystemEntropy};
pub use view::{
    AttemptRow, Census, CheckRow, CommitRow, FindingRow, History, HoldRow, InterruptQuery, InterruptRow,
    InvitationRow, KeyRow, Lately, LinkRow, ModelCallRow, PlanRow, PlanState, ProjectRow, PullRequestRow,
    QuotaRow, Recordings, RunRow, SecretRow, SessionRow, SpecRow, TicketRow, Trace, TracedTicket, UserRow,
};
