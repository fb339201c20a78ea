//! The jail around the work folder, with real files and links.

use std::os::unix::fs::symlink;

use serde_json::json;
use swarm_agents::{About, AgentError, Invocation, ToolCode, Workspace};

use crate::setting::Place;

async fn write(place: &Place, path: &str) -> ToolCode {
    place.ask("write", json!({"path": path, "content": "x"})).await.code
}

#[tokio::test]
async fn paths_that_leave_the_folder_are_refused() {
    let place = Place::new(&["**"]);
    for path in ["../x", "a/../../x", "/etc/x", ".git/config", "a/.git/config", "a\0b", ""] {
        assert_eq!(write(&place, path).await, ToolCode::PathRefused, "{path:?}");
        assert_eq!(place.ask("read", json!({"path": path})).await.code, ToolCode::PathRefused, "{path:?}");
    }
    assert!(std::fs::read_dir(place.folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn a_link_out_of_the_folder_leads_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "s").unwrap();
    let place = Place::new(&["**"]);
    let root = place.folder.path();
    symlink(outside.path().join("secret"), root.join("file")).unwrap();
    symlink(outside.path(), root.join("folder")).unwrap();
    symlink(outside.path().join("new"), root.join("dangling")).unwrap();
    for path in ["file", "folder/secret", "folder/new", "dangling"] {
        assert_ne!(write(&place, path).await, ToolCode::Ok, "{path}");
        assert_ne!(place.ask("read", json!({"path": path})).await.code, ToolCode::Ok, "{path}");
    }
    assert_ne!(place.ask("list", json!({"path": "folder"})).await.code, ToolCode::Ok);
    let found = place.ask("search", json!({"pattern": "s"})).await;
    assert_eq!(found.text, "(nothing found)");
    assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "s");
    assert!(!outside.path().join("new").exists());
}

#[tokio::test]
async fn a_link_inside_is_read_and_never_written_through() {
    let place = Place::new(&["**"]);
    place.put("real/a.txt", "a");
    place.put(".git/config", "g");
    symlink("real", place.folder.path().join("alias")).unwrap();
    symlink(".git", place.folder.path().join("hidden")).unwrap();
    assert_eq!(place.ask("read", json!({"path": "alias/a.txt"})).await.text, "a");
    assert_eq!(write(&place, "alias/a.txt").await, ToolCode::PathRefused);
    assert_eq!(place.ask("read", json!({"path": "hidden/config"})).await.code, ToolCode::PathRefused);
    assert_eq!(place.has("real/a.txt").as_deref(), Some("a"));
}

#[tokio::test]
async fn what_the_ticket_does_not_name_is_not_written() {
    let place = Place::new(&["src/*.py"]);
    assert_eq!(write(&place, "src/a.py").await, ToolCode::Ok);
    for path in ["src/deep/a.py", "a.py", "src/a.rs"] {
        assert_eq!(write(&place, path).await, ToolCode::OutOfScope, "{path}");
    }
    assert!(!place.folder.path().join("src/deep").exists());
    let nowhere = Place::new(&[]);
    assert_eq!(write(&nowhere, "a").await, ToolCode::OutOfScope);
}

#[tokio::test]
async fn an_edit_wants_its_passage_exactly_once() {
    let place = Place::new(&["**"]);
    place.put("a.py", "x = 1\ny = 1\n");
    let edit = |old: &str| json!({"path": "a.py", "old": old, "new": "z"});
    assert_eq!(place.ask("edit", edit("q")).await.code, ToolCode::NoMatch);
    assert_eq!(place.ask("edit", edit(" = 1")).await.code, ToolCode::Ambiguous);
    assert_eq!(place.has("a.py").as_deref(), Some("x = 1\ny = 1\n"));
    assert!(place.ask("edit", edit("x = 1")).await.ok);
    assert_eq!(place.has("a.py").as_deref(), Some("z\ny = 1\n"));
    assert_eq!(
        place.ask("edit", json!({"path": "b.py", "old": "a", "new": "b"})).await.code,
        ToolCode::NotFound
    );
}

#[tokio::test]
async fn the_same_step_writes_once_and_a_key_is_for_one_effect() {
    let place = Place::new(&["**"]);
    let invocation = |content: &str| Invocation {
        call_id: "call_1".to_owned(),
        tool: "write".to_owned(),
        arguments: json!({"path": "a.py", "content": content}),
    };
    let first = place.use_tool(&invocation("one\n"), "key").await;
    let again = place.use_tool(&invocation("one\n"), "key").await;
    assert_eq!(first, again);
    assert!(matches!(first.about, Some(About::Wrote { before: None, bytes: 4, .. })));
    // Someone else changed the file meanwhile: the step does not undo that.
    place.put("a.py", "theirs\n");
    assert_eq!(place.use_tool(&invocation("one\n"), "key").await.code, ToolCode::Changed);
    assert_eq!(place.has("a.py").as_deref(), Some("theirs\n"));
    let left: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["a.py"]);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_with_what_is_wanted() {
    let place = Place::new(&["**"]);
    for arguments in [
        json!({}),
        json!({"path": 3, "content": "x"}),
        json!("oops"),
        json!({"path": "a", "content": "x", "mode": 1}),
    ] {
        let answer = place.ask("write", arguments).await;
        assert_eq!(answer.code, ToolCode::InvalidArguments, "{}", answer.text);
    }
    assert_eq!(place.ask("search", json!({"pattern": "("})).await.code, ToolCode::InvalidArguments);
    assert_eq!(place.ask("finish", json!({"done": true, "summary": ""})).await.code, ToolCode::UnknownTool);
    assert_eq!(place.ask("run", json!({"command": "ls"})).await.code, ToolCode::UnknownTool);
}

#[tokio::test]
async fn too_much_and_what_is_no_text_is_refused_or_cut() {
    let place = Place::new(&["**"]);
    let huge = "x".repeat(swarm_agents::MAX_WRITE_BYTES + 1);
    assert_eq!(place.ask("write", json!({"path": "a", "content": huge})).await.code, ToolCode::TooLarge);
    assert_eq!(place.ask("write", json!({"path": "a", "content": "a\0b"})).await.code, ToolCode::NotText);
    assert_eq!(place.has("a"), None);
    std::fs::write(place.folder.path().join("b"), [0xff, 0xfe]).unwrap();
    assert_eq!(place.ask("read", json!({"path": "b"})).await.code, ToolCode::NotText);
    place.put("long", &"line\n".repeat(20_000));
    let shown = place.ask("read", json!({"path": "long"})).await;
    assert!(shown.ok && shown.text.len() <= 16_384 && shown.text.contains("left out"));
    nix::unistd::mkfifo(&place.folder.path().join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert_eq!(place.ask("read", json!({"path": "pipe"})).await.code, ToolCode::NotText);
}

#[test]
fn effects_are_not_kept_inside_the_work_folder() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Workspace::open(folder.path(), &folder.path().join("effects"), &["**".to_owned()]);
    assert!(matches!(opened, Err(AgentError::Io { .. })));
    let bad_glob = Workspace::open(folder.path(), tempfile::tempdir().unwrap().path(), &["a[".to_owned()]);
    assert_eq!(bad_glob.unwrap_err().problem().code, "plan.invalid_scope");
}
