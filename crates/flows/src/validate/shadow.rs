//! Files that take the place of something else: a module of the standard library, a program, a file that steers git.

use swarm_domain::{
    finding::{Finding, FindingCode},
    ticket::Ticket,
};
use swarm_forge::ChangeKind;

use super::change::{ChangedFile, fault, is_named};

/// Modules that programs and test runners load by name: a file of that name beside them is loaded instead.
const MODULES: &[&str] = &[
    "abc",
    "argparse",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "builtins",
    "calendar",
    "codecs",
    "collections",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "doctest",
    "email",
    "enum",
    "functools",
    "glob",
    "hashlib",
    "heapq",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "mimetypes",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "pytest",
    "_pytest",
    "pluggy",
    "queue",
    "random",
    "re",
    "sched",
    "secrets",
    "select",
    "shlex",
    "shutil",
    "signal",
    "site",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zoneinfo",
];

/// Programs that acceptance commands call by name.
const PROGRAMS: &[&str] = &[
    "awk", "bash", "cargo", "cat", "cmp", "diff", "env", "expr", "find", "git", "go", "grep", "head", "java",
    "jest", "ls", "make", "mocha", "node", "npm", "npx", "printf", "pytest", "python", "python3", "rustc",
    "sed", "sh", "sort", "tail", "test", "tr", "true", "tsc", "uniq", "vitest", "wc",
];

/// Files by which git treats others differently, or runs programs.
const STEERING: &[&str] = &[".gitattributes", ".gitmodules", ".gitconfig", ".lfsconfig", ".mailmap"];

/// The files of a change that stand in for something else, unless the ticket asks for that very file.
pub(super) fn shadows(files: &[ChangedFile], ticket: &Ticket) -> Vec<Finding> {
    let new = files.iter().filter(|file| file.kind != ChangeKind::Deleted && !is_named(ticket, &file.path));
    new.filter_map(|file| {
        let what = stands_for(&file.path, file.kind)?;
        let hint = format!("Do without {}, or give it another name.", file.path);
        Some(fault(FindingCode::Shadowed, &file.path, 1, &what, "", &hint))
    })
    .collect()
}

fn stands_for(path: &str, kind: ChangeKind) -> Option<String> {
    let parts: Vec<_> = path.split('/').collect();
    let (name, folders) = parts.split_last()?;
    if STEERING.contains(name) || parts.iter().any(|part| matches!(*part, ".husky" | ".githooks" | "hooks.d"))
    {
        return Some("steers what git does with other files".to_owned());
    }
    if kind != ChangeKind::Added {
        return None;
    }
    // What is loaded first: the top, and the folders that sources are usually started from.
    let is_first =
        |folders: &[&str]| matches!(folders, [] | ["src" | "lib" | "app" | "tests" | "test" | "bin"]);
    let module = match folders.split_last() {
        Some((folder, above)) if *name == "__init__.py" && is_first(above) => Some(*folder),
        _ => name.strip_suffix(".py").filter(|_| is_first(folders)),
    };
    if let Some(module) = module.filter(|module| MODULES.contains(module)) {
        return Some(format!("is loaded in place of the module `{module}`"));
    }
    (PROGRAMS.contains(name) && !matches!(*name, "test" | "env" | "find"))
        .then(|| format!("can be run in place of the program `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_for_something_else_is_found() {
        for path in [
            "json.py",
            "src/unittest/__init__.py",
            "unittest/__init__.py",
            "bin/python3",
            "a/.gitattributes",
            ".gitmodules",
            ".husky/pre-commit",
        ] {
            assert!(stands_for(path, ChangeKind::Added).is_some(), "{path}");
        }
        for path in ["shop/json.py", "words.py", "bin/greet", "math.md", "email/render.py", "python/a.py"] {
            assert_eq!(stands_for(path, ChangeKind::Added), None, "{path}");
        }
        assert_eq!(stands_for("json.py", ChangeKind::Modified), None, "it was there before");
    }
}
