//! What a file defines: functions, methods, classes and what stands for classes in each language.

use tree_sitter::Node;

use super::source::{Next, Source, visit};

/// The kinds of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    /// A function of a class, an interface or an `impl`.
    Method,
    Class,
    Interface,
    Enum,
    /// A Rust `impl`: it holds methods and defines no name of its own.
    Impl,
}

/// A definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration<'t> {
    pub(super) kind: Kind,
    pub(super) name: Node<'t>,
    /// The definition with what belongs before it: decorators, `export`.
    pub(super) outer: Node<'t>,
    /// The definition itself: what has parameters and a body.
    pub(super) node: Node<'t>,
    /// Absent where only the form is declared: an abstract method, an overload.
    pub(super) body: Option<Node<'t>>,
    /// The definition around it, by its place in the list.
    pub(super) inside: Option<usize>,
}

impl Declaration<'_> {
    pub(super) fn is_function(&self) -> bool {
        matches!(self.kind, Kind::Function | Kind::Method)
    }
}

/// All definitions of a file, outer ones first.
pub(super) fn declarations<'t>(source: &'t Source<'_>) -> Vec<Declaration<'t>> {
    let mut found: Vec<Declaration<'t>> = Vec::new();
    // Places in `found` of the definitions around the current node, with their ends.
    let mut around: Vec<(usize, usize)> = Vec::new();
    visit(source.root(), |node, _| {
        while around.last().is_some_and(|(_, end)| node.start_byte() >= *end) {
            around.pop();
        }
        if let Some(mut declaration) = declared(node) {
            declaration.inside = around.last().map(|(index, _)| *index);
            let held = declaration.inside.map(|index| found[index].kind);
            if declaration.kind == Kind::Function
                && matches!(held, Some(Kind::Class | Kind::Interface | Kind::Enum | Kind::Impl))
            {
                declaration.kind = Kind::Method;
            }
            around.push((found.len(), node.end_byte()));
            found.push(declaration);
        }
        Next::Into
    });
    found
}

fn declared(node: Node<'_>) -> Option<Declaration<'_>> {
    let kind = match node.kind() {
        "function_definition"
        | "function_item"
        | "function_signature_item"
        | "function_declaration"
        | "generator_function_declaration"
        | "function_signature" => Kind::Function,
        "method_declaration"
        | "method_definition"
        | "method_signature"
        | "abstract_method_signature"
        | "constructor_declaration"
        | "compact_constructor_declaration"
        | "method_elem" => Kind::Method,
        "variable_declarator" | "public_field_definition" | "field_definition" | "pair" => {
            return assigned(node);
        }
        "class_definition"
        | "class_declaration"
        | "abstract_class_declaration"
        | "record_declaration"
        | "struct_item"
        | "union_item" => Kind::Class,
        "interface_declaration" | "annotation_type_declaration" | "trait_item" => Kind::Interface,
        "enum_item" | "enum_declaration" => Kind::Enum,
        "impl_item" => Kind::Impl,
        "type_spec" => match node.child_by_field_name("type")?.kind() {
            "interface_type" => Kind::Interface,
            "struct_type" => Kind::Class,
            _ => return None,
        },
        _ => return None,
    };
    let name = node.child_by_field_name(if kind == Kind::Impl { "type" } else { "name" })?;
    let body = node.child_by_field_name("body").or_else(|| match kind {
        Kind::Function | Kind::Method => None,
        _ => node.child_by_field_name("type"),
    });
    let body = if kind == Kind::Impl { node.child_by_field_name("body") } else { body };
    Some(Declaration { kind, name, outer: outer(node), node, body, inside: None })
}

/// `const f = () => …`, `f = () => …` in a class, `f: function () …` in an object.
fn assigned(node: Node<'_>) -> Option<Declaration<'_>> {
    let value = node.child_by_field_name("value")?;
    if !matches!(value.kind(), "arrow_function" | "function_expression" | "generator_function") {
        return None;
    }
    let name = ["name", "property", "key"].iter().find_map(|field| node.child_by_field_name(field))?;
    let body = value.child_by_field_name("body");
    Some(Declaration { kind: Kind::Function, name, outer: outer(node), node: value, body, inside: None })
}

/// The definition with its decorators, `export`, `const` or `type`.
fn outer(node: Node<'_>) -> Node<'_> {
    let mut outer = node;
    while let Some(parent) = outer.parent() {
        let belongs = matches!(
            parent.kind(),
            "decorated_definition"
                | "export_statement"
                | "ambient_declaration"
                | "lexical_declaration"
                | "variable_declaration"
                | "type_declaration"
        );
        // `type ( A …; B … )` of Go and `const a = …, b = …` define many: each stands for itself.
        let is_list = match parent.kind() {
            "type_declaration" => parent.child(1).is_some_and(|child| child.kind() == "("),
            "lexical_declaration" | "variable_declaration" => parent.named_child_count() > 1,
            _ => false,
        };
        if !belongs || is_list {
            return outer;
        }
        outer = parent;
    }
    outer
}
