//! A gate's report as SARIF: one run for each tool, so that a reader sees who said what.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use crate::{
    finding::Finding,
    gate::{CheckReport, GateReport, Outcome, Weight},
    id::BlobHash,
};

/// Where the schema of the format lies.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as a SARIF log. `version` is swarm's own.
#[must_use]
pub fn write(report: &GateReport, version: &str) -> Value {
    let mut tools: BTreeMap<&str, Vec<&CheckReport>> = BTreeMap::new();
    for check in &report.checks {
        tools.entry(&check.tool).or_default().push(check);
    }
    let runs: Vec<_> = tools.into_iter().map(|(tool, checks)| run(tool, &checks, version)).collect();
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs })
}

fn run(tool: &str, checks: &[&CheckReport], version: &str) -> Value {
    // `semgrep 1.99.0` is a name and a version.
    let (name, version) = match tool.rsplit_once(' ') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => (name, version),
        None if tool == "swarm" => (tool, version),
        _ => (tool, ""),
    };
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    let mut results = Vec::new();
    for check in checks {
        for finding in &check.findings {
            let id = finding.code.to_string();
            let about = format!("{}: {}", check.check, id.replace('_', " "));
            rules
                .entry(id)
                .or_insert_with_key(|id| json!({ "id": id, "shortDescription": { "text": about } }));
            results.push(result(check, finding));
        }
    }
    let notes: Vec<_> = checks.iter().filter_map(|check| note(check)).collect();
    let mut driver = json!({ "name": name, "rules": rules.into_values().collect::<Vec<_>>() });
    if !version.is_empty() {
        driver["version"] = version.into();
    }
    json!({
        "tool": { "driver": driver },
        "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes }],
        "results": results,
    })
}

fn result(check: &CheckReport, finding: &Finding) -> Value {
    let level = if check.weight == Weight::Block { "error" } else { "warning" };
    let text = match finding.hint.as_str() {
        "" => finding.detail.clone(),
        hint => format!("{}. {hint}", finding.detail.trim_end_matches('.')),
    };
    let mut result = json!({
        "ruleId": finding.code.to_string(),
        "level": level,
        "message": { "text": text },
        "partialFingerprints": { "swarmFinding/v1": BlobHash::of(finding.signature().as_bytes()).as_str() },
    });
    if let Some(path) = &finding.path {
        let mut physical = json!({ "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" } });
        if let Some(line) = finding.line() {
            physical["region"] = json!({ "startLine": line });
        }
        result["locations"] = json!([{ "physicalLocation": physical }]);
    }
    result
}

/// What was not looked at is said too: a reader must not take silence for a clean bill.
fn note(check: &CheckReport) -> Option<Value> {
    let text = match &check.outcome {
        Outcome::Skipped { why } => format!("{} was skipped: {why}", check.check),
        Outcome::Off => format!("{} is turned off", check.check),
        Outcome::Passed | Outcome::Found => return None,
    };
    Some(json!({ "level": "note", "message": { "text": text } }))
}

/// A path as a relative URI reference (RFC 3986): whatever is not plain is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::FindingCode,
        gate::{GateCheck, GatePolicy, GateStage, Look},
    };

    /// What the schema of SARIF 2.1.0 requires of the parts that are written here: its `required`, `enum` and `type`, and
    /// that nothing stands there which it does not know.
    fn required() -> Value {
        let text = json!({ "type": "string" });
        let message = json!({
            "type": "object", "additionalProperties": false, "required": ["text"], "properties": { "text": text },
        });
        let level = json!({ "enum": ["none", "note", "warning", "error"] });
        let rule = json!({
            "type": "object", "additionalProperties": false, "required": ["id"],
            "properties": { "id": text, "shortDescription": message },
        });
        let driver = json!({
            "type": "object", "additionalProperties": false, "required": ["name"],
            "properties": {
                "name": text, "version": text,
                "rules": { "type": "array", "uniqueItems": true, "items": rule },
            },
        });
        let notification = json!({
            "type": "object", "additionalProperties": false, "required": ["message"],
            "properties": { "message": message, "level": level },
        });
        let invocation = json!({
            "type": "object", "additionalProperties": false, "required": ["executionSuccessful"],
            "properties": {
                "executionSuccessful": { "type": "boolean" },
                "toolExecutionNotifications": { "type": "array", "items": notification },
            },
        });
        let place = json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "uri": { "type": "string", "format": "uri-reference" }, "uriBaseId": text,
            },
        });
        let region = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "startLine": { "type": "integer", "minimum": 1 } },
        });
        let location = json!({
            "type": "object", "additionalProperties": false,
            "properties": { "physicalLocation": {
                "type": "object", "additionalProperties": false,
                "anyOf": [{ "required": ["address"] }, { "required": ["artifactLocation"] }],
                "properties": { "artifactLocation": place, "region": region },
            } },
        });
        let result = json!({
            "type": "object", "additionalProperties": false, "required": ["message"],
            "properties": {
                "ruleId": text, "level": level, "message": message,
                "locations": { "type": "array", "items": location },
                "partialFingerprints": { "type": "object", "additionalProperties": text },
            },
        });
        json!({
            "type": "object", "additionalProperties": false, "required": ["version", "runs"],
            "properties": {
                "$schema": { "type": "string", "format": "uri" },
                "version": { "enum": ["2.1.0"] },
                "runs": { "type": "array", "items": {
                    "type": "object", "additionalProperties": false, "required": ["tool"],
                    "properties": {
                        "tool": {
                            "type": "object", "additionalProperties": false, "required": ["driver"],
                            "properties": { "driver": driver },
                        },
                        "invocations": { "type": "array", "items": invocation },
                        "results": { "type": "array", "items": result },
                    },
                } },
            },
        })
    }

    fn finding(code: FindingCode, path: Option<&str>, detail: &str) -> Finding {
        Finding {
            code,
            detail: detail.to_owned(),
            evidence: String::new(),
            hint: "Mend it.".to_owned(),
            requirement: None,
            path: path.map(str::to_owned),
        }
    }

    fn report(findings: &[Finding]) -> GateReport {
        let policy = GatePolicy { size: Weight::Off, ..GatePolicy::default() };
        let mut checks = policy.weigh_reading(findings);
        let scanned = finding(FindingCode::Scanned, Some("b.py"), "b.py:7 semgrep rule `x`: evil");
        for (check, tool, found) in [
            (GateCheck::Semgrep, "semgrep 1.99.0", Ok(vec![scanned])),
            (GateCheck::Dependencies, "pip-audit", Err("pip-audit needs the network".to_owned())),
        ] {
            checks.push(policy.weigh(Look { check, tool: tool.to_owned(), found }));
        }
        GateReport { stage: GateStage::PreMerge, change: "a..b".to_owned(), checks }
    }

    #[test]
    fn what_is_written_has_what_the_schema_requires_and_nothing_that_it_does_not_know() {
        let findings = [
            finding(FindingCode::Secret, Some("ä b#?.py"), "ä b#?.py:3 looks like a key"),
            finding(FindingCode::TooLarge, None, "the diff is longer than 3 bytes"),
        ];
        let log = write(&report(&findings), "0.1.0");
        let schema = jsonschema::options().should_validate_formats(true).build(&required()).unwrap();
        let faults: Vec<_> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(faults, [""; 0]);
        // The schema above can fail.
        assert!(!schema.is_valid(&json!({ "version": "2.1.0", "runs": [{ "results": [] }] })));
    }

    #[test]
    fn each_tool_has_its_run_and_what_was_not_looked_at_is_said() {
        let found = [finding(FindingCode::Secret, Some("ä b.py"), "ä b.py:3 looks like a key")];
        let log = write(&report(&found), "0.1.0");
        let name = |run: usize| log["runs"][run]["tool"]["driver"]["name"].as_str().unwrap().to_owned();
        assert_eq!([name(0), name(1), name(2)], ["pip-audit", "semgrep", "swarm"]);
        let said = |run: usize| {
            log["runs"][run]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].clone()
        };
        assert_eq!(said(0), "dependencies was skipped: pip-audit needs the network");
        assert_eq!(said(2), "size is turned off");
        let result = &log["runs"][2]["results"][0];
        assert_eq!((&result["level"], &result["ruleId"]), (&json!("error"), &json!("secret")));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "%C3%A4%20b.py");
        assert_eq!(place["region"]["startLine"], 3);
        assert_eq!(log["runs"][1]["results"][0]["level"], "warning");
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        let log = write(&report(&[]), "0.1.0");
        let scan = super::super::read(log.to_string().as_bytes()).unwrap();
        assert_eq!(scan.results.len(), 1);
        assert_eq!((scan.results[0].path.as_str(), scan.results[0].line), ("b.py", 7));
    }
}
