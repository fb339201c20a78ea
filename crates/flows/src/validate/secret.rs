//! Secrets in a diff. The rules follow the well-known forms of providers' keys; the finding never repeats the secret.

use std::sync::LazyLock;

use regex::Regex;
use swarm_domain::finding::{Finding, FindingCode};

use super::added::AddedLine;

/// Name and form of each kind of secret. Forms as published by the providers for secret scanning.
const FORMS: &[(&str, &str)] = &[
    ("an AWS access key id", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})\b"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("an OpenRouter key", r"\bsk-or-v1-[a-f0-9]{32,}"),
    ("an OpenAI key", r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}"),
    ("a Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("a password in a URL", r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/:@]{3,}@[^\s/]+"),
];

/// Something secret by name that is given a literal value; the value decides.
const NAMED: &str = r#"(?i)\b[\w.-]*(?:secret|passwd|password|api[_-]?key|access[_-]?token|auth[_-]?token)\b["']?\s*[:=]\s*["']([^"'\s]{12,})["']"#;

static RULES: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    FORMS.iter().filter_map(|(name, form)| Regex::new(form).ok().map(|form| (*name, form))).collect()
});
static NAMED_RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NAMED).ok());

/// Finds secrets in what a diff adds.
pub(crate) fn secrets(lines: &[AddedLine<'_>]) -> Vec<Finding> {
    lines
        .iter()
        .filter_map(|line| {
            let kind = kind_of_secret(line.text)?;
            Some(Finding {
                code: FindingCode::Secret,
                detail: format!("{}:{} looks like {kind}", line.path, line.number),
                evidence: String::new(),
                hint: format!("Remove {kind} from {}; read it from the environment instead.", line.path),
                requirement: None,
                path: Some(line.path.to_owned()),
            })
        })
        .collect()
}

fn kind_of_secret(text: &str) -> Option<&'static str> {
    if let Some((name, _)) = RULES.iter().find(|(_, form)| form.is_match(text)) {
        return Some(name);
    }
    let value = NAMED_RULE.as_ref()?.captures(text)?.get(1)?.as_str();
    looks_random(value).then_some("a secret in plain text")
}

/// Literals such as `change-me-please` are examples; mixed letters and digits with many distinct characters are not.
fn looks_random(value: &str) -> bool {
    let distinct = value.chars().collect::<std::collections::BTreeSet<_>>().len();
    value.chars().any(|c| c.is_ascii_digit()) && value.chars().any(char::is_alphabetic) && distinct >= 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<AddedLine<'_>> {
        vec![AddedLine { path: "a.py", number: 1, text }]
    }

    #[test]
    fn keys_in_their_known_forms_are_found_and_never_repeated() {
        let hex = "0123456789abcdef".repeat(2);
        for secret in [
            format!("AKIA{}", "ABCDEFGHIJKLMNOP"),
            format!("ghp_{}", "a1B2".repeat(9)),
            format!("sk-ant-{}", "api03-abcdefghijklmnop"),
            format!("sk-or-v1-{hex}"),
            format!("-----BEGIN RSA {} KEY-----", "PRIVATE"),
            format!("postgres://admin:{}@db/prod", "hunter2hunter2"),
        ] {
            let text = format!("x = '{secret}'");
            let findings = secrets(&line(&text));
            assert_eq!(findings.len(), 1, "{text}");
            assert!(!format!("{findings:?}").contains(&secret));
        }
        assert_eq!(secrets(&line(r#"password = "aB3dE5gH7jK9""#)).len(), 1);
    }

    #[test]
    fn ordinary_code_is_left_alone() {
        for text in
            ["password = getenv('DB_PASSWORD')", r#"secret = "change-me-please""#, "https://example.org/a"]
        {
            assert!(secrets(&line(text)).is_empty(), "{text}");
        }
    }
}
