//! A change that somebody made by hand, or had made elsewhere, judged as an attempt would be. It needs a repository to
//! stand in and nothing else: no server, no database, and a sandbox only where something is run.

use std::{path::PathBuf, time::Duration};

use swarm_agents::Rules;
use swarm_domain::{
    CommitId, Problem, TicketId,
    agent::Capability,
    budget::Budget,
    finding::{Finding, FindingCode},
    gate::{CheckReport, GateCheck, GatePolicy, GateReport, GateStage, Look},
    scope::Scope,
    spec::Spec,
    ticket::{Risk, Ticket, TicketCheck},
};
use swarm_forge::{Content, Here};
use swarm_sandbox::{Backend, How};
use tokio_util::sync::CancellationToken;

use super::{
    audit,
    bench::Bench,
    commands::{self, Ground, Wanted},
    files::Files,
    is_on,
    own::Own,
    scan,
};
use crate::{
    error::FlowError,
    parts::FlowsConfig,
    validate::{
        self,
        change::{self, ReadChange},
        own_rules,
    },
};

/// What is to be judged.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where in the life of the change.
    pub stage: GateStage,
    /// The commit that it is merged into, before a merge.
    pub base: Option<CommitId>,
    /// The commit that is merged or deployed; not needed before a commit.
    pub head: Option<CommitId>,
    /// Globs of the files that may change; empty where nobody said.
    pub scope: Vec<String>,
    /// The spec that the change is made for.
    pub spec: Option<Spec>,
    /// The rules of an agent's file that it is held to.
    pub rules: Rules,
    /// How long commands are tried again after a deployment.
    pub patience: Duration,
}

/// A change that is about to be judged.
pub struct ByHand<'a> {
    here: &'a Here,
    config: &'a FlowsConfig,
    asked: Asked,
    content: Content,
    own: Own,
    policy: GatePolicy,
    /// None where a commit is judged as a whole.
    change: Option<ReadChange>,
}

impl<'a> ByHand<'a> {
    /// Reads the change, and what the repository says of its gate: as it is staged before a commit, as it was before the
    /// change before a merge, as it is in the commit otherwise.
    pub async fn open(here: &'a Here, config: &'a FlowsConfig, asked: Asked) -> Result<Self, FlowError> {
        let bounds = change::bounds(config);
        let head = || asked.head.clone().ok_or_else(|| missing("the commit that is judged"));
        let (content, own, read) = match asked.stage {
            GateStage::PreCommit => (Content::Staged, Content::Staged, Some(here.staged(bounds).await?)),
            GateStage::PreMerge => {
                let (head, base) =
                    (head()?, asked.base.clone().ok_or_else(|| missing("the commit before it"))?);
                let read = here.between(&base, &head, bounds).await?;
                (Content::Commit(head), Content::Commit(base), Some(read))
            }
            GateStage::PreDeploy | GateStage::PostDeploy => {
                let head = head()?;
                (Content::Commit(head.clone()), Content::Commit(head), None)
            }
        };
        let own = Own::among(Files::Here(here, &own)).await?;
        let policy = config.gate.stricter(&own.policy);
        Ok(Self { here, config, asked, content, own, policy, change: read.map(ReadChange::of) })
    }

    /// Whether something would be run that belongs into a sandbox.
    #[must_use]
    pub fn needs_sandbox(&self) -> bool {
        match &self.change {
            Some(change) => {
                scan::needs_sandbox(&self.policy, &change.files)
                    || (is_on(&self.policy, GateCheck::Rules) && self.rules().commands().next().is_some())
            }
            None => is_on(&self.policy, GateCheck::Commands) && !self.wanted().is_empty(),
        }
    }

    /// Judges it. What cannot be looked at without a sandbox is skipped where there is none, and said so.
    pub async fn judge(
        &self,
        backend: Option<&dyn Backend>,
        scratch: PathBuf,
        cancel: CancellationToken,
    ) -> Result<GateReport, FlowError> {
        let limits = &self.config.check_limits;
        let online = self.config.gate_online;
        let bench = Bench { backend, folder: scratch, name: "gate".to_owned(), limits, online, cancel };
        let checks = match &self.change {
            Some(change) => self.read(&bench, change).await?,
            None => self.tried(&bench).await?,
        };
        Ok(GateReport { stage: self.asked.stage, change: self.words(), checks })
    }

    async fn read(&self, bench: &Bench<'_>, change: &ReadChange) -> Result<Vec<CheckReport>, FlowError> {
        let is_scoped = !self.asked.scope.is_empty();
        let everything = ["**".to_owned()];
        let globs = if is_scoped { self.asked.scope.as_slice() } else { &everything };
        let scope = Scope::new(globs).map_err(|error| FlowError::Final(error.problem()))?;
        let (ticket, rules) = (self.ticket(change), self.rules());
        let fixtures = self.asked.spec.as_ref().map_or(&[][..], |spec| &spec.fixtures);
        let mut found = validate::by_reading(change, &scope, &ticket, fixtures, &rules, self.config);
        // A person may well commit nothing but comments.
        found.retain(|finding| finding.code != FindingCode::NothingDone);
        found.extend(self.refused(bench, &rules).await?);
        let mut checks = self.policy.weigh_reading(&found);
        if !is_scoped {
            let why = "nobody said which files may change: `--scope GLOB` does".to_owned();
            let skipped = self.policy.weigh(Look {
                check: GateCheck::Scope,
                tool: "swarm".to_owned(),
                found: Err(why),
            });
            checks
                .iter_mut()
                .filter(|check| check.check == GateCheck::Scope)
                .for_each(|c| *c = skipped.clone());
        }
        checks.push(self.policy.weigh(scan::semgrep(bench, &self.policy, &change.files, &self.own).await?));
        checks.extend(self.audited(bench, &change.paths().collect::<Vec<_>>()).await?);
        Ok(checks)
    }

    /// The commands among the rules.
    async fn refused(&self, bench: &Bench<'_>, rules: &Rules) -> Result<Vec<Finding>, FlowError> {
        let (Some(backend), true) = (bench.backend, is_on(&self.policy, GateCheck::Rules)) else {
            return Ok(Vec::new());
        };
        let ground = Ground { here: self.here, content: &self.content, fixtures: &[] };
        let mut found = Vec::new();
        for (index, (command, rule)) in rules.commands().enumerate() {
            let ended = commands::run(bench, backend, &ground, &format!("rule-{index}"), command).await?;
            if ended.how != (How::Exited { code: 0 }) {
                found.push(own_rules::refusal(command, rule, ended));
            }
        }
        Ok(found)
    }

    async fn tried(&self, bench: &Bench<'_>) -> Result<Vec<CheckReport>, FlowError> {
        let wanted = self.wanted();
        let fixtures = self.asked.spec.as_ref().map_or(&[][..], |spec| &spec.fixtures);
        let ground = Ground { here: self.here, content: &self.content, fixtures };
        let found = match bench.backend {
            _ if wanted.is_empty() => {
                Err(format!("neither {} nor a spec names a command for this stage", super::GATE_FILE))
            }
            None => Err("no sandbox works here; `swarm doctor` says why".to_owned()),
            Some(backend) => {
                Ok(commands::failed(bench, backend, &ground, &wanted, self.asked.patience).await?)
            }
        };
        let look = Look { check: GateCheck::Commands, tool: "swarm".to_owned(), found };
        let mut checks = vec![self.policy.weigh(look)];
        if self.asked.stage == GateStage::PreDeploy {
            let paths = self.here.paths(&self.content).await?;
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            checks.extend(self.audited(bench, &paths).await?);
        }
        Ok(checks)
    }

    async fn audited(&self, bench: &Bench<'_>, paths: &[&str]) -> Result<Vec<CheckReport>, FlowError> {
        let files = Files::Here(self.here, &self.content);
        let looks = audit::audit(bench, &self.policy, paths, files).await?;
        Ok(looks.into_iter().map(|look| self.policy.weigh(look)).collect())
    }

    /// The commands of this stage.
    fn wanted(&self) -> Vec<Wanted<'_>> {
        let own = match self.asked.stage {
            GateStage::PreDeploy => &self.own.pre_deploy,
            GateStage::PostDeploy => &self.own.post_deploy,
            GateStage::PreCommit | GateStage::PreMerge => return Vec::new(),
        };
        let named = own.iter().map(|check| Wanted { check, requirement: None });
        let spec = self.asked.spec.iter().filter(|_| self.asked.stage == GateStage::PreDeploy);
        let specified = spec.flat_map(|spec| &spec.requirements).flat_map(|requirement| {
            let wanted = |check| Wanted { check, requirement: Some(&requirement.id) };
            requirement.acceptance.iter().map(wanted)
        });
        named.chain(specified).collect()
    }

    fn rules(&self) -> Rules {
        self.own.beside(&self.asked.rules)
    }

    /// The change as a ticket would ask for it. Who said nothing of a scope means every file that was changed.
    fn ticket(&self, change: &ReadChange) -> Ticket {
        let touches = if self.asked.scope.is_empty() {
            change.paths().map(str::to_owned).collect()
        } else {
            self.asked.scope.clone()
        };
        let requirements = self.asked.spec.iter().flat_map(|spec| &spec.requirements);
        let acceptance = requirements.flat_map(|requirement| {
            let check =
                |check: &_| TicketCheck { requirement: requirement.id.clone(), check: Clone::clone(check) };
            requirement.acceptance.iter().map(check)
        });
        Ticket {
            id: TicketId::of_requirements(&[], 0),
            title: String::new(),
            description: String::new(),
            requirements: Vec::new(),
            touches,
            depends_on: Vec::new(),
            acceptance: acceptance.collect(),
            budget: Budget::default(),
            risk: Risk::default(),
            capability: Capability::Code,
        }
    }

    /// What is judged, in a few words.
    fn words(&self) -> String {
        let short = |commit: &CommitId| commit.as_str().chars().take(10).collect::<String>();
        match (&self.content, &self.asked.base) {
            (Content::Staged, _) => "what is staged".to_owned(),
            (Content::Commit(head), Some(base)) => format!("{}..{}", short(base), short(head)),
            (Content::Commit(head), None) => short(head),
        }
    }
}

fn missing(what: &str) -> FlowError {
    let next = "name it with `--base` and `--head`";
    FlowError::Final(Problem::new("gate.nothing", format!("{what} is not named"), next))
}
