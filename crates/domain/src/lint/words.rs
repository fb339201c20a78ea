//! Words that nothing can prove.

use super::{Lint, checks::cut};
use crate::{
    pattern::{Pattern, compiled},
    spec::Spec,
};

static VAGUE: Pattern = Pattern::new(|| {
    compiled(
        r"(?i)\b(?:fast(?:er)?|quick(?:ly)?|slow(?:ly)?|user[- ]friendly|intuitive(?:ly)?|eas(?:y|ily)(?: to use)?|appropriate(?:ly)?|robust(?:ly|ness)?|efficient(?:ly)?|flexible|seamless(?:ly)?|scalable|scales well|reasonabl[ey]|adequate(?:ly)?|sufficient(?:ly)?|as needed|as required|if possible|where possible|as far as possible|and so on|etc|nice(?:ly)?|beautiful(?:ly)?|modern|state[- ]of[- ]the[- ]art|high[- ]quality|high[- ]performance|good performance|graceful(?:ly)?|performant|lightweight|sensibl[ey]|in a timely manner|minimal overhead|best effort|TBD)\b",
    )
});

/// What stands in quotes or code is an example of words, not a wish.
static QUOTED: Pattern = Pattern::new(|| {
    compiled("(?s)```.*?(?:```|$)|`[^`\\n]*`|\"[^\"\\n]{0,200}\"|\u{201C}[^\u{201D}\\n]{0,200}\u{201D}")
});

static SENTENCE_END: Pattern = Pattern::new(|| compiled(r"[.;!?](?:\s+|$)|\n\s*\n|\n\s*[-*]\s"));

static MEASURE: Pattern = Pattern::new(|| compiled(r"\d"));

static LABEL: Pattern = Pattern::new(|| compiled(r"\b[A-Za-z]{1,12}[-_]?\d+(?:\.\d+)*\b"));

pub(super) fn look(spec: &Spec, lints: &mut Vec<Lint>) {
    for requirement in &spec.requirements {
        let whole = format!("{}\n\n{}", requirement.title, requirement.text);
        let plain = QUOTED.replace_all(&whole, " \u{2026} ");
        for sentence in SENTENCE_END.split(&plain) {
            let words: Vec<&str> = VAGUE.find_iter(sentence).map(|found| found.as_str()).collect();
            // The digit of a label (`REQ-3`) measures nothing.
            if words.is_empty() || MEASURE.is_match(&LABEL.replace_all(sentence, "")) {
                continue;
            }
            let told = words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
            let detail =
                format!("{} says {told}, which nothing can prove: {}", requirement.id, cut(sentence));
            let fix = "say it with a number in the same sentence (`in at most 200 ms`), show it in an example, or leave it out";
            lints.push(Lint::blocking("untestable_words", detail, fix).of_requirement(&requirement.id));
        }
    }
}
