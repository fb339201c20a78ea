//! Options and routes: what a file offers to those who call it from a shell or over HTTP, as far as the usual libraries
//! let it be seen.

use tree_sitter::Node;

use super::{
    language::Language,
    source::{Next, Source, line_of, visit},
};

/// Offers of one file that are kept.
const MAX_OFFERS: usize = 500;
/// Characters of a name, and of a help text.
const MAX_NAME: usize = 120;
const MAX_HELP: usize = 400;

/// Something that is offered by a name in a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Whether it is a route, else an option.
    pub(crate) is_route: bool,
    /// `--limit`, `GET /items`.
    pub(crate) name: String,
    /// The name as it stands in the file.
    pub(crate) written: String,
    /// What the code says about it.
    pub(crate) help: Option<String>,
    /// The lines of the call.
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
}

/// The options and routes of a file, in its order, each once.
pub(crate) fn offers(source: &Source<'_>) -> Vec<Offer> {
    let mut found: Vec<Offer> = Vec::new();
    visit(source.root(), |node, _| {
        let offer = match node.kind() {
            "call" | "call_expression" | "annotation" => call(source, node),
            "attribute_item" => clap_field(source, node),
            _ => None,
        };
        if let Some(offer) = offer.filter(|offer| found.iter().all(|known| known.name != offer.name)) {
            found.push(offer);
        }
        if found.len() < MAX_OFFERS { Next::Into } else { Next::Stop }
    });
    found
}

/// `parser.add_argument("--limit", help="…")`, `app.get("/items", …)`, `flag.Int("limit", 1, "…")`.
fn call(source: &Source<'_>, node: Node<'_>) -> Option<Offer> {
    let callee = ["function", "name"].iter().find_map(|field| node.child_by_field_name(field))?;
    let callee = source.text_of(callee);
    let (receiver, method) = callee.rsplit_once(['.', ':']).unwrap_or(("", callee));
    let arguments = node.child_by_field_name("arguments")?;
    let (given, help) = strings(source, arguments);
    let first = given.first()?;
    let place = |is_route, name: String, written: &str, help: Option<String>| Offer {
        is_route,
        name: name.chars().take(MAX_NAME).collect(),
        written: written.to_owned(),
        help: help.map(|help| help.chars().take(MAX_HELP).collect()),
        first_line: line_of(node.start_position().row),
        last_line: line_of(node.end_position().row),
    };
    if source.language == Language::Go && receiver == "flag" && is_go_flag(method) && is_word(first) {
        let help = given.get(1..).and_then(<[String]>::last).cloned();
        return Some(place(false, format!("-{first}"), first, help));
    }
    if matches!(method, "add_argument" | "add_option" | "addOption" | "option" | "Option" | "argument") {
        let options: Vec<&String> = given.iter().filter(|text| is_option(text)).collect();
        let written = options.iter().find(|text| text.contains("--")).or_else(|| options.first())?;
        let name = written.split([' ', ',', '=']).rfind(|word| word.starts_with("--"));
        let name = name.or_else(|| written.split([' ', ',', '=']).find(|word| word.starts_with('-')))?;
        let help = help.or_else(|| {
            given.iter().rev().find(|text| text.contains(' ') && !text.starts_with('-')).cloned()
        });
        return Some(place(false, name.to_owned(), name, help));
    }
    let verb = verb(method, receiver)?;
    let (said, path) = match first.split_once(' ') {
        Some((said, path)) if said.chars().all(|c| c.is_ascii_uppercase()) && !said.is_empty() => {
            (Some(said), path)
        }
        _ => (None, first.as_str()),
    };
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        return None;
    }
    let name = format!("{} {path}", said.unwrap_or(&verb)).trim_start().to_owned();
    Some(place(true, name, path, None))
}

/// The method of the route that a call makes; empty where the call does not say it.
fn verb(method: &str, receiver: &str) -> Option<String> {
    if matches!(
        method,
        "route" | "HandleFunc" | "Handle" | "RequestMapping" | "add_url_rule" | "add_api_route"
    ) {
        return Some(String::new());
    }
    if let Some(verb) = method.strip_suffix("Mapping") {
        return Some(verb.to_ascii_uppercase());
    }
    let upper = method.to_ascii_uppercase();
    let is_verb = matches!(upper.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS");
    let last = receiver.rsplit(['.', ':']).next().unwrap_or_default().to_ascii_lowercase();
    let serves = matches!(
        last.as_str(),
        "app" | "r" | "e" | "mux" | "server" | "api" | "bp" | "blueprint" | "engine" | "group" | "web"
    ) || ["router", "routes", "app", "api"].iter().any(|end| last.ends_with(end));
    (is_verb && serves).then_some(upper)
}

fn is_go_flag(method: &str) -> bool {
    let kind = method.strip_suffix("Var").unwrap_or(method);
    matches!(kind, "String" | "Int" | "Int64" | "Uint" | "Uint64" | "Bool" | "Float64" | "Duration")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn is_option(text: &str) -> bool {
    let name = text.split([' ', ',', '=']).next().unwrap_or_default().trim_start_matches('-');
    text.starts_with('-') && is_word(name)
}

/// The strings that a call is given in their order, and the one that is called `help`.
fn strings(source: &Source<'_>, arguments: Node<'_>) -> (Vec<String>, Option<String>) {
    let mut given = Vec::new();
    let mut help = None;
    let mut cursor = arguments.walk();
    for argument in arguments.named_children(&mut cursor) {
        match argument.kind() {
            "keyword_argument" | "element_value_pair" => {
                let [name, value] = [["name", "value"], ["key", "value"]]
                    .iter()
                    .find_map(|[name, value]| {
                        Some([argument.child_by_field_name(name)?, argument.child_by_field_name(value)?])
                    })
                    .unwrap_or([argument, argument]);
                let text = string(source, value);
                match source.text_of(name) {
                    "help" | "description" => help = text,
                    "names" | "value" | "path" => given.extend(text),
                    _ => {}
                }
            }
            _ => given.extend(string(source, argument)),
        }
    }
    (given, help)
}

fn string(source: &Source<'_>, node: Node<'_>) -> Option<String> {
    let is_string = matches!(
        node.kind(),
        "string" | "string_literal" | "raw_string_literal" | "interpreted_string_literal" | "template_string"
    );
    is_string.then(|| source.text_of(node).trim_matches(['"', '\'', '`']).to_owned())
}

/// `#[arg(long)]` above a field, as clap has it.
fn clap_field(source: &Source<'_>, node: Node<'_>) -> Option<Offer> {
    if source.language != Language::Rust {
        return None;
    }
    let text = source.text_of(node);
    let inside = text.strip_prefix("#[arg(").or_else(|| text.strip_prefix("#[clap("))?;
    let long = inside
        .split(',')
        .map(|part| part.trim().trim_end_matches([')', ']']))
        .find(|part| *part == "long" || part.starts_with("long =") || part.starts_with("long="))?;
    let mut field = node.next_sibling()?;
    while matches!(field.kind(), "attribute_item" | "line_comment" | "block_comment") {
        field = field.next_sibling()?;
    }
    if field.kind() != "field_declaration" {
        return None;
    }
    let written = source.text_of(field.child_by_field_name("name")?);
    let name = match long.split_once('=') {
        Some((_, given)) => given.trim().trim_matches('"').to_owned(),
        None => written.replace('_', "-"),
    };
    let mut help = Vec::new();
    let mut first = node;
    while let Some(above) = first.prev_sibling() {
        let text = source.text_of(above).trim();
        match text.strip_prefix("///") {
            Some(line) => help.push(line.trim().to_owned()),
            None if above.kind() == "attribute_item" => {}
            None => break,
        }
        first = above;
    }
    help.reverse();
    is_word(&name).then(|| Offer {
        is_route: false,
        name: format!("--{name}"),
        written: written.to_owned(),
        help: (!help.is_empty()).then(|| help.join(" ").chars().take(MAX_HELP).collect()),
        first_line: line_of(first.start_position().row),
        last_line: line_of(field.end_position().row),
    })
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
