//! What a command in the bubblewrap rung cannot reach.

use std::{collections::BTreeSet, fs, net::TcpListener, os::unix::fs::symlink};

use swarm_sandbox::{Exec, Limits, SandboxError};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, FINE, Ground, text};

#[tokio::test]
async fn there_is_no_network_not_even_the_hosts_loopback() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!(
        "tail -n +3 /proc/net/dev | cut -d: -f1; bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo reached"
    );
    let ended = rung.run(&ground, Limits::default(), &line).await;
    assert_eq!(text(&ended.stdout).trim(), "lo");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn nothing_outside_the_work_folder_and_tmp_can_be_written() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let line = "for f in / /usr /usr/bin /etc /dev /run /var /proc/sys/kernel; do touch $f/swarm-was-here && echo $f; done
                for f in /etc/passwd /etc/hosts /bin/sh /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory \
                    /proc/sysrq-trigger /proc/1/oom_score_adj; do test -w $f && echo $f; done
                touch /work/a /tmp/b /var/tmp/c /dev/shm/d && echo the rest";
    let ended = rung.run(&ground, Limits::default(), line).await;
    assert_eq!(text(&ended.stdout), "the rest\n", "{}", text(&ended.stderr));
    assert!(ground.work.join("a").exists());
}

#[tokio::test]
async fn the_operators_files_and_swarms_own_are_not_to_be_seen() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let secret = ground.root.path().join("secret");
    ground::write(&secret, "the data folder's secret");
    let line = format!(
        "ls -A /; cat {} {}/gate /etc/shadow /root/.profile; ls /home /root /work/..",
        secret.display(),
        ground.state().display()
    );
    let ended = rung.run(&ground, Limits::default(), &line).await;
    let seen: BTreeSet<_> = text(&ended.stdout).split_whitespace().map(str::to_owned).collect();
    let may_be_seen = [
        "bin",
        "sbin",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "usr",
        "etc",
        "dev",
        "proc",
        "run",
        "tmp",
        "var",
        "work",
        "nix",
        "/work/..:",
    ];
    let surplus: Vec<_> = seen.iter().filter(|name| !may_be_seen.contains(&name.as_str())).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
    assert!(
        !text(&ended.stderr).contains("Permission denied"),
        "there, but refused: {}",
        text(&ended.stderr)
    );
}

#[tokio::test]
async fn nothing_of_swarms_environment_comes_in() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let sandbox = rung.make(&ground, Limits::default()).await;
    let mut command = Exec::shell("cat /proc/[0-9]*/environ | tr '\\0' '\\n' | cut -d= -f1 | sort -u");
    command.env.insert("OWN".to_owned(), "value with = and 'quotes'".to_owned());
    let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
    let names: BTreeSet<_> = text(&ended.stdout).split_whitespace().map(str::to_owned).collect();
    let wanted = ["HOME", "LANG", "OLDPWD", "OWN", "PATH", "PWD", "SHLVL", "SWARM_SANDBOX", "_"];
    assert!(names.iter().all(|name| wanted.contains(&name.as_str())), "{names:?}");
    assert!(names.contains("OWN") && names.contains("HOME"));

    let mut command = Exec::shell("echo \"$OWN\"; echo $HOME; pwd; id -un; cat");
    command.env.insert("OWN".to_owned(), "a $(b) 'c'".to_owned());
    command.stdin = b"from outside".to_vec();
    let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
    assert_eq!(text(&ended.stdout), "a $(b) 'c'\n/tmp\n/work\nswarm\nfrom outside");
    sandbox.stop().await.unwrap();
}

/// Not a test by itself.
#[tokio::test]
#[ignore = "is started by the test below, with a file open"]
async fn inside_of_one_that_inherited_a_file() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let line = "for f in /proc/[0-9]*/fd/*; do readlink $f; done | sort -u | sed 's/^/open: /'";
    print!("{}", text(&rung.run(&ground, Limits::default(), line).await.stdout));
}

#[test]
fn no_open_file_of_swarms_or_of_its_parents_comes_in() {
    let ground = Ground::new();
    let secret = ground.root.path().join("inherited-secret");
    ground::write(&secret, "");
    let line =
        "exec 7<\"$1\"; exec \"$2\" --exact walls::inside_of_one_that_inherited_a_file --ignored --nocapture";
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", line, "sh"]).arg(&secret).arg(std::env::current_exe().unwrap());
    let said = text(&command.output().unwrap().stdout);
    let open: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("open: ")).collect();
    if said.contains("skipped: ") {
        return println!("{said}");
    }
    assert!(!open.is_empty(), "{said}");
    let harmless = |name: &str| {
        ["pipe:", "anon_inode:", "/proc/", "/dev/null"].iter().any(|kind| name.starts_with(kind))
    };
    assert!(open.iter().all(|name| harmless(name)), "{open:?}");
}

#[tokio::test]
async fn a_symlink_out_of_the_work_folder_leads_nowhere() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let outside = ground.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    ground::write(&outside.join("file"), "unchanged");
    symlink(&outside, ground.work.join("folder")).unwrap();
    symlink(outside.join("file"), ground.work.join("file")).unwrap();
    symlink("../outside/file", ground.work.join("relative")).unwrap();
    let line = "cat file relative folder/file; echo changed > file; echo changed > relative; echo changed > folder/file; \
                rm -rf folder/ folder/*; ls folder/";
    let ended = rung.run(&ground, Limits::default(), line).await;
    assert_eq!(text(&ended.stdout), "");
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "unchanged");

    let sandbox = rung.make(&ground, Limits::default()).await;
    let command = Exec { cwd: "folder".into(), ..Exec::shell("pwd") };
    let error = sandbox.exec(command, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, SandboxError::Invalid { what: "working folder", .. }), "{error}");
}

#[tokio::test]
async fn deleting_everything_inside_deletes_the_copy_and_nothing_else() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let (beside, link) = (ground.root.path().join("beside"), ground.work.join(".git"));
    ground::write(&beside, "here");
    ground::write(&link, "gitdir: /elsewhere");
    ground::write(&ground.work.join("code"), "x");
    rung.run(&ground, Limits::default(), "rm -rf --no-preserve-root / ; rm -rf /work/* /work/.git /tmp/*")
        .await;
    assert!(!ground.work.join("code").exists());
    assert_eq!(fs::read_to_string(&link).unwrap(), "gitdir: /elsewhere");
    assert!(
        beside.exists()
            && ground.state().join("gate").exists()
            && std::path::Path::new("/usr/bin/env").exists()
    );
    let ended = rung.run(&ground, Limits::default(), "echo fine").await;
    assert_eq!(text(&ended.stdout), "fine\n");
}

#[tokio::test]
async fn the_link_to_the_mirror_can_be_neither_read_nor_changed() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let mirror = ground.root.path().join("mirror.git");
    fs::create_dir(&mirror).unwrap();
    ground::write(&mirror.join("config"), "[core]");
    let link = ground.work.join(".git");
    let content = format!("gitdir: {}", mirror.display());
    let attack = format!(
        "cat .git {0}/config; echo x > .git; echo x > {0}/config; mv .git a; rm -f .git; ln -sf /tmp .git; mkdir .git/hooks",
        mirror.display()
    );
    for as_folder in [false, true] {
        if as_folder {
            fs::remove_file(&link).unwrap();
            fs::create_dir(&link).unwrap();
            ground::write(&link.join("config"), "[core]");
        } else {
            ground::write(&link, &content);
        }
        let ended = rung.run(&ground, Limits::default(), &format!("{attack}; cat .git/config")).await;
        assert_eq!(text(&ended.stdout), "");
    }
    assert_eq!(fs::read_to_string(mirror.join("config")).unwrap(), "[core]");
    assert_eq!(fs::read_to_string(link.join("config")).unwrap(), "[core]");
    assert_eq!(fs::read_dir(&link).unwrap().count(), 1);
}

#[tokio::test]
async fn ways_up_are_closed() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let line = "unshare -U true && echo a user namespace
                mount -t tmpfs none /tmp && echo a mount
                python3 -c 'import socket; socket.socket(40, socket.SOCK_STREAM)' 2>/dev/null && echo a hypervisor socket
                mknod /tmp/disk b 8 0 && echo a device
                cp /bin/sh /work/sh && chmod u+s /work/sh && echo a set-user-id file
                grep -q '^CapEff:.*[1-9a-f]' /proc/self/status && echo a capability
                grep -q '^NoNewPrivs:.*1' /proc/self/status || echo new privileges
                kill -9 1 2>/dev/null; test -d /sys/fs && echo cgroups; ls /proc | grep -c '^[0-9]' | grep -v '^.$'";
    let ended = rung.run(&ground, Limits::default(), line).await;
    assert_eq!(text(&ended.stdout), "", "{}", text(&ended.stderr));
}

#[tokio::test]
async fn sandboxes_do_not_see_each_other() {
    let (one, other) = (Ground::new(), Ground::new());
    let Some(rung) = one.bubblewrap().await else {
        return;
    };
    let first = rung.make(&one, Limits::default()).await;
    let argument = ground::unlike_any_other();
    let line = format!("touch /tmp/mine /work/mine; exec sleep {argument}");
    let cancel = CancellationToken::new();
    let running = first.exec(Exec::shell(&line), cancel.clone());
    let looking = async {
        ground::until("the first command", || one.work.join("mine").exists() && ground::is_there(&argument))
            .await;
        let look = format!("ls /tmp /work; grep -l {argument} /proc/[0-9]*/cmdline | grep -v \"/$$/\"");
        let ended = rung.run(&other, Limits::default(), &look).await;
        cancel.cancel();
        ended
    };
    let (_, ended) = tokio::join!(running, looking);
    assert!(!text(&ended.stdout).contains("mine"), "{}", text(&ended.stdout));
    first.stop().await.unwrap();
}

#[tokio::test]
async fn many_sandboxes_work_at_once() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let grounds: Vec<_> = (0..20).map(|_| Ground::new()).collect();
    let runs = grounds.iter().enumerate().map(|(index, own)| {
        let rung = &rung;
        async move {
            let ended = rung.run(own, Limits::default(), &format!("echo {index} > out; cat out")).await;
            assert_eq!((ended.how, text(&ended.stdout)), (FINE, format!("{index}\n")));
        }
    });
    futures::future::join_all(runs).await;
}
