//! Package registries by name, from `presets.json`: their hosts, and where it is written that these are they.

use std::sync::LazyLock;

use serde::Deserialize;

use super::allowed::Pattern;

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What agent files call it.
    pub name: String,
    /// Its hosts.
    pub hosts: Vec<Pattern>,
    /// The page that names them.
    pub source: String,
}

// That the file can be read is tested below; it is compiled in.
static PRESETS: LazyLock<Vec<Preset>> =
    LazyLock::new(|| serde_json::from_str(include_str!("presets.json")).unwrap_or_default());

/// Every preset, by name.
#[must_use]
pub fn all() -> &'static [Preset] {
    &PRESETS
}

pub(super) fn named(name: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.name == name)
}

pub(super) fn names() -> Vec<&'static str> {
    all().iter().map(|preset| preset.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Allowed;

    #[test]
    fn the_file_reads_and_each_preset_has_hosts_and_a_source() {
        let read: Vec<Preset> = serde_json::from_str(include_str!("presets.json")).unwrap();
        assert_eq!(read, all());
        assert_eq!(names(), ["crates", "debian", "go", "maven", "npm", "pypi"]);
        assert!(all().iter().all(|preset| !preset.hosts.is_empty() && preset.source.starts_with("https://")));
    }

    #[test]
    fn a_preset_allows_its_registry_and_no_other() {
        let pypi = Allowed::of(["pypi"], []).unwrap();
        assert!(pypi.permits(&"pypi.org".parse().unwrap(), 443));
        assert!(pypi.permits(&"files.pythonhosted.org".parse().unwrap(), 443));
        assert!(!pypi.permits(&"registry.npmjs.org".parse().unwrap(), 443));
    }
}
