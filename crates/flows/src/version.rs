//! Which version of a spec a text is.

use swarm_domain::{
    ProjectId, SpecId,
    spec::{Spec, delta::SpecDelta},
};
use swarm_store::StoreError;

use crate::parts::Parts;

/// Among so many of a project's newest specs a requirement in common is looked for: comparing takes time, and a project may
/// have thousands.
const LOOKED_AT: u32 = 50;

/// The version that a new text continues: the last one of the newest spec that has its title, or else of one that has a
/// requirement in common with it. Several specs of one project, each with its own title and requirements, have versions of
/// their own.
pub(crate) async fn previous(
    parts: &Parts,
    project: &ProjectId,
    spec: &Spec,
) -> Result<Option<SpecId>, StoreError> {
    let (store, tenant) = (&parts.store, &parts.config.tenant);
    let mut related = store.spec_titled(tenant, project, &spec.title).await?;
    if related.is_none() {
        let newest = store.newest_specs(tenant, project, LOOKED_AT).await?;
        related = newest.into_iter().find(|row| SpecDelta::between(&row.spec, spec).shares_something());
    }
    match related {
        Some(row) => store.last_version(tenant, &row.line).await.map(Some),
        None => Ok(None),
    }
}
