//! QEMU's command line.

use std::{ffi::OsString, path::Path};

use super::accel::Accel;
use crate::vm::machine::{Boot, ROOT_BYTES_A_SECOND, ROOT_READS_A_SECOND};

/// The sockets that QEMU connects to when it starts, below its working folder. A path from the root could be longer than
/// a socket's may be.
pub(super) const MONITOR: &str = "monitor";
/// See [`MONITOR`].
pub(super) const GUEST: &str = "guest";

/// The disk that is the root.
pub(super) const ROOT: &str = "root";

/// Where the memory of a machine is, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory<'a> {
    /// A file that holds it: for a template.
    Held(&'a Path),
    /// A copy of a template's: what is written stays in this process.
    CopyOf(&'a Path),
    /// The process's own, which is filled with what was written down of another machine.
    Own,
}

impl<'a> Memory<'a> {
    /// The file that it is in.
    pub(super) fn file(self) -> Option<&'a Path> {
        match self {
            Self::Held(path) | Self::CopyOf(path) => Some(path),
            Self::Own => None,
        }
    }
}

/// All of it, the program excepted.
pub(super) fn arguments(accel: Accel, boot: &Boot, memory: Memory<'_>) -> Vec<OsString> {
    let shape = boot.shape;
    let mut list = List(Vec::new());
    // The interrupt controllers and timers of old are slow to emulate, but without them an emulated guest does not start.
    list.add("-M", "microvm,pit=on,pic=on,rtc=on,memory-backend=memory");
    let (kind, share, incoming) = match memory {
        Memory::Held(_) => ("file", "on", false),
        Memory::CopyOf(_) => ("file", "off", true),
        Memory::Own => ("ram", "off", true),
    };
    let size = shape.memory_mib;
    let mut backend: OsString = format!("memory-backend-{kind},id=memory,size={size}M,share={share}").into();
    if let Some(path) = memory.file() {
        backend.push(",mem-path=");
        backend.push(escaped(path));
    }
    list.add("-object", backend);
    list.add("-m", format!("{}M", shape.memory_mib)).add("-smp", shape.vcpus.to_string());
    list.add("-accel", accel.option()).add("-cpu", accel.processor());
    for word in ["-nodefaults", "-no-user-config", "-no-reboot"] {
        list.0.push(word.into());
    }
    list.add("-display", "none").add("-name", "swarm");
    // QEMU itself may start no program and gain no rights, whatever a guest makes of it.
    list.add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    list.add("-chardev", "stdio,id=console,signal=off").add("-serial", "chardev:console");
    list.add("-chardev", format!("socket,id=monitor,path={MONITOR}"));
    list.add("-mon", "chardev=monitor,mode=control");
    list.add("-chardev", format!("socket,id=guest,path={GUEST}"));
    list.add("-device", "virtio-serial-device,max_ports=2");
    list.add("-device", "virtserialport,chardev=guest,name=swarm");
    if let Some(root) = &boot.root {
        let bound =
            format!("throttling.iops-total={ROOT_READS_A_SECOND},throttling.bps-total={ROOT_BYTES_A_SECOND}");
        let mut drive: OsString = format!("id={ROOT},if=none,format=raw,readonly=on,{bound},file=").into();
        drive.push(escaped(root));
        list.add("-drive", drive).add("-device", format!("virtio-blk-device,drive={ROOT}"));
    }
    list.add("-kernel", &boot.kernel).add("-initrd", &boot.initramfs);
    list.add("-append", kernel_arguments(accel, boot));
    if incoming {
        list.add("-incoming", "defer");
    }
    list.0
}

fn kernel_arguments(accel: Accel, boot: &Boot) -> String {
    let mut words = vec![
        "console=ttyS0 quiet 8250.nr_uarts=1 panic=-1 reboot=t nokaslr mitigations=off rdinit=/init"
            .to_owned(),
        accel.kernel_arguments(),
    ];
    if boot.root.is_some() {
        words.push("swarm.root=/dev/vda".to_owned());
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A comma ends a value, unless there are two.
fn escaped(path: &Path) -> OsString {
    let text = path.to_string_lossy();
    if text.contains(',') { text.replace(',', ",,").into() } else { path.into() }
}

struct List(Vec<OsString>);

impl List {
    fn add(&mut self, option: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.extend([option.into(), value.into()]);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::vm::machine::Shape;

    fn boot(root: Option<&str>) -> Boot {
        Boot {
            shape: Shape { memory_mib: 256, vcpus: 2 },
            kernel: PathBuf::from("/k/vmlinux"),
            initramfs: PathBuf::from("/t/initramfs"),
            root: root.map(PathBuf::from),
        }
    }

    fn line(boot: &Boot, memory: Memory<'_>) -> String {
        let words = arguments(Accel::Tcg, boot, memory);
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_template_holds_its_memory_and_a_clone_takes_a_copy_and_waits() {
        let template = line(&boot(None), Memory::Held(Path::new("/t/memory")));
        assert!(template.contains("size=256M,share=on,mem-path=/t/memory"), "{template}");
        assert!(!template.contains("-incoming"), "{template}");
        let clone = line(&boot(None), Memory::CopyOf(Path::new("/t/memory")));
        assert!(
            clone.contains("share=off,mem-path=/t/memory") && clone.ends_with("-incoming defer"),
            "{clone}"
        );
        let revived = line(&boot(None), Memory::Own);
        assert!(revived.contains("memory-backend-ram,id=memory,size=256M,share=off "), "{revived}");
        // A snapshot is of use to the same machine only.
        let same = |line: &str| {
            let line = line.replace("share=on", "").replace("share=off", "").replace(" -incoming defer", "");
            line.replace("memory-backend-ram", "memory-backend-file").replace(",mem-path=/t/memory", "")
        };
        assert_eq!(same(&template), same(&clone));
        assert_eq!(same(&template), same(&revived));
    }

    #[test]
    fn there_is_no_network_card_and_nothing_that_is_not_asked_for() {
        let line = line(&boot(None), Memory::Held(Path::new("/m")));
        assert!(line.contains("-nodefaults") && line.contains("spawn=deny"), "{line}");
        assert!(
            !line.contains("net") && !line.contains("virtio-blk") && !line.contains("swarm.root"),
            "{line}"
        );
    }

    #[test]
    fn a_root_is_read_only_and_bounded_and_a_comma_in_its_path_stays_one() {
        let line = line(&boot(Some("/i/a,b.squashfs")), Memory::Held(Path::new("/m")));
        let drive =
            "readonly=on,throttling.iops-total=10000,throttling.bps-total=268435456,file=/i/a,,b.squashfs";
        assert!(line.contains(drive), "{line}");
        assert!(line.contains("swarm.root=/dev/vda"), "{line}");
    }
}
