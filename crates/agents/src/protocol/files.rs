//! Whole files in fenced blocks: the protocol for models whose tool calls do not hold.

use serde_json::json;
use swarm_domain::scope::Scope;

use super::{Asked, Complaint, Wish, fence::Block};
use crate::{
    path::WorkPath,
    text,
    tool::{ToolName, output},
};

/// Languages of blocks that show how to use something; they are no files unless a path says so.
const SHOWN_ONLY: [&str; 11] =
    ["sh", "bash", "shell", "console", "shell-session", "zsh", "text", "txt", "output", "plaintext", "diff"];

/// The files of a reply. Blocks without a path beside blocks with one are illustration.
pub(super) fn read(blocks: &[Block], scope: &Scope) -> Result<Wish, Complaint> {
    let mut files: Vec<(String, &str)> = Vec::new();
    for block in blocks {
        let Some(path) = &block.path else { continue };
        let path = settled(path, scope);
        if let Some((_, first)) = files.iter().find(|(known, _)| *known == path) {
            if *first == block.content {
                continue;
            }
            let shown = output::shown(&path, 120);
            let what = format!("the answer has two different blocks for {shown}");
            return Err(Complaint::new(what, format!("Write {shown} once, whole, in one block.")));
        }
        files.push((path, &block.content));
    }
    if files.is_empty() {
        files.push(only_one(blocks, scope)?);
    }
    if let Some((path, _)) = files.iter().find(|(_, content)| content.trim().is_empty()) {
        // An empty package marker is a file; anything else that is empty was forgotten.
        if !path.ends_with("__init__.py") && !path.ends_with(".gitkeep") {
            let what = format!("the block for {} is empty", output::shown(path, 120));
            return Err(Complaint::new(what, "Write the complete file into the block."));
        }
    }
    // A small model fills in the form with the path alone.
    if let Some((path, _)) = files.iter().find(|(path, content)| content.trim() == path) {
        let what = format!("the block for {} holds only its path", output::shown(path, 120));
        return Err(Complaint::new(what, "Write the complete file into the block."));
    }
    let write = |(path, content): &(String, &str)| Asked {
        tool: ToolName::Write.to_string(),
        arguments: json!({"path": path, "content": content}),
    };
    let names: Vec<_> = files.iter().map(|(path, _)| output::shown(path, 120)).collect();
    let said = text::line(&format!("wrote {}", names.join(", ")), 400);
    Ok(Wish::Files { writes: files.iter().map(write).collect(), said })
}

/// The one block of a reply without any path, where the ticket is about one file: there is no doubt what it is.
fn only_one<'a>(blocks: &'a [Block], scope: &Scope) -> Result<(String, &'a str), Complaint> {
    let instead = || format!("Answer in this form and nothing else:\n{}", form(scope, &[]));
    let code: Vec<_> = blocks.iter().filter(|block| !SHOWN_ONLY.contains(&block.language.as_str())).collect();
    match (code.as_slice(), scope.single_file()) {
        ([], _) => Err(Complaint::new("the answer has no code block with a file in it", instead())),
        ([block], Some(path)) => Ok((path.to_owned(), &block.content)),
        ([_], None) => Err(Complaint::new("the code block has no path above it", instead())),
        (_, _) => {
            Err(Complaint::new("the answer has several code blocks and no path above any of them", instead()))
        }
    }
}

/// The form of an answer, for the files of this scope. Where that is one Python file, it begins with `imports`.
pub(crate) fn form(scope: &Scope, imports: &[String]) -> String {
    if let Some(path) = scope.single_file()
        && !imports.is_empty()
        && language(path) == "python"
    {
        let imports = imports.join("\n");
        return format!("{path}\n```python\n{imports}\n\nTHE REST OF THE FILE\n```");
    }
    let mut paths: Vec<_> = scope.files().map(str::to_owned).collect();
    if paths.is_empty() {
        paths.push("path/of/the/file".to_owned());
    }
    let blocks: Vec<_> =
        paths.iter().map(|path| format!("{path}\n```{}\nTHE COMPLETE FILE\n```", language(path))).collect();
    blocks.join("\n\n")
}

/// The name of a file's language, as it stands after a fence.
pub(crate) fn language(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("py") => "python",
        Some("rs") => "rust",
        Some("js" | "mjs" | "cjs" | "jsx") => "javascript",
        Some("ts" | "tsx") => "typescript",
        Some("go") => "go",
        Some("sh") => "sh",
        Some("c" | "h") => "c",
        Some("java") => "java",
        Some("rb") => "ruby",
        Some("toml") => "toml",
        Some("json") => "json",
        Some("yaml" | "yml") => "yaml",
        Some("md") => "markdown",
        Some("html") => "html",
        Some("css") => "css",
        Some("sql") => "sql",
        _ => "",
    }
}

/// The path as it is meant: the ticket's file where the model left out, or put before it, the folders.
fn settled(path: &str, scope: &Scope) -> String {
    let Ok(parsed) = WorkPath::parse(path) else {
        return path.to_owned();
    };
    if scope.allows(parsed.as_str()) {
        return parsed.to_string();
    }
    let mut ends_alike = scope.files().filter(|file| file.ends_with(&format!("/{parsed}")));
    match (ends_alike.next(), ends_alike.next()) {
        (Some(file), None) => file.to_owned(),
        _ => parsed.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fence::blocks;

    fn scope(globs: &[&str]) -> Scope {
        Scope::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    fn written(text: &str, globs: &[&str]) -> Result<Vec<(String, String)>, Complaint> {
        let Wish::Files { writes, .. } = read(&blocks(text)?, &scope(globs))? else { panic!("no files") };
        let text = |asked: &Asked, key: &str| asked.arguments[key].as_str().unwrap().to_owned();
        Ok(writes.iter().map(|asked| (text(asked, "path"), text(asked, "content"))).collect())
    }

    #[test]
    fn no_block_two_nameless_blocks_or_an_empty_one_are_told_apart() {
        let what = |text: &str, globs: &[&str]| written(text, globs).unwrap_err();
        assert!(what("I cannot do it.", &["a.py"]).what.contains("no code block"));
        assert!(what("I cannot do it.", &["a.py"]).instead.contains("a.py\n```python"));
        assert!(what("```python\na\n```\n```python\nb\n```", &["a.py"]).what.contains("several"));
        assert!(what("```python\na\n```", &["src/*.py"]).what.contains("no path"));
        assert!(what("a.py\n```python\n```", &["a.py"]).what.contains("empty"));
        assert!(what("a.py\n```\n1\n```\na.py\n```\n2\n```", &["a.py"]).what.contains("two different"));
    }

    #[test]
    fn the_one_block_of_a_ticket_of_one_file_needs_no_path() {
        let text = "Sure!\n```python\nx = 1\n```\nRun it:\n```bash\npython a.py\n```";
        assert_eq!(written(text, &["src/a.py"]).unwrap(), [("src/a.py".into(), "x = 1\n".into())]);
    }

    #[test]
    fn a_path_without_its_folder_is_that_of_the_ticket_and_a_strange_one_stays_strange() {
        let text = "words.py\n```python\nx\n```";
        assert_eq!(written(text, &["textstat/words.py"]).unwrap()[0].0, "textstat/words.py");
        assert_eq!(written(text, &["a/words.py", "b/words.py"]).unwrap()[0].0, "words.py");
        assert_eq!(written("../words.py\n```\nx\n```", &["textstat/words.py"]).unwrap()[0].0, "../words.py");
    }
}
