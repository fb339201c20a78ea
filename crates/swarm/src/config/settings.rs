//! The settings as one typed struct. Secrets are never settings: a setting names the variable that holds one.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use swarm_domain::Problem;
use swarm_domain::audit::{Retention, RetentionPolicy};
use swarm_domain::identity::{ProviderName, Registration, SecondFactorPolicy};
use swarm_flows::FlowsConfig;
use swarm_model::ModelsConfig;
use swarm_policy::Policy;
use swarm_server::ProviderConfig;

use swarm_server::{Network, WebOrigin};

use super::{limits::LimitSettings, network::NetworkSettings, public::PublicSettings};
use crate::args::SandboxRung;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// What `swarm build` does where its options say nothing.
    pub(crate) build: BuildSettings,
    /// Where facts are kept.
    pub(crate) database: DatabaseSettings,
    /// The server's door.
    pub(crate) server: ServerSettings,
    /// Who else says who somebody is.
    pub(crate) auth: AuthSettings,
    /// Where code runs.
    pub(crate) sandbox: SandboxSettings,
    /// Who works.
    pub(crate) agents: AgentSettings,
    /// Who may do what.
    pub(crate) policy: PolicySettings,
    /// Language models.
    pub(crate) models: ModelsConfig,
    /// How the work is steered.
    pub(crate) flows: FlowsConfig,
    /// How long contents are kept.
    pub(crate) retention: RetentionSettings,
    /// How live updates go from node to node.
    pub(crate) live: LiveSettings,
}

/// `[build]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BuildSettings {
    /// How many agents may work at once in one run.
    pub(crate) max_parallel: u32,
    /// How many attempts a ticket gets before a person is asked.
    pub(crate) max_attempts: u32,
    /// The most that a run may spend, such as "2" or "0.50" US dollars; empty for no limit.
    pub(crate) budget: String,
}

impl Default for BuildSettings {
    fn default() -> Self {
        let options = swarm_domain::run::RunOptions::default();
        Self { max_parallel: options.max_parallel, max_attempts: options.max_attempts, budget: String::new() }
    }
}

/// `[database]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSettings {
    /// The environment variable that holds the address; a private PostgreSQL is started when it is not set.
    pub(crate) url_env: String,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { url_env: "DATABASE_URL".to_owned() }
    }
}

/// `[live]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LiveSettings {
    /// The environment variable that holds the address of Redis; PostgreSQL alone carries live updates where it is not
    /// set.
    pub(crate) redis_url_env: String,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self { redis_url_env: "REDIS_URL".to_owned() }
    }
}

/// `[server]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSettings {
    /// The port on 127.0.0.1, for this machine's own programs; 0 takes a free one.
    pub(crate) port: u16,
    /// Who may make an account: `open` for anybody who can reach the server, `invite` for whoever was invited, `closed`
    /// for nobody.
    pub(crate) registration: Registration,
    /// Where it is known to be, as its pages are: `https://swarm.example.org`. Names that requests may call it by, beside
    /// those of loopback.
    pub(crate) urls: Vec<WebOrigin>,
    /// The door for others than this machine's own programs.
    pub(crate) public: PublicSettings,
    /// The proxies whose word counts about who called them (`X-Forwarded-For`), as networks of addresses.
    pub(crate) trusted_proxies: Vec<Network>,
    /// Where the pages of others are from that may ask, with a token of their own: `https://board.example.org`.
    pub(crate) cors_origins: Vec<WebOrigin>,
    /// How often anybody may ask.
    pub(crate) limits: LimitSettings,
}

/// `[auth]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthSettings {
    /// Who must have a second factor: `optional` for nobody, `required_for_admins` for owners and admins.
    pub(crate) second_factor: SecondFactorPolicy,
    /// The providers by which people sign in, by the name that each has in paths: `[auth.providers.google]`.
    pub(crate) providers: BTreeMap<ProviderName, ProviderConfig>,
}

/// `[retention]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSettings {
    /// For how many days after a run was finished its contents are kept: prompts, replies, what tools and commands said.
    pub(crate) days: NonZeroU32,
    /// The same for single tenants, by name.
    pub(crate) tenants: BTreeMap<String, NonZeroU32>,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        let days = NonZeroU32::new(Retention::default().days).unwrap_or(NonZeroU32::MAX);
        Self { days, tenants: BTreeMap::new() }
    }
}

impl RetentionSettings {
    /// As the server takes it.
    pub(crate) fn policy(&self) -> RetentionPolicy {
        let of = |days: &NonZeroU32| Retention { days: days.get() };
        RetentionPolicy {
            usual: of(&self.days),
            tenants: self.tenants.iter().map(|(tenant, days)| (tenant.clone(), of(days))).collect(),
        }
    }
}

/// `[sandbox]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SandboxSettings {
    /// The rung of the ladder: `auto` for the strongest, `firecracker`, `qemu`, `bubblewrap`, or `process` for no
    /// isolation at all.
    pub(crate) rung: SandboxRung,
    /// The house's part of the way out.
    pub(crate) network: NetworkSettings,
}

/// `[policy]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PolicySettings {
    /// A folder of Cedar policies that count beside those built in. Empty for the built-in ones alone.
    pub(crate) folder: PathBuf,
}

impl PolicySettings {
    /// The folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        (!self.folder.as_os_str().is_empty()).then_some(&*self.folder)
    }

    /// Reads the policies.
    pub(crate) fn load(&self) -> Result<Policy, Problem> {
        swarm_server::policy(self.folder()).map_err(|error| error.problem())
    }
}

/// `[agents]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AgentSettings {
    /// A folder of agent files that is laid over those built in: one of the same name takes its place. Empty for the
    /// built-in ones alone.
    pub(crate) folder: PathBuf,
}
