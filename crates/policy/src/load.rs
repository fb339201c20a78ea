//! Reading policies: what is built in, and an operator's folder on top.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use cedar_policy::{Entity, EntityUid, PolicySet, Schema, ValidationMode, Validator};
use swarm_domain::identity::Scope;

use crate::{
    asked::Kind,
    decide::PolicyId,
    entity::Types,
    fault::PolicyError,
    file::{self, Line, PolicyFile},
    schema::{self, Need, Operation},
};

/// The most files that a folder of policies may have.
pub const MAX_FILES: usize = 200;
/// The largest that one of them may be, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 10;

const BUILT_IN: [(&str, &str); 8] = [
    ("bounds.cedar", include_str!("../policies/bounds.cedar")),
    ("everybody.cedar", include_str!("../policies/everybody.cedar")),
    ("owner.cedar", include_str!("../policies/owner.cedar")),
    ("admin.cedar", include_str!("../policies/admin.cedar")),
    ("maintainer.cedar", include_str!("../policies/maintainer.cedar")),
    ("reviewer.cedar", include_str!("../policies/reviewer.cedar")),
    ("viewer.cedar", include_str!("../policies/viewer.cedar")),
    ("agent.cedar", include_str!("../policies/agent.cedar")),
];

/// What is known of an action.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) uid: EntityUid,
    /// The action with the groups that it is in.
    pub(crate) entity: Entity,
    /// The scope that it asks for.
    pub(crate) scope: Option<&'static str>,
    /// What it is asked about; as an operation of the API, if it is one.
    pub(crate) kind: Kind,
}

/// The policies that hold here, read once. The one place that decides.
#[derive(Debug)]
pub struct Policy {
    pub(crate) set: PolicySet,
    pub(crate) schema: Schema,
    pub(crate) types: Types,
    pub(crate) actions: HashMap<String, Action>,
    files: Vec<PolicyFile>,
    text: String,
    minds_projects: bool,
}

impl Policy {
    /// Reads what is built in, and the operator's folder if there is one: each `.cedar` file in it, in the order of
    /// their names. `operations` are those of the API; what is not among them is denied to everybody.
    pub fn load(operations: &[Operation], folder: Option<&Path>) -> Result<Self, PolicyError> {
        let text = schema::text(operations);
        let built_in = |error: &dyn std::fmt::Display| PolicyError::BuiltIn(error.to_string());
        let (schema, _) = Schema::from_cedarschema_str(&text).map_err(|error| built_in(&error))?;
        let types = Types::read()?;
        let actions = actions(operations, &schema, &types)?;
        let (mut files, mut set, mut places) = (Vec::new(), PolicySet::new(), BTreeMap::new());
        for (name, text) in BUILT_IN {
            let (read, policies) = file::read(name, text, true)?;
            take(&mut set, &mut places, &read, policies)?;
            files.push(read);
        }
        let own = folder.map(own_files).transpose()?.unwrap_or_default();
        let validator = Validator::new(schema.clone());
        for (name, text) in &own {
            let (read, policies) = file::read(name, text, false)?;
            check(&validator, &read, text, &policies)?;
            take(&mut set, &mut places, &read, policies)?;
            files.push(read);
        }
        let minds_projects = own.iter().any(|(_, text)| text.contains("Project"));
        Ok(Self { set, schema, types, actions, files, text, minds_projects })
    }

    /// The files that were read.
    #[must_use]
    pub fn files(&self) -> &[PolicyFile] {
        &self.files
    }

    /// The schema, in Cedar's own words.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.text
    }

    /// Whether some policy may ask in which project something is. Where none does, nobody needs to find out.
    #[must_use]
    pub fn minds_projects(&self) -> bool {
        self.minds_projects
    }

    /// Where a policy stands.
    #[must_use]
    pub fn find(&self, id: &PolicyId) -> Option<(&PolicyFile, &Line)> {
        self.files.iter().find_map(|file| Some((file, file.policies.iter().find(|line| line.id == *id)?)))
    }

    /// What an action is asked about; none where there is no such action.
    #[must_use]
    pub fn kind_of(&self, action: &str) -> Option<Kind> {
        self.actions.get(action).map(|action| action.kind)
    }

    /// The scope that an action asks for, in its word.
    #[must_use]
    pub fn scope_of(&self, action: &str) -> Option<&'static str> {
        self.actions.get(action).and_then(|action| action.scope)
    }

    /// Every action that can be asked for, sorted.
    #[must_use]
    pub fn actions(&self) -> Vec<&str> {
        let mut all: Vec<_> = self.actions.keys().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    /// Checks the policies that are built in against the schema, for which no start of a server waits.
    pub fn check_built_in(&self) -> Result<(), PolicyError> {
        let validator = Validator::new(self.schema.clone());
        for (name, text) in BUILT_IN {
            let (read, policies) = file::read(name, text, true)?;
            check(&validator, &read, text, &policies)?;
        }
        Ok(())
    }
}

/// Everything that can be asked for, with what is known of it.
fn actions(
    operations: &[Operation],
    schema: &Schema,
    types: &Types,
) -> Result<HashMap<String, Action>, PolicyError> {
    let groups = schema.action_entities().map_err(|error| PolicyError::BuiltIn(error.to_string()))?;
    let mut actions = HashMap::new();
    let mut add = |name: &str, scope, kind| {
        let uid = types.uid("Action", name)?;
        let Some(entity) = groups.get(&uid).cloned() else {
            return Err(PolicyError::BuiltIn(format!("the action `{name}` is not in the schema")));
        };
        if actions.insert(name.to_owned(), Action { uid, entity, scope, kind }).is_some() {
            return Err(PolicyError::BuiltIn(format!("the action `{name}` is there twice")));
        }
        Ok(())
    };
    for scope in Scope::ALL {
        add(scope.as_str(), Some(scope.as_str()), Kind::Tenant)?;
    }
    for gate in [schema::GATE_ANSWER, schema::GATE_DELEGATE] {
        add(gate, Some(Scope::GatesApprove.as_str()), Kind::Gate)?;
    }
    for (tool, _) in schema::TOOLS {
        add(&format!("tool:{tool}"), None, Kind::Ticket)?;
    }
    add(schema::SUBSCRIBE, Some(Scope::WorkRead.as_str()), Kind::Tenant)?;
    add(schema::PAGE, None, Kind::Tenant)?;
    for operation in operations {
        let scope = match operation.need() {
            Need::Scope(scope) => Some(scope.as_str()),
            Need::Nothing | Need::Somebody => None,
        };
        add(operation.action(), scope, operation.kind())?;
    }
    Ok(actions)
}

/// Takes policies in, each under a name of its own.
fn take(
    set: &mut PolicySet,
    places: &mut BTreeMap<String, String>,
    file: &PolicyFile,
    policies: Vec<cedar_policy::Policy>,
) -> Result<(), PolicyError> {
    for (line, policy) in file.policies.iter().zip(policies) {
        let same_name = |other: &String| PolicyError::SameName {
            place: file.name.clone(),
            line: line.line,
            id: line.id.to_string(),
            other: other.clone(),
        };
        if let Some(other) = places.insert(line.id.to_string(), file.name.clone()) {
            return Err(same_name(&other));
        }
        set.add(policy).map_err(|error| PolicyError::BuiltIn(error.to_string()))?;
    }
    Ok(())
}

/// Holds policies against the schema. What Cedar only warns of is refused as well: a line that can never apply is one
/// that somebody relies on.
fn check(
    validator: &Validator,
    file: &PolicyFile,
    text: &str,
    policies: &[cedar_policy::Policy],
) -> Result<(), PolicyError> {
    let set = PolicySet::from_policies(policies.iter().cloned());
    let Ok(set) = set else {
        // Two of one name: told where they are taken in.
        return Ok(());
    };
    let found = validator.validate(&set, ValidationMode::Strict);
    let wrong = |complaint: &dyn miette::Diagnostic, id: String| {
        let begin = file.policies.iter().find(|line| line.id.0 == id).map_or(1, |line| line.line);
        let line = file::line_of(complaint, text).max(begin);
        PolicyError::Wrong { place: file.name.clone(), line, detail: file::in_words(complaint) }
    };
    let errors = found.validation_errors().map(|error| wrong(error, error.policy_id().to_string()));
    let warnings = found.validation_warnings().map(|warning| wrong(warning, warning.policy_id().to_string()));
    let mut all: Vec<_> = errors.chain(warnings).collect();
    all.sort_by_key(|error| if let PolicyError::Wrong { line, .. } = error { *line } else { 0 });
    all.into_iter().next().map_or(Ok(()), Err)
}

/// The operator's files, by name.
fn own_files(folder: &Path) -> Result<Vec<(String, String)>, PolicyError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| PolicyError::Unreadable { path, source }
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "cedar") {
            paths.push(path);
        }
    }
    if paths.len() > MAX_FILES {
        let detail = format!("{} files, and at most {MAX_FILES} are read", paths.len());
        return Err(PolicyError::TooMuch { place: folder.display().to_string(), detail });
    }
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut text = String::new();
        let file = fs::File::open(&path).map_err(unreadable(&path))?;
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable(&path))?;
        if text.len() as u64 > MAX_FILE_BYTES {
            let detail = format!("larger than the {MAX_FILE_BYTES} bytes that are read");
            return Err(PolicyError::TooMuch { place: name, detail });
        }
        Ok((name, text))
    };
    paths.into_iter().map(read).collect()
}
