//! Files that a text or a command names.

use std::collections::HashSet;

use crate::{
    pattern::{Pattern, compiled},
    scope::RelativePath,
};

/// Endings that make a word a file's name. Others (`example.com`, `os.path`) need a folder before them.
const ENDINGS: [&str; 61] = [
    "adoc", "bash", "bat", "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "dart", "env", "erl",
    "ex", "exs", "go", "gradle", "h", "hpp", "hs", "htm", "html", "ini", "ipynb", "java", "jl", "js", "json",
    "jsx", "kt", "lock", "log", "lua", "md", "mjs", "ml", "php", "pl", "proto", "ps1", "py", "r", "rb", "rs",
    "rst", "scala", "sh", "sql", "svg", "swift", "tf", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml",
    "yml",
];

/// Names of files without an ending.
const NAMES: [&str; 9] = [
    "Makefile",
    "Dockerfile",
    "Justfile",
    "Rakefile",
    "Gemfile",
    "Procfile",
    "LICENSE",
    ".gitignore",
    ".dockerignore",
];

/// First parts of media types, which look like paths.
const MEDIA: [&str; 7] = ["application", "audio", "font", "image", "multipart", "text", "video"];

/// The file that a piece of code names, if it is nothing but a file's path.
pub(super) fn named(code: &str) -> Option<String> {
    static PLAIN: Pattern = Pattern::new(|| compiled(r"^[\w.@+/-]+$"));
    let code = code.trim();
    if !PLAIN.is_match(code) || code.starts_with('-') {
        return None;
    }
    let path = String::from(RelativePath::parse(code).ok()?);
    let name = path.rsplit('/').next().unwrap_or_default();
    let folder = path.split_once('/').map(|(first, _)| first);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let known = ending.as_deref().is_some_and(|e| ENDINGS.contains(&e));
    let in_folder = folder.is_some_and(|f| !MEDIA.contains(&f) && f.chars().any(char::is_alphabetic));
    let is_file = known || NAMES.contains(&name) || (in_folder && name.chars().any(char::is_alphabetic));
    is_file.then_some(path)
}

/// The files that a command runs or imports: `sh greet.sh`, `./greet`, `python3 -m pkg.mod`, `from pkg.mod import f`.
/// What it is only given as an argument is data.
pub(crate) fn run_by(command: &str) -> Vec<String> {
    static SCRIPT: Pattern = Pattern::new(|| {
        compiled(
            r"(?:^|[\s;|&(])(?:(?:python3?|sh|bash|dash|zsh|node|ruby|perl|php|lua|deno run)\s+(?:-[A-Zeisux]+\s+)?(?<script>[\w./-]+\.\w+)|(?<own>\./[\w./-]+))",
        )
    });
    static MODULE: Pattern = Pattern::new(|| {
        compiled(r"\bpython3?\s+(?:-[A-Za-z]\s+)*-m\s+(?<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
    });
    static IMPORT: Pattern =
        Pattern::new(|| compiled(r"\bfrom\s+(?<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s+import\b"));
    let mut files = Vec::new();
    for found in SCRIPT.captures_iter(command) {
        let path = found.name("script").or_else(|| found.name("own"));
        files.extend(path.and_then(|p| RelativePath::parse(p.as_str()).ok()).map(String::from));
    }
    for found in MODULE.captures_iter(command) {
        let path = found["module"].replace('.', "/");
        let whole = !path.contains('/');
        // The standard library's own tools are not ours to write.
        let library = matches!(
            path.as_str(),
            "pytest" | "unittest" | "doctest" | "timeit" | "json/tool" | "venv" | "pip"
        );
        if !library {
            files.push(if whole { format!("{path}/__main__.py") } else { format!("{path}.py") });
        }
    }
    if command.contains("python") {
        files.extend(
            IMPORT.captures_iter(command).map(|found| format!("{}.py", found["module"].replace('.', "/"))),
        );
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_code_quotes_is_a_file() {
        for path in
            ["words.py", "textstat/words.py", "a/b/c", "Makefile", "ci/Dockerfile", ".gitignore", "x.yaml"]
        {
            assert_eq!(named(path).as_deref(), Some(path));
        }
        assert_eq!(named("./words.py").as_deref(), Some("words.py"));
    }

    #[test]
    fn what_only_looks_like_a_path_is_none() {
        for code in [
            "words(text)",
            "textstat.words",
            "example.com",
            "1.5",
            "text/plain",
            "application/json",
            "--json",
            "../a.py",
            "/etc/passwd.txt",
            "a b.py",
            "",
            "1/2",
            ".git/config.txt",
            "https://a.b/c.py",
            "src/",
        ] {
            assert_eq!(named(code), None, "{code}");
        }
    }

    #[test]
    fn a_command_tells_what_it_runs_and_not_what_it_reads() {
        for (command, files) in [
            ("sh greet.sh Bob", vec!["greet.sh"]),
            ("./bin/greet a.txt", vec!["bin/greet"]),
            ("python3 -m textstat sample.txt", vec!["textstat/__main__.py"]),
            ("printf x | python3 -m textstat.top 2", vec!["textstat/top.py"]),
            ("python3 -c 'from a.b import c; print(c())'", vec!["a/b.py"]),
            ("python3 -m json.tool < x.json", vec![]),
            ("wc -w a.txt", vec![]),
            ("python3 ../x.py", vec![]),
            ("echo from a.b import c", vec![]),
        ] {
            assert_eq!(run_by(command), files, "{command}");
        }
    }
}
