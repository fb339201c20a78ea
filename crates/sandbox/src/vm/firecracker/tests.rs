//! Against a simulated API server, which checks each request as the published API describes it. The real program was not
//! run by these tests.

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixListener,
    sync::Mutex,
};

use super::*;
use crate::vm::machine::Shape;

type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// Takes requests, one connection at a time; refuses the one that is named.
fn serve(listener: UnixListener, refuse: &'static str) -> Heard {
    let heard = Heard::default();
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.into_split();
            let mut reader = BufReader::new(reader);
            while let Some((request, body)) = read(&mut reader).await {
                let answer = if request.contains(refuse) {
                    let body = r#"{"fault_message": "The kernel file cannot be opened"}"#;
                    format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                } else {
                    "HTTP/1.1 204 No Content\r\n\r\n".to_owned()
                };
                log.lock().await.push((request, body));
                writer.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    heard
}

async fn read(reader: &mut BufReader<tokio::net::unix::OwnedReadHalf>) -> Option<(String, Value)> {
    let mut line = String::new();
    reader.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
    let request = line.trim_end().strip_suffix(" HTTP/1.1")?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await.ok()?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some((request, serde_json::from_slice(&body).unwrap()))
}

async fn api(folder: &Path, refuse: &'static str) -> (Api, Heard) {
    let sockets = Sockets::open(folder).unwrap();
    let heard = serve(sockets.listen(API).unwrap(), refuse);
    (Api::open(sockets.connect(API, PATIENCE).await.unwrap()).await.unwrap(), heard)
}

fn boot(root: Option<&str>) -> Boot {
    Boot {
        shape: Shape { memory_mib: 512, vcpus: 2 },
        kernel: PathBuf::from("/k/vmlinux"),
        initramfs: PathBuf::from("/t/initramfs"),
        root: root.map(PathBuf::from),
    }
}

#[tokio::test]
async fn a_machine_is_described_before_it_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let (mut api, heard) = api(folder.path(), "nothing").await;
    configure(&mut api, &boot(Some("/i/root.ext4"))).await.unwrap();
    let heard = heard.lock().await.clone();
    let requests: Vec<_> = heard.iter().map(|(request, _)| request.as_str()).collect();
    assert_eq!(
        requests,
        ["PUT /machine-config", "PUT /boot-source", "PUT /drives/root", "PUT /vsock", "PUT /actions"]
    );
    let body = |index: usize| heard[index].1.clone();
    assert_eq!(
        body(0),
        json!({"vcpu_count": 2, "mem_size_mib": 512, "smt": false, "track_dirty_pages": false})
    );
    assert_eq!(
        (&body(1)["kernel_image_path"], &body(1)["initrd_path"]),
        (&json!("/k/vmlinux"), &json!("/t/initramfs"))
    );
    let words = body(1)["boot_args"].as_str().unwrap().to_owned();
    assert!(words.contains("swarm.vsock=3129") && words.contains("swarm.root=/dev/vda"), "{words}");
    assert_eq!((&body(2)["drive_id"], &body(2)["is_read_only"]), (&json!("root"), &json!(true)));
    assert_eq!(body(2)["rate_limiter"]["ops"], json!({"size": 10_000, "refill_time": 1_000}));
    assert_eq!(body(3), json!({"guest_cid": 3, "uds_path": "guest"}));
    assert_eq!(body(4), json!({"action_type": "InstanceStart"}));
}

#[tokio::test]
async fn a_clone_maps_the_snapshots_memory_and_runs_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut api, heard) = api(folder.path(), "nothing").await;
    let load = SnapshotLoad::new(Path::new("/t/state"), Path::new("/t/memory"));
    api.put("/snapshot/load", &load).await.unwrap();
    let (request, body) = heard.lock().await[0].clone();
    assert_eq!(request, "PUT /snapshot/load");
    let backend = json!({"backend_type": "File", "backend_path": "/t/memory"});
    assert_eq!(body, json!({"snapshot_path": "/t/state", "mem_backend": backend, "resume_vm": true}));
}

#[tokio::test]
async fn a_machine_may_be_held_to_fewer_reads_of_its_root_and_never_to_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut api, heard) = api(folder.path(), "nothing").await;
    for a_second in [50, u32::MAX] {
        api.patch("/drives/root", &DriveBound::reads(a_second)).await.unwrap();
    }
    let heard = heard.lock().await.clone();
    assert_eq!(heard[0].0, "PATCH /drives/root");
    assert_eq!(heard[0].1["drive_id"], "root");
    let operations = |index: usize| heard[index].1["rate_limiter"]["ops"].clone();
    assert_eq!(operations(0), json!({"size": 50, "refill_time": 1_000}));
    assert_eq!(operations(1), json!({"size": 10_000, "refill_time": 1_000}));
}

#[tokio::test]
async fn a_machine_that_is_written_down_goes_on_also_where_it_could_not_be_written() {
    for refuse in ["nothing", "snapshot/create"] {
        let folder = tempfile::tempdir().unwrap();
        let (mut api, heard) = api(folder.path(), refuse).await;
        let (state, memory) = (Path::new("/b/state"), Path::new("/b/memory"));
        let create = SnapshotCreate { snapshot_type: "Full", snapshot_path: state, mem_file_path: memory };
        let written = write_between(&mut api, &create).await.unwrap();
        assert_eq!(written.is_ok(), refuse == "nothing");
        let heard = heard.lock().await.clone();
        let requests: Vec<_> = heard.iter().map(|(request, _)| request.as_str()).collect();
        assert_eq!(requests, ["PATCH /vm", "PUT /snapshot/create", "PATCH /vm"]);
        assert_eq!((&heard[0].1["state"], &heard[2].1["state"]), (&json!("Paused"), &json!("Resumed")));
        assert_eq!(heard[1].1["mem_file_path"], "/b/memory");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_ends_the_description() {
    let folder = tempfile::tempdir().unwrap();
    let (mut api, heard) = api(folder.path(), "boot-source").await;
    let error = configure(&mut api, &boot(None)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Firecracker refused PUT /boot-source: 400 The kernel file cannot be opened"
    );
    assert_eq!(heard.lock().await.len(), 2);
}

#[tokio::test]
async fn one_that_hangs_up_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = Sockets::open(folder.path()).unwrap();
    let listener = sockets.listen(API).unwrap();
    tokio::spawn(async move { drop(listener.accept().await) });
    let mut api = Api::open(sockets.connect(API, PATIENCE).await.unwrap()).await.unwrap();
    let error = api.put("/vsock", &Vsock::default()).await.unwrap_err();
    assert!(matches!(error, ApiError::Lost(_)), "{error}");
}

#[tokio::test]
async fn the_guest_is_asked_until_it_listens_and_then_the_stream_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = Sockets::open(folder.path()).unwrap();
    let listener = sockets.listen(VSOCK).unwrap();
    let monitor = tokio::spawn(async move {
        let mut asked = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = [0; 13];
            if stream.read_exact(&mut line).await.is_err() {
                continue;
            }
            assert_eq!(&line, b"CONNECT 3129\n");
            asked += 1;
            // While the guest does not listen, Firecracker hangs up.
            if asked == 3 {
                stream.write_all(b"OK 1073741824\nhello").await.unwrap();
                return (stream, asked);
            }
        }
    });
    let mut stream = connect(&sockets).await;
    let (_held, asked) = monitor.await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!((&word, asked), (b"hello", 3));
}
