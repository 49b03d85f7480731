//! What a child may not ask of the kernel, as a seccomp program that bubblewrap puts in place right
//! before the command starts.
//!
//! The network namespace is the host's, so every family of sockets that isn't bound to it or to a
//! path is a way out of the box: through `AF_VSOCK` to the hypervisor, through others to the
//! machine's radio or storage. And the namespaces are only as strong as the kernel behind them, so
//! what has often been its weak side and no tool of ours needs is refused: a list of refusals, not
//! of permissions, because nobody can know what a provider will ask tomorrow.
//!
//! Where programs have a second way, the answer is that the kernel lacks the first (`ENOSYS`:
//! `clone3`, whose flags no filter can read, and `io_uring`, which opens sockets past every filter).

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

/// As if the child had no right to them, which without privileges it mostly hasn't.
const REFUSED: &[c_long] = &[
    // Keys of the kernel's keyrings are of no namespace.
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    // Other processes: those of the same phase have the same user.
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    // Mounts and namespaces.
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_pivot_root,
    libc::SYS_setns,
    libc::SYS_umount2,
    // Of the kernel itself.
    libc::SYS_acct,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_perf_event_open,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_userfaultfd,
];

/// As if the kernel did not know them.
const UNKNOWN: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
];

/// The only families of sockets. `AF_NETLINK` lists the interfaces, which every resolver does.
const FAMILIES: [i32; 4] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
];

const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Of `unshare` alone: in `clone` this bit belongs to a signal.
const CLONE_NEWTIME: i32 = 0x80;

/// Linux 6.15; the same number everywhere.
const OPEN_TREE_ATTR: c_long = 467;

/// The program, as `bwrap --seccomp` reads it.
pub(super) fn program() -> Result<Vec<u8>, BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = REFUSED.iter().map(|call| (*call, vec![]));
    let refused = refused.chain([
        (libc::SYS_clone, any_of(0, &NAMESPACES)?),
        (
            libc::SYS_unshare,
            [any_of(0, &NAMESPACES)?, any_of(0, &[CLONE_NEWTIME])?].concat(),
        ),
    ]);
    let unknown = UNKNOWN.iter().map(|call| (*call, vec![]));
    let other_families = [libc::SYS_socket, libc::SYS_socketpair];
    let other_families = other_families
        .into_iter()
        .map(|call| Ok((call, vec![none_of(0, &FAMILIES)?])))
        .collect::<Result<Vec<_>, BackendError>>()?;
    let parts = [
        (refused.collect(), libc::EPERM),
        (unknown.collect(), libc::ENOSYS),
        (other_families.into_iter().collect(), libc::EAFNOSUPPORT),
    ];
    let mut program = foreign_numbers(architecture);
    for (rules, error) in parts {
        let part = filter(rules, error, architecture)?;
        program = one_after_the_other(program, part);
    }
    Ok(program.iter().flat_map(bytes).collect())
}

fn filter(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    error: i32,
    architecture: TargetArch,
) -> Result<BpfProgram, BackendError> {
    let error = SeccompAction::Errno(error.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, error, architecture)?.try_into()
}

/// The flags are a word in a register, whose upper half means nothing.
fn any_of(argument: u8, flags: &[i32]) -> Result<Vec<SeccompRule>, BackendError> {
    let rules = flags.iter().map(|flag| {
        let flag = u64::from(flag.cast_unsigned());
        let set = SeccompCondition::new(argument, Length::Dword, Is::MaskedEq(flag), flag)?;
        SeccompRule::new(vec![set])
    });
    rules.collect()
}

fn none_of(argument: u8, values: &[i32]) -> Result<SeccompRule, BackendError> {
    let conditions = values.iter().map(|value| {
        let value = u64::from(value.cast_unsigned());
        SeccompCondition::new(argument, Length::Dword, Is::Ne, value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

const RETURN: u16 = 0x06;
const LOAD_WORD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_IF_AT_LEAST: u16 = 0x35;

/// 64-bit kernels of this architecture may know every call a second time, under a number with this
/// bit, and the filters' numbers have none.
const X32: u32 = 0x4000_0000;

fn foreign_numbers(architecture: TargetArch) -> BpfProgram {
    let instruction = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    match architecture {
        TargetArch::x86_64 => vec![
            instruction(LOAD_WORD, 0, 0),
            instruction(JUMP_IF_AT_LEAST, 1, X32),
            instruction(
                RETURN,
                0,
                libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned(),
            ),
        ],
        TargetArch::aarch64 | TargetArch::riscv64 => vec![],
    }
}

/// What the first lets pass, the second looks at: a filter has one error, and we need three.
fn one_after_the_other(first: BpfProgram, second: BpfProgram) -> BpfProgram {
    let end = first.len();
    let first = first.into_iter().enumerate().map(|(place, instruction)| {
        match (instruction.code, instruction.k) {
            (RETURN, libc::SECCOMP_RET_ALLOW) => sock_filter {
                code: JUMP,
                jt: 0,
                jf: 0,
                // Programs are a few hundred instructions long.
                k: (end - place - 1) as u32,
            },
            _ => instruction,
        }
    });
    first.chain(second).collect()
}

fn bytes(instruction: &sock_filter) -> [u8; 8] {
    let [c0, c1] = instruction.code.to_ne_bytes();
    let [k0, k1, k2, k3] = instruction.k.to_ne_bytes();
    [c0, c1, instruction.jt, instruction.jf, k0, k1, k2, k3]
}
