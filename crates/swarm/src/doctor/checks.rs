//! The looks themselves.

use std::{path::Path, sync::Arc, time::Duration};

use swarm_client::types::{NodeState, RunState};
use swarm_domain::attempt::Rung;
use swarm_forge::Forge;
use swarm_sandbox::survey;
use swarm_store::{Cluster, ClusterOptions, SystemClock};
use tokio::{net::TcpStream, time::timeout};

use super::{Finding, Standing};
use crate::{config::Settings, data, door, models::environment};

/// The longest that a model may take to answer with one word.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest that a database may take to accept a connection.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
const POSTGRES_PORT: &str = "5432";
const REDIS_PORT: &str = "6379";

pub(super) fn data_folder(folder: &Path) -> Finding {
    const NAME: &str = "data folder";
    let mend = "name a folder that you may write to with --data or SWARM_DATA";
    if let Err(failure) = data::make(folder) {
        return Finding::missing(NAME, failure.problem.detail, mend);
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Finding::fine(NAME, folder.display().to_string()),
        Err(error) => {
            Finding::missing(NAME, format!("{} cannot be written to: {error}", folder.display()), mend)
        }
    }
}

pub(super) async fn server(folder: &Path) -> Finding {
    const NAME: &str = "server";
    match door::running(folder).await {
        Ok(Some(client)) => Finding::fine(NAME, format!("runs at {}", client.url())),
        Ok(None) => Finding::fine(NAME, "none runs here; commands start one for as long as they need it"),
        Err(failure) => Finding::note(NAME, failure.problem.detail, failure.problem.next),
    }
}

/// Who works, and what waits for a worker that is not there. Only a server that runs can say.
pub(super) async fn workers(folder: &Path) -> Vec<Finding> {
    const NAME: &str = "workers";
    let Ok(Some(client)) = door::running(folder).await else { return Vec::new() };
    let workers = match client.workers().await {
        Ok(workers) => workers,
        Err(error) => return vec![Finding::note(NAME, error.detail(), error.next())],
    };
    let of = |state: NodeState| workers.iter().filter(move |worker| worker.state == state);
    let live: Vec<_> = of(NodeState::Live).map(|worker| worker.name.as_str()).collect();
    let mut found = vec![match of(NodeState::Dead).map(|worker| worker.name.as_str()).collect::<Vec<_>>() {
        _ if live.is_empty() => Finding::note(NAME, "none is alive", "run `swarm up` or `swarm worker`"),
        dead if dead.is_empty() => {
            Finding::fine(NAME, format!("{} at work: {}", live.len(), live.join(", ")))
        }
        dead => Finding::note(
            NAME,
            format!("{} at work: {}; lost: {}", live.len(), live.join(", "), dead.join(", ")),
            "their work went to the others; start them again with `swarm worker --name NAME`",
        ),
    }];
    for run in client.runs().await.unwrap_or_default() {
        if matches!(run.state, RunState::Running)
            && let Ok(run) = client.run(&run.id).await
        {
            let told = run.warnings.into_iter();
            found.extend(
                told.map(|problem| Finding::note(&format!("run {}", run.id), problem.detail, problem.next)),
            );
        }
    }
    found
}

/// The database of the environment by a connection, else the programs that a private one is made with.
pub(super) async fn database(settings: &Settings) -> Finding {
    const NAME: &str = "PostgreSQL";
    let variable = &settings.database.url_env;
    let Some(url) = environment(variable) else {
        return match Cluster::installed_version(&ClusterOptions::default()).await {
            Ok(version) => Finding::fine(
                NAME,
                format!("version {version}; a private database is started when it is needed"),
            ),
            Err(error) => Finding::problem(NAME, &error.problem()),
        };
    };
    let Some(address) = address_of(&url, POSTGRES_PORT) else {
        return Finding::fine(NAME, format!("{variable} names a database over a socket"));
    };
    let mend = format!("start that server, or unset {variable} for a private database");
    match timeout(DATABASE_PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Finding::fine(NAME, format!("{address} of {variable} accepts connections")),
        Ok(Err(error)) => Finding::missing(NAME, format!("{address} of {variable}: {error}"), mend),
        Err(_) => Finding::missing(NAME, format!("{address} of {variable} does not answer"), mend),
    }
}

/// The Redis of the environment, where one is named. Nothing is lost without it.
pub(super) async fn redis(settings: &Settings) -> Option<Finding> {
    const NAME: &str = "Redis";
    let variable = &settings.live.redis_url_env;
    let url = environment(variable)?;
    let Some(address) = address_of(&url, REDIS_PORT) else {
        return Some(Finding::fine(NAME, format!("{variable} names one over a socket")));
    };
    let mend = format!("start it, or unset {variable}: PostgreSQL carries live updates meanwhile");
    Some(match timeout(DATABASE_PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Finding::fine(NAME, format!("{address} of {variable} accepts connections")),
        Ok(Err(error)) => Finding::note(NAME, format!("{address} of {variable}: {error}"), mend),
        Err(_) => Finding::note(NAME, format!("{address} of {variable} does not answer"), mend),
    })
}

/// Host and port of a server's address, and nothing of its name and password.
fn address_of(url: &str, port: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() || host.starts_with('%') {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    Some(if has_port { host.to_owned() } else { format!("{host}:{port}") })
}

pub(super) async fn git(folder: &Path) -> Finding {
    match Forge::open(folder, Arc::new(SystemClock)).check().await {
        Ok(version) => Finding::fine("git", version),
        Err(error) => Finding::problem("git", &error.problem()),
    }
}

/// Every rung of the ladder. One that isolates is enough; a plain process does not count.
pub(super) async fn sandboxes(folder: &Path) -> Vec<Finding> {
    let standings = survey(&folder.join("sandboxes")).await;
    let isolates = |rung: Rung| rung != Rung::Process;
    let any = standings.iter().any(|s| isolates(s.rung) && s.works.is_ok());
    let mut found = Vec::new();
    for standing in standings {
        let name = format!("sandbox: {}", standing.rung);
        found.push(match standing.works {
            Ok(limits) if isolates(standing.rung) => {
                let said = [Some(limits.to_string()), standing.note, standing.warning];
                Finding::fine(&name, said.into_iter().flatten().collect::<Vec<_>>().join("; "))
            }
            Ok(_) => Finding::fine(&name, "works, without any isolation; only with --sandbox process"),
            Err(error) => {
                let problem = error.problem();
                let missing = !any && standing.rung == Rung::Bubblewrap;
                let standing = if missing { Standing::Missing } else { Standing::Note };
                Finding { standing, ..Finding::problem(&name, &problem) }
            }
        });
    }
    found
}

/// Each configured model by the cheapest question that there is.
pub(super) async fn models(settings: &Settings) -> Vec<Finding> {
    const NAME: &str = "models";
    let config = settings.models.clone().with_environment(&environment);
    if config.providers.is_empty() {
        return vec![Finding::note(
            NAME,
            "no key and no server is set: only recordings can be played back",
            "export OPENROUTER_API_KEY=…, ANTHROPIC_API_KEY=…, OPENAI_API_KEY=… or OPENAI_BASE_URL=http://…/v1",
        )];
    }
    let connected = match config.connect(&environment, Arc::new(SystemClock)).await {
        Ok(connected) => connected,
        Err(error) => return vec![Finding::problem(NAME, &error.problem())],
    };
    let mut found = Vec::new();
    for model in connected {
        let name = format!("model: {}", model.name());
        found.push(match timeout(PATIENCE, swarm_model::config::check(&*model)).await {
            Ok(Ok(report)) => Finding::fine(
                &name,
                format!("{} answered in {} ms", report.answered_by, report.latency.as_millis()),
            ),
            Ok(Err(error)) => {
                let problem = error.problem();
                Finding::missing(&name, problem.detail, problem.next)
            }
            Err(_) => {
                let detail = format!("no answer within {} s", PATIENCE.as_secs());
                Finding::missing(
                    &name,
                    detail,
                    "check the address and the network, or configure another model",
                )
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_database_address_only_host_and_port_are_kept() {
        assert_eq!(
            address_of("postgres://me:secret@db.example:6543/x", POSTGRES_PORT).as_deref(),
            Some("db.example:6543")
        );
        assert_eq!(
            address_of("postgresql://db.example/x?sslmode=require", POSTGRES_PORT).as_deref(),
            Some("db.example:5432")
        );
        assert_eq!(address_of("postgres://me:s@cret@[::1]/x", POSTGRES_PORT).as_deref(), Some("[::1]:5432"));
        assert_eq!(address_of("postgres://%2Fvar%2Frun/x", POSTGRES_PORT), None);
        assert_eq!(address_of("postgres:///x?host=/var/run", POSTGRES_PORT), None);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_missing_and_says_what_to_do() {
        let found = data_folder(Path::new("/proc/swarm"));
        assert_eq!(found.standing, Standing::Missing);
        assert!(found.mend.unwrap().contains("--data"));
    }
}
