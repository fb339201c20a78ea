use super::*;

fn rendered(path: &str, text: &str) -> Vec<String> {
    outline(path, text.as_bytes())
        .unwrap()
        .into_iter()
        .map(|item| {
            let name = item.container.map(|around| format!("{around}.")).unwrap_or_default() + &item.name;
            let public = if item.public { "+" } else { "-" };
            let doc = item.doc.map(|doc| format!(" ({})", doc.replace('\n', "/"))).unwrap_or_default();
            format!(
                "{public}{:?} {name} {}-{} `{}`{doc}",
                item.kind, item.first_line, item.last_line, item.signature
            )
        })
        .collect()
}

#[test]
fn python_is_outlined() {
    let text = "import os\n\nclass Words(Base):\n    \"\"\"Counts words.\n\n    All of them.\n    \"\"\"\n\n    @staticmethod\n    def top(\n        n: int = 3,\n    ) -> list[str]:\n        '''The most frequent.'''\n        def inner(): return 1\n        return []\n\nasync def _load(path): ...\n";
    assert_eq!(
        rendered("a/words.py", text),
        [
            "+Class Words 3-15 `class Words(Base)` (Counts words.//All of them.)",
            "+Method Words.top 9-15 `def top( n: int = 3, ) -> list[str]` (The most frequent.)",
            "-Function _load 17-17 `async def _load(path)`",
        ]
    );
}

#[test]
fn rust_is_outlined() {
    let text = "/// A set.\n#[derive(Debug)]\npub struct Set<T> { items: Vec<T> }\n\nimpl<T> Set<T> {\n    /// How many.\n    /// Never negative.\n    #[must_use]\n    pub fn len(&self) -> usize { self.items.len() }\n    fn grow(&mut self) {}\n}\n\npub trait Walk { fn next(&mut self) -> bool; }\n\n// not a doc\nenum Way { Up }\n\nmod inner { pub fn deep() {} }\n";
    assert_eq!(
        rendered("src/set.rs", text),
        [
            "+Class Set 3-3 `pub struct Set<T>` (A set.)",
            "+Method Set.len 9-9 `pub fn len(&self) -> usize` (How many./Never negative.)",
            "-Method Set.grow 10-10 `fn grow(&mut self)`",
            "+Interface Walk 13-13 `pub trait Walk`",
            "+Method Walk.next 13-13 `fn next(&mut self) -> bool`",
            "-Enum Way 16-16 `enum Way`",
            "+Function deep 18-18 `pub fn deep()`",
        ]
    );
}

#[test]
fn typescript_and_javascript_are_outlined() {
    let text = "/** Adds. */\nexport function add(a: number, b: number): number {\n  return a + b;\n}\n\nexport const twice = (n: number): number => n * 2;\n\nexport class Shop extends Base {\n  /** Opens. */\n  open(): void { const x = () => 1; }\n  private close = async () => { await x(); };\n}\n\ninterface Door { knock(times: number): void }\n";
    let expected = [
        "+Function add 2-4 `export function add(a: number, b: number): number` (Adds.)",
        "+Function twice 6-6 `export const twice = (n: number): number`",
        "+Class Shop 8-12 `export class Shop extends Base`",
        "+Method Shop.open 10-10 `open(): void` (Opens.)",
        "-Method Shop.close 11-11 `private close = async ()`",
        "-Interface Door 14-14 `interface Door`",
        "-Method Door.knock 14-14 `knock(times: number): void`",
    ];
    assert_eq!(rendered("src/shop.ts", text), expected);
    assert_eq!(rendered("src/shop.tsx", text), expected);
    let text = "function* gen() { yield 1 }\nmodule.exports = { run: function () {} }\n";
    assert_eq!(rendered("a.mjs", text), ["-Function gen 1-1 `function* gen()`"]);
}

#[test]
fn go_and_java_are_outlined() {
    let text = "package a\n\n// Set is a set.\n// It holds strings.\ntype Set struct{ items []string }\n\n// Len counts.\nfunc (s *Set) Len() int { return len(s.items) }\n\nfunc helper() {}\n\ntype (\n\tWalker interface{ Walk() error }\n)\n";
    assert_eq!(
        rendered("a/set.go", text),
        [
            "+Class Set 5-5 `type Set` (Set is a set./It holds strings.)",
            "+Method Set.Len 8-8 `func (s *Set) Len() int` (Len counts.)",
            "-Function helper 10-10 `func helper()`",
            "+Interface Walker 13-13 `Walker`",
            "+Method Walker.Walk 13-13 `Walk() error`",
        ]
    );
    let text = "package a;\n\n/**\n * A shop.\n */\npublic class Shop {\n  public Shop() {}\n  /** Opens. */\n  @Override\n  public void open(int n) throws IOException { }\n  private int close() { return 1; }\n  interface Door { void knock(); }\n}\n";
    assert_eq!(
        rendered("a/Shop.java", text),
        [
            "+Class Shop 6-13 `public class Shop` (A shop.)",
            "+Method Shop.Shop 7-7 `public Shop()`",
            "+Method Shop.open 9-10 `@Override public void open(int n) throws IOException` (Opens.)",
            "-Method Shop.close 11-11 `private int close()`",
            "-Interface Shop.Door 12-12 `interface Door`",
            "+Method Door.knock 12-12 `void knock()`",
        ]
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(outline("a.sh", b"echo"), Err(Unread::Language));
    assert_eq!(outline("a.py", b"\xff"), Err(Unread::NotText));
    assert_eq!(outline("empty.go", b""), Ok(Vec::new()));
}
