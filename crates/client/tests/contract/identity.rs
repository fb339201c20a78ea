//! What is asked about accounts, sessions and keys.

use swarm_client::{Client, ClientError, Hidden, types};

pub async fn ask(client: &Client) -> Result<(), ClientError> {
    let (text, hidden) = (|| "x".to_owned(), || Hidden::new("canary"));
    let expires = Some(chrono::DateTime::UNIX_EPOCH);
    client.register(&types::NewAccount { email: text(), password: hidden(), link: Some(text()) }).await?;
    let asked =
        types::SignIn { email: text(), password: hidden(), device: Some(text()), cookies: Some(false) };
    client.login(&asked).await?;
    client.second_step(&types::SecondStepShown { pending: text(), code: text() }).await?;
    client.passkeys().await?;
    client.begin_passkey().await?;
    let made = types::PasskeyMadeResponse {
        client_data_json: text(),
        attestation_object: text(),
        transports: vec![text()],
    };
    let credential = types::PasskeyMade { id: text(), response: made };
    client.add_passkey(&types::NewPasskey { name: text(), credential }).await?;
    client.remove_passkey("x").await?;
    client.begin_passkey_login().await?;
    let shown = types::PasskeyShownResponse {
        client_data_json: text(),
        authenticator_data: text(),
        signature: text(),
        user_handle: Some(text()),
    };
    let credential = types::PasskeyShown { id: text(), response: shown };
    let device = Some(text());
    client.passkey_login(&types::PasskeySignIn { credential, device, cookies: Some(false) }).await?;
    let code = types::Code { code: text() };
    client.begin_second_factor().await?;
    client.confirm_second_factor(&code).await?;
    client.renew_recovery_codes(&code).await?;
    client.remove_second_factor(&code).await?;
    client.remove_users_second_factor("x").await?;
    client.refresh(&types::Refresh { refresh_token: Some(hidden()) }).await?;
    client.logout().await?;
    let shown = types::VerifyAddress { email: text(), link: text(), password: hidden() };
    client.verify_address(&shown).await?;
    client.forgot_password("x@example.org").await?;
    client.reset_password(&types::Reset { link: text(), password: hidden() }).await?;
    client.change_password(&types::ChangePassword { old: hidden(), new: hidden() }).await?;
    client.me().await?;
    client.sessions().await?;
    client.end_session("x").await?;
    client.providers().await?;
    client.start_sign_in("x", &types::NewSignIn { link: Some(text()), return_to: Some(text()) }).await?;
    client.links().await?;
    client.link_provider("x").await?;
    client.unlink_provider("x").await?;
    client.signing_keys().await?;
    client.rotate_signing_key().await?;
    let scopes = vec![types::Scope::WorkRead, types::Scope::RunsWrite];
    client
        .make_key(&types::NewKey { name: text(), scopes, expires, rate: Some("20/min".to_owned()) })
        .await?;
    client.keys(false).await?;
    client.keys(true).await?;
    client.rotate_key("x", &types::KeyRotation { window_seconds: Some(60), expires }).await?;
    client.revoke_key("x").await?;
    client.users().await?;
    client.policies().await?;
    client.explain("ada@example.org", "POST /api/runs", Some("run_1")).await?;
    client.user("x").await?;
    client.change_role("x", types::Role::Viewer).await?;
    client.disable_user("x").await?;
    client.enable_user("x").await?;
    client.make_link("x", types::LinkPurpose::Reset).await?;
    client.invite(&types::NewInvitation { email: text(), role: types::Role::Agent }).await?;
    client.invitations().await?;
    client.withdraw_invitation("x").await
}
