//! Ctrl-C and the signals that mean the same.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Exit, Failure, Result},
    output,
};

/// A token that the first interruption cancels. A second one ends the program at once: what is kept is kept by then.
pub(crate) fn token() -> Result<CancellationToken> {
    let failed = |error| Failure::io("listen for signals", error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                output::notice("stopping; again to stop at once");
                cancelled.cancel();
            }
        }
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok(token)
}
