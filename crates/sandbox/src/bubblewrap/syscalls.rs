//! The system calls that no sandboxed program may make, as a classic BPF program for `bwrap --seccomp`.
//!
//! Everything else is allowed: a list of what programs need would break compilers and test runners one by one.
//! Refused are
//! - looking into other processes: `ptrace`, `process_vm_*`, `kcmp`, `perf_event_open`;
//! - changing the view of the machine: the `mount` family, `chroot`, `pivot_root`, `unshare`, `setns`, `clone` with a
//!   new namespace (and `clone3`, whose flags a filter cannot see: libraries fall back to `clone`);
//! - wide kernel surfaces: `bpf`, `io_uring`, `userfaultfd`, key rings, modules, `kexec`, swap, quotas, clocks;
//! - sockets other than Unix, IPv4, IPv6 and netlink: a vsock reaches the hypervisor past any network namespace;
//! - making a file set-user-id or set-group-id: it would be one on the host as well;
//! - pushing input into a terminal (`TIOCSTI`, `TIOCLINUX`).

use nix::libc;

const RETURN: u16 = 0x06;
const LOAD_WORD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;

/// Offsets into `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

#[cfg(target_arch = "x86_64")]
const THIS_ARCHITECTURE: Option<u32> = Some(0xC000_003E);
#[cfg(target_arch = "aarch64")]
const THIS_ARCHITECTURE: Option<u32> = Some(0xC000_00B7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const THIS_ARCHITECTURE: Option<u32> = None;

/// System calls numbered from here on are the 32-bit-pointer twins of the plain ones on x86-64.
const TWINS_FROM: u32 = 0x4000_0000;

const NEW_NAMESPACE: u32 = 0x7E02_0000;
const SET_ID_BITS: u32 = 0o6000;
const CREATES: u32 = 0o100 | 0o20_000_000;

#[derive(Clone, Copy)]
struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    operand: u32,
}

fn load(offset: u32) -> Instruction {
    Instruction { code: LOAD_WORD, if_true: 0, if_false: 0, operand: offset }
}

/// The lower half of an argument; both supported machines are little-endian.
fn load_argument(index: u32) -> Instruction {
    load(16 + 8 * index)
}

fn jump(code: u16, operand: u32, if_true: u8, if_false: u8) -> Instruction {
    Instruction { code, if_true, if_false, operand }
}

fn answer(value: u32) -> Instruction {
    Instruction { code: RETURN, if_true: 0, if_false: 0, operand: value }
}

fn allow() -> Instruction {
    answer(libc::SECCOMP_RET_ALLOW)
}

fn refuse(errno: i32) -> Instruction {
    answer(libc::SECCOMP_RET_ERRNO | errno.unsigned_abs())
}

/// The filter, or nothing on a machine type whose numbers are not known here.
pub(super) fn filter() -> Option<Vec<u8>> {
    let architecture = THIS_ARCHITECTURE?;
    let mut program = vec![
        load(ARCHITECTURE),
        jump(JUMP_EQUAL, architecture, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(JUMP_GREATER_OR_EQUAL, TWINS_FROM, 0, 1),
        refuse(libc::ENOSYS),
    ];
    for number in NEVER {
        on(&mut program, *number, &[refuse(libc::EPERM)]);
    }
    for number in AS_IF_ABSENT {
        on(&mut program, *number, &[refuse(libc::ENOSYS)]);
    }
    for (number, index, bits) in WITHOUT_BITS {
        let body = [load_argument(*index), jump(JUMP_ANY_BIT, *bits, 0, 1), refuse(libc::EPERM), allow()];
        on(&mut program, *number, &body);
    }
    for (number, flags, mode) in CREATING {
        let body = [
            load_argument(*flags),
            jump(JUMP_ANY_BIT, CREATES, 0, 3),
            load_argument(*mode),
            jump(JUMP_ANY_BIT, SET_ID_BITS, 0, 1),
            refuse(libc::EPERM),
            allow(),
        ];
        on(&mut program, *number, &body);
    }
    for number in [libc::SYS_socket, libc::SYS_socketpair] {
        let mut body = vec![load_argument(0)];
        for family in [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK] {
            body.extend([jump(JUMP_EQUAL, family.unsigned_abs(), 0, 1), allow()]);
        }
        body.push(refuse(libc::EAFNOSUPPORT));
        on(&mut program, number, &body);
    }
    let mut body = vec![load_argument(1)];
    for request in [0x5412, 0x541C] {
        body.extend([jump(JUMP_EQUAL, request, 0, 1), refuse(libc::EPERM)]);
    }
    body.push(allow());
    on(&mut program, libc::SYS_ioctl, &body);
    program.push(allow());
    Some(program.into_iter().flat_map(bytes).collect())
}

/// Runs `body`, which must answer on every path, when the call is `number`.
fn on(program: &mut Vec<Instruction>, number: libc::c_long, body: &[Instruction]) {
    let (Ok(number), Ok(length)) = (u32::try_from(number), u8::try_from(body.len())) else {
        return;
    };
    program.push(jump(JUMP_EQUAL, number, 0, length));
    program.extend_from_slice(body);
}

fn bytes(instruction: Instruction) -> [u8; 8] {
    let code = instruction.code.to_ne_bytes();
    let operand = instruction.operand.to_ne_bytes();
    let [a, b, c, d] = operand;
    [code[0], code[1], instruction.if_true, instruction.if_false, a, b, c, d]
}

const NEVER: &[libc::c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// Programs have another way for each of these and take it when the kernel is too old to know them.
const AS_IF_ABSENT: &[libc::c_long] = &[
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// A call, one of its arguments, and the bits that must not be in it.
const WITHOUT_BITS: &[(libc::c_long, u32, u32)] = &[
    (libc::SYS_clone, 0, NEW_NAMESPACE),
    (libc::SYS_fchmod, 1, SET_ID_BITS),
    (libc::SYS_fchmodat, 2, SET_ID_BITS),
    (libc::SYS_fchmodat2, 2, SET_ID_BITS),
    (libc::SYS_mknodat, 2, SET_ID_BITS),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1, SET_ID_BITS),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1, SET_ID_BITS),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1, SET_ID_BITS),
];

/// A call that may create a file, its flags, and its mode.
const CREATING: &[(libc::c_long, u32, u32)] = &[
    (libc::SYS_openat, 2, 3),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1, 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_fits_the_kernels_limit_and_ends_by_allowing() {
        let Some(program) = filter() else { return };
        assert_eq!(program.len() % 8, 0);
        assert!(program.len() / 8 < 4096, "the kernel takes at most 4096 instructions");
        assert_eq!(&program[program.len() - 8..], &bytes(allow()));
    }
}
