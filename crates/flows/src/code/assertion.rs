//! What a test asserts, and whether that could ever be untrue.

use tree_sitter::Node;

use super::{
    function::words,
    language::Language,
    source::{Next, Source, statements, visit},
};

/// Something in a test that can fail.
pub(super) struct Assertion<'t> {
    pub(super) node: Node<'t>,
    /// The words that make it an assertion: no part of what is tested.
    callee: Option<Node<'t>>,
    always_true: bool,
}

impl Assertion<'_> {
    pub(super) fn is_always_true(&self) -> bool {
        self.always_true
    }

    pub(super) fn is_callee(&self, node: Node<'_>) -> bool {
        self.callee.is_some_and(|callee| {
            callee.start_byte() <= node.start_byte() && node.end_byte() <= callee.end_byte()
        })
    }
}

/// The assertions below a node.
pub(super) fn assertions<'t>(source: &Source<'_>, body: Node<'t>) -> Vec<Assertion<'t>> {
    let mut found = Vec::new();
    visit(body, |node, _| {
        found.extend(assertion(source, node));
        Next::Into
    });
    found
}

fn assertion<'t>(source: &Source<'_>, node: Node<'t>) -> Option<Assertion<'t>> {
    match node.kind() {
        "assert_statement" => {
            let claim = node.named_child(0)?;
            Some(Assertion { node, callee: None, always_true: is_true(source, claim) })
        }
        "macro_invocation" => {
            let name = node.child_by_field_name("macro")?;
            let word = source.text_of(name).rsplit("::").next().unwrap_or_default();
            let asserts =
                word.contains("assert") || matches!(word, "panic" | "bail" | "prop_assert" | "unreachable");
            asserts.then(|| Assertion {
                node,
                callee: Some(name),
                always_true: word.contains("assert") && is_true_macro(source.text_of(node)),
            })
        }
        "call" | "call_expression" | "method_invocation" => call(source, node),
        // `?` and an error that is raised by hand fail a test as well.
        "try_expression" | "raise_statement" | "throw_statement" => {
            Some(Assertion { node, callee: None, always_true: false })
        }
        _ => None,
    }
}

fn call<'t>(source: &Source<'_>, node: Node<'t>) -> Option<Assertion<'t>> {
    let callee = node.child_by_field_name("function").or_else(|| node.child_by_field_name("name"))?;
    let arguments = node.child_by_field_name("arguments").map(statements).unwrap_or_default();
    let text = match node.child_by_field_name("object") {
        // Java keeps `Assert` of `Assert.assertTrue` beside the name.
        Some(object) => source.text.get(object.start_byte()..callee.end_byte()).unwrap_or_default(),
        None => source.text_of(callee),
    };
    // `expect(x).toBe(y)`: judged at the outermost call, with `x` and `y`.
    if let Some(subject) = text.strip_prefix("expect(").or_else(|| text.strip_prefix("expect.soft(")) {
        let matcher = text.rsplit('.').next().unwrap_or_default();
        let subject = subject.rsplit_once(").").map_or(subject, |(subject, _)| subject);
        let subject = subject.split(").").next().unwrap_or(subject).trim();
        let is_matcher =
            matcher.starts_with("to") || matches!(matcher, "equal" | "eq" | "rejects" | "resolves");
        if !is_matcher {
            return None;
        }
        let negated = text.contains(".not.");
        let wanted = arguments.first().map(|argument| source.text_of(*argument));
        let always_true = !negated
            && is_literal_text(subject)
            && wanted.is_none_or(|wanted| is_literal_text(wanted) || wanted == subject)
            || (!negated && wanted == Some(subject) && !subject.contains('('));
        return Some(Assertion { node, callee: None, always_true });
    }
    if matches!(text, "expect" | "expect.soft") {
        return None;
    }
    let last = text.rsplit(['.', ':']).next().unwrap_or_default();
    let lower = last.to_ascii_lowercase();
    let receiver = text.split(['.', ':']).next().unwrap_or_default();
    let asserts = lower.starts_with("assert")
        || lower.starts_with("expect")
        || lower.starts_with("should")
        || lower.starts_with("verify")
        || lower.starts_with("check")
        || lower.starts_with("require")
        || matches!(receiver, "assert" | "require" | "should")
        || matches!(
            lower.as_str(),
            "fail" | "raises" | "warns" | "failnow" | "strictequal" | "deepequal" | "approve"
        )
        || by_language(source, node, receiver, last);
    // Of `f(1).unwrap()` only `unwrap` is the assertion's own word.
    let own = if callee.named_child_count() > 1 { statements(callee).pop() } else { Some(callee) };
    asserts.then(|| Assertion { node, callee: own, always_true: is_true_call(source, &lower, &arguments) })
}

fn by_language(source: &Source<'_>, node: Node<'_>, receiver: &str, last: &str) -> bool {
    match source.language {
        Language::Go => {
            matches!(
                last,
                "Error"
                    | "Errorf"
                    | "Fatal"
                    | "Fatalf"
                    | "Fail"
                    | "FailNow"
                    | "Equal"
                    | "DeepEqual"
                    | "Run"
                    | "Fuzz"
            ) && !matches!(receiver, "fmt" | "errors" | "reflect" | "log")
        }
        Language::Rust => matches!(last, "unwrap" | "expect" | "unwrap_err" | "expect_err"),
        Language::Python => source.text_of(node).contains("check=True"),
        Language::TypeScript | Language::Tsx | Language::JavaScript => {
            // `t.is(…)` of ava and tape, `cy.get(…).should(…)`.
            receiver == "t"
                && matches!(
                    last,
                    "is" | "ok"
                        | "equal"
                        | "deepEqual"
                        | "not"
                        | "true"
                        | "false"
                        | "throws"
                        | "same"
                        | "match"
                        | "snapshot"
                )
        }
        Language::Java => false,
    }
}

/// Whether the arguments of an assertion leave nothing open: literals only, or twice the same name.
fn is_true_call(source: &Source<'_>, callee: &str, arguments: &[Node<'_>]) -> bool {
    let texts: Vec<_> = arguments.iter().map(|argument| source.text_of(*argument)).collect();
    if !(callee.starts_with("assert")
        || matches!(callee, "ok" | "equal" | "strictequal" | "deepequal" | "is" | "true"))
    {
        return false;
    }
    if callee.contains("not") || callee.contains("false") {
        // `assertNotEqual(1, 2)`, `assertFalse(false)`, `assertIsNotNone(1)`
        return !texts.is_empty() && texts.iter().all(|text| is_literal_text(text));
    }
    match texts.as_slice() {
        [] => false,
        [one] => arguments.first().is_some_and(|argument| is_true(source, *argument)) || is_literal_text(one),
        [first, second, ..] => {
            (first == second && !first.contains('('))
                || (is_literal_text(first) && (is_literal_text(second) || is_one_sided(callee)))
        }
    }
}

/// Assertions whose second argument is only a message.
fn is_one_sided(callee: &str) -> bool {
    matches!(callee, "asserttrue" | "assert" | "assertthat" | "ok" | "assertisnone" | "assertnull")
}

/// Whether a claim is true whatever the code does.
fn is_true(source: &Source<'_>, claim: Node<'_>) -> bool {
    let text = source.text_of(claim).trim();
    if is_literal_text(text) {
        return true;
    }
    match claim.kind() {
        "parenthesized_expression" => claim.named_child(0).is_some_and(|inner| is_true(source, inner)),
        // `x or True`
        "boolean_operator" | "binary_expression" | "comparison_operator" | "tuple" => {
            let sides: Vec<_> =
                statements(claim).into_iter().map(|side| source.text_of(side).trim()).collect();
            let operator = claim.child(1).map(|operator| source.text_of(operator)).unwrap_or_default();
            let is_or = matches!(operator, "or" | "||");
            let same = sides.len() == 2 && sides[0] == sides[1] && !sides[0].contains('(');
            claim.kind() == "tuple"
                || (is_or && sides.iter().any(|side| matches!(*side, "True" | "true" | "1")))
                || sides.iter().all(|side| is_literal_text(side))
                || (same && matches!(operator, "==" | "===" | "is" | ">=" | "<="))
                || (sides.len() == 2 && is_length(sides[0]) && operator == ">=" && sides[1] == "0")
        }
        _ => false,
    }
}

fn is_length(text: &str) -> bool {
    text.starts_with("len(")
        || text.ends_with(".length")
        || text.ends_with(".len()")
        || text.ends_with(".size()")
}

/// `assert!(true)`, `assert_eq!(1, 1)`, `assert_eq!(x, x)`
fn is_true_macro(text: &str) -> bool {
    let inner = text.split_once('!').map(|(_, inner)| inner).unwrap_or_default().trim();
    let inner = inner.trim_start_matches(['(', '[', '{']).trim_end_matches([')', ']', '}']).trim();
    let mut parts = inner.split(',').map(str::trim);
    match (parts.next(), parts.next()) {
        (Some(one), None) => is_literal_text(one) || one.ends_with("|| true"),
        (Some(first), Some(second)) if text.starts_with("assert_eq") => {
            (first == second && !first.contains('(')) || (is_literal_text(first) && is_literal_text(second))
        }
        (Some(one), Some(_)) if text.starts_with("assert!") => is_literal_text(one),
        _ => false,
    }
}

/// Numbers, strings, and the words for true, false and nothing.
fn is_literal_text(text: &str) -> bool {
    let text = text.trim();
    let quoted = |quote: char| {
        text.len() >= 2
            && text.starts_with(quote)
            && text.ends_with(quote)
            && text.matches(quote).count() == 2
    };
    let number = text.trim_start_matches('-');
    (!number.is_empty()
        && number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))
        || matches!(
            text,
            "True" | "False" | "None" | "true" | "false" | "null" | "nil" | "undefined" | "[]" | "{}" | "()"
        )
        || quoted('"')
        || quoted('\'')
        || (quoted('`') && !text.contains("${"))
}

/// Whether a failure at this place is caught inside the test and dropped.
pub(super) fn is_swallowed(source: &Source<'_>, assertion: Node<'_>, body: Node<'_>) -> bool {
    let mut child = assertion;
    while let Some(parent) = child.parent() {
        if matches!(parent.kind(), "try_statement" | "try_with_resources_statement")
            && parent.child_by_field_name("body") == Some(child)
            && statements(parent).into_iter().any(|clause| drops(source, clause))
        {
            return true;
        }
        if parent == body {
            break;
        }
        child = parent;
    }
    false
}

/// Whether a handler takes an assertion's failure and goes on as if nothing had been.
fn drops(source: &Source<'_>, clause: Node<'_>) -> bool {
    if !matches!(clause.kind(), "except_clause" | "catch_clause") {
        return false;
    }
    let text = source.text_of(clause);
    let (head, rest) =
        text.split_once(if clause.kind() == "except_clause" { ':' } else { '{' }).unwrap_or((text, ""));
    let takes = match source.language {
        Language::Python => {
            head.trim() == "except"
                || words(head).any(|word| matches!(word, "Exception" | "BaseException" | "AssertionError"))
        }
        Language::Java => words(head).any(|word| matches!(word, "Throwable" | "AssertionError" | "Error")),
        _ => true,
    };
    let passes_on = words(rest).any(|word| {
        matches!(word, "raise" | "throw" | "fail" | "assert" | "expect")
            || word.starts_with("assert")
            || word.starts_with("fail")
    });
    takes && !passes_on
}
