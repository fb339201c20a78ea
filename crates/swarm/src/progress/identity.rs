//! What happened to accounts, sessions and keys, in words.

use swarm_domain::{
    EventBody,
    identity::{Scope, SessionEnd},
};

pub(super) fn words(body: &EventBody) -> String {
    match body {
        EventBody::UserAdded { user, email, role, .. } => {
            format!("{email} has an account, {user}, as {role}")
        }
        EventBody::UserVerified { user } => format!("{user} verified the address"),
        EventBody::UserRoleChanged { user, role } => format!("{user} is {role} now"),
        EventBody::UserDisabled { user, disabled: true } => format!("{user} was disabled"),
        EventBody::UserDisabled { user, .. } => format!("{user} may sign in again"),
        EventBody::PasswordChanged { user, by_link: true } => format!("{user} chose a password by a link"),
        EventBody::PasswordChanged { user, .. } => format!("{user} changed the password"),
        EventBody::IdentityLinked { user, provider, .. } => format!("{user} can sign in by {provider}"),
        EventBody::IdentityUnlinked { user, provider } => format!("{user} can sign in by {provider} no more"),
        EventBody::SecondFactorSet { user } => format!("{user} set up a second factor"),
        EventBody::SecondFactorRemoved { user, by_code: true } => format!("{user} removed the second factor"),
        EventBody::SecondFactorRemoved { user, .. } => format!("the second factor of {user} was removed"),
        EventBody::RecoveryCodesMade { user } => format!("{user} made other recovery codes"),
        EventBody::RecoveryCodeUsed { user, left } => format!("{user} used a recovery code; {left} are left"),
        EventBody::PasskeyAdded { user, name, .. } => format!("{user} can sign in by the passkey {name}"),
        EventBody::PasskeyRemoved { user, passkey } => format!("{user} removed {passkey}"),
        EventBody::UserInvited { email, role, .. } => format!("{email} was invited as {role}"),
        EventBody::InvitationWithdrawn { invitation } => format!("invitation {invitation} was withdrawn"),
        EventBody::SessionBegun { session, user, device, .. } => {
            format!("{user} signed in with {device} ({session})")
        }
        EventBody::SessionEnded { session, how, .. } => format!("{session} ended: {}", ended(*how)),
        EventBody::KeyMade { key, name, scopes, rate, .. } => {
            let scopes: Vec<_> = scopes.iter().map(|scope: &Scope| scope.as_str()).collect();
            let rate = rate.map(|rate| format!(", {rate}")).unwrap_or_default();
            format!("key {name} was made ({key}), for {}{rate}", scopes.join(", "))
        }
        EventBody::KeyRotated { key, version, window_seconds, .. } => {
            format!("{key} has secret {version} now; the old one counts {window_seconds} s more")
        }
        EventBody::KeyRevoked { key } => format!("{key} was revoked"),
        EventBody::AccessDenied { action, about, because, unsaid } => {
            let by = if because.is_empty() { "no policy permits it".to_owned() } else { because.join(", ") };
            let more =
                if *unsaid > 0 { format!("; {unsaid} more were denied before") } else { String::new() };
            format!("denied: {action} on {about} ({by}){more}")
        }
        _ => String::new(),
    }
}

fn ended(how: SessionEnd) -> &'static str {
    match how {
        SessionEnd::SignedOut => "signed out",
        SessionEnd::Revoked => "revoked",
        SessionEnd::Reused => "a refresh token was used twice",
        SessionEnd::PasswordChanged => "the password changed",
        SessionEnd::Disabled => "the account was disabled",
    }
}
