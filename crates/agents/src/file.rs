//! An agent file: YAML front matter between two `---` lines, then the system prompt.
//!
//! The form is that of `.claude/agents/*.md`. Unknown keys are errors, and each error names the file and the line.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;
use swarm_domain::{Label, agent::Capability, objective::Objective};
use swarm_sandbox::egress::Allowed;

use crate::{
    agent::Protocol,
    error::AgentError,
    network::NetworkFront,
    rule::{self, Rule, Rules},
    tool::ToolName,
};

/// The largest agent file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;

/// A file as it was read, before it is merged with what it extends. What a field leaves out comes from there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AgentFile {
    pub(crate) source: PathBuf,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) tools: Option<Vec<ToolName>>,
    pub(crate) model: Option<Vec<String>>,
    pub(crate) capabilities: Option<Vec<Capability>>,
    pub(crate) labels: Option<Vec<Label>>,
    pub(crate) limits: LimitsPatch,
    pub(crate) extends: Option<String>,
    pub(crate) extends_line: u64,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) temperature_milli: Option<u32>,
    pub(crate) produces: Option<Vec<String>>,
    pub(crate) validate: Vec<Rule>,
    pub(crate) objective: Option<Objective>,
    pub(crate) network: Option<Allowed>,
    pub(crate) prompt: String,
}

/// The limits that a file names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsPatch {
    pub(crate) turns: Option<u32>,
    pub(crate) tokens: Option<u64>,
    pub(crate) reply_tokens: Option<u32>,
    pub(crate) tool_seconds: Option<u32>,
    pub(crate) output_bytes: Option<u32>,
    pub(crate) memory_mb: Option<u32>,
    pub(crate) cpu_milli: Option<u32>,
    pub(crate) pids: Option<u32>,
    pub(crate) disk_mb: Option<u32>,
    pub(crate) disk_iops: Option<u32>,
    pub(crate) network_mb: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    name: String,
    description: Option<String>,
    tools: Option<Words>,
    model: Option<Words>,
    capabilities: Option<Vec<Capability>>,
    labels: Option<Vec<Label>>,
    #[serde(default)]
    limits: LimitsPatch,
    extends: Option<String>,
    protocol: Option<Protocol>,
    network: Option<NetworkFront>,
    temperature: Option<f64>,
    produces: Option<Words>,
    #[serde(default)]
    validate: Vec<Spanned<Rule>>,
    objective: Option<ObjectiveFront>,
}

/// `objective: {success: 0.9, window: 50}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectiveFront {
    success: f64,
    #[serde(default = "usual_window")]
    window: u32,
}

/// Attempts over which an objective is counted where the file says nothing.
fn usual_window() -> u32 {
    50
}

impl ObjectiveFront {
    fn read(&self) -> Result<Objective, String> {
        let success_milli = milli(self.success).filter(|milli| *milli <= 1_000);
        let success_milli = success_milli.ok_or_else(|| {
            format!("`{}` is no share of successes: write 0 to 1, such as 0.9", self.success)
        })?;
        if !(1..=1_000).contains(&self.window) {
            return Err(format!("`window` is {}; it is a number of attempts from 1 to 1000", self.window));
        }
        Ok(Objective { success_milli, window: self.window })
    }
}

impl AgentFile {
    /// Reads the text of a file.
    pub(crate) fn parse(source: &Path, text: &str) -> Result<Self, AgentError> {
        let fail = |line: u64, detail: String| AgentError::File { file: source.to_owned(), line, detail };
        if text.len() > MAX_FILE_BYTES {
            return Err(fail(1, format!("the file has {} bytes; {MAX_FILE_BYTES} are read", text.len())));
        }
        let (yaml, body) = split(text).map_err(|(line, detail)| fail(line, detail.to_owned()))?;
        let front: Front = serde_saphyr::from_str(yaml).map_err(|error| {
            // The first line of the file is the fence above the YAML.
            let line = error.location().map_or(1, |at| at.line() + 1);
            fail(line, first_line(&error.without_snippet().to_string()))
        })?;
        let line = |key: &str| line_of(yaml, key);
        if !is_name(&front.name) {
            return Err(fail(
                line("name"),
                format!("`{}` is no name: use lower-case letters, digits and `-`", front.name),
            ));
        }
        let tools = match front.tools {
            Some(words) => Some(words.tools().map_err(|detail| fail(line("tools"), detail))?),
            None => None,
        };
        let temperature_milli = match front.temperature {
            Some(degrees) => Some(milli(degrees).ok_or_else(|| {
                fail(line("temperature"), format!("`{degrees}` is no temperature: write 0 to 2, such as 0.2"))
            })?),
            None => None,
        };
        let objective = match front.objective {
            Some(objective) => Some(objective.read().map_err(|detail| fail(line("objective"), detail))?),
            None => None,
        };
        let network = match &front.network {
            Some(network) => Some(network.read().map_err(|detail| fail(line("network"), detail))?),
            None => None,
        };
        if let Some((key, least)) = front.limits.too_small() {
            return Err(fail(line(key), format!("`{key}` must be at least {least}")));
        }
        let produces = front.produces.map(|words| words.0);
        if let Some(detail) = produces.as_deref().and_then(rule::fault_of_globs) {
            return Err(fail(line("produces"), detail));
        }
        let rules: Vec<_> = front.validate.iter().map(|rule| &rule.value).collect();
        if let Some((at, detail)) = rule::fault_of_rules(&rules) {
            let at = front.validate.get(at).map_or(1, |rule| rule.referenced.line() + 1);
            return Err(fail(at, detail));
        }
        Ok(Self {
            source: source.to_owned(),
            extends_line: line("extends"),
            name: front.name,
            description: front.description,
            tools,
            model: front.model.map(|words| words.0),
            capabilities: front.capabilities,
            labels: front.labels,
            limits: front.limits,
            extends: front.extends,
            protocol: front.protocol,
            temperature_milli,
            produces,
            validate: front.validate.into_iter().map(|rule| rule.value).collect(),
            objective,
            network,
            prompt: body.trim().replace("\r\n", "\n"),
        })
    }

    /// The rules of this file alone.
    pub(crate) fn rules(&self) -> Rules {
        Rules { produces: self.produces.clone().unwrap_or_default(), validate: self.validate.clone() }
    }
}

impl LimitsPatch {
    fn too_small(&self) -> Option<(&'static str, u32)> {
        let least = [
            ("turns", self.turns, 1),
            ("reply_tokens", self.reply_tokens, 64),
            ("tool_seconds", self.tool_seconds, 1),
            ("output_bytes", self.output_bytes, 256),
            ("memory_mb", self.memory_mb, 16),
            ("cpu_milli", self.cpu_milli, 10),
            ("pids", self.pids, 4),
            ("disk_mb", self.disk_mb, 1),
            ("disk_iops", self.disk_iops, 1),
            ("network_mb", self.network_mb, 1),
        ];
        least
            .iter()
            .find(|(_, given, least)| given.is_some_and(|n| n < *least))
            .map(|(key, _, least)| (*key, *least))
    }
}

/// A list of words, or one line of them with commas: both are usual in agent files.
pub(crate) struct Words(pub(crate) Vec<String>);

impl Words {
    fn tools(self) -> Result<Vec<ToolName>, String> {
        self.0.iter().map(|word| word.parse()).collect()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or words with commas between them")
            }
            fn visit_str<E: de::Error>(self, line: &str) -> Result<Words, E> {
                Ok(Words(
                    line.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect(),
                ))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element::<String>()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The YAML and the prompt.
fn split(text: &str) -> Result<(&str, &str), (u64, &'static str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text
        .strip_prefix("---\n")
        .or_else(|| text.strip_prefix("---\r\n"))
        .ok_or((1, "the file must begin with a `---` line, its front matter, and another `---` line"))?;
    let mut at = 0;
    for (number, line) in (2_u64..).zip(rest.split_inclusive('\n')) {
        if line.trim_end() == "---" {
            let body = &rest[at + line.len()..];
            return if body.trim().is_empty() && !rest[..at].contains("extends") {
                Err((number, "there is no prompt below the front matter"))
            } else {
                Ok((&rest[..at], body))
            };
        }
        at += line.len();
    }
    Err((1, "the front matter has no closing `---` line"))
}

/// The line of the file where a key stands; the first line where it is not to be found.
fn line_of(yaml: &str, key: &str) -> u64 {
    let is_key = |line: &str| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    (2_u64..).zip(yaml.lines()).find(|(_, line)| is_key(line)).map_or(1, |(number, _)| number)
}

fn is_name(name: &str) -> bool {
    (1..=48).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
}

/// Thousandths of a degree: by way of text, so that 0.7 is 700 and nothing is cast.
fn milli(degrees: f64) -> Option<u32> {
    (0.0..=2.0).contains(&degrees).then(|| format!("{:.0}", degrees * 1_000.0).parse().ok())?
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        AgentFile::parse(Path::new("a.md"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_names_the_file_and_the_line() {
        let at = |text: &str, line: u64| {
            let said = error(text);
            assert!(said.starts_with(&format!("a.md:{line}: ")), "{said}");
            said
        };
        assert!(at("hello", 1).contains("---"));
        at("---\nname: a\n", 1);
        assert!(at("---\nname: a\ncolour: red\n---\nx", 3).contains("colour"));
        assert!(at("---\nname: a\nlimits:\n  turns: 3\n  wings: 2\n---\nx", 5).contains("wings"));
        at("---\nname: a\nlimits:\n  turns: many\n---\nx", 4);
        at("---\nname: a\nlimits:\n  turns: 0\n---\nx", 4);
        assert!(at("---\nname: a\ntools: [read, fly]\n---\nx", 3).contains("fly"));
        at("---\nname: a\n\ntemperature: 3\n---\nx", 4);
        assert!(at("---\nname: a\nobjective: {success: 90}\n---\nx", 3).contains("0.9"));
        at("---\nname: a\nobjective: {success: 0.9, window: 0}\n---\nx", 3);
        at("---\nname: a\nobjective: {success: 0.9, widow: 9}\n---\nx", 3);
        assert!(at("---\nname: a\nnetwork:\n  presets: [pipy]\n---\nx", 3).contains("pypi"));
        assert!(at("---\nname: a\nnetwork: {allow: [\"*\"]}\n---\nx", 3).contains("cannot be allowed"));
        assert!(at("---\nname: a\nnetwork:\n  allow: 10.0.0.1\n---\nx", 3).contains("address"));
        at("---\nname: a\nnetwork: {hosts: [a.org]}\n---\nx", 3);
        at("---\nname: a\nnetwork: all\n---\nx", 3);
        at("---\nname: Some Name\n---\nx", 2);
        at("---\nname: a\ncapabilities: [code, dance]\n---\nx", 3);
        at("---\nname: a\n---\n \n", 3);
    }

    #[test]
    fn lists_may_be_written_as_words_with_commas() {
        let file =
            AgentFile::parse(Path::new("a.md"), "---\nname: a\ntools: read, write\nmodel: x/y\n---\nDo it.")
                .unwrap();
        assert_eq!(file.tools, Some(vec![ToolName::Read, ToolName::Write]));
        assert_eq!(file.model, Some(vec!["x/y".to_owned()]));
        assert_eq!(file.prompt, "Do it.");
    }

    #[test]
    fn a_network_is_none_unless_a_list_is_given() {
        let read = |front: &str| {
            AgentFile::parse(Path::new("a.md"), &format!("---\nname: a\n{front}---\nDo it.")).unwrap().network
        };
        assert_eq!(read(""), None);
        let list =
            read("network:\n  presets: pypi\n  allow: ['*.example.org', 'git.example.net:8443']\n").unwrap();
        let shown: Vec<_> = list.patterns().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 4);
        assert!(shown.contains(&"pypi.org".to_owned()) && shown.contains(&"git.example.net:8443".to_owned()));
        assert!(read("network: {allow: []}\n").unwrap().is_empty());
    }

    #[test]
    fn an_objective_is_kept_in_whole_thousandths() {
        let read = |front: &str| {
            AgentFile::parse(Path::new("a.md"), &format!("---\nname: a\n{front}---\nDo it."))
                .unwrap()
                .objective
        };
        assert_eq!(read(""), None);
        assert_eq!(
            read("objective: {success: 0.925, window: 40}\n"),
            Some(Objective { success_milli: 925, window: 40 })
        );
        assert_eq!(read("objective:\n  success: 0.9\n").map(|objective| objective.window), Some(50));
    }

    #[test]
    fn a_temperature_is_kept_in_whole_thousandths() {
        assert_eq!(milli(0.7), Some(700));
        assert_eq!(milli(2.0), Some(2_000));
        assert_eq!(milli(f64::NAN), None);
        assert_eq!(milli(-0.1), None);
    }
}
