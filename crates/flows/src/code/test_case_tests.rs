use super::*;

fn found(path: &str, text: &str) -> Vec<Why> {
    let source = Source::read(path, text.as_bytes()).unwrap();
    assert!(!source.root().has_error(), "{path} does not parse: {text}");
    hollow_tests(&source, &Lines::all(text)).into_iter().map(|hollow| hollow.why).collect()
}

#[test]
fn a_test_that_cannot_fail_is_found_in_each_framework() {
    for (path, text, why) in [
        ("test_a.py", "def test_a():\n    f(1)\n", Why::NoAssertion),
        ("test_a.py", "def test_a():\n    pass\n", Why::NoAssertion),
        ("test_a.py", "def test_a():\n    assert True\n", Why::AlwaysTrue),
        ("test_a.py", "def test_a():\n    f(1)\n    assert 1 == 1\n", Why::AlwaysTrue),
        ("test_a.py", "def test_a():\n    x = f(1)\n    assert x == x\n", Why::AlwaysTrue),
        ("test_a.py", "def test_a():\n    assert f(1) == 2 or True\n", Why::AlwaysTrue),
        ("test_a.py", "def test_a():\n    assert (f(1) == 3, 'wrong')\n", Why::AlwaysTrue),
        ("test_a.py", "def test_a():\n    assert len(f(1)) >= 0\n", Why::AlwaysTrue),
        (
            "test_a.py",
            "class T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(1, 1)\n",
            Why::AlwaysTrue,
        ),
        (
            "a.py",
            "class T(unittest.TestCase):\n    def test_a(self):\n        self.assertTrue(True, 'ok')\n",
            Why::AlwaysTrue,
        ),
        (
            "test_a.py",
            "@pytest.mark.skip(reason='later')\ndef test_a():\n    assert f() == 1\n",
            Why::Skipped,
        ),
        (
            "test_a.py",
            "@unittest.skip('x')\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(), 1)\n",
            Why::Skipped,
        ),
        ("test_a.py", "def test_a():\n    pytest.skip('later')\n    assert f() == 1\n", Why::Skipped),
        (
            "test_a.py",
            "def test_a():\n    try:\n        assert f() == 1\n    except Exception:\n        pass\n",
            Why::Swallowed,
        ),
        (
            "test_a.py",
            "def test_a():\n    try:\n        assert f() == 1\n    except:\n        print('oh')\n",
            Why::Swallowed,
        ),
        ("test_a.py", "def test_a():\n    x = 1\n    y = x + 1\n    assert y == 2\n", Why::OwnValues),
        ("a.rs", "#[test]\nfn a() { f(1); }\n", Why::NoAssertion),
        ("a.rs", "#[test]\nfn a() { assert!(true); }\n", Why::AlwaysTrue),
        ("a.rs", "#[test]\nfn a() { assert_eq!(1, 1); }\n", Why::AlwaysTrue),
        ("a.rs", "#[test]\n#[ignore]\nfn a() { assert_eq!(f(), 1); }\n", Why::Skipped),
        ("a.test.ts", "it('adds', () => { add(1, 2) })\n", Why::NoAssertion),
        ("a.test.ts", "test('adds', async () => { expect(true).toBe(true) })\n", Why::AlwaysTrue),
        ("a.test.ts", "it('adds', () => { const x = add(1); expect(x).toEqual(x) })\n", Why::AlwaysTrue),
        ("a.test.js", "it.skip('adds', () => { expect(add(1)).toBe(2) })\n", Why::Skipped),
        (
            "a.test.js",
            "describe.skip('all', () => { it('adds', () => { expect(add(1)).toBe(2) }) })\n",
            Why::Skipped,
        ),
        (
            "a.test.js",
            "test('adds', () => { try { expect(add(1)).toBe(2) } catch (e) {} })\n",
            Why::Swallowed,
        ),
        ("a_test.go", "package a\nfunc TestA(t *testing.T) { F(1) }\n", Why::NoAssertion),
        (
            "a_test.go",
            "package a\nfunc TestA(t *testing.T) {\n\tt.Skip()\n\tif F(1) != 2 { t.Fatal() }\n}\n",
            Why::Skipped,
        ),
        (
            "a_test.go",
            "package a\nfunc TestA(t *testing.T) { assert.Equal(t, t, 1, 1); require.True(t, true) }\n",
            Why::OwnValues,
        ),
        ("ATest.java", "class ATest { @Test void a() { new A().f(1); } }\n", Why::NoAssertion),
        ("ATest.java", "class ATest { @Test void a() { assertTrue(true); } }\n", Why::AlwaysTrue),
        ("ATest.java", "class ATest { @Test void a() { assertEquals(1, 1); } }\n", Why::AlwaysTrue),
        ("ATest.java", "class ATest { @Disabled @Test void a() { assertEquals(1, f()); } }\n", Why::Skipped),
        (
            "ATest.java",
            "class ATest { @Test void a() { try { assertEquals(1, f()); } catch (Throwable e) { } } }\n",
            Why::Swallowed,
        ),
    ] {
        assert_eq!(found(path, text), [why], "{path}: {text}");
    }
}

#[test]
fn a_test_that_can_fail_is_left_alone() {
    for (path, text) in [
        ("test_a.py", "def test_a():\n    assert f(1) == 2\n"),
        ("test_a.py", "def test_a():\n    with pytest.raises(ValueError):\n        f(1)\n"),
        ("test_a.py", "def test_a(capsys):\n    main(['x'])\n    assert capsys.readouterr().out == 'x'\n"),
        ("test_a.py", "def test_a():\n    subprocess.run(['sh', 'a.sh'], check=True)\n"),
        ("test_a.py", "def check(a):\n    assert f(a) == 1\n\ndef test_a():\n    check(1)\n"),
        ("test_a.py", "def same(a):\n    assert f(a) == 1\n\ndef test_a():\n    same(1)\n"),
        (
            "test_a.py",
            "class T(unittest.TestCase):\n    def setUp(self):\n        self.a = 1\n    def test_a(self):\n        self.assertEqual(f(self.a), 1)\n",
        ),
        ("test_a.py", "def test_a():\n    assert f(1) == f(1)\n"),
        (
            "test_a.py",
            "def test_a():\n    try:\n        f()\n    except ValueError as e:\n        assert str(e) == 'x'\n    else:\n        assert False\n",
        ),
        (
            "test_a.py",
            "@pytest.mark.skipif(sys.platform == 'win32', reason='x')\ndef test_a():\n    assert f() == 1\n",
        ),
        ("test_a.py", "def test_a():\n    assert MAX == 5\n"),
        ("a.py", "def test_connection():\n    ping()\n"),
        (
            "a.rs",
            "#[test]\nfn a() { assert_eq!(f(1), 1); }\n#[test]\n#[should_panic]\nfn b() { f(2) }\n#[test]\nfn c() { f(1).unwrap(); }\n",
        ),
        ("a.rs", "#[tokio::test]\nasync fn a() -> Result<(), E> { f(1).await?; Ok(()) }\n"),
        ("a.test.ts", "it('adds', () => { expect(add(1, 2)).toBe(3) })\n"),
        (
            "a.test.ts",
            "it('throws', () => { expect(() => add()).toThrow() })\nit('waits', async () => { await expect(load()).rejects.toThrow('x') })\n",
        ),
        ("a.test.js", "test('adds', () => { assert.strictEqual(add(1, 2), 3) })\n"),
        ("a_test.go", "package a\nfunc TestA(t *testing.T) { if F(1) != 2 { t.Errorf(\"no\") } }\n"),
        (
            "ATest.java",
            "class ATest { @Test void a() { assertEquals(1, new A().f()); } @Test(expected = E.class) public void b() { f(); } }\n",
        ),
    ] {
        assert_eq!(found(path, text), [], "{path}: {text}");
    }
}

#[test]
fn files_of_tests_are_known_by_their_names() {
    for path in [
        "tests/a.py",
        "test_a.py",
        "a/b_test.go",
        "src/a.test.ts",
        "src/__tests__/a.js",
        "src/test/java/ATest.java",
        "conftest.py",
    ] {
        assert!(is_test_path(path), "{path}");
    }
    for path in ["src/latest.py", "contest.py", "a/attest.go", "src/protest/a.ts"] {
        assert!(!is_test_path(path), "{path}");
    }
}
