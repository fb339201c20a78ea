//! Whom programs inside trust when they speak TLS: the authorities that the host names.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
};

use swarm_guest::message::{CERTIFICATES, Failed, FailedCode};

/// Puts them where every program can read them, whole or not at all.
pub fn take(certificates: &str) -> Result<(), Failed> {
    let beside = format!("{CERTIFICATES}.new");
    let put = || -> io::Result<()> {
        fs::write(&beside, certificates)?;
        fs::set_permissions(&beside, Permissions::from_mode(0o644))?;
        fs::rename(&beside, CERTIFICATES)
    };
    put().map_err(|error| Failed::new(FailedCode::Io, format!("cannot write {CERTIFICATES}: {error}")))
}
