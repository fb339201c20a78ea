//! Starts every sandboxed process from one thread that never ends.
//!
//! A process can ask the kernel to be killed when its parent dies (`PR_SET_PDEATHSIG`, `bwrap --die-with-parent`): it is
//! how sandboxes end when swarm is killed. But the kernel means the parent *thread*, and an async runtime ends its
//! threads as it likes. Hence this one, which lives as long as the process.

use std::{
    io,
    sync::{Mutex, PoisonError, mpsc},
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

struct Request {
    command: Command,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

static LAUNCHER: Mutex<Option<mpsc::Sender<Request>>> = Mutex::new(None);

/// Starts a command. Must be called within a tokio runtime, which then watches the child.
pub(crate) async fn spawn(command: Command) -> io::Result<Child> {
    let (answer, started) = oneshot::channel();
    let request = Request { command, runtime: Handle::current(), answer };
    launcher()?.send(request).map_err(|_| gone())?;
    started.await.map_err(|_| gone())?
}

fn launcher() -> io::Result<mpsc::Sender<Request>> {
    let mut place = LAUNCHER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = &*place {
        return Ok(sender.clone());
    }
    let (sender, requests) = mpsc::channel::<Request>();
    std::thread::Builder::new().name("sandbox-launcher".to_owned()).spawn(move || {
        // What swarm opens is closed on exec; what it inherited from its own parent is not, and must not leak inside.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        for mut request in requests {
            let _inside = request.runtime.enter();
            // When nobody waits any more the child is dropped here, which kills it.
            let _ = request.answer.send(request.command.spawn());
        }
    })?;
    *place = Some(sender.clone());
    Ok(sender)
}

fn gone() -> io::Error {
    io::Error::other("the thread that starts processes is gone")
}
