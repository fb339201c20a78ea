//! Why bubblewrap does not work on a machine, and what mends it.

use std::{fs, path::Path};

use swarm_domain::attempt::Rung;

use crate::error::SandboxError;

/// Settings of the machine that matter.
#[derive(Debug, Default)]
struct Facts {
    /// `kernel.apparmor_restrict_unprivileged_userns`, Ubuntu's.
    apparmor: Option<i64>,
    /// `kernel.unprivileged_userns_clone`, Debian's.
    clone: Option<i64>,
    /// `user.max_user_namespaces`.
    most: Option<i64>,
    in_container: bool,
}

impl Facts {
    fn read() -> Self {
        let number =
            |path: &str| fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?.trim().parse().ok();
        Self {
            apparmor: number("kernel/apparmor_restrict_unprivileged_userns"),
            clone: number("kernel/unprivileged_userns_clone"),
            most: number("user/max_user_namespaces"),
            in_container: ["/.dockerenv", "/run/.containerenv"].iter().any(|file| Path::new(file).exists()),
        }
    }
}

fn unavailable(reason: String, mend: &str) -> SandboxError {
    SandboxError::Unavailable { rung: Rung::Bubblewrap, reason, mend: mend.to_owned() }
}

/// There is no bubblewrap.
pub(super) fn not_installed() -> SandboxError {
    unavailable(
        "the program `bwrap` is not installed".to_owned(),
        "install it: `sudo apt-get install bubblewrap`, `sudo dnf install bubblewrap` or `sudo pacman -S bubblewrap`",
    )
}

/// It failed and said this.
pub(super) fn of(said: &str) -> SandboxError {
    let said = if said.is_empty() { "bwrap failed without a word" } else { said };
    unavailable(said.to_owned(), mend(said, &Facts::read()))
}

fn mend(said: &str, facts: &Facts) -> &'static str {
    if said.contains("Unknown option") {
        return "install bubblewrap 0.8 or newer";
    }
    if facts.most == Some(0) {
        return "allow user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`";
    }
    if facts.clone == Some(0) {
        return "allow user namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1`";
    }
    if facts.apparmor == Some(1) {
        return "allow user namespaces: `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or give bwrap \
                an AppArmor profile with `userns`";
    }
    if facts.in_container {
        return "let the container make namespaces and mount /proc: Docker takes `--security-opt seccomp=unconfined \
                --security-opt apparmor=unconfined --security-opt systempaths=unconfined`";
    }
    "run `bwrap --unshare-all --ro-bind / / /bin/true` and mend what it says"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_obstacle_has_its_own_remedy() {
        let denied = "bwrap: setting up uid map: Permission denied";
        for (said, facts, wanted) in [
            (denied, Facts { apparmor: Some(1), clone: Some(1), ..Facts::default() }, "apparmor_restrict"),
            (denied, Facts { clone: Some(0), ..Facts::default() }, "unprivileged_userns_clone=1"),
            (denied, Facts { most: Some(0), ..Facts::default() }, "max_user_namespaces"),
            (denied, Facts { in_container: true, ..Facts::default() }, "--security-opt"),
            ("bwrap: Unknown option --size", Facts { most: Some(0), ..Facts::default() }, "0.8 or newer"),
            (denied, Facts::default(), "bwrap --unshare-all"),
        ] {
            let said = mend(said, &facts);
            assert!(said.contains(wanted), "{said}");
        }
    }

    #[test]
    fn the_problem_names_the_rung_the_reason_and_the_command() {
        let problem = not_installed().problem();
        assert_eq!(problem.code, "sandbox.unavailable");
        assert!(
            problem.detail.contains("bubblewrap") && problem.detail.contains("not installed"),
            "{}",
            problem.detail
        );
        assert!(problem.next.contains("apt-get install bubblewrap"), "{}", problem.next);
    }
}
