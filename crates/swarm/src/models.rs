//! Which models a process works with: live ones where there is a key or a server, else a recording or a script.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use swarm_domain::{Clock, Problem};
use swarm_model::{ChatModel as _, Gateway, Recorded, RecordingInfo, Scripted};

use crate::{args::EngineArgs, config::Settings, exit::Result};

/// The name of the recording that is looked for beside a spec.
const RECORDING: &str = "recording.json";

/// The models of a process, ready to be called.
pub(crate) struct Models {
    /// The gateway around them.
    pub(crate) gateway: Arc<Gateway>,
    /// What they are, for people.
    pub(crate) source: Source,
}

/// Where the replies come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From models that are called.
    Live {
        /// What was chosen and why.
        sentence: String,
    },
    /// From a recording.
    Recording {
        /// The file.
        file: PathBuf,
        /// What it says about itself.
        info: RecordingInfo,
        /// The name under which it is called.
        name: String,
    },
    /// From a script.
    Script {
        /// The file.
        file: PathBuf,
        /// The name under which it is called.
        name: String,
    },
    /// From nowhere: nothing is configured.
    None,
}

impl Source {
    /// The policy to send with a plan or a run: a recording or script is the only model that can answer, whatever an
    /// agent's own file prefers.
    pub(crate) fn policy(&self) -> Vec<String> {
        match self {
            Self::Recording { name, .. } | Self::Script { name, .. } => vec![name.clone()],
            Self::Live { .. } | Self::None => Vec::new(),
        }
    }

    /// What the person must know before anything happens.
    pub(crate) fn notice(&self) -> Option<String> {
        match self {
            Self::Live { sentence } => Some(format!("models: {sentence}")),
            Self::Recording { file, info, .. } => Some(format!(
                "models: replies are PLAYED BACK FROM A RECORDING of {} made on {} ({}); everything else is real",
                info.model,
                info.date,
                file.display()
            )),
            Self::Script { file, .. } => Some(format!(
                "models: replies COME FROM A SCRIPT ({}), no model is called; everything else is real",
                file.display()
            )),
            Self::None => None,
        }
    }
}

/// The recording that lies beside a spec, if one does.
pub(crate) fn beside(spec: &Path) -> Option<PathBuf> {
    let file = spec.parent()?.join(RECORDING);
    file.is_file().then_some(file)
}

/// Chooses and connects the models. `fallback` is the recording to play where nothing is configured.
pub(crate) async fn connect(
    settings: &Settings,
    engine: &EngineArgs,
    fallback: Option<&Path>,
    clock: Arc<dyn Clock>,
) -> Result<Models> {
    if let Some(file) = &engine.play {
        return play(settings, file, clock);
    }
    let mut config = settings.models.clone().with_environment(&environment);
    for model in &engine.model {
        config.want(model).map_err(|error| error.problem())?;
    }
    if !engine.model.is_empty() {
        config.policy.clone_from(&engine.model);
    }
    if config.providers.is_empty() {
        return match fallback {
            Some(file) => play(settings, file, clock),
            None => nothing(settings, clock),
        };
    }
    let chosen =
        config.open(&environment, clock, engine.record.as_deref()).await.map_err(|error| error.problem())?;
    Ok(Models { gateway: Arc::new(chosen.gateway), source: Source::Live { sentence: chosen.sentence } })
}

/// A variable of this process; an empty one is not set.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A recording is JSON; a script is TOML, and told by its name.
fn play(settings: &Settings, file: &Path, clock: Arc<dyn Clock>) -> Result<Models> {
    if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        let scripted = Scripted::load(file).map_err(|error| error.problem())?;
        let name = scripted.name().to_owned();
        let chosen = settings.models.rehearsal(scripted, clock).map_err(|error| error.problem())?;
        let source = Source::Script { file: file.to_owned(), name };
        return Ok(Models { gateway: Arc::new(chosen.gateway), source });
    }
    let recorded = Recorded::load(file).map_err(|error| error.problem())?;
    let (info, name) = (recorded.info(), recorded.name().to_owned());
    let chosen = settings.models.playback(recorded, clock).map_err(|error| error.problem())?;
    let source = Source::Recording { file: file.to_owned(), info, name };
    Ok(Models { gateway: Arc::new(chosen.gateway), source })
}

/// No models: for a process that only reads.
pub(crate) fn nothing(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Models> {
    let gateway = settings.models.gateway().map_err(|error| error.problem())?;
    Ok(Models { gateway: Arc::new(Gateway::new(gateway, Vec::new(), clock)), source: Source::None })
}

/// What is said where work is asked for and no model can do it.
pub(crate) fn none() -> Problem {
    Problem::new(
        "model.none",
        "no model is configured and no recording lies beside the spec",
        "set OPENROUTER_API_KEY, ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENAI_BASE_URL, or name a recording with --play",
    )
}
