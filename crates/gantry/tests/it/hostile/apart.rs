use std::future::Future;
use std::process::Command;

use gantry_testkit::{provider, venv};

/// Addresses at which clouds hand out the identity of a machine.
pub const METADATA: [&str; 3] = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254"];

pub fn root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs a test on a thread with a network of its own, where that is allowed. Everything the thread
/// starts is in that network too.
pub fn apart<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let thread = std::thread::spawn(move || {
        // Both may want to fetch something, which is possible only out here.
        provider::mirror().unwrap_or_else(|error| panic!("{error:#}"));
        venv::venv().unwrap_or_else(|error| panic!("{error:#}"));
        if root() {
            leave_the_network();
        }
        leave_the_keyring();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(test());
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A keyring of our own, so that what a test puts into it ends with it.
fn leave_the_keyring() {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    let anonymous = std::ptr::null::<libc::c_char>();
    // SAFETY: no name is given.
    let id = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, anonymous) };
    assert!(id > 0, "no keyring: {}", std::io::Error::last_os_error());
}

fn leave_the_network() {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
    ip(&["link", "set", "lo", "up"]);
    for address in METADATA {
        let bits = if address.contains(':') { 128 } else { 32 };
        ip(&["address", "add", &format!("{address}/{bits}"), "dev", "lo"]);
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .expect("these tests need `ip` when they run as root: apt-get install iproute2");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments:?}: {said}");
}
