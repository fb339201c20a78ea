//! Finding every fault of the configuration, not only the first.

use std::fmt;

use figment::{
    Profile, Provider,
    error::Kind,
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
};
use swarm_domain::MicroUsd;

use super::{
    Settings,
    closest::closest,
    layers::{Layers, Origin},
    public,
};

/// A fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Fault {
    /// Where the value stands.
    pub(crate) origin: Origin,
    /// The key, with dots; empty where a whole file cannot be read.
    pub(crate) key: String,
    /// What is wrong with it.
    pub(crate) what: String,
    /// What was probably meant.
    pub(crate) did_you_mean: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        match &self.did_you_mean {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

/// More faults than anybody reads; also bounds the search.
const MOST_FAULTS: usize = 50;

/// Reads the settings and lists what is wrong with them. Where a value is faulty, the search goes on with the default.
pub(crate) fn faults(layers: &Layers) -> (Option<Settings>, Vec<Fault>) {
    let mut faults = Vec::new();
    let layers = &readable(layers, &mut faults);
    let figment = layers.figment();
    let defaults = dict_of(&Serialized::defaults(Settings::default()));
    let mut given = match figment.data() {
        Ok(mut data) => Value::from(data.remove(&Profile::Default).unwrap_or_default()),
        Err(error) => {
            faults.push(Fault {
                origin: Origin::Default,
                key: error.path.join("."),
                what: error.kind.to_string(),
                did_you_mean: None,
            });
            return (None, faults);
        }
    };
    while faults.len() < MOST_FAULTS {
        let error = match given.deserialize::<Settings>() {
            Ok(settings) => {
                faults.extend(beyond_types(&settings, layers, &figment));
                return (Some(settings), faults);
            }
            Err(error) => error,
        };
        let (key, what, did_you_mean) = described(&error);
        faults.push(Fault { origin: layers.origin(&figment, &key), key: key.clone(), what, did_you_mean });
        if !set_right(&mut given, &key, &defaults) {
            break;
        }
    }
    (None, faults)
}

/// The layers without the files that are no TOML; those are faults of their own.
fn readable(layers: &Layers, faults: &mut Vec<Fault>) -> Layers {
    let mut readable = layers.clone();
    readable.files.retain(|file| {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
            Err(error) => {
                faults.push(Fault {
                    origin: Origin::File(file.clone()),
                    key: String::new(),
                    what: format!("cannot be read: {error}"),
                    did_you_mean: None,
                });
                return false;
            }
        };
        if let Err(error) = Toml::string(&text).data() {
            faults.push(Fault {
                origin: Origin::File(file.clone()),
                key: String::new(),
                what: error.to_string().trim().replace('\n', " "),
                did_you_mean: None,
            });
            return false;
        }
        true
    });
    readable
}

fn described(error: &figment::Error) -> (String, String, Option<String>) {
    let path = |last: Option<&str>| {
        let mut path = error.path.clone();
        if let Some(last) = last
            && path.last().is_none_or(|found| found != last)
        {
            path.push(last.to_owned());
        }
        path.join(".")
    };
    match &error.kind {
        Kind::UnknownField(name, known) => {
            let meant = closest(name, known).map(str::to_owned);
            let what = if meant.is_some() || known.is_empty() {
                "there is no such setting".to_owned()
            } else {
                format!("there is no such setting; there are {}", known.join(", "))
            };
            (path(Some(name)), what, meant)
        }
        Kind::UnknownVariant(given, known) => {
            let meant = closest(given, known).map(str::to_owned);
            (path(None), format!("`{given}` is not one of {}", known.join(", ")), meant)
        }
        Kind::MissingField(name) => (path(Some(name)), "is missing".to_owned(), None),
        other => (path(None), other.to_string(), None),
    }
}

/// Puts the default, or nothing, where the fault is. False where there is nothing to set right.
fn set_right(value: &mut Value, key: &str, defaults: &Dict) -> bool {
    let mut at = value;
    let mut default = Some(Value::from(defaults.clone()));
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        default = default.and_then(Value::into_dict).and_then(|mut dict| dict.remove(part));
        let Value::Dict(_, dict) = at else { return false };
        if parts.peek().is_none() || !dict.contains_key(part) {
            let before = dict.get(part).cloned();
            return match default {
                Some(default) if before.as_ref() != Some(&default) => {
                    dict.insert(part.to_owned(), default);
                    true
                }
                Some(_) => false,
                None => dict.remove(part).is_some(),
            };
        }
        if matches!(dict.get(part), Some(Value::Array(..))) {
            return dict.remove(part).is_some();
        }
        match dict.get_mut(part) {
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

fn dict_of(provider: &impl Provider) -> Dict {
    provider.data().ok().and_then(|mut data| data.remove(&Profile::Default)).unwrap_or_default()
}

/// What the types alone do not see.
fn beyond_types(settings: &Settings, layers: &Layers, figment: &figment::Figment) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key: &str, what: String| {
        faults.push(Fault {
            origin: layers.origin(figment, key),
            key: key.to_owned(),
            what,
            did_you_mean: None,
        });
    };
    let build = &settings.build;
    if !(1..=64).contains(&build.max_parallel) {
        fault("build.max_parallel", format!("{} is not between 1 and 64", build.max_parallel));
    }
    if !(1..=50).contains(&build.max_attempts) {
        fault("build.max_attempts", format!("{} is not between 1 and 50", build.max_attempts));
    }
    if !build.budget.is_empty()
        && let Err(error) = build.budget.parse::<MicroUsd>()
    {
        fault("build.budget", error.to_string());
    }
    for (_, what) in settings.flows.approvals.faults() {
        fault("flows.approvals.rules", what);
    }
    for (name, provider) in &settings.auth.providers {
        if let Some((key, what)) = provider.fault() {
            fault(&format!("auth.providers.{name}.{key}"), what.to_owned());
        }
    }
    for what in settings.flows.notifications.faults() {
        fault("flows.notifications", what);
    }
    if settings.flows.max_agents == 0 {
        fault("flows.max_agents", "with none, no work is ever done".to_owned());
    }
    for (key, name) in [
        ("database.url_env", &settings.database.url_env),
        ("live.redis_url_env", &settings.live.redis_url_env),
    ] {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            // An address in the place of a name may hold a password: it is not repeated.
            fault(key, "is not the name of an environment variable".to_owned());
        }
    }
    for (key, what) in public::faults(&settings.server) {
        fault(key, what);
    }
    let folder = &settings.agents.folder;
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        fault("agents.folder", format!("{} is not a folder", folder.display()));
    }
    if let Err(problem) = settings.policy.load() {
        fault("policy.folder", problem.detail);
    }
    if let Err(problem) = settings.sandbox.network.terms() {
        fault("sandbox.network.authorities", problem.detail);
    }
    if let Err(error) = settings.models.clone().gateway() {
        fault("models", error.to_string());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> (tempfile::TempDir, Layers) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("swarm.toml");
        std::fs::write(&file, text).unwrap();
        (folder, Layers { files: vec![file], ..Layers::default() })
    }

    #[test]
    fn every_fault_is_found_and_named_by_file_and_key() {
        let (_folder, layers) = layers(
            "[build]\nmax_paralel = 3\nmax_attempts = \"many\"\n\n[sandbox]\nrung = \"bublewrap\"\n\n[flows]\nmax_agents = -1\n",
        );
        let (_, faults) = faults(&layers);
        let keys: Vec<_> = faults.iter().map(|f| f.key.as_str()).collect();
        for key in ["build.max_paralel", "build.max_attempts", "sandbox.rung", "flows.max_agents"] {
            assert!(keys.contains(&key), "{key} is missing in {keys:?}");
        }
        assert!(faults.iter().all(|f| matches!(f.origin, Origin::File(_))), "{faults:?}");
        let meant: Vec<_> = faults.iter().filter_map(|f| f.did_you_mean.as_deref()).collect();
        assert!(meant.contains(&"max_parallel") && meant.contains(&"bubblewrap"), "{meant:?}");
    }

    #[test]
    fn a_rule_of_the_approvals_that_could_not_be_kept_is_a_fault_by_its_name() {
        let rule = |more: &str| {
            let (_folder, layers) = layers(&format!(
                "[[flows.approvals.rules]]\nname = \"schema\"\non = \"diff\"\npaths = [\"migrations/**\"]\n{more}\n"
            ));
            faults(&layers).1
        };
        assert_eq!(rule("people = [\"ben\"]\nexpire_seconds = 60"), []);
        let late = rule("on_expiry = \"accept_low_risk\"");
        assert_eq!(late[0].key, "flows.approvals.rules");
        assert!(late[0].what.contains("rule `schema`: `on_expiry` needs `expire_seconds`"), "{late:?}");
        assert!(rule("on_expiry = \"accept\"")[0].what.contains("accept_low_risk"));
        assert!(!rule("colour = 3").is_empty());
    }

    #[test]
    fn an_unknown_section_is_a_fault() {
        let (_folder, layers) = layers("[flow]\nmax_agents = 2\n");
        let (_, faults) = faults(&layers);
        assert_eq!((faults[0].key.as_str(), faults[0].did_you_mean.as_deref()), ("flow", Some("flows")));
    }

    #[test]
    fn a_file_that_is_no_toml_is_one_fault() {
        let (_folder, layers) = layers("[build\n");
        let (settings, faults) = faults(&layers);
        assert!(settings.is_some());
        assert_eq!((faults.len(), faults[0].key.as_str()), (1, ""));
    }

    #[test]
    fn no_file_at_all_is_sound() {
        let layers = Layers { files: vec!["/nowhere/swarm.toml".into()], ..Layers::default() };
        assert_eq!(faults(&layers).1, []);
    }

    #[test]
    fn a_provider_that_cannot_be_is_named_and_a_secret_in_its_place_is_not_repeated() {
        let provider = |lines: &str| {
            let (_folder, layers) =
                layers(&format!("[auth.providers.corp]\nclient_id = \"swarm\"\n{lines}\n"));
            faults(&layers).1
        };
        assert_eq!(provider("issuer = \"https://id.example.org\"\nclient_secret = \"env:CORP\""), []);
        let open = provider("issuer = \"http://id.example.org\"");
        assert_eq!(open[0].key, "auth.providers.corp.issuer");
        let pasted = provider("issuer = \"https://id.example.org\"\nclient_secret = \"hunter2\"");
        assert!(
            pasted[0].key.contains("client_secret") && !pasted[0].to_string().contains("hunter2"),
            "{pasted:?}"
        );
        let wide = provider("issuer = \"https://id.example.org\"\ntrusted_domains = [\"*.example.org\"]");
        assert!(wide[0].key.contains("trusted_domains"), "{wide:?}");
    }

    #[test]
    fn an_address_where_a_variable_name_belongs_is_refused_and_not_repeated() {
        let (_folder, layers) = layers("[database]\nurl_env = \"postgres://me:hunter2@db/swarm\"\n");
        let (_, faults) = faults(&layers);
        assert_eq!(faults.len(), 1);
        assert!(!faults[0].to_string().contains("hunter2"));
    }
}
