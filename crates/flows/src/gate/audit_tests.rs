use std::time::Duration;

use super::*;

/// As the tools write it: shortened to what is read, with what is not read beside it.
const CARGO: &str = r#"{"database":{"advisory-count":800},"lockfile":{"dependency-count":3},"settings":{},
    "vulnerabilities":{"found":true,"count":1,"list":[{"advisory":{"id":"RUSTSEC-2020-0071","package":"time",
    "title":"Potential segfault in the time crate","url":"x"},"versions":{"patched":[">=0.2.23"],"unaffected":[]},
    "affected":null,"package":{"name":"time","version":"0.1.40","source":"registry","checksum":"y"}}]},"warnings":{}}"#;
const NPM: &str = r#"{"auditReportVersion":2,"vulnerabilities":{
    "lodash":{"name":"lodash","severity":"high","isDirect":true,"via":[{"source":1,"name":"lodash",
    "title":"Prototype Pollution in lodash","url":"https://github.com/advisories/GHSA-p6mc-m468-83gw","severity":"high",
    "range":">=3.7.0 <4.17.19"}],"effects":["x"],"range":"<=4.17.20","nodes":["node_modules/lodash"],
    "fixAvailable":{"name":"lodash","version":"4.17.21","isSemVerMajor":false}},
    "x":{"name":"x","severity":"high","via":["lodash"],"effects":[],"range":"*","fixAvailable":true}},
    "metadata":{"vulnerabilities":{"high":2}}}"#;
const PIP: &str = r#"{"dependencies":[{"name":"flask","version":"0.5","vulns":[{"id":"PYSEC-2019-179",
    "fix_versions":["1.0"],"aliases":["CVE-2019-1010083"],"description":"Unexpected memory usage\u001b[31m"}]},
    {"name":"click","version":"8.1.7","vulns":[]},{"name":"own","skip_reason":"not on the index"}],"fixes":[]}"#;

fn ended(code: i32, stdout: &str) -> Ended {
    Ended {
        how: How::Exited { code },
        stdout: stdout.into(),
        stderr: b"npm error code EAI_AGAIN\nnpm error request failed: no such host\n".to_vec(),
        dropped_bytes: 0,
        took: Duration::ZERO,
    }
}

#[test]
fn each_tool_is_understood_and_names_what_mends_it() {
    for (auditor, path, text, id, mended_in) in [
        (Auditor::Cargo, "Cargo.lock", CARGO, "RUSTSEC-2020-0071 of time 0.1.40", ">=0.2.23"),
        (Auditor::Npm, "web/package-lock.json", NPM, "GHSA-p6mc-m468-83gw of lodash", "4.17.21"),
        (Auditor::Pip, "requirements.txt", PIP, "PYSEC-2019-179 of flask 0.5", "1.0"),
    ] {
        let found = said(auditor, path, &ended(1, text)).unwrap();
        assert_eq!(found.len(), 1, "{path}");
        let finding = &found[0];
        assert!(finding.detail.contains(id) && finding.detail.contains(auditor.name()), "{}", finding.detail);
        assert!(finding.hint.contains(mended_in), "{}", finding.hint);
        assert!(!finding.detail.contains('\x1b'));
        assert_eq!(finding.path.as_deref(), Some(path));
    }
}

#[test]
fn a_tool_that_finds_nothing_is_told_from_one_that_does_not_answer() {
    let clean = r#"{"vulnerabilities":{},"metadata":{}}"#;
    assert_eq!(said(Auditor::Npm, "package-lock.json", &ended(0, clean)), Ok(Vec::new()));
    for text in ["", "not json", "[]", r#"{"error":{"code":"ENOAUDIT"}}"#, r#"{"message":"request failed"}"#]
    {
        for auditor in [Auditor::Cargo, Auditor::Npm, Auditor::Pip] {
            let why = said(auditor, "x", &ended(1, text)).unwrap_err();
            assert!(why.contains("did not answer: npm error request failed"), "{why}");
        }
    }
    let mut cut = ended(0, clean);
    cut.dropped_bytes = 1;
    assert!(said(Auditor::Npm, "x", &cut).is_err());
}

#[test]
fn a_lock_file_is_known_by_its_name_wherever_it_lies() {
    assert_eq!(Auditor::of("a/b/Cargo.lock"), Some(Auditor::Cargo));
    assert_eq!(Auditor::of("npm-shrinkwrap.json"), Some(Auditor::Npm));
    for path in ["Cargo.toml", "package.json", "my-requirements.txt", "Cargo.lock/x"] {
        assert_eq!(Auditor::of(path), None, "{path}");
    }
}
