//! How much harm a mistake in a ticket can do, and who should do it.

use crate::{
    agent::Capability,
    pattern::{Pattern, compiled},
    spec::Requirement,
    ticket::Risk,
};

/// The risk of the requirements together, going by their words.
pub(super) fn risk(requirements: &[&Requirement]) -> Risk {
    static HIGH: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:passwords?|secrets?|credentials?|api keys?|encrypt\w*|decrypt\w*|authenticat\w*|authori[sz]\w*|permissions?|security|payments?|money|prices?|invoices?|personal data|migrat\w+|drops?|deletes?|deleting|overwrit\w+|public (?:api|interface))\b",
        )
    });
    static MEDIUM: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:command[- ]line|CLI|exits?|exit code|standard error|stderr|usage|API|endpoint|HTTP|format|report|JSON|config\w*)\b",
        )
    });
    let words = |pattern: &Pattern| {
        requirements.iter().any(|r| pattern.is_match(&r.title) || pattern.is_match(&r.text))
    };
    if words(&HIGH) {
        Risk::High
    } else if words(&MEDIUM) {
        Risk::Medium
    } else {
        Risk::Low
    }
}

/// Test work where it was proposed as such or nothing but tests is touched, else code.
pub(super) fn capability(proposed_test: bool, touches: &[String]) -> Capability {
    static TEST: Pattern =
        Pattern::new(|| compiled(r"(?:^|/)(?:tests?/.*|test_[^/]*|[^/]*[._-](?:test|spec)s?\.[^/]+)$"));
    let only_tests = !touches.is_empty() && touches.iter().all(|glob| TEST.is_match(glob));
    if proposed_test || only_tests { Capability::Test } else { Capability::Code }
}
