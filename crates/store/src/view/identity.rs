//! Accounts, invitations, sessions and keys: what is known of them. Never what proves them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, EventBody, TenantId,
    identity::{EmailAddress, InvitationId, Joined, KeyId, KeyRecord, Role, SessionEnd, SessionId, UserId},
    secret::{Issued, SecretVersion, rotated},
};

use super::{federation, not_found};
use crate::{
    Result, StoreError,
    column::{Columns, to_json, to_word},
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// The address that it is known by.
    pub email: EmailAddress,
    /// What the person is in the team.
    pub role: Role,
    /// How it came to be.
    pub how: Joined,
    /// When.
    pub joined_at: DateTime<Utc>,
    /// When the address was shown to be the person's own.
    pub verified_at: Option<DateTime<Utc>>,
    /// Since when they cannot sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When the password last changed, after the first one.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Since when they are asked for a second factor.
    pub second_factor_at: Option<DateTime<Utc>>,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// For whom.
    pub email: EmailAddress,
    /// What they will be in the team.
    pub role: Role,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Until when it counts.
    pub expires: DateTime<Utc>,
    /// When an account was made by it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// A time in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What they signed in with, by its own word.
    pub device: String,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires: DateTime<Utc>,
    /// When it ended before.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it did.
    pub how: Option<SessionEnd>,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// A key, and its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// What is known of it.
    pub record: KeyRecord,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

impl UserRow {
    /// Whether they may sign in, as far as the account says.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

impl InvitationRow {
    /// Whether an account can be made by it.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.accepted_at.is_none() && self.withdrawn_at.is_none() && self.expires > now
    }
}

impl SessionRow {
    /// Whether somebody is signed in by it.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && self.expires > now
    }
}

fn email(columns: &Columns<'_>) -> Result<EmailAddress> {
    let text = columns.text("email")?;
    EmailAddress::parse(&text).map_err(|error| StoreError::corrupt("an email address", error))
}

pub(crate) fn user(row: &PgRow) -> Result<UserRow> {
    let columns = Columns::of("users", row);
    Ok(UserRow {
        id: columns.id("id")?,
        email: email(&columns)?,
        role: columns.word("role")?,
        how: columns.word("how")?,
        joined_at: columns.time("joined_at")?,
        verified_at: columns.time_or_none("verified_at")?,
        disabled_at: columns.time_or_none("disabled_at")?,
        password_changed_at: columns.time_or_none("password_changed_at")?,
        second_factor_at: columns.time_or_none("second_factor_at")?,
    })
}

pub(crate) fn invitation(row: &PgRow) -> Result<InvitationRow> {
    let columns = Columns::of("invitations", row);
    Ok(InvitationRow {
        id: columns.id("id")?,
        email: email(&columns)?,
        role: columns.word("role")?,
        made_at: columns.time("made_at")?,
        expires: columns.time("expires")?,
        accepted_at: columns.time_or_none("accepted_at")?,
        withdrawn_at: columns.time_or_none("withdrawn_at")?,
    })
}

/// Read with the column `used_at` of the table of uses beside it.
pub(crate) fn session(row: &PgRow) -> Result<SessionRow> {
    let columns = Columns::of("sessions", row);
    Ok(SessionRow {
        id: columns.id("id")?,
        user: columns.id("user_id")?,
        device: columns.text("device")?,
        begun_at: columns.time("begun_at")?,
        expires: columns.time("expires")?,
        ended_at: columns.time_or_none("ended_at")?,
        how: columns.word_or_none("how")?,
        used_at: columns.time_or_none("used_at")?,
    })
}

/// Read with the column `used_at` of the table of uses beside it.
pub(crate) fn key(row: &PgRow) -> Result<KeyRow> {
    let columns = Columns::of("api_keys", row);
    let record = KeyRecord {
        id: columns.id("id")?,
        name: columns.id("name")?,
        owner: columns.id_or_none("owner")?,
        scopes: columns.json("scopes")?,
        rate: columns.word_or_none("rate")?,
        versions: columns.json("versions")?,
        made_at: columns.time("made_at")?,
        revoked_at: columns.time_or_none("revoked_at")?,
    };
    Ok(KeyRow { record, used_at: columns.time_or_none("used_at")? })
}

/// Writes what an event says of somebody's identity.
pub(crate) async fn change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::UserAdded { .. }
        | EventBody::UserVerified { .. }
        | EventBody::UserRoleChanged { .. }
        | EventBody::UserDisabled { .. }
        | EventBody::PasswordChanged { .. }
        | EventBody::SecondFactorSet { .. }
        | EventBody::SecondFactorRemoved { .. } => change_user(conn, event).await,
        // Which codes and passkeys there are is kept beside, and is no view.
        EventBody::RecoveryCodesMade { .. }
        | EventBody::RecoveryCodeUsed { .. }
        | EventBody::PasskeyAdded { .. }
        | EventBody::PasskeyRemoved { .. } => Ok(()),
        EventBody::IdentityLinked { .. } | EventBody::IdentityUnlinked { .. } => {
            federation::change(conn, event).await
        }
        EventBody::UserInvited { .. } | EventBody::InvitationWithdrawn { .. } => {
            change_invitation(conn, event).await
        }
        EventBody::SessionBegun { .. } | EventBody::SessionEnded { .. } => change_session(conn, event).await,
        _ => change_key(conn, event).await,
    }
}

async fn change_user(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let (query, user, word) = match &event.body {
        EventBody::UserAdded { user, email, role, how, invitation } => {
            // Who came by a link that only they were given has shown that the address is theirs.
            sqlx::query(
                "INSERT INTO swarm.users (tenant, id, email, role, how, joined_at, verified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $5 = 'registered' THEN NULL ELSE $6 END)",
            )
            .bind(event.tenant.as_str())
            .bind(user.as_str())
            .bind(email.as_str())
            .bind(role.as_str())
            .bind(to_word("users.how", how)?)
            .bind(event.at)
            .execute(&mut *conn)
            .await?;
            if let Some(invitation) = invitation {
                sqlx::query("UPDATE swarm.invitations SET accepted_at = $3 WHERE tenant = $1 AND id = $2")
                    .bind(event.tenant.as_str())
                    .bind(invitation.as_str())
                    .bind(event.at)
                    .execute(conn)
                    .await?;
            }
            return Ok(());
        }
        EventBody::UserVerified { user } => {
            ("UPDATE swarm.users SET verified_at = $3 WHERE tenant = $1 AND id = $2 AND $4 = ''", user, "")
        }
        EventBody::UserRoleChanged { user, role } => (
            "UPDATE swarm.users SET role = $4 WHERE tenant = $1 AND id = $2 AND $3 IS NOT NULL",
            user,
            role.as_str(),
        ),
        EventBody::UserDisabled { user, disabled } => (
            "UPDATE swarm.users SET disabled_at = CASE WHEN $4 = 'disabled' THEN $3 END
             WHERE tenant = $1 AND id = $2",
            user,
            if *disabled { "disabled" } else { "enabled" },
        ),
        EventBody::SecondFactorSet { user } => (
            "UPDATE swarm.users SET second_factor_at = $3 WHERE tenant = $1 AND id = $2 AND $4 = ''",
            user,
            "",
        ),
        EventBody::SecondFactorRemoved { user, .. } => (
            "UPDATE swarm.users SET second_factor_at = NULL
             WHERE tenant = $1 AND id = $2 AND $3 IS NOT NULL AND $4 = ''",
            user,
            "",
        ),
        EventBody::PasswordChanged { user, .. } => (
            "UPDATE swarm.users SET password_changed_at = $3 WHERE tenant = $1 AND id = $2 AND $4 = ''",
            user,
            "",
        ),
        _ => return Ok(()),
    };
    let query = sqlx::query(query).bind(event.tenant.as_str()).bind(user.as_str());
    query.bind(event.at).bind(word).execute(conn).await?;
    Ok(())
}

async fn change_invitation(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::UserInvited { invitation, email, role, expires } => {
            sqlx::query(
                "INSERT INTO swarm.invitations (tenant, id, email, role, made_at, expires)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(event.tenant.as_str())
            .bind(invitation.as_str())
            .bind(email.as_str())
            .bind(role.as_str())
            .bind(event.at)
            .bind(expires)
            .execute(conn)
            .await?;
        }
        EventBody::InvitationWithdrawn { invitation } => {
            sqlx::query("UPDATE swarm.invitations SET withdrawn_at = $3 WHERE tenant = $1 AND id = $2")
                .bind(event.tenant.as_str())
                .bind(invitation.as_str())
                .bind(event.at)
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

async fn change_session(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::SessionBegun { session, user, device, expires } => {
            sqlx::query(
                "INSERT INTO swarm.sessions (tenant, id, user_id, device, begun_at, expires)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(event.tenant.as_str())
            .bind(session.as_str())
            .bind(user.as_str())
            .bind(device)
            .bind(event.at)
            .bind(expires)
            .execute(conn)
            .await?;
        }
        EventBody::SessionEnded { session, how, .. } => {
            sqlx::query("UPDATE swarm.sessions SET ended_at = $3, how = $4 WHERE tenant = $1 AND id = $2")
                .bind(event.tenant.as_str())
                .bind(session.as_str())
                .bind(event.at)
                .bind(to_word("sessions.how", how)?)
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

async fn change_key(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::KeyMade { key, name, owner, scopes, expires, rate } => {
            let versions =
                [SecretVersion::issued(1, event.at, Issued { reference: None, expires: *expires })];
            sqlx::query(
                "INSERT INTO swarm.api_keys (tenant, id, name, owner, scopes, versions, made_at, rate)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(event.tenant.as_str())
            .bind(key.as_str())
            .bind(name.as_str())
            .bind(owner.as_ref().map(UserId::as_str))
            .bind(to_json("api_keys.scopes", scopes)?)
            .bind(to_json("api_keys.versions", &versions)?)
            .bind(event.at)
            .bind(rate.map(|rate| rate.to_string()))
            .execute(conn)
            .await?;
        }
        EventBody::KeyRotated { key, version, window_seconds, expires } => {
            let row = find_key(conn, &event.tenant, key).await?;
            let issued = Issued { reference: None, expires: *expires };
            let versions = rotated(&row.record.versions, event.at, *window_seconds, *version, issued);
            sqlx::query("UPDATE swarm.api_keys SET versions = $3 WHERE tenant = $1 AND id = $2")
                .bind(event.tenant.as_str())
                .bind(key.as_str())
                .bind(to_json("api_keys.versions", &versions)?)
                .execute(conn)
                .await?;
        }
        EventBody::KeyRevoked { key } => {
            sqlx::query("UPDATE swarm.api_keys SET revoked_at = $3 WHERE tenant = $1 AND id = $2")
                .bind(event.tenant.as_str())
                .bind(key.as_str())
                .bind(event.at)
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

/// One account, as this transaction sees it.
pub(crate) async fn find_user(conn: &mut PgConnection, tenant: &TenantId, id: &UserId) -> Result<UserRow> {
    let row = sqlx::query("SELECT * FROM swarm.users WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    user(&row.ok_or_else(|| not_found("user", id))?)
}

/// One invitation, as this transaction sees it.
pub(crate) async fn find_invitation(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &InvitationId,
) -> Result<InvitationRow> {
    let row = sqlx::query("SELECT * FROM swarm.invitations WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    invitation(&row.ok_or_else(|| not_found("invitation", id))?)
}

/// One session, as this transaction sees it.
pub(crate) async fn find_session(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &SessionId,
) -> Result<SessionRow> {
    let row = sqlx::query(
        "SELECT s.*, u.at AS used_at FROM swarm.sessions s
         LEFT JOIN swarm.identity_uses u ON u.tenant = s.tenant AND u.id = s.id
         WHERE s.tenant = $1 AND s.id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    session(&row.ok_or_else(|| not_found("session", id))?)
}

/// One key, as this transaction sees it.
pub(crate) async fn find_key(conn: &mut PgConnection, tenant: &TenantId, id: &KeyId) -> Result<KeyRow> {
    let row = sqlx::query(
        "SELECT k.*, u.at AS used_at FROM swarm.api_keys k
         LEFT JOIN swarm.identity_uses u ON u.tenant = k.tenant AND u.id = k.id
         WHERE k.tenant = $1 AND k.id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    key(&row.ok_or_else(|| not_found("key", id))?)
}
