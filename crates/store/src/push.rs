//! Browsers that take messages, and the key that signs what is sent to them.

use chrono::{DateTime, Utc};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde::Serialize;
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    BrowserId, TenantId,
    identity::{SessionId, UserId},
};
use zeroize::Zeroizing;

use crate::{Result, Store, StoreError, column::Columns};

/// How many browsers somebody may have that take messages. The one that has for the longest makes room for another.
const MOST: i64 = 10;

/// A browser that takes messages for who is signed in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrowserRow {
    /// Its id.
    pub id: BrowserId,
    /// The session in which it is signed in.
    pub session: SessionId,
    /// What it said of itself when the session began.
    pub device: String,
    /// Since when it takes messages.
    pub made_at: DateTime<Utc>,
    /// Where its push service takes them. Shown to nobody.
    #[serde(skip)]
    pub endpoint: String,
    /// Its public key.
    #[serde(skip)]
    pub p256dh: Vec<u8>,
    /// The secret that it shares.
    #[serde(skip)]
    pub auth: Vec<u8>,
}

/// A browser that is to take messages.
#[derive(Debug)]
pub struct NewBrowser {
    /// A fresh id.
    pub id: BrowserId,
    /// Whose.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// Where its push service takes them.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: Vec<u8>,
    /// The secret that it shares.
    pub auth: Vec<u8>,
}

/// Browsers of sessions that go on, of people who may come in. `$2` is the time.
const LIVE: &str = "FROM swarm.push_browsers AS browser
    JOIN swarm.sessions AS session ON session.tenant = browser.tenant AND session.id = browser.session
        AND session.ended_at IS NULL AND session.expires > $2
    JOIN swarm.users AS person ON person.tenant = browser.tenant AND person.id = browser.user_id
        AND person.disabled_at IS NULL
    WHERE browser.tenant = $1";

impl Store {
    /// Lets a browser be told. One that is known by its endpoint takes messages for who is signed in there now.
    pub async fn add_browser(&self, tenant: &TenantId, new: NewBrowser) -> Result<BrowserRow> {
        let NewBrowser { id, user, session, endpoint, p256dh, auth } = new;
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        sqlx::query(
            "INSERT INTO swarm.push_browsers (tenant, id, user_id, session, endpoint, p256dh, auth, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tenant, endpoint) DO UPDATE
             SET id = $2, user_id = $3, session = $4, p256dh = $6, auth = $7, made_at = $8",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(session.as_str())
        .bind(endpoint)
        .bind(p256dh)
        .bind(auth)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        // Also those of sessions that are over: nobody would ever take them away.
        sqlx::query(
            "DELETE FROM swarm.push_browsers AS browser WHERE tenant = $1 AND user_id = $2 AND (id IN (
                 SELECT id FROM swarm.push_browsers WHERE tenant = $1 AND user_id = $2
                 ORDER BY made_at DESC, id DESC OFFSET $3)
             OR NOT EXISTS (SELECT 1 FROM swarm.sessions AS session WHERE session.tenant = $1
                 AND session.id = browser.session AND session.ended_at IS NULL AND session.expires > $4))",
        )
        .bind(tenant.as_str())
        .bind(user.as_str())
        .bind(MOST)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let mut made = live(&mut tx, tenant, now, "browser.id", id.as_str()).await?;
        tx.commit().await?;
        made.pop().ok_or_else(|| StoreError::NotFound { kind: "session", id: session.to_string() })
    }

    /// The browsers that take messages for an account, the newest first.
    pub async fn browsers(&self, tenant: &TenantId, user: &UserId) -> Result<Vec<BrowserRow>> {
        let mut conn = self.pool().acquire().await?;
        live(&mut conn, tenant, self.clock().now(), "browser.user_id", user.as_str()).await
    }

    /// The same, by the name of the person in events: their address.
    pub async fn browsers_of(&self, tenant: &TenantId, person: &str) -> Result<Vec<BrowserRow>> {
        let mut conn = self.pool().acquire().await?;
        live(&mut conn, tenant, self.clock().now(), "lower(person.email)", &person.to_lowercase()).await
    }

    /// The names of those who have such a browser, in lower case.
    pub async fn people_with_browsers(&self, tenant: &TenantId) -> Result<Vec<String>> {
        let sql = format!("SELECT DISTINCT lower(person.email) {LIVE}");
        let names = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .bind(self.clock().now())
            .fetch_all(self.pool())
            .await?;
        Ok(names)
    }

    /// Lets a browser of this account be told no more.
    pub async fn remove_browser(&self, tenant: &TenantId, user: &UserId, id: &BrowserId) -> Result<()> {
        let sql = "DELETE FROM swarm.push_browsers WHERE tenant = $1 AND user_id = $2 AND id = $3";
        let done = sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(user.as_str())
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "browser", id: id.to_string() });
        }
        Ok(())
    }

    /// Forgets a browser that takes no messages any more, by what its push service said.
    pub async fn forget_browser(&self, tenant: &TenantId, id: &BrowserId) -> Result<()> {
        sqlx::query("DELETE FROM swarm.push_browsers WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The key that signs what is sent to browsers, in PKCS #8; made where there is none.
    pub async fn push_key(&self, tenant: &TenantId) -> Result<Zeroizing<Vec<u8>>> {
        const KEY: &str = "SELECT key FROM swarm.push_keys WHERE tenant = $1";
        let known: Option<Vec<u8>> =
            sqlx::query_scalar(KEY).bind(tenant.as_str()).fetch_optional(self.pool()).await?;
        if let Some(known) = known {
            return Ok(Zeroizing::new(known));
        }
        let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let fresh = fresh.map_err(|_| StoreError::corrupt("the system's randomness", "it gives none"))?;
        sqlx::query("INSERT INTO swarm.push_keys (tenant, key) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(tenant.as_str())
            .bind(fresh.as_ref())
            .execute(self.pool())
            .await?;
        // Of two that were made at once, the one that is there.
        let key: Vec<u8> = sqlx::query_scalar(KEY).bind(tenant.as_str()).fetch_one(self.pool()).await?;
        Ok(Zeroizing::new(key))
    }
}

async fn live(
    conn: &mut PgConnection,
    tenant: &TenantId,
    now: DateTime<Utc>,
    by: &'static str,
    value: &str,
) -> Result<Vec<BrowserRow>> {
    let sql = format!(
        "SELECT browser.*, session.device {LIVE} AND {by} = $3 ORDER BY browser.made_at DESC, browser.id DESC"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(tenant.as_str())
        .bind(now)
        .bind(value)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<BrowserRow> {
    let columns = Columns::of("push_browsers", row);
    Ok(BrowserRow {
        id: columns.id("id")?,
        session: columns.id("session")?,
        device: columns.text("device")?,
        made_at: columns.time("made_at")?,
        endpoint: columns.text("endpoint")?,
        p256dh: columns.bytes("p256dh")?,
        auth: columns.bytes("auth")?,
    })
}
