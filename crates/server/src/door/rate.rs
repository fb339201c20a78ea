//! Whether somebody asks too often: the narrowest limit first, so that who is stopped by their own takes nothing from
//! the others.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use swarm_domain::{ProjectId, RunId, identity::Principal, rate::Rate};

use super::Caller;
use crate::{
    app::App,
    rates::{Standing, Subject, fields},
    refusal::Refusal,
};

/// How many runs are remembered with their projects.
const MAX_RUNS: usize = 4096;

/// How the limits stand that this request counted for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted(pub(crate) Vec<Standing>);

/// Which project a run is of. That never changes.
#[derive(Debug, Default)]
pub(crate) struct RunProjects(Mutex<HashMap<RunId, ProjectId>>);

impl Counted {
    /// What is answered where one was used up.
    pub(super) fn refused(&self) -> Option<Response> {
        let standing = self.0.iter().find(|standing| standing.wait.is_some())?;
        let wait = standing.wait.unwrap_or_default();
        let refusal = Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "limits.exceeded",
            format!("the limit of this {} is {}, and it is used up", standing.policy.as_str(), standing.rate),
            format!("come again in {wait} s; `swarm limits` shows what holds"),
        );
        let mut response = refusal.after(u32::try_from(wait).unwrap_or(u32::MAX)).into_response();
        self.write(&mut response);
        Some(response)
    }

    /// Says in the answer what is left.
    pub(super) fn write(&self, response: &mut Response) {
        fields::write(&self.0, response.headers_mut());
    }

    fn count(&mut self, app: &App, subject: &Subject, own: Option<Rate>) -> bool {
        let standing = app.rates.take(subject, own);
        let is_over = standing.as_ref().is_some_and(|standing| standing.wait.is_some());
        self.0.extend(standing);
        !is_over
    }
}

/// Counts for somebody who is nobody: their address.
pub(super) fn of_nobody(app: &App, caller: Caller) -> Counted {
    let mut counted = Counted::default();
    counted.count(app, &Subject::address(caller.address), None);
    counted
}

/// Counts for somebody: them, the project that they ask about, and their tenant.
pub(super) async fn of_somebody(
    app: &App,
    who: &Principal,
    own: Option<Rate>,
    (matched, uri): (Option<&str>, &Uri),
) -> Counted {
    let mut counted = Counted::default();
    let subject = Subject::of(who);
    if subject == Subject::Operator && app.rates.limits().operator.0.is_none() {
        // Who can read the data folder needs no door to overwhelm this server.
        return counted;
    }
    if !counted.count(app, &subject, own) {
        return counted;
    }
    if let Some(project) = project(app, matched, uri).await
        && !counted.count(app, &Subject::Project(who.tenant.clone(), project), None)
    {
        return counted;
    }
    counted.count(app, &Subject::Tenant(who.tenant.clone()), None);
    counted
}

/// The project that a request is about, where its URL says it: by itself or by a run.
async fn project(app: &App, matched: Option<&str>, uri: &Uri) -> Option<ProjectId> {
    let named = |name: &str| {
        let at = matched?.split('/').position(|segment| segment == name)?;
        uri.path().split('/').nth(at)
    };
    let asked = || uri.query()?.split('&').find_map(|pair| pair.strip_prefix("project="));
    if let Some(project) = named("{project}").or_else(asked) {
        return ProjectId::parse(project).ok();
    }
    let run = RunId::parse(named("{run}")?).ok()?;
    app.runs.project(app, run).await
}

impl RunProjects {
    async fn project(&self, app: &App, run: RunId) -> Option<ProjectId> {
        if let Some(project) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
            return Some(project.clone());
        }
        // Where there is no such run the route says so.
        let project = app.store().run(app.tenant(), &run).await.ok()?.project;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_RUNS {
            known.clear();
        }
        known.insert(run, project.clone());
        Some(project)
    }
}
