//! How much harm a change can do, by where it is and what it says. A pure function of paths and lines: cheap, and the
//! same each time. It errs on the side of asking.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ticket::Risk;

/// What a part of a change is about, where a mistake is dear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiffClass {
    /// The form of stored data.
    Migration,
    /// Who may do what, and what proves who one is.
    Auth,
    /// What others build on.
    PublicApi,
    /// Other people's code.
    Dependencies,
    /// How it is built, shipped and run.
    Delivery,
    /// A file that is gone.
    Removal,
}

/// A file of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffFile<'a> {
    /// Where it is, or a glob.
    pub path: &'a str,
    /// Whether it is gone.
    pub gone: bool,
    /// Lines that were not there before.
    pub added: Vec<&'a str>,
    /// Lines that are not there any more.
    pub removed: Vec<&'a str>,
}

/// What was found in a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffRisk {
    /// The highest of what was found.
    pub risk: Risk,
    /// What, with the file and the reason, in the order of the files.
    pub found: Vec<(DiffClass, String)>,
}

impl DiffClass {
    /// Its name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Migration => "migration",
            Self::Auth => "auth",
            Self::PublicApi => "public_api",
            Self::Dependencies => "dependencies",
            Self::Delivery => "delivery",
            Self::Removal => "removal",
        }
    }

    fn risk(self) -> Risk {
        match self {
            Self::Migration | Self::Auth | Self::Delivery => Risk::High,
            Self::PublicApi | Self::Dependencies | Self::Removal => Risk::Medium,
        }
    }
}

impl DiffRisk {
    /// The classes that were found.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<DiffClass> {
        self.found.iter().map(|(class, _)| *class).collect()
    }

    fn add(&mut self, class: DiffClass, risk: Risk, why: String) {
        self.risk = self.risk.max(risk);
        self.found.push((class, why));
    }
}

/// Words in a path that stand for authentication, authorisation and what they rest on.
const AUTH: [&str; 32] = [
    "acl",
    "auth",
    "authentication",
    "authn",
    "authorisation",
    "authorization",
    "authz",
    "cors",
    "crypto",
    "credential",
    "credentials",
    "csrf",
    "jwt",
    "login",
    "logout",
    "mfa",
    "oauth",
    "oauth2",
    "oidc",
    "passwd",
    "password",
    "passwords",
    "permission",
    "permissions",
    "rbac",
    "saml",
    "secret",
    "secrets",
    "session",
    "sessions",
    "signin",
    "sso",
];

/// Settings in code by which a program believes whoever it talks to.
const BELIEVES: [&str; 6] = [
    "verify=false",
    "verify = false",
    "insecureskipverify: true",
    "danger_accept_invalid_certs(true",
    "rejectunauthorized: false",
    "check_hostname = false",
];

/// Files that say which of other people's code is used.
const DEPENDENCIES: [&str; 23] = [
    "cargo.lock",
    "cargo.toml",
    "composer.json",
    "composer.lock",
    "gemfile",
    "gemfile.lock",
    "go.mod",
    "go.sum",
    "build.gradle",
    "build.gradle.kts",
    "gradle.lockfile",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.json",
    "pdm.lock",
    "pipfile",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pom.xml",
    "pyproject.toml",
    "uv.lock",
    "yarn.lock",
];

/// Looks at a change.
#[must_use]
pub fn classify(files: &[DiffFile<'_>]) -> DiffRisk {
    let mut risk = DiffRisk::default();
    for file in files {
        look(file, &mut risk);
    }
    risk
}

fn look(file: &DiffFile<'_>, risk: &mut DiffRisk) {
    let shown = file.path;
    let path = shown.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let in_folder = |folders: &[&str]| path.split('/').any(|part| folders.contains(&part));
    let of_class = |risk: &mut DiffRisk, class: DiffClass, what: &str| {
        risk.add(class, class.risk(), format!("{shown} {what}"));
    };
    if in_folder(&["migrations", "migration", "migrate", "alembic", "flyway", "liquibase"])
        || has_extension(name, &["sql"])
        || matches!(name, "schema.rb" | "schema.prisma")
    {
        of_class(risk, DiffClass::Migration, "changes how data is stored");
    }
    let mut words = path.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| AUTH.contains(&word)) {
        of_class(risk, DiffClass::Auth, "is about who may do what");
    } else if let Some(line) = file.added.iter().find(|line| believes(line)) {
        let line: String = line.trim().chars().take(80).collect();
        risk.add(DiffClass::Auth, Risk::High, format!("{shown} believes whoever answers: `{line}`"));
    }
    if DEPENDENCIES.contains(&name)
        || (name.starts_with("requirements") && has_extension(name, &["txt", "in"]))
    {
        of_class(risk, DiffClass::Dependencies, "says which of other people's code is used");
    }
    if is_delivery(&path, name) {
        of_class(risk, DiffClass::Delivery, "steers how it is built, shipped or run");
    }
    if is_contract(name) {
        let (how, what) = if file.removed.is_empty() && !file.gone {
            (Risk::Medium, "adds to what others build on")
        } else {
            (Risk::High, "changes what others build on")
        };
        risk.add(DiffClass::PublicApi, how, format!("{shown} {what}"));
    } else if let Some(line) = file.removed.iter().find(|line| is_public(name, line)) {
        let line: String = line.trim().chars().take(80).collect();
        risk.add(DiffClass::PublicApi, Risk::High, format!("{shown} takes away or changes `{line}`"));
    }
    if file.gone {
        of_class(risk, DiffClass::Removal, "is gone");
    }
}

fn believes(line: &str) -> bool {
    let line = line.to_lowercase();
    BELIEVES.iter().any(|setting| line.contains(setting))
}

fn is_delivery(path: &str, name: &str) -> bool {
    let folder =
        |folder: &str| path.starts_with(&format!("{folder}/")) || path.contains(&format!("/{folder}/"));
    [".github", ".gitlab", ".circleci", ".ci", "deploy", "helm", "k8s", "kubernetes", "terraform"]
        .into_iter()
        .any(folder)
        || name.starts_with("dockerfile")
        || name.starts_with("docker-compose")
        || matches!(name, ".gitlab-ci.yml" | "jenkinsfile" | "compose.yaml" | "compose.yml")
        || has_extension(name, &["tf", "service"])
}

/// Whether a file is a contract with programs of others.
fn is_contract(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    has_extension(name, &["proto", "graphql", "graphqls", "wsdl", "avsc"])
        || (matches!(stem, "openapi" | "swagger" | "asyncapi")
            && has_extension(name, &["json", "yaml", "yml"]))
}

/// Whether a line declares something that code elsewhere may use.
fn is_public(name: &str, line: &str) -> bool {
    let begins = |words: &[&str]| words.iter().any(|word| line.trim_start().starts_with(word));
    let not_private = |keyword: &str| {
        line.strip_prefix(keyword)
            .is_some_and(|rest| !rest.starts_with('_') && rest.starts_with(char::is_alphabetic))
    };
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => begins(&[
            "pub fn ",
            "pub async fn ",
            "pub const ",
            "pub enum ",
            "pub mod ",
            "pub static ",
            "pub struct ",
            "pub trait ",
            "pub type ",
            "pub unsafe fn ",
            "pub use ",
        ]),
        Some("ts" | "tsx" | "js" | "jsx" | "mjs" | "cjs") => {
            begins(&["export ", "module.exports", "exports."])
        }
        Some("go") => ["func ", "type "].into_iter().any(|keyword| {
            line.strip_prefix(keyword).is_some_and(|rest| rest.starts_with(char::is_uppercase))
        }),
        // Only at the margin: what is indented belongs to something.
        Some("py") => not_private("def ") || not_private("class ") || not_private("async def "),
        Some("java" | "kt" | "cs") => begins(&["public "]),
        _ => false,
    }
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_path(path: &str) -> DiffRisk {
        classify(&[DiffFile { path, ..DiffFile::default() }])
    }

    #[test]
    fn where_a_file_is_says_what_it_is_about() {
        for (path, class, risk) in [
            ("db/migrations/0003_users.py", DiffClass::Migration, Risk::High),
            ("schema/add.SQL", DiffClass::Migration, Risk::High),
            ("src/auth/mod.rs", DiffClass::Auth, Risk::High),
            ("web/LoginForm/login-form.tsx", DiffClass::Auth, Risk::High),
            ("Cargo.lock", DiffClass::Dependencies, Risk::Medium),
            ("tools/requirements-dev.txt", DiffClass::Dependencies, Risk::Medium),
            (".github/workflows/ci.yml", DiffClass::Delivery, Risk::High),
            ("Dockerfile.prod", DiffClass::Delivery, Risk::High),
            ("api/openapi.yaml", DiffClass::PublicApi, Risk::Medium),
        ] {
            let found = of_path(path);
            assert_eq!((found.classes(), found.risk), ([class].into(), risk), "{path}");
        }
        for plain in ["src/words.py", "docs/author.md", "authors.txt", "sqlite.rs", "README", ""] {
            assert_eq!(of_path(plain), DiffRisk::default(), "{plain}");
        }
    }

    #[test]
    fn what_is_taken_away_from_others_is_of_high_risk_and_what_is_moved_or_private_is_not() {
        for (path, line, public) in [
            ("a.rs", "    pub fn count(text: &str) -> usize {", true),
            ("a.rs", "pub(crate) fn count() {", false),
            ("a.py", "def count(text):", true),
            ("a.py", "def _count(text):", false),
            ("a.py", "    def count(self):", false),
            ("a.go", "func Count() int {", true),
            ("a.go", "func count() int {", false),
            ("a.ts", "export function count() {", true),
            ("a.md", "export function count() {", false),
        ] {
            let found = classify(&[DiffFile { path, removed: vec![line], ..DiffFile::default() }]);
            assert_eq!(found.risk == Risk::High, public, "{path}: {line}");
        }
        let gone = classify(&[DiffFile { path: "api.proto", gone: true, ..DiffFile::default() }]);
        assert_eq!(gone.classes(), [DiffClass::PublicApi, DiffClass::Removal].into());
        assert_eq!(gone.risk, Risk::High);
    }

    #[test]
    fn a_line_that_believes_whoever_answers_is_seen_wherever_it_is() {
        let added = vec!["r = get(url, verify=False)"];
        let found = classify(&[DiffFile { path: "fetch.py", added, ..DiffFile::default() }]);
        assert_eq!((found.risk, found.classes()), (Risk::High, [DiffClass::Auth].into()));
    }

    proptest! {
        #[test]
        fn more_files_never_make_a_change_less_risky(paths in prop::collection::vec("[a-z/._]{0,20}", 0..6), more in "\\PC{0,30}") {
            let files: Vec<_> = paths.iter().map(|path| DiffFile { path, ..DiffFile::default() }).collect();
            let before = classify(&files);
            let after = classify(&[files, vec![DiffFile { path: &more, gone: true, ..DiffFile::default() }]].concat());
            prop_assert!(after.risk >= before.risk);
            prop_assert!(after.classes().is_superset(&before.classes()));
        }
    }
}
