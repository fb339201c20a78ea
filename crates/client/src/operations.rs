//! The operations of the document: one method each, under the operation's own name.

use serde_json::json;

use crate::{
    Client, ClientError,
    call::{Target, api},
    types::{
        Accepted, AgentList, AgentText, AlertList, AuditKeys, BrowserRow, Browsers, Budget, CacheCleared,
        CacheState, Calibration, ChainReport, CheckedModel, CheckpointList, CheckpointRow, ChoiceList, Claim,
        ClaimList, ClaimRequest, ClaimedWork, Completed, Completion, DeadLetters, DeadlineList, Event,
        EventPage, FailureList, GiveBack, Health, Heartbeat, HumanResponse, InterruptDetail, InterruptList,
        InterruptSummary, KindChoice, LeaseKept, LimitList, LiveLimits, LiveTicket, ModelList, NewDerivation,
        NewDraft, NewFork, NewPlan, NewProject, NewPush, NewRun, NewSecret, NewSpec, NewValue,
        NotificationList, NotificationRow, Overview, PlanDetail, PlanId, PlanList, PlanSummary, Probe,
        Project, ProjectList, PullRequest, PushTry, QualityReport, Readiness, RebuildReport, Rekey, Rekeyed,
        Run, RunDiff, RunId, RunList, SecretCheck, SecretChecks, SecretDetail, SecretList, Setting,
        SettingList, SpecDelta, SpecDetail, SpecList, SpecSummary, StepDeadline, StepDetail, SurveyDetail,
        SurveyId, TicketDetail, TicketList, TicketSummary, Trace, Vitals, Vm, VmConsole, VmEnded, VmExec,
        VmList, VmMaybeToken, VmSnapshot, VmSnapshotList, VmTaken, VmToken, WebSocketMetrics, WorkDemand,
        Worker, WorkerList,
    },
};

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those behind this position; 0 reads from the start.
    pub after: u64,
    /// Only those of this run.
    pub run: Option<String>,
    /// At most this many, from 1 to 1000; 100 where absent.
    pub limit: Option<u32>,
}

/// Which questions to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterruptQuery {
    /// Only in this state, such as `waiting`.
    pub state: Option<String>,
    /// Only from this risk on: `low`, `medium`, `high`.
    pub risk: Option<String>,
    /// Only those that are at least so old, in seconds.
    pub older_than_seconds: Option<u64>,
    /// Only those of this run.
    pub run: Option<String>,
}

impl Client {
    /// Makes a repository known under a name. The same name and repository again change nothing.
    pub async fn add_project(&self, new: &NewProject) -> Result<Project, ClientError> {
        self.post(api(&["projects"]), new).await
    }

    /// The projects, by name.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        Ok(self.get::<ProjectList>(api(&["projects"])).await?.items)
    }

    /// One project.
    pub async fn project(&self, project: &str) -> Result<Project, ClientError> {
        self.get(api(&["projects", project])).await
    }

    /// Reads a spec. The same text again is the same spec.
    pub async fn add_spec(&self, new: &NewSpec) -> Result<SpecDetail, ClientError> {
        self.post(api(&["specs"]), new).await
    }

    /// The specs, the newest first.
    pub async fn specs(&self) -> Result<Vec<SpecSummary>, ClientError> {
        Ok(self.get::<SpecList>(api(&["specs"])).await?.items)
    }

    /// One spec with its requirements.
    pub async fn spec(&self, spec: &str) -> Result<SpecDetail, ClientError> {
        self.get(api(&["specs", spec])).await
    }

    /// What differs between two versions of a spec; from the one that it was written from where none is named.
    pub async fn spec_delta(&self, spec: &str, from: Option<&str>) -> Result<SpecDelta, ClientError> {
        self.get(api(&["specs", spec, "delta"]).with(&[("from", from)])).await
    }

    /// Drafts a spec from a project's code, in the background.
    pub async fn derive_spec(&self, new: &NewDerivation) -> Result<SurveyId, ClientError> {
        Ok(self.post::<Accepted>(api(&["specs", "derive"]), new).await?.id)
    }

    /// Writes down what people said of a spec, in the background; nothing is saved.
    pub async fn draft_spec(&self, new: &NewDraft) -> Result<SurveyId, ClientError> {
        Ok(self.post::<Accepted>(api(&["specs", "draft"]), new).await?.id)
    }

    /// Holds a spec against the head of a branch, in the background.
    pub async fn check_spec(&self, spec: &str, branch: Option<&str>) -> Result<SurveyId, ClientError> {
        Ok(self.post::<Accepted>(api(&["specs", spec, "check"]), &json!({ "branch": branch })).await?.id)
    }

    /// What a survey found, once it has ended.
    pub async fn survey(&self, survey: &str) -> Result<SurveyDetail, ClientError> {
        self.get(api(&["surveys", survey])).await
    }

    /// Asks for a plan, which is drawn up in the background.
    pub async fn request_plan(&self, new: &NewPlan) -> Result<PlanId, ClientError> {
        Ok(self.post::<Accepted>(api(&["plans"]), new).await?.id)
    }

    /// The plans, the newest first.
    pub async fn plans(&self) -> Result<Vec<PlanSummary>, ClientError> {
        Ok(self.get::<PlanList>(api(&["plans"])).await?.items)
    }

    /// One plan with its tickets, its price range and what the lint says.
    pub async fn plan(&self, plan: &str) -> Result<PlanDetail, ClientError> {
        self.get(api(&["plans", plan])).await
    }

    /// Executes a plan, in the background.
    pub async fn start_run(&self, new: &NewRun) -> Result<RunId, ClientError> {
        Ok(self.post::<Accepted>(api(&["runs"]), new).await?.id)
    }

    /// The runs, the newest first; without their counts of tickets.
    pub async fn runs(&self) -> Result<Vec<Run>, ClientError> {
        Ok(self.get::<RunList>(api(&["runs"])).await?.items)
    }

    /// One run.
    pub async fn run(&self, run: &str) -> Result<Run, ClientError> {
        self.get(api(&["runs", run])).await
    }

    /// Stops a run: what is merged stays merged, what is under way is given up.
    pub async fn cancel_run(&self, run: &str, reason: &str) -> Result<(), ClientError> {
        self.tell(api(&["runs", run, "cancel"]), Some(&json!({ "reason": reason }))).await
    }

    /// Plays a settled run again from its journal, without a model, in the background.
    pub async fn replay_run(&self, run: &str) -> Result<RunId, ClientError> {
        Ok(self.post::<Accepted>(api(&["runs", run, "replay"]), &json!({})).await?.id)
    }

    /// Starts again from a step of a run, in the background.
    pub async fn fork_run(&self, run: &str, fork: &NewFork) -> Result<RunId, ClientError> {
        Ok(self.post::<Accepted>(api(&["runs", run, "fork"]), fork).await?.id)
    }

    /// A step of a run: what it says, and what of it can be edited in a fork.
    pub async fn step(&self, run: &str, step: u64) -> Result<StepDetail, ClientError> {
        self.get(api(&["runs", run, "steps", &step.to_string()])).await
    }

    /// Compares two runs: what they came to, where they part, and the code.
    pub async fn diff_runs(&self, first: &str, second: &str) -> Result<RunDiff, ClientError> {
        self.get(api(&["runs", first, "diff", second])).await
    }

    /// The tickets of a run.
    pub async fn tickets(&self, run: &str) -> Result<Vec<TicketSummary>, ClientError> {
        Ok(self.get::<TicketList>(api(&["runs", run, "tickets"])).await?.items)
    }

    /// One ticket with its attempts, checks, findings and model calls.
    pub async fn ticket(&self, run: &str, ticket: &str) -> Result<TicketDetail, ClientError> {
        self.get(api(&["runs", run, "tickets", ticket])).await
    }

    /// Takes work, where there is some for a worker with these labels; waits for it within the server's bound.
    pub async fn claim(&self, asked: &ClaimRequest) -> Result<Option<ClaimedWork>, ClientError> {
        self.post_or_nothing(Target::of(&["claim"]), asked).await
    }

    /// Shows that the holder of a claim lives.
    pub async fn heartbeat(&self, claim: &str, token: u64) -> Result<LeaseKept, ClientError> {
        self.post(Target::of(&["claim", claim, "heartbeat"]), &Heartbeat { token }).await
    }

    /// Gives a claim back unfinished.
    pub async fn release(&self, claim: &str, given: &GiveBack) -> Result<(), ClientError> {
        self.tell(Target::of(&["claim", claim, "release"]), Some(given)).await
    }

    /// Returns work; the same again has the same answer.
    pub async fn complete(&self, completion: &Completion) -> Result<Completed, ClientError> {
        self.post(Target::of(&["complete"]), completion).await
    }

    /// What is offered to workers and not settled, of one run or of all, the oldest first.
    pub async fn claims(&self, run: Option<&str>) -> Result<Vec<Claim>, ClientError> {
        Ok(self.get::<ClaimList>(api(&["claims"]).with(&[("run", run)])).await?.items)
    }

    /// How much work waits for workers.
    pub async fn demand(&self) -> Result<WorkDemand, ClientError> {
        self.get(api(&["workers", "demand"])).await
    }

    /// Takes a ticket that needs a person, was given up or still waits up again, and the settled run with it. A limit
    /// of `budget` takes the place of the run's own.
    pub async fn retry_ticket(
        &self,
        run: &str,
        ticket: &str,
        budget: Option<&Budget>,
    ) -> Result<(), ClientError> {
        let body = budget.map(|budget| json!({ "budget": budget }));
        self.tell(api(&["runs", run, "tickets", ticket, "retry"]), body.as_ref()).await
    }

    /// Gives up a ticket. What was written for it is archived, not deleted.
    pub async fn cancel_ticket(&self, run: &str, ticket: &str, reason: &str) -> Result<(), ClientError> {
        self.tell(api(&["runs", run, "tickets", ticket, "cancel"]), Some(&json!({ "reason": reason }))).await
    }

    /// Questions to people, those of the highest risk first, and of these the oldest.
    pub async fn interrupts(&self, which: &InterruptQuery) -> Result<Vec<InterruptSummary>, ClientError> {
        let older = which.older_than_seconds.map(|seconds| seconds.to_string());
        let target = api(&["hitl"]).with(&[
            ("state", which.state.as_deref()),
            ("risk", which.risk.as_deref()),
            ("older_than_seconds", older.as_deref()),
            ("run", which.run.as_deref()),
        ]);
        Ok(self.get::<InterruptList>(target).await?.items)
    }

    /// One question with all that is to be judged.
    pub async fn interrupt(&self, interrupt: &str) -> Result<InterruptDetail, ClientError> {
        self.get(api(&["hitl", interrupt])).await
    }

    /// Answers a question.
    pub async fn answer_interrupt(
        &self,
        interrupt: &str,
        response: &HumanResponse,
    ) -> Result<InterruptDetail, ClientError> {
        self.post(api(&["hitl", interrupt, "respond"]), response).await
    }

    /// Hands a question to somebody.
    pub async fn delegate_interrupt(
        &self,
        interrupt: &str,
        to: &str,
    ) -> Result<InterruptDetail, ClientError> {
        self.post(api(&["hitl", interrupt, "delegate"]), &json!({ "to": to })).await
    }

    /// What one was told in the app, the newest first.
    pub async fn notifications(&self, unread: bool) -> Result<NotificationList, ClientError> {
        self.get(api(&["notifications"]).with(&[("unread", unread.then_some("true"))])).await
    }

    /// Marks one of one's own messages as read, or all.
    pub async fn read_notifications(&self, id: Option<&str>) -> Result<(), ClientError> {
        self.tell(api(&["notifications", "read"]), Some(&json!({ "id": id }))).await
    }

    /// What could not be sent, to whomever, the newest first.
    pub async fn dead_letters(&self) -> Result<Vec<NotificationRow>, ClientError> {
        Ok(self.get::<DeadLetters>(api(&["notifications", "dead"])).await?.items)
    }

    /// Sends again what could not be sent.
    pub async fn replay_notification(&self, notification: &str) -> Result<NotificationRow, ClientError> {
        self.post(api(&["notifications", notification, "replay"]), &json!({})).await
    }

    /// Sends oneself a message by a channel.
    pub async fn try_channel(&self, channel: &str) -> Result<(), ClientError> {
        self.tell(api(&["notifications", "test"]), Some(&json!({ "channel": channel }))).await
    }

    /// One's own browsers that are told, and the key by which another one is.
    pub async fn browsers(&self) -> Result<Browsers, ClientError> {
        self.get(api(&["notifications", "push"])).await
    }

    /// Lets the browser of this session be told.
    pub async fn add_browser(&self, browser: &NewPush) -> Result<BrowserRow, ClientError> {
        self.post(api(&["notifications", "push"]), browser).await
    }

    /// Lets a browser of one's own be told no more.
    pub async fn remove_browser(&self, browser: &str) -> Result<(), ClientError> {
        self.delete(api(&["notifications", "push", browser])).await
    }

    /// Sends a message to one's own browsers. How many push services took it.
    pub async fn try_browsers(&self) -> Result<u64, ClientError> {
        Ok(self.post::<PushTry>(api(&["notifications", "push", "test"]), &json!({})).await?.taken)
    }

    /// What became of the requirements of a run's spec, or of one of them.
    pub async fn trace(&self, run: &str, requirement: Option<&str>) -> Result<Trace, ClientError> {
        self.get(api(&["runs", run, "trace"]).with(&[("requirement", requirement)])).await
    }

    /// Sets a secret. One of this name and project that is there is replaced at once.
    pub async fn set_secret(&self, new: &NewSecret) -> Result<SecretDetail, ClientError> {
        self.post(api(&["secrets"]), new).await
    }

    /// The secrets, those for all projects first, by name. No answer ever holds a value.
    pub async fn secrets(&self) -> Result<Vec<SecretDetail>, ClientError> {
        Ok(self.get::<SecretList>(api(&["secrets"])).await?.items)
    }

    /// One secret of a project, or for all.
    pub async fn secret(&self, name: &str, project: Option<&str>) -> Result<SecretDetail, ClientError> {
        self.get(api(&["secrets", name]).with(&[("project", project)])).await
    }

    /// Gives a secret another value; the old one counts beside it for a while.
    pub async fn rotate_secret(&self, name: &str, new: &NewValue) -> Result<SecretDetail, ClientError> {
        self.post(api(&["secrets", name, "rotate"]), new).await
    }

    /// Removes a secret of a project, or for all, with all its values.
    pub async fn remove_secret(&self, name: &str, project: Option<&str>) -> Result<(), ClientError> {
        self.delete(api(&["secrets", name]).with(&[("project", project)])).await
    }

    /// Opens or looks up each value that counts, and says what is wrong.
    pub async fn check_secrets(&self) -> Result<Vec<SecretCheck>, ClientError> {
        Ok(self.post::<SecretChecks>(api(&["secrets", "all", "check"]), &json!({})).await?.items)
    }

    /// Makes a new key and seals every value with it; what no key opens is given up where `lost` says so.
    pub async fn rekey_secrets(&self, lost: bool) -> Result<Rekeyed, ClientError> {
        self.post(api(&["secrets", "all", "rekey"]), &Rekey { lost: Some(lost) }).await
    }

    /// The sandboxes of the server's process, and who has those of the other attempts that are under way.
    pub async fn vms(&self) -> Result<VmList, ClientError> {
        self.get(api(&["vms"])).await
    }

    /// One sandbox, by its id or by that of the attempt that it is for; as in all that follow.
    pub async fn vm(&self, vm: &str) -> Result<Vm, ClientError> {
        self.get(api(&["vms", vm])).await
    }

    /// The last lines that were said in and by a sandbox.
    pub async fn vm_console(&self, vm: &str, lines: Option<u32>) -> Result<VmConsole, ClientError> {
        let lines = lines.map(|lines| lines.to_string());
        self.get(api(&["vms", vm, "console"]).with(&[("lines", lines.as_deref())])).await
    }

    /// Runs a line in a sandbox, between the commands of its work. Who gives up waiting ends it.
    pub async fn exec_vm(&self, vm: &str, line: &VmExec) -> Result<VmEnded, ClientError> {
        self.post(api(&["vms", vm, "exec"]), line).await
    }

    /// Takes a sandbox over: its work waits until it is handed back, or no sign of life comes for as long as the lease lasts.
    pub async fn take_over_vm(&self, vm: &str) -> Result<VmTaken, ClientError> {
        self.post(api(&["vms", vm, "takeover"]), &json!({})).await
    }

    /// A sign of life of who took a sandbox over.
    pub async fn renew_vm(&self, vm: &str, token: &str) -> Result<VmTaken, ClientError> {
        let shown = VmToken { token: token.to_owned() };
        self.post(api(&["vms", vm, "takeover", "renew"]), &shown).await
    }

    /// Hands a sandbox back: its work goes on.
    pub async fn hand_back_vm(&self, vm: &str, token: &str) -> Result<(), ClientError> {
        let shown = VmToken { token: token.to_owned() };
        self.tell(api(&["vms", vm, "takeover", "end"]), Some(&shown)).await
    }

    /// Writes a sandbox down as it is; who took it over shows the token.
    pub async fn snapshot_vm(&self, vm: &str, token: Option<&str>) -> Result<VmSnapshot, ClientError> {
        let shown = VmMaybeToken { token: token.map(str::to_owned) };
        self.post(api(&["vms", vm, "snapshot"]), &shown).await
    }

    /// Makes a sandbox of its own, from a snapshot or from a sandbox as it is now.
    pub async fn fork_vm(&self, vm: &str, token: Option<&str>) -> Result<Vm, ClientError> {
        let shown = VmMaybeToken { token: token.map(str::to_owned) };
        self.post(api(&["vms", vm, "fork"]), &shown).await
    }

    /// What was written down of sandboxes on the server's machine and is still there, the oldest first.
    pub async fn snapshots(&self) -> Result<Vec<VmSnapshot>, ClientError> {
        Ok(self.get::<VmSnapshotList>(api(&["snapshots"])).await?.items)
    }

    /// Ends a sandbox with whatever runs in it; who took it over shows the token.
    pub async fn stop_vm(&self, vm: &str, token: Option<&str>) -> Result<(), ClientError> {
        self.delete(api(&["vms", vm]).with(&[("token", token)])).await
    }

    /// The processes that work, by name, with what each works on.
    pub async fn workers(&self) -> Result<Vec<Worker>, ClientError> {
        Ok(self.get::<WorkerList>(api(&["workers"])).await?.items)
    }

    /// The pull request of a run, with its Markdown text.
    pub async fn pull_request(&self, run: &str) -> Result<PullRequest, ClientError> {
        self.get(api(&["runs", run, "pull-request"])).await
    }

    /// What was done so far, in a few numbers.
    pub async fn overview(&self) -> Result<Overview, ClientError> {
        self.get(api(&["stats"])).await
    }

    /// Whether estimates from history held.
    pub async fn calibration(&self) -> Result<Calibration, ClientError> {
        self.get(api(&["stats", "calibration"])).await
    }

    /// What is known of who does which work, and whether that may choose yet.
    pub async fn choices(&self) -> Result<Vec<KindChoice>, ClientError> {
        Ok(self.get::<ChoiceList>(api(&["stats", "choice"])).await?.items)
    }

    /// How long steps may take, going by similar ones.
    pub async fn deadlines(&self) -> Result<Vec<StepDeadline>, ClientError> {
        Ok(self.get::<DeadlineList>(api(&["stats", "deadlines"])).await?.items)
    }

    /// How the whole fares: what waits, what was done lately and at what price, what failed, how sandboxes come and go.
    pub async fn fleet(&self) -> Result<Vitals, ClientError> {
        self.get(api(&["stats", "fleet"])).await
    }

    /// What people are told without asking.
    pub async fn alerts(&self) -> Result<AlertList, ClientError> {
        self.get(api(&["alerts"])).await
    }

    /// The most frequent kinds of failure, of all runs or of one, since a time (RFC 3339).
    pub async fn failures(&self, run: Option<&str>, since: Option<&str>) -> Result<FailureList, ClientError> {
        self.get(api(&["failures"]).with(&[("run", run), ("since", since)])).await
    }

    /// How good accepted work is, of all runs or of one, by `agent`, `model` or `capability`.
    pub async fn quality(&self, run: Option<&str>, by: Option<&str>) -> Result<QualityReport, ClientError> {
        self.get(api(&["quality"]).with(&[("run", run), ("by", by)])).await
    }

    /// A page of the log. To follow it, see [`Client::follow`].
    pub async fn events(&self, query: &EventQuery) -> Result<EventPage, ClientError> {
        let after = query.after.to_string();
        let limit = query.limit.map(|limit| limit.to_string());
        let target = api(&["events"]);
        self.get(target.with(&[
            ("after", Some(&after)),
            ("run", query.run.as_deref()),
            ("limit", limit.as_deref()),
        ]))
        .await
    }

    /// Waits for events behind a position, for `wait` seconds at the most: of a run, or told on a path. Empty where none
    /// came; [`EventPage::next`] is where to go on either way.
    pub async fn poll(
        &self,
        after: u64,
        run: Option<&str>,
        path: Option<&str>,
        wait: Option<u64>,
    ) -> Result<EventPage, ClientError> {
        let (after, wait) = (after.to_string(), wait.map(|wait| wait.to_string()));
        let target = api(&["events", "poll"]).with(&[
            ("after", Some(&after)),
            ("run", run),
            ("path", path),
            ("wait", wait.as_deref()),
        ]);
        self.get(target).await
    }

    /// A ticket that lets a live connection in, once and soon.
    pub async fn live_ticket(&self) -> Result<LiveTicket, ClientError> {
        self.post(api(&["ws", "ticket"]), &json!({})).await
    }

    /// What live connections may do, and what is left to this client's.
    pub async fn live_limits(&self) -> Result<LiveLimits, ClientError> {
        self.get(api(&["dashboard", "websocket", "limits"])).await
    }

    /// What the server counted of live connections.
    pub async fn live_counts(&self) -> Result<WebSocketMetrics, ClientError> {
        self.get(api(&["dashboard", "metrics", "websockets"])).await
    }

    /// Every event that there is by now, of all the log or of one run, oldest first.
    pub async fn all_events(&self, run: Option<&str>) -> Result<Vec<Event>, ClientError> {
        let mut query =
            EventQuery { run: run.map(str::to_owned), limit: Some(1000), ..EventQuery::default() };
        let mut events = Vec::new();
        loop {
            let page = self.events(&query).await?;
            if page.events.is_empty() {
                return Ok(events);
            }
            events.extend(page.events);
            query.after = page.next;
        }
    }

    /// Checks the whole log.
    pub async fn verify(&self) -> Result<ChainReport, ClientError> {
        self.get(api(&["audit", "verify"])).await
    }

    /// Signed checkpoints of the log of more than `after` events, those of the fewest first; with `newest` the last ones
    /// where there are more than `limit`.
    pub async fn checkpoints(
        &self,
        after: u64,
        limit: Option<u32>,
        newest: bool,
    ) -> Result<Vec<CheckpointRow>, ClientError> {
        let (after, limit) = (after.to_string(), limit.map(|limit| limit.to_string()));
        let target = api(&["audit", "checkpoints"]).with(&[
            ("after", Some(&after)),
            ("limit", limit.as_deref()),
            ("newest", newest.then_some("true")),
        ]);
        Ok(self.get::<CheckpointList>(target).await?.items)
    }

    /// The public key that signs checkpoints, and those before it.
    pub async fn audit_keys(&self) -> Result<AuditKeys, ClientError> {
        self.get(api(&["audit", "key"])).await
    }

    /// Lets a new key take the place of the one that signs.
    pub async fn rotate_audit_key(&self) -> Result<AuditKeys, ClientError> {
        self.post(api(&["audit", "key", "rotate"]), &json!({})).await
    }

    /// Draws every view again from the log.
    pub async fn rebuild(&self) -> Result<RebuildReport, ClientError> {
        self.post(api(&["views", "rebuild"]), &json!({})).await
    }

    /// How often anybody may ask, and what is left to who asks.
    pub async fn limits(&self) -> Result<LimitList, ClientError> {
        self.get(api(&["limits"])).await
    }

    /// The agents as they are now, and which files cannot be used.
    pub async fn agents(&self) -> Result<AgentList, ClientError> {
        self.get(api(&["agents"])).await
    }

    /// One agent with what it is told.
    pub async fn agent(&self, agent: &str) -> Result<AgentText, ClientError> {
        self.get(api(&["agents", agent])).await
    }

    /// The models that the server calls, and how each fares.
    pub async fn models(&self) -> Result<ModelList, ClientError> {
        self.get(api(&["models"])).await
    }

    /// Asks a model one short thing. That it does not answer is told, and no error.
    pub async fn check_model(&self, model: &str) -> Result<CheckedModel, ClientError> {
        self.post(api(&["models", "check"]), &json!({ "model": model })).await
    }

    /// The settings with which the server was started, and where each is from.
    pub async fn settings(&self) -> Result<Vec<Setting>, ClientError> {
        Ok(self.get::<SettingList>(api(&["settings"])).await?.items)
    }

    /// The cache of replies: how much it holds, and what it was good for.
    pub async fn cache(&self) -> Result<CacheState, ClientError> {
        self.get(api(&["cache"])).await
    }

    /// Gives up all replies that are kept.
    pub async fn clear_cache(&self) -> Result<CacheCleared, ClientError> {
        self.post(api(&["cache", "clear"]), &json!({})).await
    }

    /// How the server and its parts are.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(Target::of(&["health"])).await
    }

    /// Whether the server's process lives.
    pub async fn live(&self) -> Result<(), ClientError> {
        self.get::<Probe>(Target::of(&["livez"])).await.map(drop)
    }

    /// Whether the server can be asked.
    pub async fn ready(&self) -> Result<(), ClientError> {
        self.get::<Readiness>(Target::of(&["readyz"])).await.map(drop)
    }
}
