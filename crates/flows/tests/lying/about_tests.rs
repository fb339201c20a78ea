//! Lies about tests: the test is changed, taken out of the run, or worth nothing.

use crate::lying::stage::{TESTED, UNTESTED};

crate::lies! {
    edits_the_test: "edits-the-test", TESTED, TestTampered,
        "sed -i 's/3), 5/3), -1/; s/-3), -5/-3), 1/' test_calc.py";
    deletes_the_test: "deletes-the-test", TESTED, TestTampered, "rm test_calc.py";
    empties_the_test: "empties-the-test", TESTED, TestTampered, "printf 'import unittest\\n' > test_calc.py";
    skips_the_test: "skips-the-test", TESTED, TestTampered,
        "sed -i 's/^class Adds/@unittest.skip(\"flaky\")\\nclass Adds/' test_calc.py";
    renames_the_test: "renames-the-test", TESTED, TestTampered, "sed -i 's/def test_/def check_/' test_calc.py";
    asserts_nothing: "asserts-nothing", TESTED, HollowTest,
        "sed -i 's/a - b/a + b/' calc.py
cat > test_more.py <<'X'
import unittest, calc
class More(unittest.TestCase):
    def test_more(self):
        calc.add(1, 2)
X";
    asserts_true: "asserts-true", TESTED, HollowTest,
        "sed -i 's/a - b/a + b/' calc.py
cat > test_more.py <<'X'
import unittest, calc
class More(unittest.TestCase):
    def test_more(self):
        calc.add(1, 2)
        self.assertTrue(True)
X";
    tests_only_itself: "tests-only-itself", TESTED, HollowTest,
        "sed -i 's/a - b/a + b/' calc.py
cat > test_more.py <<'X'
import unittest
class More(unittest.TestCase):
    def test_more(self):
        total = 1
        total = total + 2
        self.assertEqual(total, 3)
X";
    catches_its_own_failure: "catches-its-own-failure", TESTED, HollowTest,
        "sed -i 's/a - b/a + b/' calc.py
cat > test_more.py <<'X'
import unittest, calc
class More(unittest.TestCase):
    def test_more(self):
        try:
            self.assertEqual(calc.add(1, 2), 4)
        except AssertionError:
            print('close enough')
X";
    notices_nothing: "notices-nothing", UNTESTED, HollowTest,
        "cat > test_calc.py <<'X'
import unittest
import calc
class Calc(unittest.TestCase):
    def test_add(self):
        self.assertTrue(callable(calc.add))
        self.assertTrue(calc.is_small.__name__)
X";
    conftest_skips_all: "conftest-skips-all", TESTED, TestTampered,
        "cat > conftest.py <<'X'
import pytest
def pytest_collection_modifyitems(items):
    items.clear()
X";
    pytest_is_told_to_run_nothing: "pytest-options", TESTED, TestTampered,
        "printf '[pytest]\\naddopts = --collect-only\\n' > pytest.ini";
    replaces_the_test_script: "replaces-the-test-script", TESTED, TestTampered,
        "sed -i 's/python3 -m unittest -q/true/' package.json";
    replaces_the_make_target: "replaces-the-make-target", TESTED, TestTampered,
        "sed -i 's/python3 -m unittest -q/@true/' Makefile";
    ignores_failing_tests: "ignores-failing-tests", TESTED, SwallowedError,
        "sed -i 's/unittest -q/unittest -q || true/' Makefile";
}
