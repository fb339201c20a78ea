use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn record(name: &str, project: Option<&str>, host: &str, placement: &str) -> SecretRecord {
    SecretRecord {
        id: SecretId {
            name: SecretName::parse(name).unwrap(),
            project: project.map(|project| ProjectId::parse(project).unwrap()),
        },
        hosts: vec![SecretHost::parse(host).unwrap()],
        placement: Placement::parse(placement).unwrap(),
        versions: vec![SecretVersion::issued(1, at(0), Issued::default())],
        created_at: at(0),
        rotated_at: None,
    }
}

#[test]
fn a_host_is_a_name_and_nothing_that_could_lead_elsewhere() {
    for bad in [
        "",
        ".",
        "a..b",
        "*.example.org",
        "example.org:443",
        "https://example.org",
        "example.org/x",
        "a b",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "::1",
        "-a.org",
        "a-.org",
        "bücher.example",
        "a\n.org",
        "a@b.org",
        &"a".repeat(64),
        &["abcdefgh"; 32].join("."),
    ] {
        assert!(SecretHost::parse(bad).is_err(), "{bad:?}");
    }
    let host = SecretHost::parse("API.Example.org.").unwrap();
    assert_eq!(host.as_str(), "api.example.org");
    assert!(host.is("Api.example.ORG") && host.is("api.example.org."));
    for other in ["example.org", "xapi.example.org", "api.example.org.evil", "api.example.org..", ""] {
        assert!(!host.is(other), "{other}");
    }
}

#[test]
fn a_secret_is_put_into_a_header_and_never_into_an_address() {
    for bad in [
        "",
        "query",
        "query:token",
        "header",
        "header:",
        "header:a b",
        "header:x\r\ny",
        "header:é",
        "cookiejar",
        "header:Host",
        "header:Transfer-Encoding",
        "header:content-length",
        "header:proxy-authorization",
        "bearer:x",
        "basic user",
    ] {
        assert!(Placement::parse(bad).is_err(), "{bad:?}");
    }
    for (given, written, header) in [
        ("Bearer", "bearer", "authorization"),
        ("basic", "basic", "authorization"),
        ("header X-Api-Key", "header:x-api-key", "x-api-key"),
        ("header:Authorization", "header:authorization", "authorization"),
    ] {
        let placement = Placement::parse(given).unwrap();
        assert_eq!((placement.to_string().as_str(), placement.header()), (written, header));
        assert_eq!(Placement::parse(written).unwrap(), placement, "what is written is read back");
    }
}

#[test]
fn a_value_that_could_begin_another_header_is_refused_in_every_form() {
    let long = "x".repeat(MAX_VALUE_BYTES + 1);
    for placement in ["bearer", "basic", "header:x-key"] {
        let placement = Placement::parse(placement).unwrap();
        for bad in
            ["", "abc", "u:pass\r\nX-Evil: 1", "u:pass\nx", "u:pa\0ss", "u:pa\u{7f}ss", "u:a\u{85}b", &long]
        {
            let error = placement.written(&Secret::new(bad)).unwrap_err();
            assert_eq!(error.problem().code, "secret.value", "{placement} {bad:?}");
        }
    }
    let of = |placement: &str, value: &str| {
        Placement::parse(placement).unwrap().written(&Secret::new(value)).map(|line| line.expose().to_owned())
    };
    assert_eq!(of("bearer", "tok-1").unwrap(), "Bearer tok-1");
    assert_eq!(of("basic", "Aladdin:open sesame").unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!(of("header:x-key", "tok-1").unwrap(), "tok-1");
    assert!(of("basic", "no colon").is_err());
    assert!(of("bearer", "schlüssel").is_err(), "a header holds ASCII");
    assert!(of("basic", "ada:schlüssel").is_ok(), "coded, it does");
}

#[test]
fn a_reference_says_where_and_is_read_back_as_written() {
    for good in ["vault:secret/my/app#token", "vault:kv/a#b", "env:GITHUB_TOKEN", "file:/run/secrets/token"] {
        assert_eq!(Reference::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "sk-very-secret",
        "vault:",
        "vault:a#b",
        "vault:a/b",
        "vault:a/b#",
        "vault:/b#c",
        "vault:a/../b#c",
        "vault:a//b#c",
        "vault:a/b?x=1#c",
        "env:",
        "env:1A",
        "env:A B",
        "env:A=B",
        "file:",
        "file:relative",
        "file:/a/../b",
        "file:/",
        "file:/a\nb",
        "kms:x",
        &format!("env:{}", "A".repeat(600)),
    ] {
        let error = Reference::parse(bad).unwrap_err().problem();
        assert_eq!(error.code, "secret.reference");
        assert!(!format!("{error:?}").contains("very-secret"), "a value in the wrong place is not quoted");
    }
}

#[test]
fn the_projects_own_secret_goes_before_one_for_all_and_each_header_is_filled_once() {
    let known = [
        record("all", None, "api.example.org", "bearer"),
        record("other", Some("other"), "api.example.org", "bearer"),
        record("own", Some("mine"), "api.example.org", "basic"),
        record("zeta", None, "api.example.org", "header:x-key"),
        record("alpha", None, "api.example.org", "header:X-Key"),
        record("elsewhere", Some("mine"), "example.org", "bearer"),
    ];
    let names = |project: Option<&str>, host: &str| {
        let project = project.map(|project| ProjectId::parse(project).unwrap());
        let found = for_host(&known, project.as_ref(), host);
        found.iter().map(|record| record.id.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(Some("mine"), "API.example.org"), ["own", "alpha"]);
    assert_eq!(names(Some("third"), "api.example.org"), ["all", "alpha"]);
    assert_eq!(names(None, "api.example.org"), ["all", "alpha"]);
    assert_eq!(names(Some("mine"), "evil.org"), [""; 0]);
}

#[test]
fn a_version_that_expired_counts_no_more_even_within_a_window() {
    let first = SecretVersion::issued(1, at(0), Issued { expires: Some(at(50)), ..Issued::default() });
    let both = rotated(&[first], at(10), 1000, 2, Issued::default());
    assert!(both[0].is_valid(at(49)) && !both[0].is_valid(at(50)));
    assert_eq!(rotated(&both, at(60), 1000, 3, Issued::default())[0].number, 2, "what has ended is let go");
    assert_eq!(Issued { expires: Some(at(5)), ..Issued::default() }.check(at(5)), Err(SecretError::Expiry));
}

proptest! {
    /// Whatever the order and the windows of rotations: at most two versions count, the newest always does, and after a
    /// window only the newest.
    #[test]
    fn at_most_two_versions_count_and_the_newest_always(
        steps in prop::collection::vec((1_i64..5_000, 0_u32..10_000), 1..20),
        look in 0_i64..20_000,
    ) {
        let mut now = 0;
        let mut versions = vec![SecretVersion::issued(1, at(0), Issued::default())];
        let mut last = (0, 0);
        for (number, (wait, window)) in (2_u32..).zip(steps) {
            now += wait;
            versions = rotated(&versions, at(now), window, number, Issued::default());
            last = (now, window);
            prop_assert!(versions.len() <= 2);
            prop_assert_eq!(versions.last().unwrap().number, number);
            prop_assert!(versions.last().unwrap().is_valid(at(now)));
        }
        let at_look = at(last.0 + look);
        let valid: Vec<_> = versions.iter().filter(|version| version.is_valid(at_look)).collect();
        prop_assert!(valid.iter().any(|version| version.number == versions.last().unwrap().number));
        if look >= i64::from(last.1) {
            prop_assert_eq!(valid.len(), 1);
        }
    }

    /// No text makes a reader panic, and what is read is written as it is read.
    #[test]
    fn whatever_is_given_is_read_or_refused(text in "\\PC{0,80}") {
        if let Ok(host) = SecretHost::parse(&text) {
            prop_assert_eq!(SecretHost::parse(host.as_str()).unwrap(), host);
        }
        if let Ok(placement) = Placement::parse(&text) {
            prop_assert_eq!(Placement::parse(&placement.to_string()).unwrap(), placement);
        }
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(Reference::parse(&reference.to_string()).unwrap(), reference);
        }
    }
}
