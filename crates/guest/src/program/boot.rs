//! The first process of a machine: makes it a place where commands can run, and serves.

mod options;
mod places;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    kmod::{ModuleInitFlags, finit_module},
    sys::reboot::{RebootMode, reboot},
    unistd::sync,
};
use options::Options;

use crate::{cgroup, link_up, relay, session, settings::Settings, stream::Door};

/// How long the stream may take to appear: its driver was loaded just now.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Kernel modules to load, one file name a line, each after those that it needs.
const MODULES: &str = "/modules";

/// Serves until the host ends the machine; does not come back.
pub fn machine() -> io::Result<()> {
    if let Err(error) = live() {
        eprintln!("swarm-guest: the machine cannot be used: {error}");
    }
    sync();
    // A machine without power management ends by being started anew, which its maker does not do.
    reboot(RebootMode::RB_AUTOBOOT)?;
    Ok(())
}

fn live() -> io::Result<()> {
    places::first()?;
    let options = Options::parse(&fs::read_to_string("/proc/cmdline")?);
    load_modules();
    if let Some(device) = &options.root {
        places::root(device, options.root_type.as_deref(), options.scratch.as_deref())?;
    }
    let space = places::second(options.scratch.as_deref())?;
    let has_cgroup = cgroup::prepare();
    link_up::loopback().map_err(|error| io::Error::other(format!("the loopback interface: {error}")))?;
    let settings = Settings {
        work: space.join("work"),
        seen: PathBuf::from("/work"),
        state: space.join("state"),
        machine: true,
        isolate: true,
        user: Some(1000),
        relay: Some(relay::LISTEN.to_owned()),
    };
    let door = door(&options)?;
    eprintln!("swarm-guest: up; the way out is at {}", relay::LISTEN);
    session::run(door, settings, has_cgroup).map(|session::Over| ())
}

/// A module that is built in, or for a device that is not there, is no reason to stop.
fn load_modules() {
    let list = fs::read_to_string(Path::new(MODULES).join("list")).unwrap_or_default();
    for name in list.lines().map(str::trim).filter(|name| !name.is_empty()) {
        let loaded = File::open(Path::new(MODULES).join(name))
            .and_then(|file| Ok(finit_module(&file, c"", ModuleInitFlags::empty())?));
        match loaded {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                eprintln!("swarm-guest: module {name}: {error}");
            }
            _ => {}
        }
    }
}

/// The stream that was named, or else the first that appears.
fn door(options: &Options) -> io::Result<Door> {
    if let Some(tty) = &options.tty {
        return Door::tty(tty);
    }
    if let Some(port) = options.vsock {
        return Door::vsock(port);
    }
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(path) = port(&options.port) {
            match Door::port(&path) {
                // The device file comes a moment after the name, and the device behind it another moment later.
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) => {}
                door => return door,
            }
        } else if Path::new("/dev/vsock").exists() && !Path::new("/sys/class/virtio-ports").exists() {
            return Door::vsock(options::VSOCK);
        }
        if Instant::now() >= until {
            let missing = format!("no virtio-serial port is named {}, and there is no vsock", options.port);
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn port(wanted: &str) -> Option<PathBuf> {
    let ports = fs::read_dir("/sys/class/virtio-ports").ok()?.flatten();
    let mut named = ports.filter(|port| {
        fs::read_to_string(port.path().join("name")).is_ok_and(|name| name.trim_end() == wanted)
    });
    named.next().map(|port| Path::new("/dev").join(port.file_name()))
}
