//! What is asked, in Cedar's own words.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context as CedarContext, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression,
};
use swarm_domain::{
    TenantId,
    identity::{Principal, Role, Who},
};

use crate::{
    asked::{Asked, Asker, Context, Kind, Resource, folded},
    fault::PolicyError,
    load::{Action, Policy},
};

/// The types of the schema, whose names are read once.
#[derive(Debug)]
pub(crate) struct Types(HashMap<&'static str, EntityTypeName>);

impl Types {
    pub(crate) fn read() -> Result<Self, PolicyError> {
        let kinds = Kind::ALL.into_iter().map(Kind::name);
        let all = kinds.chain(["Action", "Role", "Anybody", "User", "Operator", "Key", "Agent"]);
        let read = |name: &'static str| match format!("Swarm::{name}").parse() {
            Ok(parsed) => Ok((name, parsed)),
            Err(error) => Err(PolicyError::BuiltIn(format!("{name}: {error}"))),
        };
        all.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The name of something: `Swarm::Role::"viewer"`.
    pub(crate) fn uid(&self, kind: &str, id: &str) -> Result<EntityUid, PolicyError> {
        let known = self.0.get(kind).cloned();
        let kind = known.ok_or_else(|| PolicyError::BuiltIn(format!("there is no type {kind}")))?;
        Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
    }
}

/// A question, with all that must be known to decide it.
pub(crate) fn question(
    policy: &Policy,
    action: &Action,
    asked: &Asked<'_>,
) -> Result<(Request, Entities), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let principal = principal(&policy.types, asked.who).map_err(|error| words(&error))?;
    let resource = resource(&policy.types, &asked.on).map_err(|error| words(&error))?;
    let context = context(action, &asked.context)?;
    let (who, on) = (principal.uid(), resource.uid());
    let request = Request::new(who, action.uid.clone(), on, context, Some(&policy.schema));
    let request = request.map_err(|error| words(&error))?;
    let entities = Entities::from_entities([principal, resource, action.entity.clone()], None);
    Ok((request, entities.map_err(|error| words(&error))?))
}

fn text(text: impl Into<String>) -> RestrictedExpression {
    RestrictedExpression::new_string(text.into())
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(words.into_iter().map(text))
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, RestrictedExpression)>,
    parents: Vec<EntityUid>,
) -> Result<Entity, PolicyError> {
    let attributes: HashMap<_, _> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let parents: HashSet<_> = parents.into_iter().collect();
    Entity::new(uid, attributes, parents).map_err(|error| PolicyError::BuiltIn(error.to_string()))
}

fn principal(types: &Types, who: Asker<'_>) -> Result<Entity, PolicyError> {
    let of = |kind: &str, id: &str, name: &str, tenant: &TenantId, role: Option<Role>| {
        let team = types.uid("Tenant", tenant.as_str())?;
        let mut parents = vec![team.clone()];
        parents.extend(role.map(|role| types.uid("Role", role.as_str())).transpose()?);
        let attributes =
            vec![("name", text(folded(name))), ("tenant", RestrictedExpression::new_entity_uid(team))];
        Ok::<_, PolicyError>((types.uid(kind, id)?, attributes, parents))
    };
    let (uid, attributes, parents) = match who {
        Asker::Anybody(tenant) => of("Anybody", "anybody", "anybody", tenant, None)?,
        Asker::Agent(tenant, name) => of("Agent", name, name, tenant, Some(Role::Agent))?,
        Asker::Known(Principal { tenant, who, role, scopes }) => match who {
            Who::Operator { name } => of("Operator", &folded(name), name, tenant, Some(*role))?,
            Who::User { email, .. } => {
                let (id, mut attributes, parents) = of("User", &folded(email), email, tenant, Some(*role))?;
                let bound = scopes.as_ref().map(|bound| words(bound.iter().map(|scope| scope.as_str())));
                attributes.extend(bound.map(|bound| ("scopes", bound)));
                (id, attributes, parents)
            }
            Who::Key { key, owner, name } => {
                let (id, mut attributes, mut parents) = of("Key", key.as_str(), name, tenant, Some(*role))?;
                let owner = if owner.is_some() { "User" } else { "Operator" };
                parents.push(types.uid(owner, &folded(name))?);
                let given = scopes.iter().flatten().map(|scope| scope.as_str());
                attributes.push(("scopes", words(given)));
                (id, attributes, parents)
            }
        },
    };
    entity(uid, attributes, parents)
}

fn resource(types: &Types, on: &Resource) -> Result<Entity, PolicyError> {
    let team = types.uid("Tenant", on.tenant.as_str())?;
    if on.kind == Kind::Tenant {
        return entity(team, Vec::new(), Vec::new());
    }
    let mut parents = vec![team];
    if let Some(project) = on.project.as_ref().filter(|_| on.kind.is_of_project()) {
        parents.push(types.uid("Project", project.as_str())?);
    }
    entity(types.uid(on.kind.name(), &on.id)?, vec![("id", text(on.id.clone()))], parents)
}

fn context(action: &Action, context: &Context) -> Result<CedarContext, String> {
    let mut pairs: Vec<(String, RestrictedExpression)> = Vec::new();
    pairs.extend(action.scope.map(|scope| ("scope".to_owned(), text(scope))));
    match context {
        Context::Plain => {}
        Context::Answer(answer) => {
            pairs.push(("asked_by".to_owned(), words(answer.asked_by.iter().map(String::as_str))));
            pairs.push(("four_eyes".to_owned(), RestrictedExpression::new_bool(answer.four_eyes)));
            pairs.push(("kind".to_owned(), text(answer.kind.clone())));
            pairs.push(("risk".to_owned(), text(answer.risk.clone())));
        }
        Context::Tool(used) => {
            pairs.extend(used.path.clone().map(|path| ("path".to_owned(), text(path))));
            pairs.extend(used.command.clone().map(|line| ("command".to_owned(), text(line))));
        }
    }
    CedarContext::from_pairs(pairs).map_err(|error| error.to_string())
}
