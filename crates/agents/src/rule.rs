//! Rules of an agent's own: what its work must hold, beyond what every ticket asks for.
//!
//! `produces:` names globs, and of each at least one file must be changed. `validate:` is a list of rules, each with the
//! words that go back to the agent when it is broken. They judge files as they are after the attempt, and only those that
//! it changed; of these, `forbid` looks at the lines that it added.

use std::{collections::BTreeSet, fmt};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use swarm_domain::scope::Scope;

/// Rules of one agent that are read, and bytes of one pattern.
const MAX_RULES: usize = 64;
const MAX_PATTERN: usize = 1_000;
const MAX_COMPILED: usize = 1 << 20;

/// What an agent's file demands of its work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Globs; of each at least one file must be changed.
    pub produces: Vec<String>,
    /// What must hold of the changed files.
    pub validate: Vec<Rule>,
}

/// One rule. Just one of `forbid`, `require`, `command` and `max_lines` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// No added line of the files may match this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbid: Option<String>,
    /// Some line of each file must match this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<String>,
    /// This command must exit with 0, in a fresh sandbox on a fresh checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The files may have at most so many lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lines: Option<usize>,
    /// The files that it is about; all of them where it is left out.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// What the agent is told when the rule is broken.
    pub message: String,
}

/// A file that was changed, as it is now.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    /// Its path in the repository.
    pub path: &'a str,
    /// Its text; empty where it is no text.
    pub text: &'a str,
    /// The lines that were added, from 1; absent where all of it is new.
    pub added: Option<&'a BTreeSet<u32>>,
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which rule, as [`Rule`] prints.
    pub rule: String,
    /// The file; absent where one is missing.
    pub path: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// The line that shows it; empty where there is none.
    pub evidence: String,
    /// The rule's own words.
    pub message: String,
}

impl Rules {
    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.produces.is_empty() && self.validate.is_empty()
    }

    /// All rules in words.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.produces.iter().map(|glob| produces(glob)).chain(self.validate.iter().map(ToString::to_string))
    }

    /// What changed files break. Commands are not run here.
    #[must_use]
    pub fn broken(&self, files: &[Changed<'_>]) -> Vec<Breach> {
        let missing = self.produces.iter().filter(|glob| !files.iter().any(|file| matches(glob, file.path)));
        let mut breaches: Vec<_> = missing
            .map(|glob| Breach {
                rule: produces(glob),
                path: None,
                detail: format!("no file of `{glob}` was changed"),
                evidence: String::new(),
                message: format!("Write the work into {glob}."),
            })
            .collect();
        for rule in &self.validate {
            let about =
                files.iter().filter(|file| rule.files.as_ref().is_none_or(|glob| matches(glob, file.path)));
            breaches.extend(about.filter_map(|file| rule.broken(file)));
        }
        breaches
    }

    /// What is wrong with the rules, where they were not read from an agent's file.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let rules: Vec<&Rule> = self.validate.iter().collect();
        fault_of_globs(&self.produces).or_else(|| fault_of_rules(&rules).map(|(_, fault)| fault))
    }

    /// The rules that are commands, each with its command.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.validate.iter().filter_map(|rule| Some((rule.command.as_deref()?, rule)))
    }
}

/// What is wrong with the globs of `produces:`.
pub(crate) fn fault_of_globs(globs: &[String]) -> Option<String> {
    if globs.len() > MAX_RULES {
        return Some(format!("{} globs; {MAX_RULES} are read", globs.len()));
    }
    Scope::new(globs).err().map(|error| error.to_string())
}

/// What is wrong with a list of rules: the place in the list, and the fault.
pub(crate) fn fault_of_rules(rules: &[&Rule]) -> Option<(usize, String)> {
    if rules.len() > MAX_RULES {
        return Some((MAX_RULES, format!("{} rules; {MAX_RULES} are read", rules.len())));
    }
    rules.iter().enumerate().find_map(|(at, rule)| rule.fault().map(|fault| (at, fault)))
}

impl Rule {
    fn fault(&self) -> Option<String> {
        let given =
            [self.forbid.is_some(), self.require.is_some(), self.command.is_some(), self.max_lines.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            return Some("a rule has just one of `forbid`, `require`, `command` and `max_lines`".to_owned());
        }
        if self.message.trim().is_empty() {
            return Some("a rule needs a `message` for the agent".to_owned());
        }
        if self.command.is_some() && self.files.is_some() {
            return Some("a `command` is about the whole checkout: leave `in` out".to_owned());
        }
        if self.command.as_ref().is_some_and(|command| command.trim().is_empty()) {
            return Some("the `command` is empty".to_owned());
        }
        if let Some(glob) = &self.files
            && let Err(error) = Scope::new(std::slice::from_ref(glob))
        {
            return Some(error.to_string());
        }
        let pattern = self.forbid.as_ref().or(self.require.as_ref())?;
        let begin: String = pattern.chars().take(60).collect();
        match compiled(pattern) {
            // `$` and `x*` match everywhere: such a rule always or never holds.
            Ok(form) if form.is_match("") && self.require.is_some() => {
                Some(format!("`{begin}` matches the empty line too, so it requires nothing"))
            }
            Ok(_) => None,
            Err(error) => Some(format!("`{begin}` is no regular expression: {error}")),
        }
    }

    fn broken(&self, file: &Changed<'_>) -> Option<Breach> {
        let path = file.path;
        let breach = |detail: String, evidence: &str| {
            Some(Breach {
                rule: self.to_string(),
                path: Some(path.to_owned()),
                detail,
                evidence: evidence.trim().chars().take(200).collect(),
                message: self.message.clone(),
            })
        };
        if let Some(form) = self.forbid.as_deref().and_then(|pattern| compiled(pattern).ok()) {
            let is_new = |number: &u32| file.added.is_none_or(|added| added.contains(number));
            let mut lines = (1..).zip(file.text.lines()).filter(|(number, _)| is_new(number));
            let (number, line) = lines.find(|(_, line)| form.is_match(line))?;
            return breach(format!("{path}:{number} has what this agent must not write"), line);
        }
        if let Some(form) = self.require.as_deref().and_then(|pattern| compiled(pattern).ok()) {
            return if file.text.lines().any(|line| form.is_match(line)) {
                None
            } else {
                breach(format!("{path} lacks what this agent must write"), "")
            };
        }
        let (most, count) = (self.max_lines?, file.text.lines().count());
        if count > most { breach(format!("{path} has {count} lines; {most} are allowed"), "") } else { None }
    }
}

/// `forbid X in Y`: how a rule is named to people.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.forbid, &self.require, &self.command, self.max_lines) {
            (Some(form), ..) => write!(f, "forbid `{form}`")?,
            (_, Some(form), ..) => write!(f, "require `{form}`")?,
            (_, _, Some(command), _) => write!(f, "command `{command}`")?,
            (.., most) => write!(f, "max_lines {}", most.unwrap_or_default())?,
        }
        match &self.files {
            Some(glob) => write!(f, " in `{glob}`"),
            None => Ok(()),
        }
    }
}

fn produces(glob: &str) -> String {
    format!("produces `{glob}`")
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    let built = RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build();
    built.map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
}

fn matches(glob: &str, path: &str) -> bool {
    Scope::new(&[glob.to_owned()]).is_ok_and(|scope| scope.allows(path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file::AgentFile;

    fn read(yaml: &str) -> Result<AgentFile, String> {
        AgentFile::parse(Path::new("a.md"), &format!("---\nname: a\n{yaml}---\nx"))
            .map_err(|error| error.to_string())
    }

    fn rules(yaml: &str) -> Rules {
        read(yaml).unwrap().rules()
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_refused_at_its_line() {
        for (yaml, line, word) in [
            ("validate:\n  - forbid: '('\n    message: x\n", 4, "no regular expression"),
            ("validate:\n  - forbid: a\n    require: b\n    message: x\n", 4, "just one"),
            ("validate:\n  - message: x\n", 4, "just one"),
            ("validate:\n  - forbid: a\n    message: ' '\n", 4, "message"),
            (
                "validate:\n  - forbid: a\n    message: x\n  - forbid: a\n    in: '../x'\n    message: x\n",
                6,
                "scope",
            ),
            ("validate:\n  - command: 'true'\n    in: a.py\n    message: x\n", 4, "whole checkout"),
            ("validate:\n  - command: ' '\n    message: x\n", 4, "empty"),
            ("validate:\n  - require: 'x*'\n    message: x\n", 4, "requires nothing"),
            ("validate:\n  - forbid: a\n    wings: 2\n    message: x\n", 5, "wings"),
            ("validate:\n  - max_lines: many\n    message: x\n", 4, ""),
            ("produces: ['/etc/x']\n", 3, "scope"),
        ] {
            let said = read(yaml).unwrap_err();
            assert!(said.starts_with(&format!("a.md:{line}: ")) && said.contains(word), "{yaml}: {said}");
        }
        let many = "  - forbid: a\n    message: x\n".repeat(MAX_RULES + 1);
        assert!(read(&format!("validate:\n{many}")).unwrap_err().contains("65 rules"));
    }

    #[test]
    fn what_breaks_a_rule_is_named_with_its_words() {
        let rules = rules(
            "produces: ['tests/**']\nvalidate:\n  - forbid: '\\bprint\\('\n    in: 'src/**'\n    message: Log it.\n  - require: '^//! '\n    in: '**/*.rs'\n    message: Say what the file is for.\n  - max_lines: 2\n    message: Keep it short.\n",
        );
        let broken = |files: &[(&str, &str)]| -> Vec<String> {
            let files: Vec<_> =
                files.iter().map(|(path, text)| Changed { path, text, added: None }).collect();
            rules.broken(&files).into_iter().map(|breach| breach.message).collect()
        };
        assert_eq!(broken(&[("tests/a.py", "x"), ("src/a.rs", "//! A.\nprint(1)")]), ["Log it."]);
        assert_eq!(broken(&[("tests/a.py", "print(1)")]), [""; 0]);
        assert_eq!(
            broken(&[("src/a.rs", "x")]),
            ["Write the work into tests/**.", "Say what the file is for."]
        );
        assert_eq!(broken(&[("tests/a.py", "1\n2\n3\n")]), ["Keep it short."]);
    }

    #[test]
    fn a_line_that_was_there_before_is_not_forbidden_to_stay() {
        let rules = rules("validate:\n  - forbid: print\n    message: Log it.\n");
        let broken = |added: &[u32]| {
            let added = added.iter().copied().collect();
            rules.broken(&[Changed { path: "a.py", text: "print(1)\nx = 2\n", added: Some(&added) }]).len()
        };
        assert_eq!((broken(&[2]), broken(&[1, 2])), (0, 1));
    }
}
