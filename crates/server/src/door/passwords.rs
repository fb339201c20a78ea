//! Hashing passwords: dear on purpose, so bounded in how many at once, and never on a thread that others wait for.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use axum::http::StatusCode;
use swarm_domain::{Entropy, identity::Password};
use tokio::sync::Semaphore;

use crate::refusal::{Refusal, Reply};

/// Memory in KiB, passes and lanes: what OWASP's cheat sheet on password storage asks for of Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// How many are hashed at once: each takes a core, and the memory above.
const AT_ONCE: usize = 2;
/// How many may wait for that. More are refused: it would take longer than anybody waits.
const WAITING: usize = 32;

/// What a password is held against where there is no account: so many bytes at the same cost, which no password gives.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3dhcm1zd2FybXN3YXJtcw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The one place where passwords are hashed.
#[derive(Debug)]
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), waiting: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Passwords {
    /// The hash of a password, in PHC form.
    pub(crate) async fn hash(&self, password: &Password, entropy: &dyn Entropy) -> Reply<String> {
        let mut salt = [0; 16];
        salt[..10].copy_from_slice(&entropy.bytes());
        salt[10..].copy_from_slice(&entropy.bytes()[..6]);
        let password = password.clone();
        self.work(move || {
            let salt = SaltString::encode_b64(&salt).ok()?;
            let hash = hasher()?.hash_password(password.expose().as_bytes(), &salt).ok()?;
            Some(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one of this hash. Where there is none, the same work is done for nothing.
    pub(crate) async fn is(&self, password: &Password, hash: Option<&str>) -> Reply<bool> {
        let known = hash.is_some();
        let (password, hash) = (password.clone(), hash.unwrap_or(NOBODY).to_owned());
        self.work(move || {
            let hash = PasswordHash::new(&hash).ok()?;
            let same = hasher()?.verify_password(password.expose().as_bytes(), &hash).is_ok();
            Some(same && known)
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Option<T> + Send + 'static) -> Reply<T> {
        let busy = || {
            let detail = "so many passwords are being checked that this one would wait too long";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "auth.busy", detail, "try again in a few seconds")
                .after(5)
        };
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also where nobody waits for it any more.
            let _held = permit;
            work()
        });
        done.await.ok().flatten().ok_or_else(|| {
            let detail = "a password could not be hashed";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "server.internal", detail, "run `swarm doctor`")
        })
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use swarm_store::SystemEntropy;

    use super::*;

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone_and_each_hash_is_another() {
        let passwords = Passwords::default();
        let right = password("correct horse battery");
        let one = passwords.hash(&right, &SystemEntropy).await.unwrap();
        let two = passwords.hash(&right, &SystemEntropy).await.unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != two, "{one}");
        assert!(passwords.is(&right, Some(&one)).await.unwrap());
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
            assert!(!passwords.is(&password(wrong), Some(&one)).await.unwrap(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn where_there_is_no_account_the_same_work_is_done_and_nothing_fits() {
        // The hash of nobody is read and computed like any other: a form that is not read would be refused at once.
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&nobody).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
        assert_eq!(nobody.hash.unwrap().len(), 32);
        assert!(!Passwords::default().is(&password("correct horse battery"), None).await.unwrap());
    }

    #[tokio::test]
    async fn more_than_can_wait_are_refused_and_told_when_to_come_again() {
        let passwords = Passwords::default();
        let _all = passwords.waiting.acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap()).await.unwrap();
        let refused = passwords.is(&password("x"), None).await.unwrap_err();
        assert_eq!((refused.problem.code.as_str(), refused.retry_after), ("auth.busy", Some(5)));
    }
}
