//! Signing in by a provider: what waits for somebody to come back, and whose way in it is.

use chrono::TimeDelta;
use sqlx::{PgConnection, Row};
use swarm_domain::{
    EventBody, TenantId,
    identity::{
        EmailAddress, ExternalId, IdentityError, InvitationId, Joined, LinkPurpose, LinkText, Met, Proof,
        ProofHash, ProviderName, Role, SessionId, UserId,
    },
};

use super::{IdentityChange, in_own_name, link, said};
use crate::{
    LinkRow, Result, Store, StoreError, UserRow,
    column::Columns,
    view::{
        federation::{links_of, owner_of},
        identity::{self as accounts, find_user},
    },
};

/// How long somebody may stay at the provider, in seconds.
pub const FLOW_SECONDS: i64 = 600;

/// A sign-in that begins.
#[derive(Debug)]
pub struct NewFlow<'a> {
    /// What comes back in the address.
    pub state: &'a Proof,
    /// What the browser keeps.
    pub browser: &'a Proof,
    /// What becomes of it.
    pub flow: ProviderFlow,
    /// The invitation's link that was shown.
    pub invitation: Option<LinkText>,
}

/// A sign-in on its way over a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderFlow {
    /// Over which.
    pub provider: ProviderName,
    /// Where it comes back, exactly as the provider was told.
    pub redirect: String,
    /// The session that links a way in to its account; none where somebody signs in.
    pub session: Option<SessionId>,
    /// The page of ours to end on.
    pub return_to: Option<String>,
}

/// A sign-in that came back.
#[derive(Debug)]
pub struct TakenFlow {
    /// As it began.
    pub flow: ProviderFlow,
    /// The hash of the invitation's link that was shown.
    pub invitation: Option<ShownLink>,
}

/// A link that was shown before, by its hash.
#[derive(Debug, Clone)]
pub struct ShownLink(Vec<u8>);

/// Somebody new, whom a provider vouches for.
#[derive(Debug)]
pub struct NewFederated<'a> {
    /// A fresh id.
    pub id: UserId,
    /// The address that the provider has verified.
    pub email: EmailAddress,
    /// What they are let in as.
    pub role: Role,
    /// The invitation that they come by.
    pub invitation: Option<InvitationId>,
    /// The hash of its link, where that was shown.
    pub shown: Option<&'a ShownLink>,
    /// By which provider.
    pub provider: ProviderName,
    /// Who they are there.
    pub external: ExternalId,
}

impl Store {
    /// Notes a sign-in that is on its way over a provider.
    pub async fn begin_flow(&self, tenant: &TenantId, new: NewFlow<'_>) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        sqlx::query("DELETE FROM swarm.provider_flows WHERE expires <= $1")
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO swarm.provider_flows
                 (tenant, state, browser, provider, redirect, session, invitation, return_to, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(tenant.as_str())
        .bind(new.state.hash().as_bytes())
        .bind(new.browser.hash().as_bytes())
        .bind(new.flow.provider.as_str())
        .bind(&new.flow.redirect)
        .bind(new.flow.session.as_ref().map(SessionId::as_str))
        .bind(new.invitation.map(|link| link.proof.hash().as_bytes().to_vec()))
        .bind(new.flow.return_to.as_deref())
        .bind(now + TimeDelta::seconds(FLOW_SECONDS))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The sign-in that came back, once, and only for the browser that it began in. Who shows a state of another browser
    /// does not use it up.
    pub async fn take_flow(
        &self,
        tenant: &TenantId,
        (state, browser): (&ProofHash, &ProofHash),
        provider: &ProviderName,
    ) -> Result<Option<TakenFlow>> {
        let row = sqlx::query(
            "DELETE FROM swarm.provider_flows
             WHERE tenant = $1 AND state = $2 AND browser = $3 AND provider = $4 AND expires > $5
             RETURNING provider, redirect, session, invitation, return_to",
        )
        .bind(tenant.as_str())
        .bind(state.as_bytes())
        .bind(browser.as_bytes())
        .bind(provider.as_str())
        .bind(self.clock().now())
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of("provider_flows", &row);
        let flow = ProviderFlow {
            provider: columns.id("provider")?,
            redirect: columns.text("redirect")?,
            session: columns.id_or_none("session")?,
            return_to: columns.text_or_none("return_to")?,
        };
        let invitation: Option<Vec<u8>> = row.try_get("invitation")?;
        Ok(Some(TakenFlow { flow, invitation: invitation.map(ShownLink) }))
    }

    /// Whose way in this is.
    pub async fn user_of_link(&self, tenant: &TenantId, external: &ExternalId) -> Result<Option<UserRow>> {
        let mut conn = self.pool().acquire().await?;
        match owner_of(&mut conn, tenant, external).await? {
            Some(user) => find_user(&mut conn, tenant, &user).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is there of somebody with this address: an account, or an invitation that counts.
    pub async fn met(
        &self,
        tenant: &TenantId,
        email: &EmailAddress,
        shown: Option<&ShownLink>,
    ) -> Result<(Met, Option<UserRow>, Option<InvitationId>)> {
        let now = self.clock().now();
        let mut conn = self.pool().acquire().await?;
        let row = sqlx::query("SELECT * FROM swarm.users WHERE tenant = $1 AND email = $2")
            .bind(tenant.as_str())
            .bind(email.as_str())
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(row) = row {
            let user = accounts::user(&row)?;
            let verified = user.verified_at.is_some();
            return Ok((Met::Account { verified }, Some(user), None));
        }
        let rows = sqlx::query(
            "SELECT i.*, l.subject IS NOT NULL AS shown FROM swarm.invitations i
             LEFT JOIN swarm.one_time_links l
                 ON l.tenant = i.tenant AND l.subject = i.id AND l.purpose = $4 AND l.hash = $3 AND l.expires > $5
             WHERE i.tenant = $1 AND i.email = $2 ORDER BY shown DESC, i.made_at DESC, i.id",
        )
        .bind(tenant.as_str())
        .bind(email.as_str())
        .bind(shown.map(|link| &link.0))
        .bind(LinkPurpose::Invite.as_str())
        .bind(now)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let invitation = accounts::invitation(row)?;
            if invitation.is_open(now) {
                let met = Met::Invitation { role: invitation.role, shown: row.try_get("shown")? };
                return Ok((met, None, Some(invitation.id)));
            }
        }
        Ok((Met::Nothing, None, None))
    }

    /// Makes an account of somebody whom a provider vouches for, with that way in and no password. The invitation's link
    /// is used up with it, and with nothing less.
    pub async fn add_federated_user(
        &self,
        tenant: &TenantId,
        new: NewFederated<'_>,
        correlation: Option<&String>,
    ) -> Result<UserRow> {
        let NewFederated { id, email, role, invitation, shown, provider, external } = new;
        let mut tx = self.pool().begin().await?;
        if let Some(ShownLink(hash)) = shown {
            let subject =
                link::take_hash(&mut tx, tenant, LinkPurpose::Invite, hash, self.clock().now()).await?;
            if invitation.as_ref().is_some_and(|invitation| invitation.as_str() != subject) {
                return Err(IdentityError::Link.into());
            }
        }
        let by = in_own_name(email.as_str(), correlation);
        let added =
            EventBody::UserAdded { user: id.clone(), email, role, how: Joined::Federated, invitation };
        let linked = EventBody::IdentityLinked { user: id.clone(), provider, external };
        let events = [said(tenant, &by, id.as_str(), added), said(tenant, &by, id.as_str(), linked)];
        self.append_within(&mut tx, &events).await?;
        let row = find_user(&mut tx, tenant, &id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Lets somebody sign in by a provider.
    pub async fn link_identity(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        (provider, external): (ProviderName, ExternalId),
    ) -> Result<()> {
        let body = EventBody::IdentityLinked { user: user.clone(), provider, external };
        self.append(said(tenant, by, user.as_str(), body)).await.map(drop)
    }

    /// Lets somebody sign in by a provider no more.
    pub async fn unlink_identity(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        provider: &ProviderName,
    ) -> Result<()> {
        let body = EventBody::IdentityUnlinked { user: user.clone(), provider: provider.clone() };
        self.append(said(tenant, by, user.as_str(), body)).await.map(drop)
    }

    /// The providers by which somebody can sign in.
    pub async fn links(&self, tenant: &TenantId, user: &UserId) -> Result<Vec<LinkRow>> {
        links_of(&mut *self.pool().acquire().await?, tenant, user).await
    }
}

/// Nobody's way in is another's, and nobody has two by one provider.
pub(super) async fn may_link(
    conn: &mut PgConnection,
    tenant: &TenantId,
    user: &UserId,
    provider: &ProviderName,
    external: &ExternalId,
) -> Result<()> {
    // Who was disabled gets no way in either.
    if !find_user(conn, tenant, user).await?.is_enabled() {
        return Err(IdentityError::Credentials.into());
    }
    let links = links_of(conn, tenant, user).await?;
    if links.iter().any(|link| link.provider == *provider)
        || owner_of(conn, tenant, external).await?.is_some()
    {
        return Err(IdentityError::LinkTaken.into());
    }
    Ok(())
}

/// A way in stays. Asked behind the lock of the chain: of the last two that go at once, one is refused.
pub(super) async fn may_unlink(
    conn: &mut PgConnection,
    tenant: &TenantId,
    user: &UserId,
    provider: &ProviderName,
) -> Result<()> {
    let links = links_of(conn, tenant, user).await?;
    if links.iter().all(|link| link.provider != *provider) {
        return Err(StoreError::NotFound { kind: "link", id: provider.to_string() });
    }
    has_another_way_in(conn, tenant, user).await
}

/// Whether somebody has two ways in or more: a password, providers, passkeys.
pub(super) async fn has_another_way_in(
    conn: &mut PgConnection,
    tenant: &TenantId,
    user: &UserId,
) -> Result<()> {
    let ways: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM swarm.credentials WHERE tenant = $1 AND user_id = $2)
              + (SELECT count(*) FROM swarm.linked_identities WHERE tenant = $1 AND user_id = $2)
              + (SELECT count(*) FROM swarm.passkeys WHERE tenant = $1 AND user_id = $2)",
    )
    .bind(tenant.as_str())
    .bind(user.as_str())
    .fetch_one(conn)
    .await?;
    if ways > 1 { Ok(()) } else { Err(IdentityError::LastWayIn.into()) }
}
