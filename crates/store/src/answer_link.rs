//! Links by which somebody answers one question, once.
//!
//! A link is random and signed. Of the random part only a hash is kept, so that who reads the database has no link; the
//! signature is over what it is for (the question, the stage, the person, its end), so that who can write one row there
//! has none for something else. It is used up in the transaction of the answer: an answer that is refused uses nothing.

use chrono::{DateTime, Utc};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    InterruptId, NewEvent, NotificationId, TenantId,
    identity::{AnswerText, Proof},
    interrupt::InterruptRefusal,
    notification::Stage,
};

use crate::{Result, Store, StoreError, column::Columns};

/// So that a signature is of no use for anything else.
const CONTEXT: &str = "swarm 2026-11-22 answer link";

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerLink {
    /// In which message it was sent.
    pub notification: NotificationId,
    /// The question.
    pub interrupt: InterruptId,
    /// The stage of it.
    pub stage: Stage,
    /// Who answers with it.
    pub person: String,
    /// Until when it counts.
    pub expires: DateTime<Utc>,
}

/// A link that is to be made.
pub type NewAnswerLink = AnswerLink;

impl Store {
    /// Makes a link.
    pub async fn make_answer_link(
        &self,
        tenant: &TenantId,
        link: &NewAnswerLink,
        proof: Proof,
    ) -> Result<AnswerText> {
        let mut conn = self.pool().acquire().await?;
        let key = key(&mut conn, tenant).await?;
        let tag = hmac::sign(&key, signed(tenant, link, &proof).as_bytes());
        let bytes: [u8; 32] = tag
            .as_ref()
            .try_into()
            .map_err(|_| StoreError::corrupt("a signature", "it has another length"))?;
        let signature = Proof::parse(blake3::Hash::from_bytes(bytes).to_hex().as_str())
            .ok_or_else(|| StoreError::corrupt("a signature", "it has another length"))?;
        sqlx::query("DELETE FROM swarm.answer_links WHERE tenant = $1 AND expires <= $2")
            .bind(tenant.as_str())
            .bind(self.clock().now())
            .execute(&mut *conn)
            .await?;
        sqlx::query(
            "INSERT INTO swarm.answer_links (tenant, hash, notification, interrupt, stage, person, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(tenant.as_str())
        .bind(proof.hash().as_bytes())
        .bind(link.notification.as_str())
        .bind(link.interrupt.as_str())
        .bind(link.stage.to_string())
        .bind(&link.person)
        .bind(link.expires)
        .execute(&mut *conn)
        .await?;
        Ok(AnswerText { proof, signature })
    }

    /// What a link is for, while it counts. It is not used up.
    pub async fn answer_link(&self, tenant: &TenantId, text: &AnswerText) -> Result<AnswerLink> {
        let mut conn = self.pool().acquire().await?;
        let row = sqlx::query(
            "SELECT * FROM swarm.answer_links WHERE tenant = $1 AND hash = $2 AND used_at IS NULL AND expires > $3",
        )
        .bind(tenant.as_str())
        .bind(text.proof.hash().as_bytes())
        .bind(self.clock().now())
        .fetch_optional(&mut *conn)
        .await?;
        checked(&mut conn, tenant, text, row).await
    }

    /// Appends the answer that was given by a link, and uses up every link that this person has to this question: all of
    /// it, or nothing.
    pub async fn answer_by_link(&self, tenant: &TenantId, text: &AnswerText, answer: NewEvent) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        let now = self.clock().now();
        // Of two at once the second waits here, and finds it used.
        let row = sqlx::query(
            "UPDATE swarm.answer_links SET used_at = $3
             WHERE tenant = $1 AND hash = $2 AND used_at IS NULL AND expires > $3 RETURNING *",
        )
        .bind(tenant.as_str())
        .bind(text.proof.hash().as_bytes())
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let link = checked(&mut tx, tenant, text, row).await?;
        sqlx::query(
            "UPDATE swarm.answer_links SET used_at = $4
             WHERE tenant = $1 AND interrupt = $2 AND lower(person) = lower($3) AND used_at IS NULL",
        )
        .bind(tenant.as_str())
        .bind(link.interrupt.as_str())
        .bind(&link.person)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        self.append_within(&mut tx, &[answer]).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn checked(
    conn: &mut PgConnection,
    tenant: &TenantId,
    text: &AnswerText,
    row: Option<PgRow>,
) -> Result<AnswerLink> {
    let row = row.ok_or(InterruptRefusal::Link)?;
    let columns = Columns::of("answer_links", &row);
    let stage: String = columns.text("stage")?;
    let link = AnswerLink {
        notification: columns.id("notification")?,
        interrupt: columns.id("interrupt")?,
        stage: stage.parse().map_err(|error| StoreError::corrupt("answer_links.stage", error))?,
        person: columns.text("person")?,
        expires: columns.time("expires")?,
    };
    let key = key(conn, tenant).await?;
    let digits = text.signature.digits();
    let tag: Option<Vec<u8>> = (0..digits.len() / 2)
        .map(|at| digits.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok()))
        .collect();
    let tag = tag.ok_or(InterruptRefusal::Link)?;
    hmac::verify(&key, signed(tenant, &link, &text.proof).as_bytes(), &tag)
        .map_err(|_| InterruptRefusal::Link)?;
    Ok(link)
}

/// What is signed, without a way to read one field as a part of another.
fn signed(tenant: &TenantId, link: &AnswerLink, proof: &Proof) -> String {
    let fields = [
        CONTEXT,
        tenant.as_str(),
        link.notification.as_str(),
        link.interrupt.as_str(),
        &link.stage.to_string(),
        &link.person,
        // As the database keeps it.
        &link.expires.timestamp_micros().to_string(),
        proof.digits(),
    ];
    fields.map(|field| format!("{}:{field}", field.len())).join(",")
}

/// The tenant's key; made where there is none.
async fn key(conn: &mut PgConnection, tenant: &TenantId) -> Result<hmac::Key> {
    const KEY: &str = "SELECT key FROM swarm.answer_link_keys WHERE tenant = $1";
    let known: Option<Vec<u8>> =
        sqlx::query_scalar(KEY).bind(tenant.as_str()).fetch_optional(&mut *conn).await?;
    let bytes = if let Some(bytes) = known {
        bytes
    } else {
        let mut fresh = [0_u8; 32];
        let filled = SystemRandom::new().fill(&mut fresh);
        filled.map_err(|_| StoreError::corrupt("the system's randomness", "it gives none"))?;
        sqlx::query(
            "INSERT INTO swarm.answer_link_keys (tenant, key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(fresh.as_slice())
        .execute(&mut *conn)
        .await?;
        // Of two that were made at once, the one that is there.
        sqlx::query_scalar(KEY).bind(tenant.as_str()).fetch_one(&mut *conn).await?
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}
