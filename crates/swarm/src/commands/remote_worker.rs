//! `swarm worker --server`: claims work over HTTP, makes it here, and returns it. The server keeps the lease: what this
//! process believes about it counts for nothing.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use swarm_client::{Client, ClientError, types};
use swarm_domain::{
    Label, NodeId, Problem,
    claim::{Reported, Work, WorkBrief},
};
use swarm_flows::{Hand, Made};
use swarm_store::{SystemClock, SystemEntropy};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::catalogue;
use crate::{
    args::WorkArgs,
    config::{self, Overrides},
    context::Context,
    data,
    exit::{Exit, Failure, Result},
    house::{self, Duty, Wiring},
    interrupt, models,
    models::Source,
    output, wire,
};

/// How long the server is asked to hold a request for work open.
const WAIT_SECONDS: u32 = 20;
/// The wait before a server that did not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// What is said of a claim that was lost.
const LOST: &str = "the server took it back";
/// How often returned work is sent to a server that does not answer.
const TRIES: u32 = 300;

struct RemoteWorker<'a> {
    context: &'a Context,
    client: Client,
    name: NodeId,
    labels: Vec<String>,
    hand: Hand,
    folder: PathBuf,
    interrupt: CancellationToken,
}

pub(super) async fn run(context: &Context, client: Client, args: WorkArgs) -> Result<Exit> {
    let overrides = Overrides { sandbox: args.engine.sandbox, ..Overrides::default() };
    let name = name(args.name.as_deref())?;
    let folder = context.data()?.join("remote").join(name.as_str());
    // What a worker of this name left when it was killed is cleared; two at once would clear each other's.
    let Some(_claim) = data::claim(&folder)? else { return Err(taken(&name)) };
    let wiring = Wiring {
        data: folder.clone(),
        settings: config::settings(overrides)?,
        engine: args.engine,
        ..Wiring::default()
    };
    let models = models::connect(&wiring.settings, &wiring.engine, None, Arc::new(SystemClock)).await?;
    if matches!(models.source, Source::None) {
        return Err(models::none().into());
    }
    let interrupt = interrupt::token()?;
    let (sandboxes, rung) = house::sandboxes(&wiring, Duty::Worker).await?;
    let policy = models.source.policy();
    let hand = Hand {
        gateway: models.gateway,
        models: if policy.is_empty() { wiring.settings.flows.models.clone() } else { policy },
        sandboxes,
        way_out: Arc::new(wiring.settings.sandbox.network.terms()?),
        policy: Arc::new(wiring.settings.policy.load()?),
        catalogue: Arc::new(catalogue(&wiring.settings)?),
        retry: wiring.settings.flows.retry.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let labels = args.labels.iter().map(Label::to_string).collect();
    let worker = RemoteWorker { context, client, name, labels, hand, folder, interrupt };
    context.output.say(&format!(
        "worker {} asks {} for work, in sandboxes on {}; {}; Ctrl-C stops it",
        worker.name,
        worker.client.url(),
        rung.as_deref().unwrap_or("no rung"),
        models.source.notice().unwrap_or_default(),
    ))?;
    let served = worker.serve(args.remote.once).await;
    worker.hand.sandboxes.close().await;
    served.map(|()| Exit::Done)
}

fn name(asked: Option<&str>) -> Result<NodeId> {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let name = asked.map(str::to_owned).or(host).unwrap_or_else(|| "worker".to_owned());
    NodeId::parse(name).map_err(|error| {
        Failure::usage(Problem::new("cli.worker_name", error.to_string(), "give a plain one with --name"))
    })
}

fn taken(name: &NodeId) -> Failure {
    Problem::new(
        "worker.name_taken",
        format!("another process on this machine already works as `{name}`"),
        "give this one a name of its own with --name",
    )
    .into()
}

impl RemoteWorker<'_> {
    async fn serve(&self, once: bool) -> Result<()> {
        let mut silent = false;
        while !self.interrupt.is_cancelled() {
            let asked = types::ClaimRequest {
                worker: self.name.to_string(),
                labels: self.labels.clone(),
                wait_seconds: Some(WAIT_SECONDS),
            };
            let Some(claimed) = self.interrupt.run_until_cancelled(self.client.claim(&asked)).await else {
                break;
            };
            match claimed {
                Ok(Some(work)) => {
                    silent = false;
                    let fate = self.work(&work).await?;
                    if once {
                        return fate.ended();
                    }
                }
                Ok(None) => silent = false,
                // A server that was started again has another token: its file may be brought up to date meanwhile.
                Err(error) if error.is_transient() || error.status() == Some(401) => {
                    if !silent {
                        output::notice(&format!("{error} [{}]; asking again until it answers", error.code()));
                    }
                    silent = true;
                    self.pause().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn pause(&self) {
        let _ = self.interrupt.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }

    async fn work(&self, claimed: &types::ClaimedWork) -> Result<Fate> {
        let brief: WorkBrief = wire::read(&claimed.brief)?;
        self.context.output.say(&format!("{}: {} ({})", brief.attempt, brief.ticket.title, claimed.claim))?;
        let folder = self.folder.join("attempt");
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io("clear the work folder", error));
            }
            _ => {}
        }
        let cancel = self.interrupt.child_token();
        let heart = self.beat(claimed, cancel.clone());
        let Made { work, reported } = self.hand.make(&brief, &folder, &cancel).await;
        let fate = match work {
            Some(work) => self.complete(claimed, work, reported).await?,
            None if self.interrupt.is_cancelled() => self.give_back(claimed, reported).await?,
            None => Fate::Lost(LOST.to_owned(), "claim.stale".to_owned()),
        };
        heart.abort();
        let fate = match (fate, heart.await) {
            // The heart was told why.
            (Fate::Lost(..), Ok(error)) => Fate::of(&error),
            (fate, _) => fate,
        };
        // What was not removed is cleared before the next one.
        let _ = std::fs::remove_dir_all(&folder);
        self.context.output.say(&format!("{}: {fate}", brief.attempt))?;
        Ok(fate)
    }

    /// Shows that the worker lives, in the background. Where the server says that the claim is lost, the work stops,
    /// and this ends with what it said.
    fn beat(&self, claimed: &types::ClaimedWork, cancel: CancellationToken) -> JoinHandle<ClientError> {
        let client = self.client.clone();
        let (claim, token) = (claimed.claim.clone(), claimed.token);
        let every = Duration::from_secs(claimed.heartbeat_seconds.max(1).into());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                match client.heartbeat(&claim, token).await {
                    Ok(_) => {}
                    Err(error) if is_lost(&error) => {
                        cancel.cancel();
                        return error;
                    }
                    Err(error) => tracing::warn!(%error, claim, "no heartbeat reached the server"),
                }
            }
        })
    }

    /// Returns work until the server has answered: it may be away for a while, and the same work again is no other.
    async fn complete(&self, claimed: &types::ClaimedWork, work: Work, reported: Reported) -> Result<Fate> {
        let mut completion = completion(claimed, work, reported)?;
        for _ in 0..TRIES {
            match self.client.complete(&completion).await {
                Ok(_) if completion.outcome.failed.is_some() => {
                    return Ok(Fate::Settled("could not be done"));
                }
                Ok(_) => return Ok(Fate::Settled("returned")),
                Err(error) if is_lost(&error) => return Ok(Fate::of(&error)),
                // Refused as it is: the server must not wait for what never comes.
                Err(error)
                    if matches!(error.status(), Some(413 | 422)) && completion.outcome.failed.is_none() =>
                {
                    let failed = Some(format!("the server refused the work: {error}"));
                    completion.outcome = types::WorkOutcome { files: None, summary: None, failed };
                }
                Err(error) if error.is_transient() || error.status() == Some(401) => {
                    // Who is told to stop has tried once more by then.
                    if self.interrupt.is_cancelled() {
                        return Ok(Fate::of(&error));
                    }
                    self.pause().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Fate::Lost("the server did not answer".to_owned(), "client.unreachable".to_owned()))
    }

    async fn give_back(&self, claimed: &types::ClaimedWork, reported: Reported) -> Result<Fate> {
        let spend = Some(wire::read(&reported.spend)?);
        let given = types::GiveBack { token: claimed.token, spend, models: reported.models };
        Ok(match self.client.release(&claimed.claim, &given).await {
            Ok(()) => Fate::Settled("given back"),
            Err(error) => Fate::of(&error),
        })
    }
}

/// How a piece of work ended for this worker.
enum Fate {
    /// As it should.
    Settled(&'static str),
    /// The claim is another's, or nobody's, by now: what was said, and its code. Nothing of the work counts.
    Lost(String, String),
}

impl Fate {
    fn of(error: &ClientError) -> Self {
        Self::Lost(error.to_string(), error.code().to_owned())
    }

    /// For who ends with it.
    fn ended(self) -> Result<()> {
        match self {
            Self::Settled(_) => Ok(()),
            Self::Lost(why, code) => {
                Err(Problem::new(&code, why, "nothing of the work counts; start the worker again").into())
            }
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settled(how) => f.write_str(how),
            Self::Lost(why, code) => write!(f, "was lost: {why} [{code}]"),
        }
    }
}

fn completion(claimed: &types::ClaimedWork, work: Work, reported: Reported) -> Result<types::Completion> {
    let outcome = match work {
        Work::Done { files, summary } => {
            let file = |file: swarm_domain::claim::ReturnedFile| types::OutcomeFile {
                path: file.path,
                deleted: file.text.is_none().then_some(true),
                text: file.text,
            };
            let files = Some(files.into_iter().map(file).collect());
            types::WorkOutcome { files, summary: Some(summary), failed: None }
        }
        Work::Failed { reason } => types::WorkOutcome { files: None, summary: None, failed: Some(reason) },
    };
    Ok(types::Completion {
        claim: claimed.claim.clone(),
        token: claimed.token,
        outcome,
        spend: Some(wire::read(&reported.spend)?),
        models: reported.models,
    })
}

/// Whether the claim is another's, or nobody's, by now.
fn is_lost(error: &ClientError) -> bool {
    matches!(error.status(), Some(404 | 409))
}
