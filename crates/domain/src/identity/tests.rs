use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    TenantId,
    id::Entropy,
    secret::{Issued, SecretVersion, rotated},
};

struct Fixed(u8);

impl Entropy for Fixed {
    fn bytes(&self) -> [u8; 10] {
        [self.0; 10]
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn principal(role: Role, scopes: Option<BTreeSet<Scope>>) -> Principal {
    let who = Who::Operator { name: "ada".to_owned() };
    Principal { tenant: TenantId::local(), who, role, scopes }
}

/// What somebody may do by the table, for want of policies here.
fn has(principal: &Principal) -> BTreeSet<Scope> {
    let scopes = principal.role.scopes();
    principal.scopes.as_ref().map_or(scopes.clone(), |given| given.intersection(&scopes).copied().collect())
}

fn grants(by: &Principal, from: Option<Role>, to: Option<Role>) -> Result<(), IdentityError> {
    may_grant(by, &has(by), Role::scopes, from, to)
}

fn some_scopes() -> impl Strategy<Value = BTreeSet<Scope>> {
    proptest::collection::btree_set(select(Scope::ALL.to_vec()), 0..Scope::ALL.len())
}

#[test]
fn two_spellings_of_an_address_are_one_account_and_what_looks_like_two_is_refused() {
    let ada = EmailAddress::parse(" Ada.Lovelace+x@Example.ORG\n").unwrap();
    assert_eq!(ada.as_str(), "ada.lovelace+x@example.org");
    for bad in [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a@b@example.org",
        ".ada@example.org",
        "ada.@example.org",
        "a..da@example.org",
        "ada lovelace@example.org",
        "\"ada\"@example.org",
        "ada(x)@example.org",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@example..org",
        "ada@example.org.",
        "ada@exam ple.org",
        "аda@example.org",
        "ada@exämple.org",
        "ada@example.org\r\nBcc: x@y.org",
        "ada@\0example.org",
        &format!("{}@example.org", "a".repeat(65)),
        &format!("a@{}.org", ["abcdefgh"; 31].join(".")),
    ] {
        assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_password_is_taken_as_it_is_and_refused_where_it_is_easily_guessed() {
    let ada = EmailAddress::parse("ada.lovelace@example.org").unwrap();
    let check = |text: &str| Password::from(text.to_owned()).check(&ada);
    for good in ["correct horse battery", " leading and trailing ", "длинный пароль да", &"aB3$".repeat(64)]
    {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "short",
        "elevenchars",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "ada.lovelace@example.org",
        "xADA.LOVELACE@example.orgx",
        "ada.lovelace12",
        &"aB3$".repeat(65),
    ] {
        assert!(check(bad).is_err(), "{bad:?}");
    }
    assert_eq!(format!("{:?}", Password::from("canary".to_owned())), "***");
}

#[test]
fn a_proof_is_found_by_its_own_text_alone() {
    let key = KeyText { key: KeyId::parse("key_01abc").unwrap(), proof: Proof::mint(&Fixed(7)) };
    let text = key.reveal();
    assert!(text.starts_with("swk_01abc_0707"));
    let read = KeyText::parse(&text).unwrap();
    assert_eq!((read.key.as_str(), read.proof.hash()), ("key_01abc", key.proof.hash()));
    assert_ne!(Proof::mint(&Fixed(8)).hash(), key.proof.hash());
    let session = SessionId::parse("session_01abc").unwrap();
    let refresh = RefreshText { session, proof: Proof::mint(&Fixed(1)) };
    assert_eq!(RefreshText::parse(&refresh.reveal()).unwrap().session, refresh.session);
    let link = LinkText { proof: Proof::mint(&Fixed(2)) };
    assert_eq!(LinkText::parse(&link.reveal()).unwrap().proof.hash(), link.proof.hash());
    for wrong in [
        "",
        "swk_",
        "swk_01abc",
        "swk_01abc_",
        &text[1..],
        &text[..text.len() - 1],
        &text.to_uppercase(),
        &text.replace("01abc", "../x"),
        &text.replace("swk_", "swr_"),
        &format!("{}0", *text),
    ] {
        assert!(KeyText::parse(wrong).is_none(), "{wrong}");
    }
    assert!(!format!("{key:?}{refresh:?}{link:?}").contains("0707"));
}

#[test]
fn each_role_has_what_the_ones_below_it_have_and_a_viewer_writes_nothing_but_their_own_account() {
    for pair in [Role::Viewer, Role::Reviewer, Role::Maintainer, Role::Admin, Role::Owner].windows(2) {
        assert!(pair[0].scopes().is_subset(&pair[1].scopes()), "{pair:?}");
    }
    let viewer = Role::Viewer.scopes();
    assert_eq!(viewer, BTreeSet::from([Scope::WorkRead, Scope::AccountWrite]));
    assert_eq!(Role::Agent.scopes(), BTreeSet::from([Scope::WorkRead, Scope::ClaimsWork]));
    for role in [Role::Maintainer, Role::Reviewer, Role::Viewer, Role::Agent] {
        assert!(!role.has(Scope::UsersWrite) && !role.has(Scope::SystemWrite), "{role}");
    }
}

#[test]
fn only_owners_decide_about_owners_and_nobody_gives_what_they_do_not_have() {
    let grants = |by: Role, from, to| grants(&principal(by, None), from, to);
    for role in Role::ALL {
        assert_eq!(grants(Role::Owner, Some(role), Some(Role::Owner)), Ok(()));
        assert!(grants(Role::Admin, Some(Role::Owner), Some(role)).is_err(), "{role}");
        assert!(grants(Role::Admin, Some(role), Some(Role::Owner)).is_err(), "{role}");
        for below in [Role::Maintainer, Role::Reviewer, Role::Viewer, Role::Agent] {
            assert!(grants(below, None, Some(role)).is_err(), "{below} gives {role}");
            assert!(grants(below, Some(role), None).is_err(), "{below} takes {role}");
        }
    }
    assert_eq!(grants(Role::Admin, Some(Role::Viewer), Some(Role::Admin)), Ok(()));
}

#[test]
fn a_refresh_token_counts_once_and_its_second_use_is_theft_or_a_race() {
    assert_eq!(presented(None, at(100)), Presented::Rotates);
    assert_eq!(presented(Some(at(100)), at(100 + RACE_SECONDS)), Presented::Raced);
    assert_eq!(presented(Some(at(100)), at(101 + RACE_SECONDS)), Presented::Reused);
}

#[test]
fn words_are_read_as_they_are_written() {
    for scope in Scope::ALL {
        assert_eq!(scope.as_str().parse(), Ok(scope));
        assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
    }
    for role in Role::ALL {
        assert_eq!(role.as_str().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    for purpose in [LinkPurpose::First, LinkPurpose::Invite, LinkPurpose::Verify, LinkPurpose::Reset] {
        assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.as_str());
    }
    assert!("runs:*".parse::<Scope>().is_err() && "root".parse::<Role>().is_err());
}

proptest! {
    /// A key that makes a key cannot make one that may do more.
    #[test]
    fn a_key_made_by_a_key_never_does_more(role in select(Role::ALL.to_vec()), given in some_scopes(), wanted in some_scopes()) {
        let by = principal(role, Some(given));
        match KeyRecord::check(&has(&by), &wanted, None, at(0)) {
            Ok(()) => prop_assert!(wanted.is_subset(&has(&by)) && !wanted.is_empty()),
            Err(IdentityError::KeyScopeless) => prop_assert!(wanted.is_empty()),
            Err(IdentityError::KeyBeyond(scope)) => prop_assert!(!has(&by).contains(&scope)),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// There is no chain of grants by which a role comes to more than it has.
    #[test]
    fn no_grant_gives_more_than_the_granter_has(
        role in select(Role::ALL.to_vec()),
        bound in proptest::option::of(some_scopes()),
        to in select(Role::ALL.to_vec()),
    ) {
        let by = principal(role, bound);
        if grants(&by, None, Some(to)).is_ok() {
            prop_assert!(to.scopes().is_subset(&has(&by)));
            prop_assert!(to != Role::Owner || role == Role::Owner);
            prop_assert!(has(&by).contains(&Scope::UsersWrite));
        }
    }

    /// After a rotation both secrets count for the window, then the new one alone; a revoked key has none.
    #[test]
    fn a_rotated_key_has_one_secret_after_the_window(window in 0_u32..10_000, later in 0_i64..20_000) {
        let first = SecretVersion::issued(1, at(0), Issued::default());
        let versions = rotated(&[first], at(100), window, 2, Issued::default());
        let mut key = KeyRecord {
            id: KeyId::parse("key_1").unwrap(),
            name: KeyName::parse("ci").unwrap(),
            owner: None,
            scopes: BTreeSet::from([Scope::WorkRead]),
            rate: None,
            versions,
            made_at: at(0),
            revoked_at: None,
        };
        let now = at(100 + later);
        prop_assert!(key.counts(2, now));
        prop_assert_eq!(key.counts(1, now), later < i64::from(window));
        prop_assert!(!key.counts(3, now));
        key.revoked_at = Some(now);
        prop_assert!(!key.counts(1, now) && !key.counts(2, now));
    }

    /// Reading an address again changes nothing.
    #[test]
    fn an_address_is_in_one_form(local in "[A-Za-z0-9+_-]{1,20}", domain in "[A-Za-z][A-Za-z0-9]{0,10}\\.[a-z]{2,4}") {
        let once = EmailAddress::parse(&format!("{local}@{domain}")).unwrap();
        prop_assert_eq!(&EmailAddress::parse(once.as_str()).unwrap(), &once);
        prop_assert_eq!(&EmailAddress::parse(&once.as_str().to_uppercase()).unwrap(), &once);
    }
}
