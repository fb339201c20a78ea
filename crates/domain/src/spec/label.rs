//! Labels that a spec gives its requirements, and where else it names them.

use std::collections::HashMap;

use crate::{
    id::RequirementId,
    pattern::{Pattern, compiled},
};

/// Prefixes that stand for a requirement wherever they stand. Others need a heading and a colon.
const KNOWN: [&str; 13] =
    ["REQ", "REQUIREMENT", "RQ", "R", "FR", "NFR", "SR", "UR", "BR", "SYS", "SRS", "PRD", "RULE"];

/// Prefixes of other things that look like a label: standards, success criteria, user stories, test cases.
const OTHER: [&str; 28] = [
    "UTF", "SHA", "MD", "AES", "RSA", "TLS", "SSL", "ISO", "RFC", "HTTP", "IEEE", "CVE", "CWE", "ANSI", "SC",
    "AC", "US", "TC", "EC", "ADR", "STEP", "PHASE", "TASK", "NOTE", "COVID", "GPT", "BASE", "LATIN",
];

static LABEL: Pattern = Pattern::new(|| {
    compiled(
        r"^[\[(]?(?<label>(?:[A-Z][A-Za-z0-9]{0,15}[-_.])*(?<prefix>[A-Z][A-Za-z]{0,11})(?<joint>[-_ ]?)\d{1,6}(?:\.\d{1,4}){0,3}[a-z]?)(?<end>[\])]?\s*(?:[:.)\u{2013}\u{2014}]|-\s)\s*|[\])]\s*|\s+|$)",
    )
});

/// Where a label was found: it decides how sure its form must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Heading,
    /// An item, row or paragraph; whether it begins in bold.
    Text {
        bold: bool,
    },
}

/// The label that a text begins with, and what follows it.
pub(super) fn leading(text: &str, place: Place) -> Option<(RequirementId, &str)> {
    let found = LABEL.captures(text)?;
    let (label, prefix) = (&found["label"], found["prefix"].to_uppercase());
    let end = found["end"].trim();
    let known = KNOWN.contains(&prefix.as_str())
        || label.split(['-', '_', '.']).any(|part| matches!(part, "REQ" | "FR" | "NFR"));
    let separated = !end.is_empty() || place == Place::Heading;
    let sure = match place {
        Place::Text { bold } => known && (separated || bold),
        Place::Heading if known => true,
        Place::Heading => {
            let shaped = &found["joint"] == "-" && prefix.len() > 1 && end.starts_with(':');
            shaped && prefix == found["prefix"] && !OTHER.contains(&prefix.as_str())
        }
    };
    // `Req 3` and `Requirement 3` are written with a blank; no other label is.
    let spaced = &found["joint"] == " ";
    if !sure || (spaced && !matches!(prefix.as_str(), "REQ" | "REQUIREMENT")) {
        return None;
    }
    let label = if spaced || prefix == "REQUIREMENT" {
        format!("REQ-{}", label.trim_start_matches(|c: char| !c.is_ascii_digit()))
    } else {
        label.to_owned()
    };
    Some((RequirementId::parse(label).ok()?, text[found.get(0)?.end()..].trim()))
}

/// The requirements of a spec, to be found again where its text names them.
pub(super) struct Known<'a> {
    by_name: HashMap<String, &'a RequirementId>,
    prefixes: Vec<String>,
}

/// What a text says that it needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Named under `Depends on:`.
    pub stated: Vec<RequirementId>,
    /// Named as in "uses REQ-1".
    pub mentioned: Vec<RequirementId>,
    /// Named under `Depends on:`, but not in the spec.
    pub missing: Vec<String>,
    /// Named elsewhere, but not in the spec.
    pub unknown: Vec<String>,
}

static TOKEN: Pattern = Pattern::new(|| {
    compiled(
        r"\b(?:[A-Za-z][A-Za-z0-9]{0,15}[-_.])*[A-Za-z]{1,12}[-_]?[0-9a-z]{1,6}(?:\.\d{1,4}){0,3}[a-z]?\b",
    )
});

static STATED: Pattern = Pattern::new(|| {
    compiled(
        r"(?im)^\W*(?:depends on|dependencies|dependency|requires|needs|after|blocked by|prerequisites?)\b[\s*_]*:(?<list>.*)$|^\W*depends on\b(?<plain>.*)$",
    )
});

static RANGE: Pattern =
    Pattern::new(|| compiled(r"^\W*(?:to|through|until|\.\.\.?|-|\u{2013}|\u{2026})\W*$"));

/// The words before a mention that make it a need, or the opposite of one. The last one counts.
static CUE: Pattern = Pattern::new(|| {
    compiled(
        r"(?i)\b(?:(?<away>(?:used|needed|required|called|wanted|shown) (?:by|in|for)|not \w+(?: on)?|instead of|before|blocks|unlike)|(?<need>see|after|uses?|using|needs?|requires?|builds? (?:up)?on|built on|based on|calls?|calling|depends? on|relies on|with the help of|as in|given by|from|of))\b",
    )
});

static SENTENCE_END: Pattern = Pattern::new(|| compiled(r"[.;!?](?:\s+|$)|\n\n"));

/// The longest list of requirements that "REQ-1 to REQ-9" may stand for.
const MAX_RANGE: u32 = 100;

impl<'a> Known<'a> {
    pub fn new(ids: impl IntoIterator<Item = &'a RequirementId>) -> Self {
        let by_name: HashMap<_, _> = ids.into_iter().map(|id| (id.as_str().to_uppercase(), id)).collect();
        let mut prefixes: Vec<_> =
            by_name.keys().filter_map(|name| prefix(name)).map(str::to_owned).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        Self { by_name, prefixes }
    }

    /// Every requirement that a text names, in order.
    pub fn named(&self, text: &str) -> Vec<RequirementId> {
        let found = TOKEN.find_iter(text).filter_map(|m| self.by_name.get(&m.as_str().to_uppercase()));
        distinct(found.map(|&id| id.clone()))
    }

    /// What the text of requirement `own` needs.
    pub fn needs(&self, own: &RequirementId, text: &str) -> Needs {
        let mut needs = Needs::default();
        let mut rest = String::with_capacity(text.len());
        for line in text.lines() {
            let list = STATED.captures(line).and_then(|c| c.name("list").or_else(|| c.name("plain")));
            match list {
                Some(list) => self.list(list.as_str(), &mut needs),
                None => rest.extend([line, "\n"]),
            }
        }
        for sentence in SENTENCE_END.split(&rest) {
            self.sentence(sentence, &mut needs);
        }
        for list in [&mut needs.stated, &mut needs.mentioned] {
            *list = distinct(list.drain(..).filter(|id| id != own));
        }
        for list in [&mut needs.missing, &mut needs.unknown] {
            *list = distinct(list.drain(..));
        }
        needs
    }

    fn list(&self, text: &str, needs: &mut Needs) {
        let mut before: Option<(usize, &str)> = None;
        for token in TOKEN.find_iter(text) {
            let name = token.as_str();
            if !self.looks_like_one(name) {
                continue;
            }
            if let Some((end, first)) = before
                && RANGE.is_match(&text[end..token.start()])
            {
                needs.stated.extend(
                    between(first, name).iter().filter_map(|n| self.by_name.get(n)).map(|&id| id.clone()),
                );
            }
            match self.by_name.get(&name.to_uppercase()) {
                Some(&id) => needs.stated.push(id.clone()),
                None => needs.missing.push(name.to_owned()),
            }
            before = Some((token.end(), name));
        }
    }

    fn sentence(&self, sentence: &str, needs: &mut Needs) {
        let mut start = 0;
        let mut wanted = false;
        for token in TOKEN.find_iter(sentence).filter(|t| self.looks_like_one(t.as_str())) {
            // Between two names of one list stands no cue: what was said of the first holds for the second.
            if let Some(cue) = CUE.captures_iter(&sentence[start..token.start()]).last() {
                wanted = cue.name("need").is_some();
            }
            start = token.end();
            match self.by_name.get(&token.as_str().to_uppercase()) {
                None => needs.unknown.push(token.as_str().to_owned()),
                Some(&id) if wanted => needs.mentioned.push(id.clone()),
                Some(_) => {}
            }
        }
    }

    /// Whether a token is a requirement's name or formed like one: `REQ-9` where there is a `REQ-1`.
    fn looks_like_one(&self, token: &str) -> bool {
        let name = token.to_uppercase();
        self.by_name.contains_key(&name)
            || (token.contains(|c: char| c.is_ascii_digit())
                && !name.starts_with("R-")
                && prefix(&name)
                    .is_some_and(|p| self.prefixes.binary_search_by(|known| known.as_str().cmp(p)).is_ok()))
    }
}

/// What stands before the number of a label that ends in one.
fn prefix(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    (stem.len() < name.len() && !stem.starts_with("R-") && stem != "R").then_some(stem)
}

/// The names between two of one series, both left out.
fn between(first: &str, last: &str) -> Vec<String> {
    let (first, last) = (first.to_uppercase(), last.to_uppercase());
    let split = |name: &str| {
        let stem = prefix(name)?.to_owned();
        let digits = name[stem.len()..].to_owned();
        let number: u32 = digits.parse().ok()?;
        Some((stem, digits.len(), number))
    };
    match (split(&first), split(&last)) {
        (Some((a, width, from)), Some((b, _, to))) if a == b && to > from && to - from <= MAX_RANGE => {
            (from + 1..to).map(|n| format!("{a}{n:0width$}")).collect()
        }
        _ => Vec::new(),
    }
}

fn distinct<T: Eq + std::hash::Hash + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str, place: Place) -> Option<(String, &str)> {
        leading(text, place).map(|(id, rest)| (id.to_string(), rest))
    }

    #[test]
    fn the_usual_labels_are_read() {
        for (text, id, rest) in [
            ("REQ-3: Counts", "REQ-3", "Counts"),
            ("REQ-3 Counts", "REQ-3", "Counts"),
            ("FR-001 \u{2014} System MUST", "FR-001", "System MUST"),
            ("NFR-2. Fast", "NFR-2", "Fast"),
            ("R1: x", "R1", "x"),
            ("[REQ-3] x", "REQ-3", "x"),
            ("Requirement 4: Title", "REQ-4", "Title"),
            ("REQ-AUTH-12 - Login", "REQ-AUTH-12", "Login"),
            ("AUTH-3: Login", "AUTH-3", "Login"),
            ("REQ-1.2: x", "REQ-1.2", "x"),
            ("REQ-7", "REQ-7", ""),
        ] {
            assert_eq!(label(text, Place::Heading), Some((id.to_owned(), rest)), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_label_is_none() {
        for text in [
            "UTF-8: text",
            "SHA-256: x",
            "SC-001: Users",
            "2024: plan",
            "Chapter 1",
            "H2 database",
            "AUTH-3 x",
        ] {
            assert_eq!(label(text, Place::Heading), None, "{text}");
        }
        for text in ["REQ-1 must come first", "REQ-1, REQ-2: x", "AUTH-3: x", "REQ-", "Requires: x"] {
            assert_eq!(label(text, Place::Text { bold: false }), None, "{text}");
        }
        assert!(label("REQ-1 must", Place::Text { bold: true }).is_some());
    }

    fn read(text: &str) -> Needs {
        let ids: Vec<_> = (1..=7).map(|n| RequirementId::parse(format!("REQ-{n}")).unwrap()).collect();
        Known::new(&ids).needs(&ids[6], text)
    }

    fn needs(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let found = read(text);
        let names = |list: Vec<RequirementId>| list.iter().map(ToString::to_string).collect();
        (names(found.stated), names(found.mentioned), found.unknown)
    }

    #[test]
    fn stated_dependencies_are_read_with_ranges_and_without_the_requirement_itself() {
        let stated = |text| needs(text).0;
        assert_eq!(stated("Text.\n\nDepends on: REQ-1, REQ-2 and REQ-7."), ["REQ-1", "REQ-2"]);
        assert_eq!(read("Depends on: REQ-9").missing, ["REQ-9"]);
        assert_eq!(stated("Depends on REQ-2 to REQ-4"), ["REQ-2", "REQ-3", "REQ-4"]);
        assert_eq!(stated("**Requires**: req-5"), ["REQ-5"]);
    }

    #[test]
    fn a_mention_counts_when_its_words_say_so() {
        let mentioned = |text| needs(text).1;
        assert_eq!(mentioned("It uses the words of REQ-1 and REQ-2."), ["REQ-1", "REQ-2"]);
        assert_eq!(mentioned("A word is what REQ-3 says."), Vec::<String>::new());
        assert_eq!(
            mentioned("It is used by REQ-4, before REQ-5, and does not depend on REQ-6."),
            Vec::<String>::new()
        );
        assert_eq!(mentioned("Prints the report (see REQ-6)."), ["REQ-6"]);
    }

    #[test]
    fn a_name_that_the_spec_does_not_define_is_told_apart_from_other_names() {
        assert_eq!(needs("It uses REQ-9.").2, ["REQ-9"]);
        assert_eq!(needs("Reads UTF-8, see RFC-9457 and SHA-256.").2, Vec::<String>::new());
    }
}
