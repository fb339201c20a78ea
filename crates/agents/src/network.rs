//! What an agent's commands may reach: the `network:` of its file.

use serde::Deserialize;
use swarm_sandbox::egress::Allowed;

use crate::file::Words;

/// `network: {presets: [pypi], allow: [example.org]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkFront {
    presets: Option<Words>,
    allow: Option<Words>,
}

impl NetworkFront {
    /// The list. An empty one is a list: it takes away what an extended agent may reach.
    pub(crate) fn read(&self) -> Result<Allowed, String> {
        let words = |words: &Option<Words>| words.iter().flat_map(|it| it.0.clone()).collect::<Vec<_>>();
        let (presets, allow) = (words(&self.presets), words(&self.allow));
        Allowed::of(presets.iter().map(String::as_str), allow.iter().map(String::as_str))
            .map_err(|fault| fault.to_string())
    }
}
