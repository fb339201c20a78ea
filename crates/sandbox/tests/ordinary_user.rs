//! The bubblewrap rung for a user who is not root, on a machine that lets such a user make namespaces.

use std::process::Command;

use swarm_sandbox::{Choice, Ladder, Limit, Limits};

use crate::ground::{self, FINE, Ground, passed, text};

const NOBODY: &str = "65534";

/// Not a test by itself when it is root who runs the tests.
#[tokio::test]
#[ignore = "is started by the test below"]
async fn inside_as_an_ordinary_user() {
    assert!(!nix::unistd::geteuid().is_root());
    let ground = Ground::new();
    let ladder = match Ladder::climb(Choice::Strongest, &ground.state()).await {
        Ok(ladder) => ladder,
        Err(error) => {
            assert!(!error.problem().next.is_empty());
            println!("skipped: {error}");
            return;
        }
    };
    println!("{}", ladder.limits);
    let rung = ground::Rung { backend: ladder.backend, limits: ladder.limits };
    let ended = rung
        .run(&ground, Limits::default(), "echo x > file; id -u; cat /etc/shadow; touch /usr/x; ls /home")
        .await;
    assert_eq!(text(&ended.stdout), "1000\n", "{}", text(&ended.stderr));
    assert_eq!(std::fs::read_to_string(ground.work.join("file")).unwrap(), "x\n");

    let argument = ground::unlike_any_other();
    let ended =
        rung.run(&ground, Limits::default(), &format!("(setsid sleep {argument} &); echo done")).await;
    assert_eq!((ended.how, text(&ended.stdout)), (FINE, "done\n".to_owned()));
    assert!(!ground::is_there(&argument));

    // Without cgroups these are the weaker, single limits; they hold all the same.
    let tight = Limits { memory_bytes: 64 << 20, pids: 16, disk_bytes: 4 << 20, ..Limits::default() };
    let ended =
        rung.run(&ground, tight.clone(), "head -c 512M /dev/zero | tail -n 1 | wc -c | grep 536870912").await;
    assert_ne!(ended.how, FINE);
    let ended = rung.run(&ground, tight.clone(), "for i in $(seq 40); do sleep 600 & done; echo all").await;
    assert!(!text(&ended.stdout).contains("all"), "{}", text(&ended.stderr));
    let ended = rung.run(&ground, tight, "head -c 64M /dev/zero > big").await;
    assert_eq!(ended.how, passed(Limit::Disk));
    println!("all of it held");
}

#[test]
fn an_ordinary_user_gets_a_sandbox_too_or_is_told_what_is_missing() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: this user is an ordinary one, all other tests show it");
        return;
    }
    // Others may not be let into the folder that the test's program is in.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ordinary_user");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(&program);
    command
        .args(["--exact", "ordinary_user::inside_as_an_ordinary_user", "--ignored", "--nocapture"])
        .env_remove("TMPDIR");
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return println!("skipped: setpriv: {error}"),
    };
    let said = text(&output.stdout);
    print!("{said}");
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains("all of it held") || said.contains("skipped: "), "{said}");
}
