//! The agents there are: the built-in ones, and over them the files of a folder that may change at any time.
//!
//! Each [`Catalogue::current`] looks at the folder again (a few small files; no watcher to go stale). A file that
//! cannot be used leaves the version of it that was read last in place, and the fault is reported with the roster.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use swarm_domain::{BlobHash, Problem, agent::Capability};

use crate::{
    agent::Agent,
    builtin,
    error::AgentError,
    file::{AgentFile, MAX_FILE_BYTES},
    inherit::Layers,
};

/// More files than this in one folder are a mistake.
const MAX_FILES: usize = 256;

/// The agents of a moment. An attempt keeps the one that it began with.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    agents: BTreeMap<String, Arc<Agent>>,
    /// Files that could not be used; the version before is in place where there was one.
    pub faults: Vec<Problem>,
}

impl Roster {
    /// The agent of this name.
    pub fn get(&self, name: &str) -> Result<&Arc<Agent>, AgentError> {
        self.agents.get(name).ok_or_else(|| AgentError::Unknown { name: name.to_owned() })
    }

    /// All agents, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values()
    }

    /// The agents that offer this, those whose main job it is first, then by name.
    #[must_use]
    pub fn by_capability(&self, capability: Capability) -> Vec<Arc<Agent>> {
        let rank = |agent: &Agent| agent.capabilities.iter().position(|c| *c == capability);
        let mut found: Vec<_> = self.agents.values().filter(|a| a.offers(capability)).cloned().collect();
        found.sort_by_key(|agent| (rank(agent), agent.name.clone()));
        found
    }
}

/// The agents there are, read again whenever the folder changes.
#[derive(Debug)]
pub struct Catalogue {
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seen: BlobHash,
    layers: Layers,
    roster: Arc<Roster>,
}

impl Catalogue {
    /// The built-in agents alone.
    pub fn builtin() -> Result<Self, AgentError> {
        Self::read(None)
    }

    /// The built-in agents, and over them the `*.md` files of this folder. A folder that does not exist is empty. At
    /// the start each fault is an error; later, it is reported and what was there before stays.
    pub fn load(folder: impl Into<PathBuf>) -> Result<Self, AgentError> {
        Self::read(Some(folder.into()))
    }

    fn read(folder: Option<PathBuf>) -> Result<Self, AgentError> {
        let mut layers = Layers::default();
        for file in builtin::files()? {
            layers.builtin.insert(file.name.clone(), file);
        }
        let texts = folder.as_deref().map(texts_of).transpose()?.unwrap_or_default();
        for (path, text) in &texts {
            let file = AgentFile::parse(path, text.as_deref().map_err(|detail| unreadable(path, detail))?)?;
            if let Some(twin) = layers.user.insert(file.name.clone(), file) {
                return Err(twins(path, &twin));
            }
        }
        let mut agents = BTreeMap::new();
        for name in layers.names() {
            agents.insert(name.clone(), Arc::new(layers.resolve(&name)?));
        }
        let roster = Arc::new(Roster { agents, faults: Vec::new() });
        Ok(Self { folder, state: Mutex::new(State { seen: fingerprint(&texts), layers, roster }) })
    }

    /// The folder, where there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The agents now: the folder is looked at, and read again if a file in it changed.
    #[must_use]
    pub fn current(&self) -> Arc<Roster> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(folder) = &self.folder else {
            return Arc::clone(&state.roster);
        };
        match texts_of(folder) {
            Ok(texts) => {
                let seen = fingerprint(&texts);
                if seen != state.seen {
                    let (layers, roster) = reread(&state, &texts);
                    *state = State { seen, layers, roster: Arc::new(roster) };
                }
            }
            Err(error) => {
                let faults = vec![error.problem()];
                if state.roster.faults != faults {
                    state.roster = Arc::new(Roster { agents: state.roster.agents.clone(), faults });
                    // Whatever the folder holds when it can be read again is news.
                    state.seen = BlobHash::of(b"unreadable");
                }
            }
        }
        Arc::clone(&state.roster)
    }

    /// The same as [`current`](Self::current), with what could not be used as the error.
    pub fn reload(&self) -> Result<Arc<Roster>, Vec<Problem>> {
        let roster = self.current();
        if roster.faults.is_empty() { Ok(roster) } else { Err(roster.faults.clone()) }
    }

    /// The agents that offer this now, best first.
    #[must_use]
    pub fn by_capability(&self, capability: Capability) -> Vec<Arc<Agent>> {
        self.current().by_capability(capability)
    }
}

type Texts = Vec<(PathBuf, Result<String, String>)>;

/// Reads the folder anew; where a file is bad, what was read from it last stays.
fn reread(before: &State, texts: &Texts) -> (Layers, Roster) {
    let mut layers = Layers { builtin: before.layers.builtin.clone(), user: BTreeMap::new() };
    let mut faults = Vec::new();
    for (path, text) in texts {
        let parsed = match text {
            Ok(text) => AgentFile::parse(path, text),
            Err(detail) => Err(unreadable(path, detail)),
        };
        let file = parsed.or_else(|error| {
            faults.push(error.problem());
            before.layers.user.values().find(|old| old.source == *path).cloned().ok_or(())
        });
        if let Ok(file) = file {
            if let Some(twin) = layers.user.get(&file.name) {
                faults.push(twins(path, twin).problem());
            } else {
                layers.user.insert(file.name.clone(), file);
            }
        }
    }
    let mut agents = BTreeMap::new();
    for name in layers.names() {
        match layers.resolve(&name) {
            Ok(agent) => drop(agents.insert(name, Arc::new(agent))),
            Err(error) => {
                faults.push(error.problem());
                if let Some(old) = before.roster.agents.get(&name) {
                    agents.insert(name, Arc::clone(old));
                }
            }
        }
    }
    (layers, Roster { agents, faults })
}

/// The texts of the `*.md` files of a folder, in order of their names.
fn texts_of(folder: &Path) -> Result<Texts, AgentError> {
    let doing = || format!("read the agents' folder {}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AgentError::io(doing())(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(AgentError::io(doing()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_agent = path.extension().is_some_and(|end| end == "md")
            && !name.starts_with('.')
            && !name.eq_ignore_ascii_case("readme.md");
        if is_agent && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.len() > MAX_FILES {
        let detail = format!("{} agent files; {MAX_FILES} are read", paths.len());
        return Err(AgentError::File { file: folder.to_owned(), line: 0, detail });
    }
    Ok(paths.into_iter().map(|path| (path.clone(), text_of(&path))).collect())
}

fn text_of(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let bound = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX) + 1;
    file.take(bound).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn fingerprint(texts: &Texts) -> BlobHash {
    let mut all = Vec::new();
    for (path, text) in texts {
        all.extend_from_slice(path.as_os_str().as_encoded_bytes());
        all.push(0);
        match text {
            Ok(text) => all.extend_from_slice(text.as_bytes()),
            Err(detail) => all.extend_from_slice(detail.as_bytes()),
        }
        all.push(0);
    }
    BlobHash::of(&all)
}

fn unreadable(path: &Path, detail: &str) -> AgentError {
    AgentError::File { file: path.to_owned(), line: 1, detail: format!("cannot be read: {detail}") }
}

fn twins(path: &Path, twin: &AgentFile) -> AgentError {
    let detail = format!("the agent `{}` is in {} too", twin.name, twin.source.display());
    AgentError::File { file: path.to_owned(), line: 1, detail }
}
