//! Why somebody is not let in, or may not do what they want.

use super::{FRESH_SECONDS, MAX_KEY_DAYS, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, Role, Scope};
use crate::{Problem, rate::Rate, secret::MAX_WINDOW_SECONDS};

/// Why somebody is not let in, or may not do what they want. None of it says whether an account is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is no address.
    #[error("the email address cannot be used: {0}")]
    Email(&'static str),
    /// It is no password that is taken.
    #[error("the password cannot be used: {0}")]
    Password(&'static str),
    /// Address or password are wrong, or there is no such account, or it is disabled.
    #[error("the email address or the password is wrong")]
    Credentials,
    /// The password was right, and the address is not verified.
    #[error("the email address of this account is not verified yet")]
    Unverified,
    /// The link is wrong, was used, or its time is over.
    #[error("the link does not count: it was used, its time is over, or it is none of ours")]
    Link,
    /// Nobody can make an account this way.
    #[error("accounts are not made this way here")]
    Registration,
    /// A refresh token that was used before: its session ended with that.
    #[error("the refresh token was used before: the session is ended, for it may have been stolen")]
    RefreshReused,
    /// Another request used the refresh token just now.
    #[error("the refresh token was used a moment ago by another request of the same session")]
    RefreshRaced,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
    /// A key would be able to do more than who makes it.
    #[error("a key cannot have the scope {0}: who makes it does not have it")]
    KeyBeyond(Scope),
    /// A key without a scope could do nothing.
    #[error("a key needs at least one scope")]
    KeyScopeless,
    /// A key that expires before it counts, or too late.
    #[error("a key expires between now and {MAX_KEY_DAYS} days from now")]
    KeyExpiry,
    /// A key would ask more often than this server lets keys.
    #[error("a key may ask {0} here, and not more often")]
    KeyRate(Rate),
    /// A rotation cannot last that long.
    #[error("the window is longer than the {} days that two secrets of a key may count", MAX_WINDOW_SECONDS / 86_400)]
    KeyWindow,
    /// Somebody may not give this role, or take it away.
    #[error("the role {0} is not yours to give or to take away")]
    Grant(Role),
    /// The keys that sign access tokens stand where others can read them.
    #[error("the file token-keys.json of the data folder is no plain file for its owner alone")]
    TokenKeys,
    /// The provider names no address that it has verified.
    #[error("the provider says of no email address that it is verified as yours")]
    ProviderAddress,
    /// The address is of a domain that is not let in.
    #[error("people with an address of this domain are not let in by this provider")]
    ProviderDomain,
    /// There is an account of that address, and nobody has shown that both are of one person.
    #[error(
        "there is an account of this email address, and it is not linked with who signed in at the provider"
    )]
    LinkNeeded,
    /// Who signed in at the provider is linked with another account, or this account with another at the provider.
    #[error("the account, or who signed in at the provider, is linked already")]
    LinkTaken,
    /// A way in that is the only one cannot go.
    #[error("this is the last way in to the account")]
    LastWayIn,
    /// The code is not the one of now, or was used.
    #[error("the code does not count: it is another, its time is over, or it was used before")]
    SecondFactorCode,
    /// There is a second factor already.
    #[error("the account has a second factor already")]
    SecondFactorSet,
    /// There is no second factor.
    #[error("the account has no second factor, or it was not confirmed yet")]
    SecondFactorNone,
    /// The second step came too late, or too many codes were wrong.
    #[error("the sign-in is over: its second step took too long, or too many codes were wrong")]
    SecondStep,
    /// What was shown to be a passkey does not let in.
    #[error("the passkey does not let in: {0}")]
    Passkey(&'static str),
    /// What was shown to be a new passkey is none.
    #[error("the passkey cannot be added: {0}")]
    PasskeyNew(&'static str),
    /// The passkey is known.
    #[error("this passkey was added before")]
    PasskeyTaken,
    /// Who is signed in for long may be somebody else by now.
    #[error("this is for who signed in within the last {} minutes", FRESH_SECONDS / 60)]
    SessionOld,
    /// The last owner cannot go.
    #[error("this is the last owner who can sign in")]
    LastOwner,
}

impl IdentityError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(self) -> Problem {
        let (code, next) = match self {
            Self::Email(_) => ("auth.email", "write it like ada@example.org".to_owned()),
            Self::Password(_) => (
                "auth.password",
                format!(
                    "choose one of {MIN_PASSWORD_CHARS} characters or more, of at most {MAX_PASSWORD_BYTES} bytes; a few \
                     words that belong to no sentence are good"
                ),
            ),
            Self::Credentials => (
                "auth.credentials",
                "try again; who forgot the password asks an admin for a link: `swarm user link EMAIL reset`".to_owned(),
            ),
            Self::Unverified => (
                "auth.unverified",
                "ask an admin for a link, `swarm user link EMAIL verify`, and open it: `swarm user verify LINK`"
                    .to_owned(),
            ),
            Self::Link => ("auth.link", "ask for a new one".to_owned()),
            Self::Registration => (
                "auth.registration",
                "ask an admin for an invitation: `swarm user invite EMAIL`".to_owned(),
            ),
            Self::RefreshReused => (
                "auth.refresh_reused",
                "sign in again; if it was not you who used it, change the password".to_owned(),
            ),
            Self::RefreshRaced => (
                "auth.refresh_raced",
                "use the token that the other request was given".to_owned(),
            ),
            Self::SessionOver => ("auth.session_over", "sign in again".to_owned()),
            Self::KeyBeyond(_) | Self::KeyScopeless => (
                "auth.key_scope",
                "`swarm key scopes` lists the scopes and who has them".to_owned(),
            ),
            Self::KeyExpiry => {
                ("auth.key_expiry", "give a time that is still to come: `--expires 2030-01-31`".to_owned())
            }
            Self::KeyRate(_) => (
                "auth.key_rate",
                "give it a lower rate, or none; an admin can give a higher one".to_owned(),
            ),
            Self::KeyWindow => {
                ("auth.key_window", "choose a shorter one: `swarm key rotate KEY --window 24h`".to_owned())
            }
            Self::Grant(_) => ("auth.grant", "ask somebody who has that role".to_owned()),
            Self::TokenKeys => (
                "auth.token_keys",
                "remove the file: new keys are made, and everybody refreshes their session; others may have the old ones"
                    .to_owned(),
            ),
            Self::ProviderAddress => (
                "auth.provider_address",
                "verify the address at the provider and let it be seen, then sign in again".to_owned(),
            ),
            Self::ProviderDomain => {
                ("auth.provider_domain", "sign in with another account at the provider, or ask an admin".to_owned())
            }
            Self::LinkNeeded => (
                "auth.link_needed",
                "sign in to that account with its password, then link the provider: POST /api/auth/links/PROVIDER"
                    .to_owned(),
            ),
            Self::LinkTaken => (
                "auth.link_taken",
                "remove the other link first: DELETE /api/auth/links/PROVIDER, signed in to the account that has it"
                    .to_owned(),
            ),
            Self::LastWayIn => (
                "auth.last_way_in",
                "choose a password first, by a link from an admin: `swarm user link EMAIL reset`".to_owned(),
            ),
            Self::SecondFactorCode => (
                "auth.second_factor_code",
                "wait for the next code of the app, and see that the clock there is right; who lost it uses a recovery code"
                    .to_owned(),
            ),
            Self::SecondFactorSet => (
                "auth.second_factor_set",
                "remove it first, by a code: POST /api/auth/second-factor/remove".to_owned(),
            ),
            Self::SecondFactorNone => (
                "auth.second_factor_none",
                "set one up first: POST /api/auth/second-factor".to_owned(),
            ),
            Self::SecondStep => ("auth.second_step", "sign in again from the start".to_owned()),
            Self::Passkey(_) => ("auth.passkey", "try it again, or sign in another way".to_owned()),
            Self::PasskeyNew(_) => ("auth.passkey_new", "begin again, and let the browser ask for it anew".to_owned()),
            Self::PasskeyTaken => ("auth.passkey_taken", "GET /api/auth/passkeys lists those of this account".to_owned()),
            Self::SessionOld => ("auth.session_old", "sign out, sign in again, and do it then".to_owned()),
            Self::LastOwner => (
                "auth.last_owner",
                "make somebody else an owner first: `swarm user role EMAIL owner`".to_owned(),
            ),
        };
        Problem::new(code, self.to_string(), next)
    }
}
