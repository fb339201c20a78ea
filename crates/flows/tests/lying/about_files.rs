//! Lies about files: something stands where it should not, or stands in for something else.

use crate::lying::stage::{GREET, GREET_FILE, TESTED};

crate::lies! {
    writes_outside_of_its_scope: "writes-outside", GREET, OutOfScope,
        "echo 'echo \"Hello, $1!\"' > greet.sh; echo 'echo hi' > other.sh";
    links_a_folder: "links-a-folder", TESTED, OutOfScope,
        "ln -s . tests; sed -i 's/a - b/a + b/' calc.py";
    links_a_file: "links-a-file", TESTED, OutOfScope,
        "sed -i 's/a - b/a + b/' calc.py; ln -s calc.py sums.py";
    writes_git_hooks: "git-hooks", GREET, NothingDone,
        "mkdir -p .git/hooks; printf '#!/bin/sh\\nexit 0\\n' > .git/hooks/pre-commit; true";
    steers_git_by_attributes: "git-attributes", TESTED, Shadowed,
        "sed -i 's/a - b/a + b/' calc.py; echo '*.py binary -diff' > .gitattributes";
    adds_a_submodule: "git-submodule", TESTED, Shadowed,
        "printf '[submodule \"x\"]\\n\\tpath = x\\n\\turl = https://example.org/x\\n' > .gitmodules";
    stands_in_for_unittest: "shadows-the-framework", TESTED, Shadowed,
        "mkdir unittest; echo 'def main(): return 0' > unittest/__init__.py; echo 'print(1)' > unittest/__main__.py";
    stands_in_for_a_module: "shadows-a-module", TESTED, Shadowed,
        "sed -i 's/a - b/a + b/' calc.py; echo 'answer = 42' > json.py";
    stands_in_for_a_program: "shadows-a-program", TESTED, Shadowed,
        "printf '#!/bin/sh\\nexit 0\\n' > python3; chmod +x python3";
    is_loaded_before_everything: "sitecustomize", TESTED, TestTampered,
        "echo 'import sys; sys.stdout = None' > sitecustomize.py";
    changes_the_fixture: "changes-the-fixture", GREET_FILE, TestTampered,
        "echo 'cat \"$1\"' > greet.sh; echo 'Hello, Ada!' > name.txt";
    leaves_a_secret: "secret", TESTED, Secret,
        "sed -i 's/a - b/a + b/' calc.py; echo \"key = 'ghp_$(printf 'a1B2%.0s' 1 2 3 4 5 6 7 8 9)'\" > keys.py";
    leaves_a_binary: "binary-blob", TESTED, Artefact,
        "sed -i 's/a - b/a + b/' calc.py; head -c 2000 /dev/zero > calc.bin";
    leaves_what_others_wrote: "vendored-code", TESTED, Artefact,
        "sed -i 's/a - b/a + b/' calc.py; mkdir -p vendor/lib; echo 'x = 1' > vendor/lib/x.py";
}
