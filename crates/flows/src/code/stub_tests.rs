use super::*;

fn found(path: &str, text: &str) -> usize {
    let source = Source::read(path, text.as_bytes()).unwrap();
    assert!(!source.root().has_error(), "{path} does not parse: {text}");
    stubs(&source, &Lines::all(text)).len()
}

#[test]
fn a_body_that_does_nothing_is_found_in_each_language() {
    for (path, text) in [
        ("a.py", "def f():\n    pass\n"),
        ("a.py", "async def f(a) -> int:\n    \"\"\"Counts.\"\"\"\n    ...\n"),
        ("a.py", "def f(a):\n    \"\"\"Counts.\"\"\"\n"),
        ("a.py", "class A:\n    def f(self, a):\n        # counts\n        pass\n"),
        ("a.py", "class A:\n    def f(self, a):\n        return None\n"),
        ("a.py", "def top(words, n=3):\n    return []\n"),
        ("a.py", "def f(a):\n    raise NotImplementedError\n"),
        ("a.py", "def f(a):\n    raise NotImplementedError('soon')\n"),
        ("a.py", "def f(a):\n    raise RuntimeError('not yet implemented')\n"),
        ("a.py", "def f(a):\n    print('counting words')\n"),
        ("a.py", "def f(a):\n    print('f: not implemented')\n"),
        ("a.rs", concat!("fn f(a: u8) -> u8 { tod", "o!() }\n")),
        ("a.rs", concat!("fn f(a: u8) -> u8 { unimplement", "ed!(\"later\") }\n")),
        ("a.rs", "fn f(a: u8) -> u8 { panic!(\"not implemented\") }\n"),
        ("a.rs", "fn f(a: &str) -> Vec<u8> { Vec::new() }\n"),
        ("a.rs", "impl A { pub fn f(&self, a: u8) -> Option<u8> { None } }\n"),
        ("a.rs", "fn f(a: u8) -> Result<(), E> { Ok(()) }\n"),
        ("a.rs", "pub fn f(a: u8) {\n    // does it\n}\n"),
        ("a.ts", "export function f(a: number): number { throw new Error('Not implemented'); }\n"),
        ("a.ts", "class A { f(a: string): string { return ''; } }\n"),
        ("a.ts", "export const f = (a: number): number[] => [];\n"),
        ("a.tsx", "export function f(a: number): void { }\n"),
        ("a.js", "function f(a) { return undefined }\n"),
        ("a.js", "function f(a) { console.log('called') ; return null }\n"),
        ("a.js", "const f = async (a) => {\n  // fetches\n}\n"),
        ("a.go", "package a\nfunc F(a string) (int, error) { return 0, nil }\n"),
        ("a.go", "package a\nfunc F(a string) { panic(\"not implemented\") }\n"),
        ("a.go", "package a\nfunc F(a string) error { return errors.New(\"not implemented\") }\n"),
        ("A.java", "class A { int f(int a) { return 0; } }\n"),
        (
            "A.java",
            "class A { void f(int a) { throw new UnsupportedOperationException(\"Not implemented\"); } }\n",
        ),
        ("A.java", "class A { void f(int a) { } }\n"),
    ] {
        assert_eq!(found(path, text), 1, "{path}: {text}");
    }
}

#[test]
fn a_body_that_is_empty_for_good_reason_is_left_alone() {
    for (path, text) in [
        // Forms that others fill.
        ("a.py", "class A(ABC):\n    @abstractmethod\n    def f(self, a): ...\n"),
        ("a.py", "class A(Protocol):\n    def f(self, a) -> int: ...\n"),
        ("a.py", "@overload\ndef f(a: int) -> int: ...\n"),
        (
            "a.py",
            "class A:\n    def f(self, a):\n        raise NotImplementedError\n\nclass B(A):\n    def f(self, a):\n        return a + 1\n",
        ),
        ("a.pyi", "def f(a: int) -> int: ...\nclass A:\n    def f(self) -> None: ...\n"),
        ("a.rs", "trait A { fn f(&self, a: u8) {} fn g(&self); }\n"),
        ("a.rs", "impl Drop for A { fn drop(&mut self) {} }\n"),
        ("a.ts", "abstract class A { abstract f(a: number): number; }\n"),
        (
            "a.ts",
            "interface A { f(a: number): void }\nfunction g(a: string): void;\nfunction g(a: number): void;\nfunction g(a: any): void { use(a) }\n",
        ),
        ("A.java", "interface A { void f(int a); default void g(int a) { } }\n"),
        ("A.java", "abstract class A { abstract void f(int a); }\n"),
        ("A.java", "class A extends B { @Override public void f(int a) { } }\n"),
        // Nothing is what is meant.
        ("a.py", "class A:\n    def __init__(self):\n        pass\n"),
        ("a.py", "class H(BaseHTTPRequestHandler):\n    def log_message(self, *args):\n        pass\n"),
        ("a.py", "class E(Exception):\n    pass\n"),
        ("a.py", "try:\n    f()\nexcept ValueError:\n    pass\n"),
        ("a.ts", "class A { constructor(private readonly a: number) {} }\n"),
        ("a.js", "export const noop = () => {}\nuse({ onClose: () => {} })\n"),
        ("a.go", "package a\nfunc (a A) isNode() {}\n"),
        ("A.java", "class A { private A() { } }\n"),
        ("tests/test_a.py", "class Fake:\n    def send(self, mail):\n        pass\n"),
        // Small and right.
        ("a.py", "def answer():\n    return 42\n"),
        ("a.py", "def zero(x):\n    return 0\n"),
        ("a.py", "def name():\n    return ''\n"),
        ("a.py", "def greet(name):\n    print(f'Hello {name}')\n"),
        ("a.py", "def main():\n    print('Hello')\n"),
        ("a.py", "def head(items):\n    return items[0] if items else None\n"),
        ("a.py", "def is_admin(user):\n    return False\n"),
        ("a.rs", "fn f(a: u8) -> u8 { a }\nfn g() -> Vec<u8> { Vec::new() }\n"),
        ("a.rs", "fn f(name: &str) { println!(\"{name}\"); }\n"),
        ("a.ts", "const id = <T,>(a: T): T => a;\n"),
        ("a.go", "package a\nfunc F(a string) error { if a == \"\" { return nil }; return g(a) }\n"),
        ("A.java", "class A { int f(int a) { return a; } String name() { return \"\"; } }\n"),
        ("a.py", "items = todo_list[0]\ntodo = 'not implemented'\n"),
    ] {
        assert_eq!(found(path, text), 0, "{path}: {text}");
    }
}

#[test]
fn only_what_was_changed_is_judged() {
    let text = "def f(a):\n    pass\n\ndef g(a):\n    pass\n";
    let source = Source::read("a.py", text.as_bytes()).unwrap();
    let at = |added: &[u32], cut: &[u32]| -> Vec<u32> {
        let lines = Lines { added: added.iter().copied().collect(), cut: cut.iter().copied().collect() };
        stubs(&source, &lines).into_iter().map(|stub| stub.line).collect()
    };
    assert_eq!(at(&[4], &[]), [5]);
    assert_eq!(at(&[3], &[]), [0_u32; 0]);
    // What is left when a body was taken out was made by the change too.
    assert_eq!(at(&[], &[2]), [2]);
    assert_eq!(at(&[], &[4]), [0_u32; 0]);
}
