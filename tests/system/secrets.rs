//! Secrets as people set them: a value given through each door is found nowhere but sealed.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    program::Ended,
    world::{World, eventually, files},
};

/// One for each door.
const BY_COMMAND: &str = "canary-by-command-5d1a";
const BY_ROTATION: &str = "canary-by-rotation-9c07";
const BY_HTTP: &str = "canary-by-http-e3b2";
const BY_VARIABLE: &str = "canary-by-variable-41fd";
const BY_FILE: &str = "canary-by-file-7e66";
const ALL: [&str; 5] = [BY_COMMAND, BY_ROTATION, BY_HTTP, BY_VARIABLE, BY_FILE];

/// Runs a command to which something is given on standard input.
fn told(mut command: Command, input: &[u8]) -> Ended {
    let pipe = Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
    // One that refuses does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn none_of(what: &str, bytes: &[u8]) {
    for canary in ALL {
        let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{canary} stands in {what}");
    }
}

/// What each process but this one was started with: its arguments, and its environment where that can be read. A child
/// that has not become another program yet is still its parent.
fn processes(but: u32) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let own = fs::read(format!("/proc/{but}/cmdline")).unwrap_or_default();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let arguments = read("cmdline");
        let name = String::from_utf8_lossy(&arguments).replace('\0', " ");
        if pid != but && arguments != own {
            found.push((format!("the environment of {pid}: {name}"), read("environ")));
        }
        found.push((format!("the arguments of {pid}: {name}"), arguments));
    }
    found
}

#[test]
fn a_value_that_is_given_through_any_door_is_found_nowhere_but_sealed() {
    let Some(world) = World::new() else { return };
    world.write("token", format!("{BY_FILE}\n"));
    let trace = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("RUST_LOG", "trace");
        command
    };
    let mut up = trace(&["up", "--json"]);
    // The one process that may have it: it looks the variable up.
    up.env("SWARM_TEST_TOKEN", BY_VARIABLE);
    let up = world.start(up);
    eventually("swarm up", || fs::read_to_string(&up.out).unwrap().ends_with('\n').then_some(()));

    let mut said = Vec::new();
    let set = |arguments: &[&str], input: &str| {
        let ended = told(trace(&[&["secret"], arguments].concat()), input.as_bytes());
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        format!("{ended:?}")
    };
    said.push(set(&["set", "one", "--host", "api.example.org"], BY_COMMAND));
    said.push(set(&["rotate", "one", "--window", "2h"], BY_ROTATION));
    said.push(set(&["set", "two", "--host", "b.example.org", "--from", "env:SWARM_TEST_TOKEN"], ""));
    let file = format!("file:{}", world.path().join("token").display());
    said.push(set(&["set", "three", "--host", "c.example.org", "--as", "header:X-Key", "--from", &file], ""));
    let server = fs::read_to_string(world.data().join("server.json")).unwrap();
    let server: serde_json::Value = serde_json::from_str(&server).unwrap();
    let body = format!(r#"{{"name": "four", "hosts": ["d.example.org"], "value": "{BY_HTTP}"}}"#);
    let mut curl = Command::new("curl");
    curl.args(["-s", "-H", "content-type: application/json", "-d", "@-"])
        .args(["-H", &format!("authorization: Bearer {}", server["token"].as_str().unwrap())])
        .arg(format!("{}/api/secrets", server["url"].as_str().unwrap()));
    said.push(format!("{:?}", told(curl, body.as_bytes())));

    // Every child that a build has, while it builds.
    let (done, swarm) = (AtomicBool::new(false), up.pid());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for (what, bytes) in processes(swarm) {
                    none_of(&what, &bytes);
                }
            }
        });
        let built = world.start(world.build(&[])).ended();
        done.store(true, Ordering::Relaxed);
        assert_eq!(built.code, 0, "{built:?}");
        said.push(format!("{built:?}"));
    });
    for arguments in [&["list"][..], &["check"], &["list", "--json"], &["check", "--json"], &["rekey"]] {
        said.push(set(arguments, ""));
    }
    said.push(world.swarm(&["run", "logs"]).out);
    said.push(world.swarm(&["audit", "verify"]).out);
    said.push(world.swarm(&["config", "show"]).out);
    assert!(said.iter().any(|text| text.contains("secret_set") || text.contains("TRACE")), "it was traced");
    none_of("what was said", said.join("\n").as_bytes());

    up.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = up.ended();
    assert!(ended.err.contains("TRACE"), "the server traced too");
    none_of("the server's log", format!("{ended:?}").as_bytes());
    // The database's own files among them, with its log and its write-ahead log.
    let all = files(&world.data());
    assert!(all.keys().any(|path| path.ends_with("secrets.key")));
    for (path, bytes) in all {
        none_of(&path.display().to_string(), &bytes);
    }
}

#[test]
fn a_value_as_an_argument_is_refused_and_not_repeated() {
    let Some(world) = World::new() else { return };
    for arguments in [
        &["secret", "set", "x", "--host", "api.example.org", BY_COMMAND][..],
        &["secret", "set", "x", BY_COMMAND, "--host", "api.example.org"],
        &["secret", "set", "x", "--host", "api.example.org", "--value", BY_COMMAND],
        &["secret", "rotate", "x", BY_COMMAND],
    ] {
        let refused = world.swarm(arguments);
        refused.failed(2, "secret.argument");
        none_of("the refusal", format!("{refused:?}").as_bytes());
    }
    for (arguments, input, code) in [
        (&["--host", "api.example.org"][..], "", "secret.value"),
        (&["--host", "api.example.org"], "two\nlines\n", "secret.value"),
        (&["--host", "api.example.org", "--as", "query"], BY_COMMAND, "secret.placement"),
        (&["--host", "api.example.org", "--as", BY_COMMAND], BY_COMMAND, "secret.placement"),
        (&["--host", "api.example.org", "--from", BY_COMMAND], BY_COMMAND, "secret.reference"),
        (&["--host", "127.0.0.1"], BY_COMMAND, "secret.host"),
        (&["--host", "*.example.org"], BY_COMMAND, "secret.host"),
        (&["--host", "api.example.org", "--project", "nobody"], BY_COMMAND, "store.not_found"),
    ] {
        let refused = told(world.command(&[&["secret", "set", "x"], arguments].concat()), input.as_bytes());
        refused.failed(1, code);
        none_of("the refusal", format!("{refused:?}").as_bytes());
    }
    let endless =
        told(world.command(&["secret", "set", "x", "--host", "a.example.org"]), &vec![b'x'; 1 << 20]);
    endless.failed(1, "secret.value");
    let bytes =
        told(world.command(&["secret", "set", "x", "--host", "a.example.org"]), &[0xff, 0xfe, 0x00, 0x01]);
    bytes.failed(1, "secret.value");
    assert!(world.swarm(&["secret", "list"]).out.contains("no secret is set"));
    assert_eq!(world.swarm(&["secret", "check"]).code, 0);
}

#[test]
fn a_lost_key_is_named_with_its_file_and_a_rekeying_begins_anew() {
    let Some(world) = World::new() else { return };
    let set = |value: &str| {
        told(world.command(&["secret", "set", "x", "--host", "a.example.org"]), value.as_bytes())
    };
    assert_eq!(set(BY_COMMAND).code, 0);
    assert_eq!(world.swarm(&["secret", "check"]).code, 0);
    let key = world.data().join("secrets.key");
    fs::remove_file(&key).unwrap();
    let refused = set(BY_ROTATION);
    refused.failed(1, "secret.key_lost");
    assert!(refused.err.contains(key.to_str().unwrap()), "{refused:?}");
    let checked = world.swarm(&["secret", "check"]);
    assert!(checked.code == 1 && checked.out.contains("secret.key_lost"), "{checked:?}");
    world.swarm(&["secret", "rekey"]).failed(1, "secret.key_lost");
    let rekeyed = world.swarm(&["secret", "rekey", "--lost"]);
    assert!(rekeyed.code == 0 && rekeyed.out.contains("x is given up"), "{rekeyed:?}");
    assert_eq!(set(BY_ROTATION).code, 0);
    assert_eq!(world.swarm(&["secret", "check"]).code, 0);
    assert_eq!(world.swarm(&["secret", "rm", "x"]).code, 0);
    world.swarm(&["secret", "rm", "x"]).failed(1, "store.not_found");
}
