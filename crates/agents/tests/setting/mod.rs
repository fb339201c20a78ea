//! A small ticket of a small spec, and the pieces around it.
use std::sync::Arc;

use serde_json::json;
use swarm_agents::{
    Agent, Catalogue, Invocation, Step, ToolResult, Toolbox, Turn, TurnEnd, TurnSetup, Workspace,
};
use swarm_domain::{
    RequirementId, TicketId,
    agent::Capability,
    finding::{Finding, FindingCode},
    spec::{Acceptance, Fixture, Requirement, Spec},
    ticket::{Risk, Ticket},
};
use swarm_model::{Capabilities, ChatReply, Finish, ToolCall, Usage};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub const SMALL: Capabilities = Capabilities { tools: false, json_schema: true, context_tokens: 8_192 };
pub const LARGE: Capabilities = Capabilities { tools: true, json_schema: true, context_tokens: 128_000 };

pub fn requirement(id: &str, title: &str, text: &str) -> Requirement {
    Requirement {
        id: RequirementId::parse(id).unwrap(),
        title: title.to_owned(),
        text: text.to_owned(),
        line: 1,
        depends_on: Vec::new(),
        files: vec!["textstat/rank.py".to_owned()],
        acceptance: vec![Acceptance {
            command: "python3 -m textstat top 2 sample.txt".to_owned(),
            exit: 0,
            stdout: Some("the 2\na 1\n".to_owned()),
            stderr_contains: None,
            line: 4,
        }],
    }
}

pub fn spec() -> Spec {
    Spec {
        title: "textstat".to_owned(),
        overview: "A command-line tool in Python, standard library only.".to_owned(),
        requirements: vec![
            requirement("REQ-1", "Splits a text into words", "`textstat/words.py` has `words(text)`."),
            requirement(
                "REQ-2",
                "Ranks words",
                "The most frequent words come first; ties are in alphabetical order.",
            ),
        ],
        fixtures: vec![
            Fixture { path: "sample.txt".to_owned(), content: "the a the\n".to_owned() },
            Fixture { path: "unused.txt".to_owned(), content: "nobody reads this\n".to_owned() },
        ],
        not_understood: Vec::new(),
    }
}

pub fn ticket(globs: &[&str]) -> Ticket {
    let requirement = RequirementId::parse("REQ-2").unwrap();
    Ticket {
        id: TicketId::of_requirements(std::slice::from_ref(&requirement), 0),
        title: "Rank the words of a text".to_owned(),
        description:
            "REQ-2: Ranks words\n\nThe most frequent words come first; ties are in alphabetical order.\n\n\
             Mind the ties."
                .to_owned(),
        requirements: vec![requirement],
        touches: globs.iter().map(ToString::to_string).collect(),
        depends_on: Vec::new(),
        acceptance: Vec::new(),
        budget: swarm_domain::budget::Budget::default(),
        risk: Risk::Low,
        capability: Capability::Code,
    }
}

pub fn agent(capability: Capability) -> Arc<Agent> {
    Catalogue::builtin().unwrap().by_capability(capability).remove(0)
}

pub fn turn(capabilities: Capabilities, globs: &[&str], hints: &[Finding]) -> Turn {
    turn_with(&agent(Capability::Code), capabilities, globs, hints)
}

pub fn turn_with(agent: &Agent, capabilities: Capabilities, globs: &[&str], hints: &[Finding]) -> Turn {
    let spec = spec();
    let files = [
        ("textstat/words.py".to_owned(), "def words(text):\n    return text.split()\n".to_owned()),
        ("textstat/rank.py".to_owned(), "def top(text, n):\n    return []\n".to_owned()),
    ];
    Turn::new(&TurnSetup {
        agent,
        capabilities,
        ticket: &ticket(globs),
        requirements: &spec.requirements[1..],
        overview: &spec.overview,
        fixtures: &spec.fixtures,
        files: &files,
        agents_md: Some("Use four spaces."),
        hints,
        warmer_milli: 0,
        seed: Some(1),
    })
    .unwrap()
}

pub fn failing() -> Finding {
    Finding {
        code: FindingCode::AcceptanceFailed,
        detail: "`python3 -m textstat top 2 sample.txt` printed something else".to_owned(),
        evidence: "expected:\nthe 2\na 1\ngot:\na 1\nthe 2".to_owned(),
        hint: "Sort by count first.".to_owned(),
        requirement: None,
        path: None,
    }
}

pub fn says(text: &str) -> ChatReply {
    ChatReply {
        text: text.to_owned(),
        tool_calls: Vec::new(),
        finish: Finish::Stop,
        usage: Usage { tokens_in: 100, tokens_out: 10, ..Usage::default() },
        model: "test/model".to_owned(),
        recording: None,
    }
}

/// A reply that calls tools natively; the ids are the provider's own.
pub fn calls(tools: &[(&str, serde_json::Value)]) -> ChatReply {
    let call = |(number, (name, arguments)): (usize, &(&str, serde_json::Value))| ToolCall {
        id: format!("prov-{number}"),
        name: (*name).to_owned(),
        arguments: arguments.to_string(),
    };
    ChatReply {
        tool_calls: tools.iter().enumerate().map(call).collect(),
        finish: Finish::ToolCalls,
        ..says("")
    }
}

pub fn finish() -> ChatReply {
    calls(&[("finish", json!({"done": true, "summary": "All tests passed."}))])
}

/// A work folder with tools, for an agent without a sandbox.
pub struct Place {
    pub folder: TempDir,
    /// Its folder goes with the place.
    _effects: TempDir,
    workspace: Arc<Workspace>,
    steps: std::cell::Cell<u32>,
}

impl Place {
    pub fn new(globs: &[&str]) -> Self {
        let (folder, effects) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let globs: Vec<_> = globs.iter().map(ToString::to_string).collect();
        let workspace = Arc::new(Workspace::open(folder.path(), effects.path(), &globs).unwrap());
        Self { folder, _effects: effects, workspace, steps: std::cell::Cell::new(0) }
    }

    pub async fn use_tool(&self, invocation: &Invocation, step_key: &str) -> ToolResult {
        let agent = agent(Capability::Code);
        let toolbox = Toolbox::new(&agent, Arc::clone(&self.workspace), None, &|_, _| Ok(()));
        toolbox.invoke(invocation, step_key, CancellationToken::new()).await.unwrap()
    }

    pub async fn ask(&self, tool: &str, arguments: serde_json::Value) -> ToolResult {
        self.steps.set(self.steps.get() + 1);
        let key = format!("step {}", self.steps.get());
        self.use_tool(&Invocation { call_id: "call_1".to_owned(), tool: tool.to_owned(), arguments }, &key)
            .await
    }

    pub fn has(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(path)).ok()
    }

    pub fn put(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Lets a model that says these things work until the end, or until it has nothing more to say.
    pub async fn play(&self, turn: &mut Turn, replies: &[ChatReply]) -> Option<TurnEnd> {
        let mut replies = replies.iter();
        loop {
            match turn.next() {
                Step::Done(end) => return Some(end),
                Step::Call(_) => turn.answered(replies.next()?).unwrap(),
                Step::Tools(invocations) => {
                    let mut results = Vec::new();
                    for invocation in &invocations {
                        results
                            .push(self.use_tool(invocation, &format!("step {}", invocation.call_id)).await);
                    }
                    turn.tools_done(&results).unwrap();
                }
            }
            // A turn is plain data between any two steps.
            let kept = serde_json::to_string(&*turn).unwrap();
            *turn = serde_json::from_str(&kept).unwrap();
        }
    }
}
