//! What is asked of the decision point at the door, and how it is said where the answer is no.

use std::path::Path;

use axum::{
    RequestExt,
    extract::{RawPathParams, Request},
    http::StatusCode,
};
use swarm_domain::{
    InterruptId, PlanId, ProjectId, RunId, SpecId,
    identity::{IdentityError, Principal, Role, Scope, may_grant},
    interrupt::{InterruptRefusal, may_answer},
};
use swarm_flows::Question;
use swarm_policy::{Answering, Asked, Asker, Context, Kind, Policy, PolicyError, Resource, Verdict};

use super::{access, denials};
use crate::{
    app::App,
    refusal::{Refusal, Reply},
};

/// The policies that are built in, and those of an operator's folder on top, for every route of the API.
pub fn policy(folder: Option<&Path>) -> Result<Policy, PolicyError> {
    Policy::load(&access::operations(), folder)
}

/// What a request to a route is about.
pub(super) async fn about(app: &App, path: &str, request: &mut Request) -> Reply<Resource> {
    // As the handler will read them: an id that is written in another way is the same id.
    let params = request.extract_parts::<RawPathParams>().await.ok();
    let value = |name: &str| {
        let mut all = params.as_ref()?.iter();
        all.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    let about = Resource::of_path(path, value, app.tenant());
    if !app.policy().minds_projects() {
        return Ok(about);
    }
    let project = project_of(app, &about).await?;
    Ok(about.within(project))
}

/// In which project something is. Asked only where a policy may want to know.
pub(crate) async fn project_of(app: &App, about: &Resource) -> Reply<Option<ProjectId>> {
    let (store, tenant) = (app.store(), app.tenant());
    let found = match about.kind {
        Kind::Run | Kind::Ticket => {
            let run = about.id.split('/').next().unwrap_or_default();
            let Ok(run) = RunId::parse(run) else { return Ok(None) };
            store.run(tenant, &run).await.map(|row| row.project)
        }
        Kind::Spec => {
            let Ok(spec) = SpecId::parse(&*about.id) else { return Ok(None) };
            store.spec(tenant, &spec).await.map(|row| row.project)
        }
        Kind::Plan => {
            let Ok(plan) = PlanId::parse(&*about.id) else { return Ok(None) };
            store.plan(tenant, &plan).await.map(|row| row.project)
        }
        Kind::Gate => {
            let Ok(gate) = InterruptId::parse(&*about.id) else { return Ok(None) };
            store.interrupt(tenant, &gate).await.map(|row| row.project)
        }
        _ => return Ok(None),
    };
    match found {
        Ok(project) => Ok(Some(project)),
        // The handler says so.
        Err(swarm_store::StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether something is open to everybody.
pub(super) fn open(app: &App, action: &str, about: Resource) -> Reply<()> {
    let verdict = app.policy().decide(&Asked::new(Asker::Anybody(app.tenant()), action, about));
    if verdict.allowed { Ok(()) } else { Err(by_policy(&verdict)) }
}

/// Whether somebody may do this. A denial is written down.
pub(super) async fn known(
    app: &App,
    who: &Principal,
    action: &str,
    about: Resource,
    correlation: Option<String>,
) -> Reply<()> {
    let asked = Asked::new(Asker::Known(who), action, about);
    let verdict = app.policy().decide(&asked);
    if verdict.allowed {
        return Ok(());
    }
    denials::note(app, &asked, who, &verdict, correlation).await;
    Err(denied(app, &asked, who, &verdict))
}

/// Whether somebody may do this kind of thing at all.
pub(crate) async fn allow(app: &App, who: &Principal, scope: Scope) -> Reply<()> {
    known(app, who, scope.as_str(), Resource::tenant(&who.tenant), None).await
}

/// Whether somebody may do this in the project of something that only the body of their request names.
pub(crate) async fn allow_in(app: &App, who: &Principal, action: &str, kind: Kind, id: &str) -> Reply<()> {
    if !app.policy().minds_projects() {
        return Ok(());
    }
    let about = Resource::new(kind, id, app.tenant());
    let project = match kind {
        Kind::Project => Some(id.to_owned()),
        _ => project_of(app, &about).await?.map(|project| project.to_string()),
    };
    match project {
        Some(project) => {
            known(app, who, action, Resource::new(Kind::Project, project, app.tenant()), None).await
        }
        // It is not there, and the handler says so.
        None => Ok(()),
    }
}

/// Whether somebody may make a role of somebody's another one, or act as one.
pub(crate) fn allow_grant(app: &App, who: &Principal, from: Option<Role>, to: Option<Role>) -> Reply<()> {
    let worth = |role| app.policy().scopes_of(role, &who.tenant);
    may_grant(who, &app.policy().scopes(who), worth, from, to).map_err(IdentityError::into)
}

/// Whether somebody may answer this question, or hand it on.
pub(crate) async fn allow_answer(app: &App, who: &Principal, action: &str, question: &Question) -> Reply<()> {
    let row = &question.row;
    let gate = Resource::new(Kind::Gate, row.interrupt.id.as_str(), app.tenant());
    let asked = Asked {
        context: Context::Answer(Answering::to(&row.interrupt)),
        ..Asked::new(Asker::Known(who), action, gate.within(Some(row.project.clone())))
    };
    let verdict = app.policy().decide(&asked);
    if verdict.allowed {
        return Ok(());
    }
    denials::note(app, &asked, who, &verdict, None).await;
    if verdict.is_by("four-eyes") {
        // Said as the rules say it that are asked again where the answer is written down, and in their order.
        if let Some(how) = row.standing.how() {
            return Err(InterruptRefusal::Decided { how }.problem().into());
        }
        may_answer(&row.interrupt, &row.standing, who.person()).map_err(|refusal| refusal.problem())?;
    }
    Err(denied(app, &asked, who, &verdict))
}

fn denied(app: &App, asked: &Asked<'_>, who: &Principal, verdict: &Verdict) -> Refusal {
    let Some(scope) = app.policy().scope_of(asked.action) else { return by_policy(verdict) };
    if verdict.is_by("second-factor") {
        return Refusal::new(
            StatusCode::FORBIDDEN,
            "auth.second_factor_needed",
            format!("a {} needs a second factor here, and this account has none", who.role),
            "set one up: POST /api/auth/second-factor",
        );
    }
    let next = if verdict.is_by("key-scopes") {
        format!("use a key that has it: `swarm key create NAME --scope {scope}`")
    } else if verdict.because.is_empty() && verdict.errors.is_empty() {
        format!("a {} does not have it; ask an admin: `swarm user role EMAIL ROLE`", who.role)
    } else {
        return by_policy(verdict);
    };
    Refusal::new(StatusCode::FORBIDDEN, "auth.denied", format!("this needs the scope {scope}"), next)
}

/// What a policy forbids, or what could not be decided.
fn by_policy(verdict: &Verdict) -> Refusal {
    for error in &verdict.errors {
        tracing::error!(error, "a request was denied because it could not be decided");
    }
    let by: Vec<_> = verdict.because.iter().map(|id| format!("`{id}`")).collect();
    let detail = if by.is_empty() {
        "no policy permits this".to_owned()
    } else {
        format!("a policy forbids this: {}", by.join(", "))
    };
    let next = "ask an admin, who sees why with `swarm auth explain`";
    Refusal::new(StatusCode::FORBIDDEN, "auth.denied", detail, next)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{prelude::*, sample::select};
    use swarm_domain::{
        TenantId,
        identity::{KeyId, Who},
    };
    use swarm_policy::{Need, Operation};

    use super::*;

    fn principal(role: Role, key: Option<BTreeSet<Scope>>) -> Principal {
        let name = "ada".to_owned();
        let who = match key {
            Some(_) => Who::Key { key: KeyId::parse("key_1").unwrap(), owner: None, name },
            None => Who::Operator { name },
        };
        Principal { tenant: TenantId::local(), who, role, scopes: key }
    }

    fn may(policy: &Policy, who: Asker<'_>, operation: &Operation) -> bool {
        let path = operation.action().split_once(' ').unwrap().1;
        let about = Resource::of_path(path, |_| Some("x".to_owned()), &TenantId::local());
        let verdict = policy.decide(&Asked::new(who, operation.action(), about));
        // What asks for somebody cannot even be asked for nobody, and that alone cannot.
        let can_be_asked = operation.need() == Need::Nothing || !matches!(who, Asker::Anybody(_));
        assert_eq!(verdict.errors.is_empty(), can_be_asked, "{}: {:?}", operation.action(), verdict.errors);
        verdict.allowed
    }

    #[test]
    fn the_policies_know_every_operation_and_what_is_built_in_fits_the_whole_schema() {
        let policy = policy(None).unwrap();
        policy.check_built_in().unwrap();
        let owner = principal(Role::Owner, None);
        for operation in access::operations() {
            assert!(may(&policy, Asker::Known(&owner), &operation), "{}", operation.action());
            let is_open = may(&policy, Asker::Anybody(&owner.tenant), &operation);
            assert_eq!(is_open, operation.need() == Need::Nothing, "{}", operation.action());
        }
    }

    #[test]
    fn there_is_no_path_from_a_viewer_to_a_write() {
        let policy = policy(None).unwrap();
        let viewer = principal(Role::Viewer, None);
        for operation in access::operations() {
            let reads = operation.action().starts_with("GET ") || operation.action() == "POST /api/ws/ticket";
            // Their own account, and what is open to everybody.
            let own =
                matches!(operation.need(), Need::Nothing | Need::Somebody | Need::Scope(Scope::AccountWrite));
            let allowed = may(&policy, Asker::Known(&viewer), &operation);
            assert!(!allowed || reads || own, "{}", operation.action());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whoever asks with whatever key: an operation is done exactly where the role has its scope, and the key too.
        #[test]
        fn every_operation_asks_for_its_scope(
            role in select(Role::ALL.to_vec()),
            key in proptest::option::of(proptest::collection::btree_set(select(Scope::ALL.to_vec()), 0..13)),
        ) {
            let policy = policy(None).unwrap();
            let who = principal(role, key.clone());
            for operation in access::operations() {
                let wanted = match operation.need() {
                    Need::Nothing | Need::Somebody => true,
                    Need::Scope(scope) => role.has(scope) && key.as_ref().is_none_or(|key| key.contains(&scope)),
                };
                // That an agent answers no gate is a bound beside the scopes, and no agent has that one.
                prop_assert_eq!(may(&policy, Asker::Known(&who), &operation), wanted, "{} {}", role, operation.action());
            }
        }
    }
}
