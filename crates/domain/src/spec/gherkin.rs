//! Scenarios: GIVEN a state, WHEN a command is run, THEN something can be seen.
//!
//! A scenario becomes a check only where its values are written out. Anything else stays text and is told.

use super::{
    Acceptance, Fixture, Passage,
    markdown::{CODE, Inline},
};
use crate::{
    pattern::{Pattern, compiled},
    scope::RelativePath,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Given,
    When,
    Then,
}

/// One step of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub keyword: Keyword,
    pub line: u32,
    pub inline: Inline,
}

/// A scenario as it is gathered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scenario {
    pub name: String,
    pub steps: Vec<Step>,
}

static LEAD: Pattern = Pattern::new(|| compiled(r"^\s*(?i:(given|when|then|and|but))\b[:,]?\s*"));

/// Where a further step begins within one text.
static FURTHER: Pattern = Pattern::new(|| {
    compiled(r"(?:^|\n\s*|[,;.]\s+)(?:Given|When|Then|And|But)\b|\b(?:GIVEN|WHEN|THEN|AND|BUT)\b")
});

static EARS: Pattern = Pattern::new(|| {
    compiled(
        r"(?is)^\s*(?:(?:when|whenever|while|if|where)\b.{1,400}?\b(?:the|an?)\s+\S+(?:\s+\S+){0,4}?\s+shall\b|the\s+\S+(?:\s+\S+){0,3}?\s+shall\b)",
    )
});

/// Whether a text is a requirement in the EARS form: `WHEN … THE SYSTEM SHALL …`, `The system shall …`.
pub(super) fn is_ears(text: &str) -> bool {
    EARS.is_match(text)
}

/// The steps of a text, if it is one or more; `last` is the step before it in the same scenario.
pub(super) fn steps(inline: &Inline, line: u32, last: Option<Keyword>, in_list: bool) -> Option<Vec<Step>> {
    let lead = LEAD.captures(&inline.template)?;
    let word = &lead[1];
    let upper = word.chars().all(char::is_uppercase);
    let complete = inline.template.to_lowercase().contains("then");
    let begins = match word.to_lowercase().as_str() {
        "given" => upper || inline.bold || complete,
        // "When the file is missing, it must say so." is a sentence, not a step.
        "when" => (upper || inline.bold || complete || (last.is_some() && in_list)) && !is_plain_rule(inline),
        _ => last.is_some() && (upper || inline.bold || in_list),
    };
    if !begins || is_ears(&inline.template) {
        return None;
    }
    let mut cuts: Vec<usize> = FURTHER
        .find_iter(&inline.template)
        .map(|m| {
            m.start() + m.as_str().len()
                - m.as_str().trim_start_matches([',', ';', '.', ' ', '\n', '\t']).len()
        })
        .collect();
    if cuts.first() != Some(&0) {
        cuts.insert(0, 0);
    }
    cuts.push(inline.template.len());
    let mut keyword = last;
    let mut codes = inline.codes.iter();
    let mut found = Vec::new();
    for pair in cuts.windows(2) {
        let part = &inline.template[pair[0]..pair[1]];
        let lead = LEAD.captures(part);
        keyword = match lead.as_ref().map(|l| l[1].to_lowercase()).as_deref() {
            Some("given") => Some(Keyword::Given),
            Some("when") => Some(Keyword::When),
            Some("then") => Some(Keyword::Then),
            _ => keyword,
        };
        let body = lead.map_or(part, |l| &part[l.get(0).map_or(0, |m| m.end())..]).trim();
        let mut step = Inline::default();
        for (at, text) in body.split(CODE).enumerate() {
            if at > 0 {
                step.push_code(codes.next().map_or("", String::as_str));
            }
            step.text.push_str(text);
            step.template.push_str(text);
        }
        let below = inline.template[..pair[0]].matches('\n').count();
        let line = line.saturating_add(u32::try_from(below).unwrap_or(u32::MAX));
        found.push(Step { keyword: keyword?, line, inline: step });
    }
    Some(found)
}

fn is_plain_rule(inline: &Inline) -> bool {
    static RULE: Pattern = Pattern::new(|| compiled(r"(?i)\b(?:must|shall|should)\b"));
    RULE.is_match(&inline.template) && !inline.template.to_lowercase().contains("then")
}

/// Reads a ```` ```gherkin ```` block.
pub(super) fn scenarios(content: &str, first_line: u32) -> Vec<Scenario> {
    static NAMED: Pattern =
        Pattern::new(|| compiled(r"^\s*(?:Scenario|Example)(?: Outline| Template)?:\s*(.*)$"));
    let mut found: Vec<Scenario> = Vec::new();
    let mut document: Option<Vec<&str>> = None;
    for (at, text) in content.lines().enumerate() {
        let line = first_line.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        if text.trim() == "\"\"\"" || text.trim() == "```" {
            match (document.take(), found.last_mut().and_then(|s| s.steps.last_mut())) {
                (Some(lines), Some(step)) => step.inline.push_code(&lines.join("\n")),
                (Some(_), None) => {}
                (None, _) => document = Some(Vec::new()),
            }
        } else if let Some(lines) = &mut document {
            lines.push(text.trim());
        } else if let Some(name) = NAMED.captures(text) {
            found.push(Scenario { name: name[1].trim().to_owned(), steps: Vec::new() });
        } else {
            if found.is_empty() {
                found.push(Scenario::default());
            }
            let mut inline = Inline::of_line(text);
            inline.bold = true;
            if let Some(scenario) = found.last_mut() {
                let last = scenario.steps.last().map(|s| s.keyword);
                scenario.steps.extend(steps(&inline, line, last, true).into_iter().flatten());
            }
        }
    }
    found.retain(|s| !s.steps.is_empty());
    found
}

/// What was made of a scenario.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub examples: Vec<Acceptance>,
    pub files: Vec<Fixture>,
    pub unread: Vec<Passage>,
}

impl Scenario {
    /// The whole scenario as text.
    pub fn text(&self) -> String {
        let steps = self.steps.iter().map(|step| {
            let word = match step.keyword {
                Keyword::Given => "GIVEN",
                Keyword::When => "WHEN",
                Keyword::Then => "THEN",
            };
            format!("{word} {}", step.inline.text)
        });
        steps.collect::<Vec<_>>().join("\n")
    }

    fn line(&self) -> u32 {
        self.steps.first().map_or(0, |s| s.line)
    }

    fn of(&self, keyword: Keyword) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |s| s.keyword == keyword)
    }

    /// Makes a check of it, where its values say enough.
    pub fn read(&self) -> Reading {
        match self.checked() {
            Ok(reading) => reading,
            Err(reason) => {
                let passage = Passage { line: self.line(), text: self.text(), reason };
                Reading { unread: vec![passage], ..Reading::default() }
            }
        }
    }

    fn checked(&self) -> Result<Reading, String> {
        let mut reading = Reading::default();
        for step in self.of(Keyword::Given) {
            reading.files.extend(given(&step.inline)?);
        }
        let commands = self.of(Keyword::When).map(|s| command(&s.inline)).collect::<Result<Vec<_>, _>>()?;
        if commands.is_empty() {
            return Err("the scenario runs nothing: write WHEN `command` is run".to_owned());
        }
        let mut check = Acceptance {
            command: commands.join(" && "),
            exit: 0,
            stdout: None,
            stderr_contains: None,
            line: self.of(Keyword::When).next().map_or(0, |s| s.line),
        };
        let mut understood = 0;
        for step in self.of(Keyword::Then) {
            if outcome(&step.inline, &mut check) {
                understood += 1;
            } else {
                reading.unread.push(Passage {
                    line: step.line,
                    text: format!("THEN {}", step.inline.text),
                    reason: "this outcome cannot be checked: write what is printed (`prints \\`2\\``), the exit code \
                             (`exits with 2`) or what standard error contains"
                        .to_owned(),
                });
            }
        }
        if understood == 0 {
            return Err(
                "nothing after THEN can be checked: write what is printed, the exit code or what standard \
                        error contains"
                    .to_owned(),
            );
        }
        reading.examples.push(check);
        Ok(reading)
    }
}

fn given(step: &Inline) -> Result<Option<Fixture>, String> {
    static FILE: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\bfile\s+(?:named\s+|called\s+)?\x{E000}\s+(?:exists\s+)?(?:with|containing|that contains|which contains|that holds|holding)\b[^\x{E000}]{0,40}\x{E000}",
        )
    });
    static EMPTY: Pattern = Pattern::new(|| compiled(r"(?i)\bempty file\s+(?:named\s+|called\s+)?\x{E000}"));
    static ABSENT: Pattern =
        Pattern::new(|| compiled(r"(?i)\bno file\b|\x{E000}\s+(?:does not|doesn't) exist|\bmissing file\b"));
    let template = step.template.as_str();
    let content = match (step.codes.as_slice(), FILE.is_match(template), EMPTY.is_match(template)) {
        ([_, text, ..], true, _) if text.ends_with('\n') => text.clone(),
        ([_, text, ..], true, _) => format!("{text}\n"),
        ([_, ..], _, true) => String::new(),
        _ if ABSENT.is_match(template) => return Ok(None),
        _ => {
            return Err(format!(
                "the state \"{}\" cannot be set up: write GIVEN a file `name` with `content`",
                step.text.trim()
            ));
        }
    };
    let path = RelativePath::parse(&step.codes[0]).map_err(|e| e.to_string())?;
    Ok(Some(Fixture { path: path.into(), content }))
}

fn command(step: &Inline) -> Result<String, String> {
    static RUN: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:run|runs|ran|running|execute[sd]?|executing|invoke[sd]?|invoking|types?|enters?)\b[^\x{E000}]{0,40}\x{E000}|\x{E000}\s+(?:is|was|gets|has been)\s+(?:run|executed|invoked|typed|entered)",
        )
    });
    static CALL: Pattern = Pattern::new(|| compiled(r"^[A-Za-z_][\w.]*\(.*\)$"));
    match step.codes.first() {
        Some(code) if CALL.is_match(code.trim()) => Err(format!(
            "`{code}` is a call, not a command: show the command that makes it, such as `python3 -c …`"
        )),
        Some(code) if RUN.is_match(&step.template) && !code.trim().is_empty() => Ok(code.trim().to_owned()),
        _ => Err("the scenario has no command that can be run: write WHEN `command` is run".to_owned()),
    }
}

/// Takes from a THEN step what it says; whether it said anything that can be checked.
fn outcome(step: &Inline, check: &mut Acceptance) -> bool {
    static STDERR: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)(?:\bstderr|\bstandard error)\b[^\x{E000}]{0,60}(?<a>\x{E000})|(?<b>\x{E000})\s+(?:is (?:printed|written|shown)\s+)?(?:to|on)\s+(?:stderr|standard error)",
        )
    });
    static STDOUT: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:prints?|outputs?|shows?|writes?|displays?|(?:the\s+)?(?:standard\s+)?output\s+(?:is|equals|must be|shall be)|stdout\s+(?:is|equals))\s*(?:exactly\s+)?(?:the\s+)?(?:text\s+|line\s+|lines\s+|number\s+)?:?\s*(?<a>\x{E000})",
        )
    });
    static NOTHING: Pattern = Pattern::new(|| {
        compiled(r"(?i)\bprints? nothing\b|\bno output\b|\boutput is empty\b|\bstdout is empty\b")
    });
    static EXIT: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:exit(?:s|ed)?|exit (?:code|status)|returns?)\b(?:\s+(?:with|code|status|is|of|the|a|an|must|be|shall|exit|equals|successfully))*\s*(?:(?<n>\d{1,3})\b|(?<a>\x{E000}))",
        )
    });
    static SUCCEEDS: Pattern = Pattern::new(|| compiled(r"(?i)\bsucceeds?\b|\bexits? successfully\b"));

    let template = step.template.as_str();
    let code_at = |at: usize| step.codes.get(template[..at].matches(CODE).count()).cloned();
    let group = |found: &regex::Captures<'_>| {
        found
            .name("a")
            .or_else(|| found.name("b"))
            .and_then(|m| code_at(m.start()).map(|code| (m.start(), code)))
    };
    let error = STDERR.captures(template).and_then(|c| group(&c));
    let printed = STDOUT.captures_iter(template).filter_map(|c| group(&c));
    let printed = printed.into_iter().find(|(at, _)| error.as_ref().is_none_or(|(e, _)| e != at));
    let exit = EXIT.captures(template).and_then(|c| {
        let number = c.name("n").map(|n| n.as_str().to_owned());
        number.or_else(|| c.name("a").and_then(|m| code_at(m.start())))?.trim().parse::<i32>().ok()
    });

    let before = (check.exit, check.stdout.clone(), check.stderr_contains.clone());
    let mut understood = false;
    if let Some((_, text)) = error {
        check.stderr_contains = Some(text);
        understood = true;
    }
    if let Some((_, text)) = printed {
        check.stdout = Some(text.trim_end().to_owned());
        understood = true;
    } else if NOTHING.is_match(template) {
        check.stdout = Some(String::new());
        understood = true;
    }
    if let Some(exit) = exit {
        check.exit = exit;
        understood = true;
    } else if SUCCEEDS.is_match(template) {
        check.exit = 0;
        understood = true;
    }
    debug_assert!(understood || before == (check.exit, check.stdout.clone(), check.stderr_contains.clone()));
    understood
}

#[cfg(test)]
#[path = "gherkin_tests.rs"]
mod tests;
