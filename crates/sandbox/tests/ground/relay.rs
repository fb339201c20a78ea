//! What leads from inside to the proxy: swarm's own guest program where it was built, else one that does the same.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Takes connections at 127.0.0.1:3128 and passes each on to a socket, both ways.
const PROGRAM: &str = r"#!/usr/bin/python3 -I
import socket, sys, threading
assert sys.argv[1:3] == ['relay', '--socket'], sys.argv

def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass

def serve(client):
    out = socket.socket(socket.AF_UNIX)
    out.connect(sys.argv[3])
    there = threading.Thread(target=pump, args=(client, out), daemon=True)
    there.start()
    pump(out, client)
    there.join()
    client.close()
    out.close()

inside = socket.create_server(('127.0.0.1', 3128), backlog=64)
while True:
    threading.Thread(target=serve, args=(inside.accept()[0],), daemon=True).start()
";

/// The program; the other one is written into `folder`.
pub fn program(folder: &Path) -> PathBuf {
    let built = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("swarm-guest");
    if built.is_file() {
        return built;
    }
    plain(folder)
}

/// The other one: it leads to the proxy and can do nothing else.
pub fn plain(folder: &Path) -> PathBuf {
    let path = folder.join("relay");
    fs::write(&path, PROGRAM).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
