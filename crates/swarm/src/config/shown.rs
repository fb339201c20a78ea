//! The settings one by one, each with its origin.

use figment::{Profile, Provider, value::Value};

use super::layers::{Layers, Origin};

/// A setting as `swarm config show` prints it.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Shown {
    /// The key, with dots.
    pub(crate) key: String,
    /// The value as TOML would have it.
    pub(crate) value: String,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl From<&Shown> for swarm_server::Setting {
    fn from(Shown { key, value, origin }: &Shown) -> Self {
        Self { key: key.clone(), value: for_others(key, value), from: origin.to_string() }
    }
}

/// Where an address may end in what lets in: that of an incoming webhook.
const TOLD_TO_FEW: &str = "flows.notifications.channels";

/// The value without what an address in it says to be let in (`https://user:password@host`), which is for fewer eyes than
/// the settings are.
fn for_others(key: &str, value: &str) -> String {
    let mut shown = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("://") {
        let (address, beyond) = after.split_at(after.find(['"', ' ']).unwrap_or(after.len()));
        let (authority, path) = address.split_at(address.find(['/', '?']).unwrap_or(address.len()));
        let (login, host) = authority.rsplit_once('@').map_or(("", authority), |(_, host)| ("…@", host));
        // Some are let in by what stands behind the path.
        let (path, query) = path.split_once('?').map_or((path, ""), |(path, _)| (path, "?…"));
        let path = if key.starts_with(TOLD_TO_FEW) && path.len() > 1 { "/…" } else { path };
        shown.extend([before, "://", login, host, path, query]);
        rest = beyond;
    }
    shown + rest
}

/// Every setting with its value and origin, by key.
pub(crate) fn shown(layers: &Layers) -> Vec<Shown> {
    let figment = layers.figment();
    let mut leaves = Vec::new();
    if let Ok(mut data) = figment.data()
        && let Some(dict) = data.remove(&Profile::Default)
    {
        collect("", &Value::from(dict), &mut leaves);
    }
    let shown = leaves.into_iter().map(|(key, value)| {
        let origin = layers.origin(&figment, &key);
        Shown { key, value, origin }
    });
    shown.collect()
}

fn collect(prefix: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Dict(_, dict) if !dict.is_empty() => {
            for (key, value) in dict {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                collect(&key, value, leaves);
            }
        }
        Value::Empty(..) => {}
        leaf => leaves.push((prefix.to_owned(), json(leaf))),
    }
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    #[test]
    fn what_lets_in_is_not_shown_to_others() {
        let shown = |key, value| for_others(key, value);
        let models = "models.providers";
        for (value, wanted) in [
            ("\"https://models.example.org/v1\"", "\"https://models.example.org/v1\""),
            ("\"https://ada:s3cr3t@models.example.org/v1\"", "\"https://…@models.example.org/v1\""),
            ("[\"http://a@b@c\",\"http://d/@e\"]", "[\"http://…@c\",\"http://d/@e\"]"),
            ("\"https://models.example.org/v1?key=s3cr3t\"", "\"https://models.example.org/v1?…\""),
            ("\"https://models.example.org?key=s3cr3t\"", "\"https://models.example.org?…\""),
            ("\"ada@example.org\"", "\"ada@example.org\""),
        ] {
            assert_eq!(shown(models, value), wanted);
        }
        let channel = "[{\"url\":\"https://hooks.example.org/services/T1/s3cr3t\",\"name\":\"team\"}]";
        assert_eq!(
            shown("flows.notifications.channels", channel),
            "[{\"url\":\"https://hooks.example.org/…\",\"name\":\"team\"}]"
        );
    }

    #[test]
    fn each_value_names_the_layer_that_it_came_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("swarm.toml");
        std::fs::write(&file, "[build]\nmax_parallel = 7\nmax_attempts = 9\n").unwrap();
        let overrides = Overrides { max_attempts: Some(2), ..Overrides::default() };
        let layers = Layers { files: vec![file.clone()], environment: false, overrides };
        let all = shown(&layers);
        let find = |key: &str| all.iter().find(|s| s.key == key).unwrap();
        assert_eq!(
            (find("build.max_parallel").value.as_str(), &find("build.max_parallel").origin),
            ("7", &Origin::File(file))
        );
        assert_eq!(
            (find("build.max_attempts").value.as_str(), &find("build.max_attempts").origin),
            ("2", &Origin::Flag("--max-attempts"))
        );
        assert_eq!(find("server.port").origin, Origin::Default);
    }
}
