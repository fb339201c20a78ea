//! What an agent is once its file was read and merged with what it extends.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use swarm_domain::{BlobHash, Label, agent::Capability, objective::Objective};
use swarm_model::Capabilities;
use swarm_sandbox::egress::Allowed;

use crate::{rule::Rules, tool::ToolName};

/// An agent: who does it, how, and within what limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Its name, unique in a catalogue.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// The tools that it may use.
    pub tools: Vec<ToolName>,
    /// Models in order of preference, as `provider/model`; empty for the configured default.
    pub model: Vec<String>,
    /// What it offers, its main job first.
    pub capabilities: Vec<Capability>,
    /// What the node must offer that it works on.
    pub labels: Vec<Label>,
    /// What it may use.
    pub limits: Limits,
    /// How it is made to answer.
    pub protocol: Protocol,
    /// Thousandths of the sampling temperature.
    pub temperature_milli: u32,
    /// What its work must hold.
    pub rules: Rules,
    /// What of that its own file says.
    pub own_rules: Rules,
    /// What its commands may reach.
    pub network: Allowed,
    /// How often it is to succeed, if its file says so.
    pub objective: Option<Objective>,
    /// The system prompt.
    pub prompt: String,
    /// The file that it was read from.
    pub source: PathBuf,
    /// Whether that file came with the program.
    pub is_built_in: bool,
    /// The hash of [`resolved`](Self::resolved): changes when the file, or one that it extends, does.
    pub version: BlobHash,
}

/// How an agent is made to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// By what the model can do: tools where its tool calls hold, else files.
    #[default]
    Auto,
    /// Tool calls.
    Tools,
    /// Whole files in fenced blocks under their path: works with the smallest models.
    Files,
}

impl Protocol {
    /// The protocol for a model that can do this: never [`Protocol::Auto`].
    #[must_use]
    pub fn for_model(self, capabilities: Capabilities) -> Self {
        match self {
            Self::Auto if capabilities.tools => Self::Tools,
            Self::Auto => Self::Files,
            chosen => chosen,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tools => "tools",
            Self::Files => "files",
        }
    }
}

/// What one attempt of an agent may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Replies of the model.
    pub turns: u32,
    /// Tokens in and out, all calls together.
    pub tokens: u64,
    /// Tokens of one reply.
    pub reply_tokens: u32,
    /// Seconds that one tool may take.
    pub tool_seconds: u32,
    /// Bytes of a tool's output that the model gets to see.
    pub output_bytes: u32,
    /// Megabytes of memory of the sandbox.
    pub memory_mb: u32,
    /// Thousandths of a CPU of the sandbox.
    pub cpu_milli: u32,
    /// Processes of the sandbox.
    pub pids: u32,
    /// Megabytes that the sandbox may write.
    pub disk_mb: u32,
    /// Reads, and writes, of the disk a second; as many as it can where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_iops: Option<u32>,
    /// Megabytes that one command may send and receive.
    #[serde(default = "usual_network_mb")]
    pub network_mb: u32,
}

fn usual_network_mb() -> u32 {
    512
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns: 20,
            tokens: 200_000,
            reply_tokens: 2_048,
            tool_seconds: 60,
            output_bytes: 16_384,
            memory_mb: 1_024,
            cpu_milli: 1_000,
            pids: 256,
            disk_mb: 512,
            disk_iops: None,
            network_mb: usual_network_mb(),
        }
    }
}

impl Limits {
    /// The limits of a sandbox for this agent; one command may take as long as one tool.
    #[must_use]
    pub fn sandbox(&self) -> swarm_sandbox::Limits {
        swarm_sandbox::Limits {
            memory_bytes: u64::from(self.memory_mb) << 20,
            cpu_milli: self.cpu_milli,
            pids: self.pids,
            disk_bytes: u64::from(self.disk_mb) << 20,
            disk_iops: self.disk_iops,
            network_bytes: u64::from(self.network_mb) << 20,
            wall: Duration::from_secs(self.tool_seconds.into()),
            ..swarm_sandbox::Limits::default()
        }
    }
}

impl Agent {
    /// The file as it stands after merging, front matter and prompt: what `swarm agent show` prints.
    #[must_use]
    pub fn resolved(&self) -> String {
        let mut text = String::from("---\n");
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        let _ = writeln!(text, "name: {}", self.name);
        let _ = writeln!(text, "description: {}", quoted(&self.description));
        let _ = writeln!(text, "tools: {}", list(self.tools.iter().map(ToString::to_string).collect()));
        let _ = writeln!(text, "model: {}", list(self.model.iter().map(|m| quoted(m)).collect()));
        let _ = writeln!(
            text,
            "capabilities: {}",
            list(self.capabilities.iter().map(ToString::to_string).collect())
        );
        if !self.labels.is_empty() {
            let _ = writeln!(text, "labels: {}", list(self.labels.iter().map(ToString::to_string).collect()));
        }
        let _ = writeln!(text, "protocol: {}", self.protocol.word());
        let (whole, milli) = (self.temperature_milli / 1_000, self.temperature_milli % 1_000);
        let _ = writeln!(text, "temperature: {whole}.{milli:03}");
        if let Some(Objective { success_milli, window }) = self.objective {
            let (whole, milli) = (success_milli / 1_000, success_milli % 1_000);
            let _ = writeln!(text, "objective: {{success: {whole}.{milli:03}, window: {window}}}");
        }
        let l = &self.limits;
        let _ = writeln!(
            text,
            "limits:\n  turns: {}\n  tokens: {}\n  reply_tokens: {}\n  tool_seconds: {}\n  output_bytes: {}\n  \
             memory_mb: {}\n  cpu_milli: {}\n  pids: {}\n  disk_mb: {}",
            l.turns,
            l.tokens,
            l.reply_tokens,
            l.tool_seconds,
            l.output_bytes,
            l.memory_mb,
            l.cpu_milli,
            l.pids,
            l.disk_mb
        );
        if let Some(disk_iops) = l.disk_iops {
            let _ = writeln!(text, "  disk_iops: {disk_iops}");
        }
        if !self.network.is_empty() {
            let hosts = self.network.patterns().map(|pattern| quoted(&pattern.to_string())).collect();
            let _ = write!(text, "  network_mb: {}\nnetwork:\n  allow: {}\n", l.network_mb, list(hosts));
        }
        if !self.rules.produces.is_empty() {
            let globs = self.rules.produces.iter().map(|glob| quoted(glob)).collect();
            let _ = writeln!(text, "produces: {}", list(globs));
        }
        if !self.rules.validate.is_empty() {
            // JSON is YAML.
            let rules = self.rules.validate.iter().filter_map(|rule| serde_json::to_string(rule).ok());
            let _ = writeln!(text, "validate: {}", list(rules.collect()));
        }
        let _ = write!(text, "---\n\n{}\n", self.prompt);
        text
    }

    /// Whether it offers this kind of work.
    #[must_use]
    pub fn offers(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}
