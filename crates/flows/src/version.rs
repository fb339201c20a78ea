//! Which version of a spec a text is.

use swarm_domain::{
    SpecId,
    spec::{Spec, delta::SpecDelta},
};
use swarm_store::SpecRow;

/// The version that a new text continues: the newest of the specs that have its title, or a requirement in common with
/// it. Several specs of one project, each with its own title and requirements, have versions of their own.
pub(crate) fn previous(versions: &[SpecRow], spec: &Spec) -> Option<SpecId> {
    let folded = |title: &str| title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let title = folded(&spec.title);
    let same_title = |row: &&SpecRow| !title.is_empty() && folded(&row.spec.title) == title;
    let shares = |row: &&SpecRow| SpecDelta::between(&row.spec, spec).shares_something();
    let related = versions.iter().find(same_title).or_else(|| versions.iter().find(shares))?;
    versions
        .iter()
        .filter(|row| row.line == related.line)
        .max_by_key(|row| row.version)
        .map(|row| row.id.clone())
}
