//! Whether an event about somebody's identity may follow what was before.

use sqlx::PgConnection;
use swarm_domain::{
    Event, EventBody,
    identity::{IdentityError, Joined, KeyId, Role, SessionId, UserId},
};

use super::federation;
use crate::{Result, StoreError, view::identity as view};

/// Asked behind the lock of the chain: of two owners who make each other a viewer, the second is refused.
pub(crate) async fn may_follow(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let tenant = &event.tenant;
    match &event.body {
        EventBody::UserAdded { user, email, how, invitation, .. } => {
            if *how == Joined::First && exists(conn, event, Look::AnyUser).await? {
                return Err(IdentityError::Registration.into());
            }
            if exists(conn, event, Look::Email(email.as_str())).await?
                || exists(conn, event, Look::User(user)).await?
            {
                return Err(StoreError::Exists { kind: "user", id: email.to_string() });
            }
            match invitation {
                Some(id) if !view::find_invitation(conn, tenant, id).await?.is_open(event.at) => {
                    Err(IdentityError::Link.into())
                }
                _ => Ok(()),
            }
        }
        EventBody::SecondFactorRemoved { user, .. } => {
            let row = view::find_user(conn, tenant, user).await?;
            if row.second_factor_at.is_some() { Ok(()) } else { Err(IdentityError::SecondFactorNone.into()) }
        }
        EventBody::UserVerified { user }
        | EventBody::PasswordChanged { user, .. }
        | EventBody::SecondFactorSet { user }
        | EventBody::RecoveryCodesMade { user }
        | EventBody::RecoveryCodeUsed { user, .. } => view::find_user(conn, tenant, user).await.map(drop),
        EventBody::UserRoleChanged { user, role } => {
            keeps_an_owner(conn, event, user, *role == Role::Owner).await
        }
        EventBody::UserDisabled { user, disabled } => keeps_an_owner(conn, event, user, !disabled).await,
        EventBody::IdentityLinked { user, provider, external } => {
            federation::may_link(conn, tenant, user, provider, external).await
        }
        EventBody::IdentityUnlinked { user, provider } => {
            federation::may_unlink(conn, tenant, user, provider).await
        }
        EventBody::PasskeyRemoved { user, .. } => federation::has_another_way_in(conn, tenant, user).await,
        EventBody::UserInvited { email, .. } => {
            if exists(conn, event, Look::Email(email.as_str())).await? {
                return Err(StoreError::Exists { kind: "user", id: email.to_string() });
            }
            Ok(())
        }
        EventBody::InvitationWithdrawn { invitation } => {
            let row = view::find_invitation(conn, tenant, invitation).await?;
            if row.accepted_at.is_none() && row.withdrawn_at.is_none() {
                return Ok(());
            }
            Err(over(format!("invitation {invitation}"), "withdrawn"))
        }
        EventBody::PasskeyAdded { user, .. } | EventBody::SessionBegun { user, .. } => {
            let row = view::find_user(conn, tenant, user).await?;
            if row.is_enabled() { Ok(()) } else { Err(IdentityError::Credentials.into()) }
        }
        EventBody::SessionEnded { session, .. } => has_not_ended(conn, event, session).await,
        EventBody::KeyRotated { key, .. } | EventBody::KeyRevoked { key } => {
            is_not_revoked(conn, event, key).await
        }
        _ => Ok(()),
    }
}

/// Somebody must be left who can do everything. `stays` says whether this one will be.
async fn keeps_an_owner(conn: &mut PgConnection, event: &Event, user: &UserId, stays: bool) -> Result<()> {
    let row = view::find_user(conn, &event.tenant, user).await?;
    let is_one = row.role == Role::Owner && row.is_enabled();
    if is_one && !stays && !exists(conn, event, Look::OtherOwner(user)).await? {
        return Err(IdentityError::LastOwner.into());
    }
    Ok(())
}

async fn has_not_ended(conn: &mut PgConnection, event: &Event, id: &SessionId) -> Result<()> {
    let row = view::find_session(conn, &event.tenant, id).await?;
    if row.ended_at.is_none() { Ok(()) } else { Err(over(format!("session {id}"), "ended")) }
}

async fn is_not_revoked(conn: &mut PgConnection, event: &Event, id: &KeyId) -> Result<()> {
    let row = view::find_key(conn, &event.tenant, id).await?;
    if row.record.revoked_at.is_none() { Ok(()) } else { Err(over(format!("key {id}"), "changed")) }
}

fn over(what: String, to: &'static str) -> StoreError {
    StoreError::NotAllowed { what, from: "over", to }
}

/// What is looked for.
enum Look<'a> {
    AnyUser,
    User(&'a UserId),
    Email(&'a str),
    OtherOwner(&'a UserId),
}

async fn exists(conn: &mut PgConnection, event: &Event, look: Look<'_>) -> Result<bool> {
    let (query, with) = match look {
        Look::AnyUser => ("SELECT EXISTS (SELECT FROM swarm.users WHERE tenant = $1 AND $2 = '')", ""),
        Look::User(user) => {
            ("SELECT EXISTS (SELECT FROM swarm.users WHERE tenant = $1 AND id = $2)", user.as_str())
        }
        Look::Email(email) => {
            ("SELECT EXISTS (SELECT FROM swarm.users WHERE tenant = $1 AND email = $2)", email)
        }
        Look::OtherOwner(user) => (
            "SELECT EXISTS (SELECT FROM swarm.users
                            WHERE tenant = $1 AND id <> $2 AND role = 'owner' AND disabled_at IS NULL)",
            user.as_str(),
        ),
    };
    Ok(sqlx::query_scalar(query).bind(event.tenant.as_str()).bind(with).fetch_one(conn).await?)
}
