//! Python for a machine that has none: that of the host, with what it needs, as files of the work folder.

use std::{path::Path, process::Command};

/// The host's own, as the sandboxes see it too.
const HOSTS: &str = "/usr/bin/python3";

/// Copies the interpreter, its libraries and the modules that it loads for this.
const COPY: &str = r"
import json, os, shutil, socket, ssl, subprocess, sys, threading, time, urllib.request
'x'.encode('idna')
to, std = sys.argv[1], os.path.dirname(os.__file__)
modules = {m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)}
home = os.path.join(to, 'lib', 'python%d.%d' % sys.version_info[:2])
for module in modules:
    if module.startswith(std + '/'):
        place = os.path.join(home, os.path.relpath(module, std))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copyfile(module, place)
os.makedirs(os.path.join(to, 'so'))
shutil.copy(os.path.realpath(sys.executable), os.path.join(to, 'python3'))
for program in [sys.executable] + [module for module in modules if module.endswith('.so')]:
    for line in subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout.splitlines():
        for word in line.split():
            if word.startswith('/'):
                shutil.copy(word, os.path.join(to, 'so', os.path.basename(word)))
loader = [name for name in os.listdir(os.path.join(to, 'so')) if name.startswith('ld-')]
print(loader[0])
";

/// Puts it into a work folder; what a command there begins with, so that `script` is run. Nothing, with the reason on
/// screen, where the host has none.
pub fn into(work: &Path, script: &str) -> Option<Vec<String>> {
    let copied = Command::new(HOSTS).args(["-S", "-c", COPY]).arg(work.join("python")).output();
    let copied = match copied {
        Ok(copied) if copied.status.success() => copied,
        other => {
            println!("skipped: the host's Python cannot be copied: {other:?}");
            return None;
        }
    };
    let loader = String::from_utf8_lossy(&copied.stdout).trim().to_owned();
    let words = [
        "env",
        "PYTHONHOME=/work/python",
        "PYTHONDONTWRITEBYTECODE=1",
        &format!("/work/python/so/{loader}"),
        "--library-path",
        "/work/python/so",
        "/work/python/python3",
        "-S",
        script,
    ];
    Some(words.map(str::to_owned).into())
}
