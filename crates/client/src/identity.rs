//! The operations of the document that are about accounts, sessions and keys.

use serde_json::json;

use crate::{
    Client, ClientError,
    call::{Target, api},
    types::{
        ApiKey, ChangePassword, Code, Explained, InvitationList, InvitationRow, KeyList, KeyRotation,
        LinkList, LinkPurpose, LinkRow, MadeInvitation, MadeKey, MadeLink, Me, NewAccount, NewInvitation,
        NewKey, NewPasskey, NewSecondFactor, NewSignIn, PasskeyList, PasskeyOptions, PasskeyRow,
        PasskeySignIn, PasskeyWanted, PolicyList, ProviderList, ProviderRow, RecoveryCodes, Refresh, Reset,
        Role, SecondStepShown, SecondStepWanted, SessionList, SessionRow, SessionTokens, SignIn, SignInAt,
        SigningKey, SigningKeys, UserList, UserRow, VerifyAddress,
    },
};

/// What a sign-in came to.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub enum Login {
    /// Both steps were right, or there is but one.
    Session(SessionTokens),
    /// The password was, and a code is asked for: [`Client::second_step`].
    SecondStep(SecondStepWanted),
}

impl Client {
    /// Makes an account.
    pub async fn register(&self, new: &NewAccount) -> Result<(), ClientError> {
        self.tell(api(&["auth", "register"]), Some(new)).await
    }

    /// Signs in, or takes the first of two steps. The client itself goes on asking as it did: make another one with the
    /// access token.
    pub async fn login(&self, asked: &SignIn) -> Result<Login, ClientError> {
        self.post(api(&["auth", "login"]), asked).await
    }

    /// Takes the second step of a sign-in, by a code.
    pub async fn second_step(&self, shown: &SecondStepShown) -> Result<SessionTokens, ClientError> {
        self.post(api(&["auth", "login", "second"]), shown).await
    }

    /// One's own passkeys, the oldest first.
    pub async fn passkeys(&self) -> Result<Vec<PasskeyRow>, ClientError> {
        Ok(self.get::<PasskeyList>(api(&["auth", "passkeys"])).await?.items)
    }

    /// Begins to add a passkey. What an authenticator makes one by is in this answer.
    pub async fn begin_passkey(&self) -> Result<PasskeyOptions, ClientError> {
        self.post(api(&["auth", "passkeys", "begin"]), &json!({})).await
    }

    /// Adds a passkey that an authenticator made.
    pub async fn add_passkey(&self, new: &NewPasskey) -> Result<PasskeyRow, ClientError> {
        self.post(api(&["auth", "passkeys"]), new).await
    }

    /// Lets a passkey of one's own open nothing any more.
    pub async fn remove_passkey(&self, passkey: &str) -> Result<(), ClientError> {
        self.delete(api(&["auth", "passkeys", passkey])).await
    }

    /// Begins to sign in by a passkey. What an authenticator is asked by is in this answer.
    pub async fn begin_passkey_login(&self) -> Result<PasskeyWanted, ClientError> {
        self.post(api(&["auth", "login", "passkey", "begin"]), &json!({})).await
    }

    /// Signs in by a passkey.
    pub async fn passkey_login(&self, asked: &PasskeySignIn) -> Result<SessionTokens, ClientError> {
        self.post(api(&["auth", "login", "passkey"]), asked).await
    }

    /// Begins to set a second factor up. What the app needs is in this answer alone.
    pub async fn begin_second_factor(&self) -> Result<NewSecondFactor, ClientError> {
        self.post(api(&["auth", "second-factor"]), &json!({})).await
    }

    /// Confirms it by a code. The recovery codes are in this answer alone.
    pub async fn confirm_second_factor(&self, code: &Code) -> Result<RecoveryCodes, ClientError> {
        self.post(api(&["auth", "second-factor", "confirm"]), code).await
    }

    /// Makes other recovery codes.
    pub async fn renew_recovery_codes(&self, code: &Code) -> Result<RecoveryCodes, ClientError> {
        self.post(api(&["auth", "second-factor", "recovery-codes"]), code).await
    }

    /// Removes one's second factor.
    pub async fn remove_second_factor(&self, code: &Code) -> Result<(), ClientError> {
        self.tell(api(&["auth", "second-factor", "remove"]), Some(code)).await
    }

    /// Removes somebody's second factor.
    pub async fn remove_users_second_factor(&self, user: &str) -> Result<UserRow, ClientError> {
        self.post(api(&["users", user, "second-factor", "remove"]), &json!({})).await
    }

    /// Gives another access token, once for each refresh token.
    pub async fn refresh(&self, shown: &Refresh) -> Result<SessionTokens, ClientError> {
        self.post(api(&["auth", "refresh"]), shown).await
    }

    /// Ends the session that asks.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.tell(api(&["auth", "logout"]), None::<&()>).await
    }

    /// Shows that an address is one's own.
    pub async fn verify_address(&self, shown: &VerifyAddress) -> Result<(), ClientError> {
        self.tell(api(&["auth", "verify"]), Some(shown)).await
    }

    /// Has a link sent by which another password can be chosen. Does not say whether there is such an account.
    pub async fn forgot_password(&self, email: &str) -> Result<(), ClientError> {
        self.tell(api(&["auth", "forgot"]), Some(&json!({ "email": email }))).await
    }

    /// Chooses another password by a link.
    pub async fn reset_password(&self, asked: &Reset) -> Result<(), ClientError> {
        self.tell(api(&["auth", "reset"]), Some(asked)).await
    }

    /// Chooses another password, by who knows the old one.
    pub async fn change_password(&self, asked: &ChangePassword) -> Result<(), ClientError> {
        self.tell(api(&["auth", "password"]), Some(asked)).await
    }

    /// Who asks, and what they may do.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get(api(&["auth", "me"])).await
    }

    /// Where one is signed in, the newest first.
    pub async fn sessions(&self) -> Result<Vec<SessionRow>, ClientError> {
        Ok(self.get::<SessionList>(api(&["auth", "sessions"])).await?.items)
    }

    /// Ends a session of one's own.
    pub async fn end_session(&self, session: &str) -> Result<(), ClientError> {
        self.delete(api(&["auth", "sessions", session])).await
    }

    /// The ways to sign in that are not a password.
    pub async fn providers(&self) -> Result<Vec<ProviderRow>, ClientError> {
        Ok(self.get::<ProviderList>(api(&["auth", "providers"])).await?.items)
    }

    /// Begins a sign-in by a provider. It goes on in a browser that kept the cookie of this answer, so it is for programs that
    /// are one.
    pub async fn start_sign_in(&self, provider: &str, asked: &NewSignIn) -> Result<SignInAt, ClientError> {
        self.post(api(&["auth", "oidc", provider, "start"]), asked).await
    }

    /// The providers by which one can sign in, the oldest first.
    pub async fn links(&self) -> Result<Vec<LinkRow>, ClientError> {
        Ok(self.get::<LinkList>(api(&["auth", "links"])).await?.items)
    }

    /// Begins to link a provider with one's account. It goes on as a sign-in does.
    pub async fn link_provider(&self, provider: &str) -> Result<SignInAt, ClientError> {
        self.post(api(&["auth", "links", provider]), &json!({})).await
    }

    /// Lets oneself sign in by a provider no more.
    pub async fn unlink_provider(&self, provider: &str) -> Result<(), ClientError> {
        self.delete(api(&["auth", "links", provider])).await
    }

    /// The public keys of access tokens.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, ClientError> {
        Ok(self.get::<SigningKeys>(Target::of(&[".well-known", "jwks.json"])).await?.keys)
    }

    /// Lets a new key sign access tokens.
    pub async fn rotate_signing_key(&self) -> Result<Vec<SigningKey>, ClientError> {
        Ok(self.post::<SigningKeys>(api(&["auth", "signing-key", "rotate"]), &json!({})).await?.keys)
    }

    /// Makes an API key. Its text is in this answer alone.
    pub async fn make_key(&self, new: &NewKey) -> Result<MadeKey, ClientError> {
        self.post(api(&["keys"]), new).await
    }

    /// One's own keys, or everybody's, the newest first.
    pub async fn keys(&self, all: bool) -> Result<Vec<ApiKey>, ClientError> {
        let all = all.then_some("true");
        Ok(self.get::<KeyList>(api(&["keys"]).with(&[("all", all)])).await?.items)
    }

    /// Gives a key another text, beside which the old one counts for a while.
    pub async fn rotate_key(&self, key: &str, how: &KeyRotation) -> Result<MadeKey, ClientError> {
        self.post(api(&["keys", key, "rotate"]), how).await
    }

    /// Lets a key count no more.
    pub async fn revoke_key(&self, key: &str) -> Result<(), ClientError> {
        self.delete(api(&["keys", key])).await
    }

    /// The policies by which everything is decided.
    pub async fn policies(&self) -> Result<PolicyList, ClientError> {
        self.get(api(&["policies"])).await
    }

    /// Why somebody may do something or not.
    pub async fn explain(
        &self,
        who: &str,
        action: &str,
        about: Option<&str>,
    ) -> Result<Explained, ClientError> {
        let query = [("who", Some(who)), ("action", Some(action)), ("about", about)];
        self.get(api(&["auth", "explain"]).with(&query)).await
    }

    /// The accounts, the oldest first.
    pub async fn users(&self) -> Result<Vec<UserRow>, ClientError> {
        Ok(self.get::<UserList>(api(&["users"])).await?.items)
    }

    /// One account.
    pub async fn user(&self, user: &str) -> Result<UserRow, ClientError> {
        self.get(api(&["users", user])).await
    }

    /// Makes somebody another thing in the team.
    pub async fn change_role(&self, user: &str, role: Role) -> Result<UserRow, ClientError> {
        self.post(api(&["users", user, "role"]), &json!({ "role": role })).await
    }

    /// Lets somebody sign in no more.
    pub async fn disable_user(&self, user: &str) -> Result<UserRow, ClientError> {
        self.post(api(&["users", user, "disable"]), &json!({})).await
    }

    /// Lets somebody sign in again.
    pub async fn enable_user(&self, user: &str) -> Result<UserRow, ClientError> {
        self.post(api(&["users", user, "enable"]), &json!({})).await
    }

    /// Makes a link for somebody, which counts once.
    pub async fn make_link(&self, user: &str, purpose: LinkPurpose) -> Result<MadeLink, ClientError> {
        self.post(api(&["users", user, "link"]), &json!({ "purpose": purpose })).await
    }

    /// Invites somebody. The link is in this answer alone.
    pub async fn invite(&self, new: &NewInvitation) -> Result<MadeInvitation, ClientError> {
        self.post(api(&["invitations"]), new).await
    }

    /// The invitations, the newest first.
    pub async fn invitations(&self) -> Result<Vec<InvitationRow>, ClientError> {
        Ok(self.get::<InvitationList>(api(&["invitations"])).await?.items)
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, invitation: &str) -> Result<(), ClientError> {
        self.delete(api(&["invitations", invitation])).await
    }
}
