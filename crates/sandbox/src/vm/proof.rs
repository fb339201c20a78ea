//! Whether hardware virtualisation is of any use here.
//!
//! That `/dev/kvm` opens, or even that a machine can be made, proves nothing: there are hosts on which no Linux kernel
//! comes through. So a real one is started and must speak within a time that would be long for a working one. The
//! verdict is kept until the host is started anew or one of the ingredients changes.

use std::{fs, path::Path, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{home::Home, machine::Shape, template::Ingredients};
use crate::{cgroup::Places, instance::Instance};

/// A kernel that runs on the processor itself is up in a third of it.
const WITHIN: Duration = Duration::from_secs(3);

const DEVICE: &str = "/dev/kvm";

#[derive(Debug, Serialize, Deserialize)]
struct Verdict {
    /// The host's start and the ingredients that it is about.
    about: String,
    /// Why it is of no use; nothing where it is.
    obstacle: Option<String>,
}

/// Why hardware virtualisation is of no use here; nothing where a kernel was started by it. The ingredients are of a
/// monitor that uses it.
pub(super) async fn obstacle(
    home: &Home,
    mut ingredients: Ingredients,
    instance: &Arc<Instance>,
    places: &Places,
) -> Option<String> {
    if let Err(error) = fs::OpenOptions::new().read(true).write(true).open(DEVICE) {
        return Some(format!("{DEVICE}: {error}"));
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let about = format!("{} {} {}", boot.trim(), ingredients.kernel.hash(), ingredients.monitor.identity());
    let place = home.folder().join(format!("virtualisation-{}.json", ingredients.monitor.rung()));
    if let Some(known) = known(&place).filter(|known| known.about == about) {
        return known.obstacle;
    }
    ingredients.boot_within = WITHIN;
    let made = ingredients.template(home, Shape { memory_mib: 256, vcpus: 1 }, instance, places).await;
    let obstacle = made.err().map(|error| format!("{DEVICE} opens, but no kernel comes up with it: {error}"));
    let verdict = Verdict { about, obstacle };
    // A verdict that cannot be kept is found out again.
    let _ = fs::write(&place, serde_json::to_vec(&verdict).unwrap_or_default());
    verdict.obstacle
}

fn known(place: &Path) -> Option<Verdict> {
    serde_json::from_slice(&fs::read(place).ok()?).ok()
}
