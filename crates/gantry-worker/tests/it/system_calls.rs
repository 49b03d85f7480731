//! What the kernel refuses a child, asked from inside.

use gantry_worker::child::Outcome;

use crate::stage::{Stage, tool};

/// Says of each call how it went, by the name of the error.
const ASK: &str = r#"
import ctypes, errno, socket
libc = ctypes.CDLL(None, use_errno=True)

def call(name, number, *arguments):
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    said = errno.errorcode.get(ctypes.get_errno(), "?") if answer == -1 else "done"
    print(name, said)

def open_socket(name, family, kind=socket.SOCK_STREAM):
    try:
        socket.socket(family, kind, 0).close()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
"#;

async fn ask(questions: &str) -> Vec<String> {
    let stage = Stage::new();
    let text = format!("python3 - <<'END'\n{ASK}\n{questions}\nEND");
    let said = stage.sh(stage.run(&[]).initialize(), &text).await;
    said.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn only_the_usual_families_of_sockets_can_be_opened() {
    let said = ask(r#"
open_socket("unix", socket.AF_UNIX)
open_socket("inet", socket.AF_INET)
open_socket("inet6", socket.AF_INET6)
open_socket("netlink", socket.AF_NETLINK, socket.SOCK_RAW)
open_socket("vsock", socket.AF_VSOCK)
open_socket("packet", socket.AF_PACKET, socket.SOCK_RAW)
open_socket("alg", socket.AF_ALG, socket.SOCK_SEQPACKET)
open_socket("bluetooth", 31, socket.SOCK_RAW)
open_socket("tipc", socket.AF_TIPC)
open_socket("xdp", 44, socket.SOCK_RAW)
pair = ctypes.c_int * 2
print("pair-of-unix", libc.socketpair(1, 1, 0, pair()))
print("pair-of-tipc", libc.socketpair(30, 1, 0, pair()), errno.errorcode[ctypes.get_errno()])
# The kernel takes the lower half of the register for the family.
libc.socket.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_int]
print("upper-half", libc.socket((1 << 32) | 40, 1, 0), errno.errorcode[ctypes.get_errno()])
"#)
    .await;
    let mut expected = vec![
        "unix done",
        "inet done",
        "inet6 done",
        "netlink done",
        "vsock EAFNOSUPPORT",
        "packet EAFNOSUPPORT",
        "alg EAFNOSUPPORT",
        "bluetooth EAFNOSUPPORT",
        "tipc EAFNOSUPPORT",
        "xdp EAFNOSUPPORT",
        "pair-of-unix 0",
        "pair-of-tipc -1 EAFNOSUPPORT",
        "upper-half -1 EAFNOSUPPORT",
    ];
    if !std::path::Path::new("/proc/net/if_inet6").exists() {
        eprintln!("this kernel has no IPv6: its family can't be tried");
        expected.retain(|line| !line.starts_with("inet6"));
    }
    let said: Vec<_> = said
        .iter()
        .filter(|line| !line.starts_with("inet6") || expected.contains(&"inet6 done"))
        .collect();
    assert_eq!(said, expected);
}

#[tokio::test]
#[cfg(target_arch = "x86_64")]
async fn the_weak_sides_of_the_kernel_are_closed() {
    let said = ask(r#"
for name, number in [
    ("add_key", 248), ("request_key", 249), ("keyctl", 250),
    ("ptrace", 101), ("process_vm_readv", 310), ("process_vm_writev", 311), ("kcmp", 312),
    ("pidfd_getfd", 438), ("mount", 165), ("umount2", 166), ("pivot_root", 155), ("setns", 308),
    ("open_tree", 428), ("move_mount", 429), ("fsopen", 430), ("fsconfig", 431), ("fsmount", 432),
    ("fspick", 433), ("mount_setattr", 442), ("open_tree_attr", 467), ("open_by_handle_at", 304),
    ("bpf", 321), ("perf_event_open", 298), ("userfaultfd", 323), ("kexec_load", 246),
    ("kexec_file_load", 320), ("init_module", 175), ("finit_module", 313), ("delete_module", 176),
    ("acct", 163), ("swapon", 167), ("swapoff", 168), ("reboot", 169), ("quotactl", 179),
    ("quotactl_fd", 443), ("syslog", 103),
]:
    # Arguments that are wrong otherwise: only a refusal that looks at none of them says EPERM.
    call(name, number, -1, -1, -1, -1, -1, -1)
for name, flag in [
    ("user", 0x10000000), ("mount", 0x20000), ("pid", 0x20000000), ("net", 0x40000000),
    ("ipc", 0x8000000), ("uts", 0x4000000), ("cgroup", 0x2000000), ("time", 0x80),
]:
    call("unshare-" + name, 272, flag)
    if name != "time":
        call("clone-" + name, 56, flag | 17, 0, 0, 0, 0)
"#)
    .await;
    assert_eq!(said.len(), 36 + 15, "{said:#?}");
    for line in &said {
        assert!(line.ends_with(" EPERM"), "{line}");
    }
    let said = ask(
        r#"
for name, number in [("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427), ("clone3", 435)]:
    call(name, number, 0, 0, 0, 0, 0, 0)
# The same calls by the numbers of another way in.
call("x32-getpid", 0x40000000 | 39)
call("x32-keyctl", 0x40000000 | 250)
# What programs do all the time.
call("getpid", 39)
call("unshare-of-files", 272, 0x400)
"#,
    )
    .await;
    assert_eq!(
        said,
        [
            "io_uring_setup ENOSYS",
            "io_uring_enter ENOSYS",
            "io_uring_register ENOSYS",
            "clone3 ENOSYS",
            "x32-getpid ENOSYS",
            "x32-keyctl ENOSYS",
            "getpid done",
            "unshare-of-files done",
        ]
    );
}

#[tokio::test]
async fn every_process_of_a_child_is_filtered() {
    let stage = Stage::new();
    let said = stage
        .sh(
            stage.run(&[]).initialize(),
            "grep -h ^Seccomp: /proc/[0-9]*/status | sort -u",
        )
        .await;
    // Mode 2 is a filter.
    assert_eq!(said, "Seccomp:\t2\n");
}

#[tokio::test]
async fn the_tools_of_a_phase_work_as_ever() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", "resource \"terraform_data\" \"it\" {}")]);
    for arguments in [
        &["init", "-input=false"][..],
        &["apply", "-input=false", "-auto-approve"],
    ] {
        let launch = tool(&stage, workspace.initialize(), arguments);
        let (ended, output) = stage.child(launch).await;
        assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    }
    let said = stage
        .sh(
            stage.run(&[]).initialize(),
            "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && \
             git clone -q . copy && git -C copy log --format=%s && \
             python3 -c 'import subprocess, threading, multiprocessing, socket\n\
             t = threading.Thread(target=lambda: print(\"thread\", flush=True)); t.start(); t.join()\n\
             p = multiprocessing.Process(target=lambda: print(\"process\", flush=True)); p.start(); p.join()\n\
             print(subprocess.run([\"echo\", \"child\"], capture_output=True, text=True).stdout, end=\"\")\n\
             print(socket.getaddrinfo(\"localhost\", 80)[0][4][1])'",
        )
        .await;
    assert_eq!(said, "one\nthread\nprocess\nchild\n80\n");
}
