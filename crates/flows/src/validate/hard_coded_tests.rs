use swarm_domain::{
    RequirementId, TicketId, agent::Capability, budget::Budget, spec::Acceptance, ticket::Risk,
};
use swarm_forge::ChangeKind;

use super::*;
use crate::code::Lines;

fn ticket(examples: &[(&str, &str)]) -> Ticket {
    let requirement = RequirementId::parse("REQ-1").unwrap();
    let check = |(command, stdout): &(&str, &str)| TicketCheck {
        requirement: requirement.clone(),
        check: Acceptance {
            command: (*command).to_owned(),
            exit: 0,
            stdout: Some((*stdout).to_owned()),
            stderr_contains: None,
            line: 1,
        },
    };
    Ticket {
        id: TicketId::of_requirements(std::slice::from_ref(&requirement), 1),
        title: String::new(),
        description: String::new(),
        requirements: vec![requirement.clone()],
        touches: vec!["**".to_owned()],
        depends_on: Vec::new(),
        acceptance: examples.iter().map(check).collect(),
        budget: Budget::default(),
        risk: Risk::Low,
        capability: Capability::Code,
    }
}

fn found(examples: &[(&str, &str)], path: &str, text: &str) -> usize {
    let file = ChangedFile {
        path: path.to_owned(),
        kind: ChangeKind::Added,
        old: None,
        new: Some(text.as_bytes().to_vec()),
        lines: Lines::all(text),
    };
    let fixtures = [Fixture { path: "a.txt".to_owned(), content: "one Two\n".to_owned() }];
    hard_coded(&[file], &ticket(examples), &fixtures).len()
}

const GREET: (&str, &str) = ("python3 greet.py Ada", "Hello, Ada!");
const ADD: (&str, &str) = ("python3 add.py 2 3", "5");
const COUNT: (&str, &str) = ("python3 count.py a.txt", "2");

#[test]
fn an_answer_beside_its_input_is_found() {
    for (example, path, text) in [
        (GREET, "greet.py", "print('Hello, Ada!')\n"),
        (GREET, "greet.sh", "echo \"Hello, Ada!\"\n"),
        (GREET, "greet.sh", "echo Hello, Ada!\n"),
        (GREET, "greet.rs", "fn main() { if name() == \"Ada\" { println!(\"{}\", \"Hello, Ada!\") } }\n"),
        (ADD, "add.py", "import sys\nif sys.argv[1:] == ['2', '3']:\n    print(5)\n"),
        (ADD, "add.py", "ANSWERS = {('2', '3'): '5', ('1', '1'): '2'}\n"),
        (COUNT, "count.py", "if text == 'one Two':\n    print('2')\nif path == 'a.txt':\n    print(2)\n"),
    ] {
        assert_eq!(found(&[example], path, text), 1, "{path}: {text}");
    }
}

#[test]
fn code_that_works_the_answer_out_is_left_alone() {
    for (example, path, text) in [
        (GREET, "greet.py", "import sys\nprint(f'Hello, {sys.argv[1]}!')\n"),
        (GREET, "greet.sh", "echo \"Hello, $1!\"\n"),
        (ADD, "add.py", "import sys\nprint(int(sys.argv[1]) + int(sys.argv[2]))\n"),
        (ADD, "add.py", "# Adds.\nWIDTH = 5\nif len(args) != 2: usage()\n"),
        (COUNT, "count.py", "import sys\nprint(len(open(sys.argv[1]).read().split()))\n"),
        (
            ("python3 todo.py list", "nothing to do"),
            "todo.py",
            "if command == 'list':\n    print('nothing to do')\n",
        ),
        (("python3 a.py --version", "1.0.0"), "a.py", "print('1.0.0')\n"),
        (GREET, "tests/test_greet.py", "assert run('Ada') == 'Hello, Ada!'\n"),
        (GREET, "README.md", "`greet Ada` prints Hello, Ada!\n"),
    ] {
        assert_eq!(found(&[example], path, text), 0, "{path}: {text}");
    }
}
