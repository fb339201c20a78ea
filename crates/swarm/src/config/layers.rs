//! The layers that the settings are read from, and the origin of each value.

use std::path::{Path, PathBuf};

use figment::{
    Figment, Profile, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map},
};

use super::Settings;
use crate::args::SandboxRung;

/// Marks the environment variables that are settings: `SWARM_SECTION__KEY`. Others (`SWARM_DATA`) are not.
const PREFIX: &str = "SWARM_";
const BETWEEN: &str = "__";

/// What the command line sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--sandbox`.
    pub(crate) sandbox: Option<SandboxRung>,
    /// `--port`.
    pub(crate) port: Option<u16>,
    /// `--max-parallel`.
    pub(crate) max_parallel: Option<u32>,
    /// `--max-attempts`.
    pub(crate) max_attempts: Option<u32>,
}

/// Where the settings are read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    /// The files, weakest first; one that is not there says nothing.
    pub(crate) files: Vec<PathBuf>,
    /// Whether the environment counts.
    pub(crate) environment: bool,
    /// What the command line sets.
    pub(crate) overrides: Overrides,
}

impl Layers {
    /// The layers of this process.
    pub(crate) fn of_process(overrides: Overrides) -> Self {
        let mut files = Vec::new();
        if let Some(folder) = config_home() {
            files.push(folder.join("swarm/config.toml"));
        }
        files.push(PathBuf::from("swarm.toml"));
        Self { files, environment: true, overrides }
    }

    /// All layers as one, each value with its origin.
    pub(crate) fn figment(&self) -> Figment {
        let mut figment = Figment::from(Serialized::defaults(Settings::default()));
        for file in self.files.iter().filter(|file| file.exists()) {
            figment = figment.merge(Toml::file_exact(file));
        }
        if self.environment {
            figment = figment.merge(
                Env::prefixed(PREFIX)
                    .filter(|key| key.as_str().contains(BETWEEN))
                    .split(BETWEEN)
                    .lowercase(true),
            );
        }
        figment.merge(&self.overrides)
    }

    /// Where the value under this key came from, for people.
    pub(crate) fn origin(&self, figment: &Figment, key: &str) -> Origin {
        if let Some(flag) = self.overrides.flag(key) {
            return Origin::Flag(flag);
        }
        let Some(metadata) = nearest(figment, key) else {
            return Origin::Default;
        };
        match metadata.source.as_ref().and_then(figment::Source::file_path) {
            Some(path) => Origin::File(shortest(path)),
            None if metadata.name.contains("environment") => {
                Origin::Variable(format!("{PREFIX}{}", key.replace('.', BETWEEN).to_uppercase()))
            }
            None => Origin::Default,
        }
    }
}

/// A key that is not there any more (an unknown one was taken out) has the origin of what is around it.
fn nearest<'a>(figment: &'a Figment, key: &str) -> Option<&'a figment::Metadata> {
    let mut key = key;
    loop {
        if let Some(metadata) = figment.find_metadata(key) {
            return Some(metadata);
        }
        key = key.rsplit_once('.')?.0;
    }
}

/// Relative to the current folder where it lies in it.
fn shortest(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_owned()
}

fn config_home() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "from", content = "name", rename_all = "lowercase")]
pub(crate) enum Origin {
    /// Built in.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Overrides {
    fn flag(&self, key: &str) -> Option<&'static str> {
        match key {
            "sandbox.rung" if self.sandbox.is_some() => Some("--sandbox"),
            "server.port" if self.port.is_some() => Some("--port"),
            "build.max_parallel" if self.max_parallel.is_some() => Some("--max-parallel"),
            "build.max_attempts" if self.max_attempts.is_some() => Some("--max-attempts"),
            _ => None,
        }
    }
}

impl Provider for &Overrides {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named("the command line")
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut given = Figment::new();
        if let Some(rung) = self.sandbox {
            given = given.merge(Serialized::default("sandbox.rung", rung));
        }
        if let Some(port) = self.port {
            given = given.merge(Serialized::default("server.port", port));
        }
        if let Some(count) = self.max_parallel {
            given = given.merge(Serialized::default("build.max_parallel", count));
        }
        if let Some(count) = self.max_attempts {
            given = given.merge(Serialized::default("build.max_attempts", count));
        }
        given.data()
    }
}
