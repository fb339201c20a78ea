//! The order of the origin, as far as it is played.

use swarm_domain::{course::Course, origin::Origin};

use super::journal::story;
use crate::{error::FlowError, parts::Parts};

/// The course of an origin.
pub(crate) async fn course(parts: &Parts, origin: &Origin) -> Result<Course, FlowError> {
    let types = ["attempt_started", "finding_raised", "merged"];
    Ok(Course::of(&story(parts, &origin.run, &types, origin.at).await?))
}
