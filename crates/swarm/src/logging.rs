//! What happens inside, to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Begins to log. `RUST_LOG` has the last word.
pub(crate) fn begin(verbose: u8, as_json: bool, server: bool) {
    let usual = match (verbose, server) {
        (0, false) => "error",
        (0, true) => "warn,swarm=info",
        (1, _) => "info",
        (2, _) => "info,swarm=debug",
        _ => "debug,swarm=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Begun twice only where a program starts us as a library; the first one stands.
    let _ = if as_json {
        log.json().try_init()
    } else {
        let colours = std::io::stderr().is_terminal() && console::colors_enabled_stderr();
        log.with_ansi(colours).with_target(verbose > 1).try_init()
    };
}
