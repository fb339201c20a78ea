//! What can be said of a function without knowing its language: its parameters, its statements, what it belongs to.

use tree_sitter::Node;

use super::{
    declaration::{Declaration, Kind},
    language::Language,
    source::{Source, statements},
};

/// The names of a function's own parameters; the object that it is called on is none.
pub(super) fn parameters<'a>(source: &Source<'a>, one: &Declaration<'_>) -> Vec<&'a str> {
    let list = ["parameters", "parameter"].iter().find_map(|field| one.node.child_by_field_name(field));
    let Some(list) = list else {
        return Vec::new();
    };
    if list.kind() == "identifier" {
        return vec![source.text_of(list)];
    }
    let mut names = Vec::new();
    for parameter in statements(list) {
        if parameter.kind() == "self_parameter" {
            continue;
        }
        let mut cursor = parameter.walk();
        let named: Vec<_> = parameter.children_by_field_name("name", &mut cursor).collect();
        let patterns = if named.is_empty() { vec![pattern(parameter)] } else { named };
        names.extend(patterns.into_iter().flat_map(|node| words(source.text_of(node))));
    }
    names.retain(|name| !matches!(*name, "self" | "cls" | "this" | "_" | "mut" | "ref"));
    names
}

fn pattern(parameter: Node<'_>) -> Node<'_> {
    let field = ["pattern", "left"].iter().find_map(|field| parameter.child_by_field_name(field));
    field
        .or_else(|| if parameter.kind() == "typed_parameter" { parameter.named_child(0) } else { None })
        .unwrap_or(parameter)
}

/// The words of a text: letters, digits and `_`.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_'))
}

/// The statements of a body, without comments and docstring. An arrow function's expression is its one statement.
pub(super) fn work<'t>(source: &Source<'_>, body: Node<'t>) -> Vec<Node<'t>> {
    if !matches!(body.kind(), "block" | "statement_block" | "constructor_body") {
        return vec![body];
    }
    let mut all = statements(body);
    // Go keeps the statements of a block in a list of their own.
    if let [list] = all.as_slice()
        && list.kind() == "statement_list"
    {
        all = statements(*list);
    }
    if source.language == Language::Python && all.first().is_some_and(|first| is_docstring(*first)) {
        all.remove(0);
    }
    all.retain(|node| node.kind() != "empty_statement");
    all
}

pub(super) fn is_docstring(statement: Node<'_>) -> bool {
    statement.kind() == "string"
        || (statement.kind() == "expression_statement"
            && statement.named_child_count() == 1
            && statement.named_child(0).is_some_and(|child| child.kind() == "string"))
}

/// Decorators, annotations, attributes and modifiers of a definition, as text.
pub(super) fn marks(source: &Source<'_>, one: &Declaration<'_>) -> String {
    let mut text = String::new();
    for node in [one.outer, one.node] {
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if matches!(
                child.kind(),
                "decorator" | "modifiers" | "override_modifier" | "marker_annotation" | "annotation"
            ) {
                text += source.text_of(child);
                text.push('\n');
            }
        }
    }
    let mut above = one.outer.prev_sibling();
    while let Some(node) = above.filter(|node| matches!(node.kind(), "attribute_item" | "decorator")) {
        text += source.text_of(node);
        text.push('\n');
        above = node.prev_sibling();
    }
    text
}

/// The names of what a class extends or implements.
pub(super) fn bases<'a>(source: &Source<'a>, class: &Declaration<'_>) -> Vec<&'a str> {
    let end = class.body.map_or(class.node.end_byte(), |body| body.start_byte());
    let head = source.text.get(class.name.end_byte()..end).unwrap_or_default();
    words(head)
        .filter(|word| !matches!(*word, "extends" | "implements" | "metaclass" | "object" | "where" | "for"))
        .collect()
}

/// Whether the form of a function is given by something that this file does not decide: an abstract method, a
/// protocol, an overload, an overridden or overridable method. Such a body may be empty for good reason.
pub(super) fn is_form(source: &Source<'_>, all: &[Declaration<'_>], one: &Declaration<'_>) -> bool {
    let marks = marks(source, one);
    let marked = words(&marks).any(|word| {
        matches!(
            word,
            "overload"
                | "abstractmethod"
                | "abstractproperty"
                | "abstract"
                | "override"
                | "Override"
                | "default"
                | "fixture"
        )
    });
    if marked {
        return true;
    }
    let Some(around) = one.inside.map(|index| &all[index]) else {
        return false;
    };
    match around.kind {
        Kind::Interface => true,
        Kind::Impl => around.node.child_by_field_name("trait").is_some(),
        Kind::Class => extends(source, all, around, one) || is_overridden(source, all, around, one),
        _ => false,
    }
}

/// Whether a class extends one that lies elsewhere, or one of this file that has the method too.
fn extends(
    source: &Source<'_>,
    all: &[Declaration<'_>],
    class: &Declaration<'_>,
    method: &Declaration<'_>,
) -> bool {
    let name = source.text_of(method.name);
    bases(source, class).into_iter().any(|base| {
        match all.iter().position(|other| !other.is_function() && source.text_of(other.name) == base) {
            None => true,
            Some(index) => has_method(source, all, index, name),
        }
    })
}

/// Whether a class of this file that extends this one has the method too: the one above is its form.
fn is_overridden(
    source: &Source<'_>,
    all: &[Declaration<'_>],
    class: &Declaration<'_>,
    method: &Declaration<'_>,
) -> bool {
    let (class_name, name) = (source.text_of(class.name), source.text_of(method.name));
    all.iter().enumerate().any(|(index, other)| {
        other.kind == Kind::Class
            && bases(source, other).contains(&class_name)
            && has_method(source, all, index, name)
    })
}

fn has_method(source: &Source<'_>, all: &[Declaration<'_>], class: usize, name: &str) -> bool {
    all.iter().any(|one| one.inside == Some(class) && one.is_function() && source.text_of(one.name) == name)
}
