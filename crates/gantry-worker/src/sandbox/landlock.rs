//! Abstract unix sockets belong to the network namespace, which the child shares with the host: no
//! mount hides them. Landlock (Linux 6.12 and later) can refuse them, and nothing else is asked of
//! it, because a domain that handles files would keep bubblewrap from mounting.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

const CREATE_RULESET_VERSION: libc::c_uint = 1;
const SCOPE_ABSTRACT_UNIX_SOCKET: u64 = 1;
const FIRST_VERSION_WITH_SCOPES: libc::c_long = 6;

#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

/// The rule set, or `None` where the kernel has none of it.
pub(super) fn abstract_socket_scope() -> Option<OwnedFd> {
    // SAFETY: asks for the version; no memory is passed.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<RulesetAttributes>(),
            0usize,
            CREATE_RULESET_VERSION,
        )
    };
    if version < FIRST_VERSION_WITH_SCOPES {
        return None;
    }
    let attributes = RulesetAttributes {
        handled_access_fs: 0,
        handled_access_net: 0,
        scoped: SCOPE_ABSTRACT_UNIX_SOCKET,
    };
    // SAFETY: the attributes outlive the call and their size is given.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const attributes,
            size_of::<RulesetAttributes>(),
            0 as libc::c_uint,
        )
    };
    // SAFETY: the kernel just returned this descriptor to us; it is close-on-exec.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Enters the domain. Only system calls: it runs between fork and exec.
pub(super) fn enter(ruleset: RawFd) -> std::io::Result<()> {
    // SAFETY: a descriptor and a flag word.
    match unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset, 0 as libc::c_uint) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
