//! The way to a server: the one that runs on this data folder, else one of our own for as long as the command takes.

use std::time::{Duration, Instant};

use swarm_client::{Client, ClientError, types};

use swarm_domain::Problem;

use crate::{
    config::{self, Overrides},
    context::Context,
    data,
    exit::{Exit, Failure, Result},
    house::{Duty, House, Wiring},
    models::Source,
    output,
};

/// How often is looked whether others' runs have settled.
const LOOK: Duration = Duration::from_millis(500);

/// How long another process may start or stop on the same data folder.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client, and the server behind it where it is ours.
pub(crate) struct Door {
    client: Client,
    house: Option<House>,
}

/// The server that runs on this data folder, if one does.
pub(crate) async fn running(data: &std::path::Path) -> Result<Option<Client>> {
    match Client::discover(data).await {
        Ok(client) => Ok(Some(client)),
        Err(ClientError::Unreachable { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Who works on a data folder.
pub(crate) enum Worker {
    /// A server that runs.
    Other(Client),
    /// Nobody but us, as long as we hold this.
    Us(data::Claim),
}

/// Finds the server that runs on this data folder, or claims the folder. One that just starts or stops is waited for.
pub(crate) async fn worker(data: &std::path::Path) -> Result<Worker> {
    let began = Instant::now();
    loop {
        if let Some(client) = running(data).await? {
            return Ok(Worker::Other(client));
        }
        if let Some(claim) = data::claim(data)? {
            return Ok(Worker::Us(claim));
        }
        if began.elapsed() > PATIENCE {
            return Err(Problem::new(
                "server.silent",
                format!("another swarm holds {} and does not answer", data.display()),
                "stop it, or give another folder with --data",
            )
            .into());
        }
        tokio::time::sleep(LOOK / 10).await;
    }
}

/// Asks something of the server. Where none runs, the facts are read without one at work: no run goes on by being
/// looked at.
pub(crate) async fn reading<T>(context: &Context, work: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
    let data = context.data()?;
    if let Some(client) = running(&data).await? {
        return work(&client).await;
    }
    let wiring = Wiring { data, settings: config::settings(Overrides::default())?, ..Wiring::default() };
    let house = House::open(wiring, Duty::Read).await?;
    let client = house.client()?;
    let done = work(&client).await;
    house.close().await;
    done
}

impl Door {
    /// For commands that change what is under way.
    pub(crate) async fn to_steer(context: &Context) -> Result<Self> {
        let wiring = Wiring {
            data: context.data()?,
            settings: config::settings(Overrides::default())?,
            ..Wiring::default()
        };
        Self::to_work(wiring).await
    }

    /// For commands that need the work done: a server that runs does it, else this process.
    pub(crate) async fn to_work(mut wiring: Wiring) -> Result<Self> {
        match worker(&wiring.data).await? {
            Worker::Us(claim) => wiring.claim = Some(claim),
            Worker::Other(client) => {
                let bound = wiring.engine.bound_to_the_process();
                if !bound.is_empty() {
                    return Err(Failure::usage(Problem::new(
                        "cli.server_runs",
                        format!(
                            "{} cannot change the server that runs already at {}",
                            bound.join(" and "),
                            client.url()
                        ),
                        "stop it, or give another folder with --data; `swarm up` takes the same options",
                    )));
                }
                return Ok(Self { client, house: None });
            }
        }
        let house = House::open(wiring, Duty::Work).await?;
        Ok(Self { client: house.client()?, house: Some(house) })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether another process does the work.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.house.is_none()
    }

    /// Our own server, if it is ours.
    pub(crate) fn house(&self) -> Option<&House> {
        self.house.as_ref()
    }

    /// The models of our own server; unknown where it is another's.
    pub(crate) fn source(&self) -> Option<&Source> {
        self.house.as_ref().map(House::source)
    }

    /// Waits until the runs that others started on our server have settled. They found it, and count on it.
    pub(crate) async fn linger(&self, interrupt: &tokio_util::sync::CancellationToken) {
        if self.house.is_none() {
            return;
        }
        let mut said = false;
        while let Ok(runs) = self.client.runs().await {
            let Ok(plans) = self.client.plans().await else { return };
            let others = runs.iter().filter(|run| matches!(run.state, types::RunState::Running)).count()
                + plans.iter().filter(|plan| matches!(plan.state, types::PlanStage::Requested)).count();
            if others == 0 {
                return;
            }
            if !said {
                output::notice(&format!(
                    "{others} other builds use this server; waiting for them (Ctrl-C stops them too)"
                ));
                said = true;
            }
            tokio::select! {
                () = interrupt.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Shuts our own server down. What is under way goes on at the next start.
    pub(crate) async fn close(self) {
        if let Some(house) = self.house {
            house.close().await;
        }
    }
}

/// The exit code of a command that was interrupted, or what it ended with.
pub(crate) fn ended(done: Result<Exit>, interrupt: &tokio_util::sync::CancellationToken) -> Result<Exit> {
    if interrupt.is_cancelled() && done.is_ok() { Ok(Exit::Interrupted) } else { done }
}
