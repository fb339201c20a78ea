//! Accounts: made, verified, given another role or password, disabled.

use sqlx::PgConnection;
use swarm_domain::{
    EventBody, TenantId,
    identity::{
        EmailAddress, IdentityError, InvitationId, Joined, LinkPurpose, LinkText, Role, SessionEnd, UserId,
    },
};

use super::{IdentityChange, in_own_name, link, said, session};
use crate::{
    InvitationRow, Result, Store, StoreError, UserRow,
    view::identity::{self as view, find_invitation, find_user},
};

/// Somebody who makes an account.
#[derive(Debug)]
pub struct NewUser {
    /// A fresh id.
    pub id: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// The hash of their password, in PHC form.
    pub password_hash: String,
    /// What lets them in.
    pub arrival: Arrival,
    /// The request's correlation id.
    pub correlation: Option<String>,
}

/// What lets somebody make an account.
#[derive(Debug)]
pub enum Arrival {
    /// The link of a server without an account.
    First(LinkText),
    /// An invitation's link.
    Invited(LinkText),
    /// Nothing: registration is open.
    Open,
}

impl Store {
    /// Makes an account. The link is used up with it, and with nothing less.
    pub async fn add_user(&self, tenant: &TenantId, new: NewUser) -> Result<UserRow> {
        let now = self.clock().now();
        let NewUser { id, email, password_hash, arrival, correlation } = new;
        let mut tx = self.pool().begin().await?;
        let (role, how, invitation) = match &arrival {
            Arrival::Open => (Role::Viewer, Joined::Registered, None),
            Arrival::First(text) => {
                link::take(&mut tx, tenant, LinkPurpose::First, text, now).await?;
                (Role::Owner, Joined::First, None)
            }
            Arrival::Invited(text) => {
                let subject = link::take(&mut tx, tenant, LinkPurpose::Invite, text, now).await?;
                let wrong = |error| StoreError::corrupt("one_time_links.subject", error);
                let invitation = InvitationId::parse(subject).map_err(wrong)?;
                let row = find_invitation(&mut tx, tenant, &invitation).await?;
                if row.email != email {
                    return Err(IdentityError::Link.into());
                }
                (row.role, Joined::Invited, Some(invitation))
            }
        };
        write_password(&mut tx, tenant, &id, &password_hash).await?;
        let by = in_own_name(email.as_str(), correlation.as_ref());
        let body = EventBody::UserAdded { user: id.clone(), email, role, how, invitation };
        self.append_within(&mut tx, &[said(tenant, &by, id.as_str(), body)]).await?;
        let row = find_user(&mut tx, tenant, &id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Says that an address is its owner's, by their link.
    pub async fn verify_user(
        &self,
        tenant: &TenantId,
        link: &LinkText,
        correlation: Option<&String>,
    ) -> Result<UserRow> {
        let mut tx = self.pool().begin().await?;
        let row = self.taken(&mut tx, tenant, LinkPurpose::Verify, link).await?;
        let by = in_own_name(row.email.as_str(), correlation);
        if row.verified_at.is_none() {
            let body = EventBody::UserVerified { user: row.id.clone() };
            self.append_within(&mut tx, &[said(tenant, &by, row.id.as_str(), body)]).await?;
        }
        let row = find_user(&mut tx, tenant, &row.id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Whose link for another password this is. It is not used up: the password may be one that is not taken.
    pub async fn user_of_reset_link(&self, tenant: &TenantId, link: &LinkText) -> Result<UserRow> {
        let mut tx = self.pool().begin().await?;
        // The transaction is let go: nothing was done.
        self.taken(&mut tx, tenant, LinkPurpose::Reset, link).await
    }

    /// Gives somebody another password by their link, and ends every session of theirs. Who had the link has the address as
    /// well: it is verified with the same change.
    pub async fn reset_password(
        &self,
        tenant: &TenantId,
        link: &LinkText,
        password_hash: &str,
        correlation: Option<&String>,
    ) -> Result<UserRow> {
        let mut tx = self.pool().begin().await?;
        let row = self.taken(&mut tx, tenant, LinkPurpose::Reset, link).await?;
        let by = in_own_name(row.email.as_str(), correlation);
        write_password(&mut tx, tenant, &row.id, password_hash).await?;
        let mut events =
            session::ends(&mut tx, tenant, &by, &row.id, None, SessionEnd::PasswordChanged).await?;
        let body = EventBody::PasswordChanged { user: row.id.clone(), by_link: true };
        events.push(said(tenant, &by, row.id.as_str(), body));
        if row.verified_at.is_none() {
            // Who has the link had it from an admin who knows whose the address is.
            let body = EventBody::UserVerified { user: row.id.clone() };
            events.push(said(tenant, &by, row.id.as_str(), body));
        }
        self.append_within(&mut tx, &events).await?;
        let row = find_user(&mut tx, tenant, &row.id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Gives somebody another password, and ends their other sessions.
    pub async fn change_password(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        password_hash: &str,
        keep: Option<&swarm_domain::identity::SessionId>,
    ) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        write_password(&mut tx, tenant, user, password_hash).await?;
        let mut events = session::ends(&mut tx, tenant, by, user, keep, SessionEnd::PasswordChanged).await?;
        let body = EventBody::PasswordChanged { user: user.clone(), by_link: false };
        events.push(said(tenant, by, user.as_str(), body));
        self.append_within(&mut tx, &events).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes somebody another thing in the team.
    pub async fn change_role(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        role: Role,
    ) -> Result<UserRow> {
        let body = EventBody::UserRoleChanged { user: user.clone(), role };
        self.append(said(tenant, by, user.as_str(), body)).await?;
        self.user(tenant, user).await
    }

    /// Lets somebody sign in no more, which ends their sessions, or again.
    pub async fn disable_user(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        disabled: bool,
    ) -> Result<UserRow> {
        let mut tx = self.pool().begin().await?;
        let mut events = Vec::new();
        if disabled {
            events = session::ends(&mut tx, tenant, by, user, None, SessionEnd::Disabled).await?;
        }
        let body = EventBody::UserDisabled { user: user.clone(), disabled };
        events.insert(0, said(tenant, by, user.as_str(), body));
        self.append_within(&mut tx, &events).await?;
        tx.commit().await?;
        self.user(tenant, user).await
    }

    /// Invites somebody, by a link that counts once.
    pub async fn invite(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        id: InvitationId,
        (email, role): (EmailAddress, Role),
        link: &LinkText,
    ) -> Result<InvitationRow> {
        let mut tx = self.pool().begin().await?;
        let expires = self.keep_link(&mut tx, tenant, (LinkPurpose::Invite, id.as_str()), link).await?;
        let about = id.to_string();
        let body = EventBody::UserInvited { invitation: id.clone(), email, role, expires };
        self.append_within(&mut tx, &[said(tenant, by, &about, body)]).await?;
        let row = find_invitation(&mut tx, tenant, &id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        id: &InvitationId,
    ) -> Result<()> {
        let body = EventBody::InvitationWithdrawn { invitation: id.clone() };
        self.append(said(tenant, by, id.as_str(), body)).await.map(drop)
    }

    /// The accounts, the oldest first.
    pub async fn users(&self, tenant: &TenantId) -> Result<Vec<UserRow>> {
        let rows = sqlx::query("SELECT * FROM swarm.users WHERE tenant = $1 ORDER BY joined_at, id")
            .bind(tenant.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(view::user).collect()
    }

    /// One account.
    pub async fn user(&self, tenant: &TenantId, id: &UserId) -> Result<UserRow> {
        find_user(&mut *self.pool().acquire().await?, tenant, id).await
    }

    /// The account of this address, with the hash of its password.
    pub async fn user_by_email(
        &self,
        tenant: &TenantId,
        email: &EmailAddress,
    ) -> Result<Option<(UserRow, String)>> {
        let row = sqlx::query(
            "SELECT u.*, c.hash FROM swarm.users u
             JOIN swarm.credentials c ON c.tenant = u.tenant AND c.user_id = u.id
             WHERE u.tenant = $1 AND u.email = $2",
        )
        .bind(tenant.as_str())
        .bind(email.as_str())
        .fetch_optional(self.pool())
        .await?;
        let read = |row: sqlx::postgres::PgRow| {
            let hash = crate::column::Columns::of("credentials", &row).text("hash")?;
            Ok((view::user(&row)?, hash))
        };
        row.map(read).transpose()
    }

    /// Whether there is any account.
    pub async fn has_users(&self, tenant: &TenantId) -> Result<bool> {
        let query = sqlx::query_scalar("SELECT EXISTS (SELECT FROM swarm.users WHERE tenant = $1)");
        Ok(query.bind(tenant.as_str()).fetch_one(self.pool()).await?)
    }

    /// The invitations, the newest first.
    pub async fn invitations(&self, tenant: &TenantId) -> Result<Vec<InvitationRow>> {
        let rows = sqlx::query("SELECT * FROM swarm.invitations WHERE tenant = $1 ORDER BY made_at DESC, id")
            .bind(tenant.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(view::invitation).collect()
    }

    /// One invitation.
    pub async fn invitation(&self, tenant: &TenantId, id: &InvitationId) -> Result<InvitationRow> {
        find_invitation(&mut *self.pool().acquire().await?, tenant, id).await
    }

    async fn taken(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        purpose: LinkPurpose,
        text: &LinkText,
    ) -> Result<UserRow> {
        let subject = link::take(conn, tenant, purpose, text, self.clock().now()).await?;
        let wrong = |error| StoreError::corrupt("one_time_links.subject", error);
        let row = find_user(conn, tenant, &UserId::parse(subject).map_err(wrong)?).await?;
        // Who was disabled gets in by no link either.
        if row.is_enabled() { Ok(row) } else { Err(IdentityError::Link.into()) }
    }
}

async fn write_password(conn: &mut PgConnection, tenant: &TenantId, user: &UserId, hash: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.credentials (tenant, user_id, hash) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, user_id) DO UPDATE SET hash = $3",
    )
    .bind(tenant.as_str())
    .bind(user.as_str())
    .bind(hash)
    .execute(conn)
    .await?;
    Ok(())
}
