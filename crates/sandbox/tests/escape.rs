//! Attempts to get out of the bubblewrap rung, each as a hostile program would make it.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use swarm_sandbox::Limits;

use crate::ground::{self, FINE, Ground, text};

/// Makes system calls by their numbers and prints the names of those that were carried out.
#[cfg(target_arch = "x86_64")]
const CALLS: &str = r"
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
buffer = ctypes.create_string_buffer(256)
at = ctypes.addressof(buffer)

def attempt(name, number, *arguments, refusal=0):
    ctypes.set_errno(0)
    arguments = [a if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *arguments)
    # Refused, not there, or no such kind of socket. Anything else means that the kernel's code was come to.
    if result == -1 and ctypes.get_errno() in (1, 13, 38, 97, refusal):
        return
    print(name, result, ctypes.get_errno())

attempt('getpid', 39)
child = os.fork()
if child == 0:
    import time; time.sleep(60)
attempt('ptrace attach', 101, 16, child, 0, 0)
attempt('ptrace traceme', 101, 0, 0, 0, 0)
attempt('process_vm_readv', 310, child, at, 1, at, 1, 0)
attempt('process_vm_writev', 311, child, at, 1, at, 1, 0)
attempt('kcmp', 312, child, child, 0, 0, 0)
attempt('perf_event_open', 298, at, 0, -1, -1, 0)
attempt('bpf', 321, 0, at, 48)
attempt('userfaultfd', 323, 0)
attempt('io_uring_setup', 425, 8, at)
attempt('io_uring_enter', 426, 3, 0, 0, 0, 0, 0)
attempt('io_uring_register', 427, 3, 0, at, 0)
attempt('add_key', 248, b'user', b'swarm', b'x', 1, -3)
attempt('request_key', 249, b'user', b'swarm', b'', -3)
attempt('keyctl session', 250, 0, -3, 0)
attempt('keyctl join', 250, 1, 0)
attempt('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)
attempt('remount', 165, b'none', b'/usr', b'', 32 | 4096, 0)
attempt('umount2', 166, b'/usr', 2)
attempt('move_mount', 429, -100, b'/tmp', -100, b'/usr', 0)
attempt('open_tree', 428, -100, b'/', 1)
attempt('fsopen', 430, b'tmpfs', 0)
attempt('fsmount', 432, 3, 0, 0)
attempt('fspick', 433, -100, b'/', 0)
attempt('mount_setattr', 442, -100, b'/usr', 0, at, 32)
attempt('pivot_root', 155, b'/tmp', b'/tmp')
attempt('chroot', 161, b'/tmp')
attempt('unshare user', 272, 0x10000000)
attempt('unshare mount', 272, 0x20000)
attempt('setns', 308, 0, 0)
attempt('clone new user namespace', 56, 0x10000000 | 17, 0, 0, 0, 0)
attempt('clone3', 435, at, 64)
attempt('open_by_handle_at', 304, 0, at, 0)
attempt('init_module', 175, at, 1, b'')
attempt('finit_module', 313, 0, b'', 0)
attempt('delete_module', 176, b'x', 0)
attempt('kexec_load', 246, 0, 0, at, 0)
attempt('reboot', 169, 0xfee1dead, 672274793, 0x89abcdef, 0)
attempt('swapon', 167, b'/tmp/x', 0)
attempt('acct', 163, b'/tmp/x')
attempt('settimeofday', 164, at, 0)
attempt('clock_settime', 227, 0, at)
attempt('iopl', 172, 3)
attempt('ioperm', 173, 0, 1, 1)
attempt('syslog', 103, 3, at, 100)
attempt('socket packet', 41, 17, 3, 0)
attempt('socket raw', 41, 2, 3, 1)
attempt('socket raw6', 41, 10, 3, 58)
# There is no user 0 in this namespace.
attempt('setuid 0', 105, 0, refusal=22)
attempt('setgroups', 116, 0, at)
attempt('mknod device', 133, b'/tmp/disk', 0o60666, 0x800)
attempt('chmod set-user-id', 90, b'/work/calls.py', 0o4755)
attempt('openat2', 437, -100, b'/etc/passwd', at, 24)
attempt('the twin of getpid', 0x40000000 | 39)
os.kill(child, 9)
";

#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn system_calls_that_lead_out_are_not_carried_out() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    ground::write(&ground.work.join("calls.py"), CALLS);
    let ended = rung.run(&ground, Limits::default(), "python3 calls.py").await;
    let done = text(&ended.stdout);
    let done: Vec<_> = done.lines().collect();
    assert_eq!(ended.how, FINE, "{}", text(&ended.stderr));
    // That one is carried out shows that the others were really made.
    assert!(done.first().is_some_and(|line| line.starts_with("getpid ")) && done.len() == 1, "{done:#?}");
}

#[tokio::test]
async fn what_proc_and_sys_would_let_root_do_is_refused() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let line = r"
        for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches \
                 /proc/sys/kernel/ns_last_pid /proc/self/oom_score_adj /proc/1/oom_score_adj /proc/self/uid_map \
                 /proc/self/attr/current /proc/self/coredump_filter /proc/1/mem /proc/kcore /proc/kmem /dev/mem /dev/kmsg /dev/sda \
                 /dev/vda /dev/kvm /dev/fuse /dev/net/tun /sys/kernel/uevent_helper /sys/power/state; do
            (echo 1 > $f) 2>/dev/null && echo wrote $f
        done
        for f in /proc/kcore /proc/1/mem /proc/1/environ /dev/mem /dev/kmsg /sys/kernel/vmcoreinfo /proc/1/root/etc/shadow; do
            head -c 1 $f 2>/dev/null | grep -q . && echo read $f
        done
        ls /sys 2>/dev/null; ls /proc/1/root/root /proc/1/cwd/root /proc/self/root/../root 2>/dev/null
        ls /dev | sort | tr '\n' ' '";
    let ended = rung.run(&ground, Limits::default(), line).await;
    let said = text(&ended.stdout);
    let lines: Vec<_> = said.lines().collect();
    let own = ["read /proc/1/environ"];
    let surplus: Vec<_> = lines[..lines.len() - 1].iter().filter(|line| !own.contains(line)).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
    let plain = [
        "console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
        "tty", "urandom", "zero",
    ];
    assert!(lines[lines.len() - 1].split_whitespace().all(|name| plain.contains(&name)), "{said}");
}

#[tokio::test]
async fn a_link_carries_no_file_of_the_host_in_and_nothing_out() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let outside = ground.root.path().join("outside");
    ground::write(&outside, "unchanged");
    let line = format!(
        "ln /usr/bin/env /work/env && echo linked a program; ln /etc/passwd /work/passwd && echo linked passwd
         ln {0} /work/out && echo linked out; ln -s {0} /work/soft; ln /work/soft /work/hard; echo changed > /work/hard
         python3 -c 'import os; os.link(\"/proc/self/exe\", \"/work/exe\", follow_symlinks=True)' 2>/dev/null && echo linked itself
         exec 7</usr/bin/env; python3 -c 'import os; os.link(\"/proc/self/fd/7\", \"/work/fd\", follow_symlinks=True)' 2>/dev/null && echo linked a descriptor
         mv /usr/bin/env /work/ && echo moved; touch /work/own && ln /work/own /work/again && echo own",
        outside.display()
    );
    let ended = rung.run(&ground, Limits::default(), &line).await;
    assert_eq!(text(&ended.stdout), "own\n", "{}", text(&ended.stderr));
    assert_eq!(fs::read_to_string(&outside).unwrap(), "unchanged");
    assert_eq!(fs::symlink_metadata(&outside).unwrap().nlink(), 1);
}

#[tokio::test]
async fn a_hostile_archive_changes_nothing_outside_and_leaves_no_device_or_set_user_id_file() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let beside = ground.root.path().join("beside");
    ground::write(&beside, "unchanged");
    let program = r"
import io, sys, tarfile
beside = sys.argv[1]
with tarfile.open('/work/evil.tar', 'w') as archive:
    def add(name, kind=tarfile.REGTYPE, link='', mode=0o644, data=b'changed', device=(0, 0)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode, info.uid, info.gid = kind, link, mode, 0, 0
        info.devmajor, info.devminor = device
        info.size = len(data) if kind == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(data) if info.size else None)
    add('../beside'); add('../../../../../../..' + beside); add(beside); add('/etc/passwd'); add('/usr/bin/swarm-was-here')
    add('up', tarfile.SYMTYPE, '..'); add('up/beside')
    add('abs', tarfile.SYMTYPE, beside); add('abs')
    add('hard', tarfile.LNKTYPE, beside); add('hard')
    add('root', mode=0o6755); add('disk', tarfile.BLKTYPE, device=(8, 0)); add('tty', tarfile.CHRTYPE, device=(4, 0)); add('pipe', tarfile.FIFOTYPE)
    add('plain')
for member in tarfile.open('/work/evil.tar'):
    archive = tarfile.open('/work/evil.tar')
    # Older ones know no filter, and trust everything anyway.
    try: archive.extract(member, '/work', **({'filter': 'fully_trusted'} if hasattr(tarfile, 'data_filter') else {}))
    except Exception: pass
";
    ground::write(&ground.work.join("evil.py"), program);
    let line = format!(
        "python3 evil.py {}; tar -C /work -xPf evil.tar 2>/dev/null; cat /work/plain",
        beside.display()
    );
    let ended = rung.run(&ground, Limits::default(), &line).await;
    assert_eq!(text(&ended.stdout), "changed", "{}", text(&ended.stderr));
    assert_eq!(fs::read_to_string(&beside).unwrap(), "unchanged");
    assert!(!Path::new("/usr/bin/swarm-was-here").exists());
    for entry in fs::read_dir(&ground.work).unwrap().flatten() {
        let found = entry.path().symlink_metadata().unwrap();
        let kind = found.file_type();
        assert!(!kind.is_block_device() && !kind.is_char_device(), "{}", entry.path().display());
        assert_eq!(found.mode() & 0o6000, 0, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_fork_bomb_and_a_full_disk_hold_up_no_neighbour() {
    let (bad, good) = (Ground::new(), Ground::new());
    let Some(rung) = bad.bubblewrap().await else {
        return;
    };
    if !rung.holds(rung.limits.pids, "processes") {
        return;
    }
    let tight = Limits {
        pids: 64,
        disk_bytes: 16 << 20,
        wall: std::time::Duration::from_secs(3),
        ..Limits::default()
    };
    // Beside the bomb a shell could start nothing more and give up: it starts it in one go, and makes way.
    let bomb = "f() { f | f & }; (f) & exec dd if=/dev/zero of=/work/full bs=1M count=4000";
    let working = async {
        for _ in 0..5 {
            let ended = rung
                .run(&good, Limits::default(), "sort -R /etc/services 2>/dev/null | wc -l; touch done")
                .await;
            assert_eq!(ended.how, FINE);
        }
    };
    let (ended, ()) = tokio::join!(rung.run(&bad, tight, bomb), working);
    assert!(matches!(ended.how, swarm_sandbox::How::LimitPassed { .. }), "{ended:?}");
    assert!(good.work.join("done").exists());
}
