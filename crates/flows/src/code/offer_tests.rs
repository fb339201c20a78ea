#![allow(clippy::unwrap_used, reason = "a test that cannot go on says what it found")]

use super::*;

fn seen(path: &str, text: &str) -> Vec<(String, u32)> {
    let source = Source::read(path, text.as_bytes()).unwrap();
    offers(&source).into_iter().map(|offer| (offer.name, offer.first_line)).collect()
}

fn named(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    expected.iter().map(|(name, line)| ((*name).to_owned(), *line)).collect()
}

#[test]
fn options_are_seen_in_the_usual_libraries() {
    let python = "p.add_argument('-n', '--limit', type=int, help='how many')\n@click.option('--deep', help=\"x\")\ndef f(): pass\np.add_argument('file')\n";
    assert_eq!(seen("a.py", python), named(&[("--limit", 1), ("--deep", 2)]));
    let source = Source::read("a.py", python.as_bytes()).unwrap();
    assert_eq!(offers(&source)[0].help.as_deref(), Some("how many"));
    let go = "package a\nvar n = flag.Int(\"limit\", 1, \"how many lines\")\n";
    assert_eq!(seen("a.go", go), named(&[("-limit", 2)]));
    let script = "program.option('-p, --port <n>', 'where it listens')\nyargs.option('x', {})\n";
    assert_eq!(seen("a.js", script), named(&[("--port", 1)]));
    let rust = "struct Args {\n    /// How many.\n    #[arg(short, long)]\n    max_lines: u32,\n    #[arg(long = \"deep\")]\n    d: bool,\n    #[arg(short)]\n    s: bool,\n}\n";
    assert_eq!(seen("a.rs", rust), named(&[("--max-lines", 2), ("--deep", 5)]));
    let java = "class A { @Option(names = \"--limit\", description = \"how many\") int n; }\n";
    assert_eq!(seen("A.java", java), named(&[("--limit", 1)]));
}

#[test]
fn routes_are_seen_in_the_usual_libraries_and_calls_of_others_are_not() {
    let python = "@app.get('/items')\ndef items(): pass\n@bp.route('/old')\ndef old(): pass\nrequests.get('/nobody')\n";
    assert_eq!(seen("a.py", python), named(&[("GET /items", 1), ("/old", 3)]));
    let script = "router.post('/items', add)\nmap.get('/x')\napp.get('title')\n";
    assert_eq!(seen("a.ts", script), named(&[("POST /items", 1)]));
    let go = "package a\nfunc f() {\n\tmux.HandleFunc(\"GET /items\", g)\n\tr.DELETE(\"/items/:id\", h)\n}\n";
    assert_eq!(seen("a.go", go), named(&[("GET /items", 3), ("DELETE /items/:id", 4)]));
    let rust = "fn f() { Router::new().route(\"/items\", get(items)) }\n";
    assert_eq!(seen("a.rs", rust), named(&[("/items", 1)]));
    let java = "class A { @GetMapping(\"/items\") void f() {} }\n";
    assert_eq!(seen("A.java", java), named(&[("GET /items", 1)]));
}
