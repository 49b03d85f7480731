use std::collections::BTreeSet;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use gantry_worker::child::{Command, Outcome, Tree};
use gantry_worker::sandbox::SandboxError;
use secrecy::SecretString;

use crate::stage::{Stage, launch, root, shell};

const CANARY: &str = "canary-6b1f0e";

/// Files that a child must not find, removed in the end.
fn plant(stage: &Stage) -> Vec<tempfile::NamedTempFile> {
    let mut places = vec![
        "/tmp".into(),
        "/var/tmp".into(),
        stage.directory.path().to_path_buf(),
    ];
    if root() {
        places.extend(["/root".into(), "/run".into(), "/home".into(), "/var".into()]);
    }
    places
        .into_iter()
        .map(|place: std::path::PathBuf| {
            use std::os::unix::fs::PermissionsExt;
            let mut file = tempfile::Builder::new()
                .prefix(".canary")
                .tempfile_in(&place)
                .unwrap();
            file.write_all(CANARY.as_bytes()).unwrap();
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
            file
        })
        .collect()
}

fn search(canaries: &[tempfile::NamedTempFile]) -> String {
    let paths: Vec<String> = canaries
        .iter()
        .map(|file| format!("cat '{}'\n", file.path().display()))
        .collect();
    format!(
        "{{ {} grep -rs {CANARY} /home /root /run /var /tmp /mnt /etc /opt; }} 2>/dev/null; true",
        paths.concat()
    )
}

#[tokio::test]
async fn the_probe_succeeds() {
    let stage = Stage::new();
    stage
        .sandbox
        .probe()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn the_sandbox_costs_little() {
    let (boxed, bare) = (Stage::new(), Stage::insecure());
    let (in_box, alone) = (boxed.run(&[]), bare.run(&[]));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..30 {
        for (n, (stage, workspace)) in [(&boxed, &in_box), (&bare, &alone)].into_iter().enumerate()
        {
            let program = Command::Program(vec!["/bin/true".to_owned()]);
            let launch = launch(workspace.initialize(), program);
            let before = Instant::now();
            let (ended, output) = stage.child(launch).await;
            times[n].push(before.elapsed());
            assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    // The fastest of each: other tests run beside this one.
    let [boxed, bare] = times.map(|times| times[0]);
    println!("a child with a sandbox {boxed:?}, without {bare:?}");
    assert!(
        boxed < bare + Duration::from_millis(100),
        "{boxed:?} against {bare:?}"
    );
}

#[tokio::test]
async fn canaries_of_the_host_are_out_of_sight() {
    let stage = Stage::new();
    let canaries = plant(&stage);
    let found = stage
        .sh(stage.run(&[]).initialize(), &search(&canaries))
        .await;
    assert_eq!(found, "");
}

#[tokio::test]
async fn without_the_sandbox_the_same_search_finds_them() {
    let stage = Stage::insecure();
    let canaries = plant(&stage);
    let text: Vec<String> = canaries
        .iter()
        .map(|file| format!("cat '{}'; ", file.path().display()))
        .collect();
    let found = stage
        .sh(
            stage.run(&[]).initialize(),
            &format!("{} true", text.concat()),
        )
        .await;
    assert!(found.contains(CANARY), "{found}");
}

#[tokio::test]
async fn the_root_is_an_allowlist() {
    let stage = Stage::new();
    let view = stage.run(&[]).initialize();
    let seen = stage
        .sh(
            view,
            "ls -A /; echo --; ls -A /mnt /mnt/workspace /home /opt/gantry",
        )
        .await;
    let allowed: BTreeSet<&str> = [
        "bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "mnt", "opt", "proc",
        "sbin", "tmp", "usr",
    ]
    .into();
    for name in seen.split("--").next().unwrap().lines() {
        assert!(allowed.contains(name), "/{name} is visible");
    }
    assert!(seen.contains("source") && seen.contains("gantry"), "{seen}");
}

#[tokio::test]
async fn the_environment_is_built_from_nothing() {
    let stage = Stage::new();
    let mut launch = shell(
        stage.run(&[]).initialize(),
        "/usr/bin/env -0 | sort -z | tr '\\0' '\\n'",
    );
    launch.environment = vec![
        (
            "AWS_SECRET_ACCESS_KEY".to_owned(),
            SecretString::from("first"),
        ),
        (
            "AWS_SECRET_ACCESS_KEY".to_owned(),
            SecretString::from("a b'\"$x\nline two"),
        ),
        ("PATH".to_owned(), SecretString::from("/nowhere")),
        ("LD_PRELOAD".to_owned(), SecretString::from("/nowhere.so")),
    ];
    let (ended, output) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    let output = output
        .lines()
        .filter(|line| !line.contains("LD_PRELOAD"))
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(
        output,
        "AWS_SECRET_ACCESS_KEY=a b'\"$x\nline two\nHOME=/home/gantry\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/mnt/workspace/source"
    );
}

#[tokio::test]
async fn a_variable_that_cannot_exist_is_named() {
    let stage = Stage::new();
    let mut launch = shell(stage.run(&[]).initialize(), "true");
    launch.environment = vec![("A=B".to_owned(), SecretString::from("x"))];
    let (ended, _) = stage.child(launch).await;
    let Outcome::SpawnFailed { reason } = ended.outcome else {
        panic!()
    };
    assert!(reason.contains("`A=B`"), "{reason}");
}

#[tokio::test]
async fn privileges_are_gone_and_the_processes_of_others_invisible() {
    let stage = Stage::new();
    let workspace = stage.run(&[]);
    let uid = workspace
        .user()
        .uid()
        .unwrap_or(nix::unistd::geteuid().as_raw());
    let seen = stage
        .sh(
            workspace.initialize(),
            "id -u; whoami; hostname; grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs):' /proc/self/status; \
             ulimit -c; umask; ls -d /proc/[0-9]* | wc -l; ls -l /proc/self/fd | wc -l; \
             unshare -U true 2>/dev/null || echo no user namespace; touch /x 2>/dev/null || echo read-only; \
             touch /usr/x 2>/dev/null || echo read-only; test -w /etc/passwd || echo not mine",
        )
        .await;
    let expected = format!(
        "{uid}\ngantry\ngantry\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
         CapBnd:\t0000000000000000\nNoNewPrivs:\t1\n0\n0077\n"
    );
    assert!(seen.starts_with(&expected), "{seen}");
    let rest: Vec<&str> = seen[expected.len()..].lines().collect();
    // Itself, the namespace's init and the two of the pipe, at most.
    assert!(rest[0].parse::<u32>().unwrap() <= 5, "{seen}");
    // Total line, three standard ones, the task's text, and the directory being read.
    assert!(rest[1].parse::<u32>().unwrap() <= 7, "{seen}");
    assert_eq!(
        rest[2..],
        ["no user namespace", "read-only", "read-only", "not mine"]
    );
}

#[tokio::test]
async fn no_secret_stands_in_an_argument_list() {
    // Not the canary: other tests search for that one.
    const SECRET: &str = "only-in-memory-5c20";
    let stage = Stage::new();
    let workspace = stage.run(&[]);
    let mut launch = shell(
        workspace.initialize(),
        "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo ready; until test -e seen; do sleep 0.02; done",
    );
    launch.environment = vec![("TOKEN".to_owned(), SecretString::from(SECRET))];
    launch.hooks.before = vec![format!("hidden={SECRET}")];
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<bytes::Bytes>(16);
    let reading = async {
        let mut text = String::new();
        let mut lists = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains("ready") && lists.is_empty() {
                for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                    lists.extend(std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
                }
                std::fs::write(workspace.checkout().join("seen"), "").unwrap();
            }
        }
        (text, String::from_utf8_lossy(&lists).into_owned())
    };
    let run = gantry_worker::child::run(&stage.sandbox, launch, sender, Default::default());
    let (ended, (inside, outside)) = tokio::join!(run, reading);
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{inside}");
    assert!(outside.contains("bwrap") && !outside.contains(SECRET));
    assert!(
        inside.contains("/dev/fd/6") && !inside.contains(SECRET),
        "{inside}"
    );
}

#[tokio::test]
async fn two_runs_have_two_users() {
    if !root() {
        return;
    }
    let stage = Stage::new();
    let (a, b) = (stage.run(&[]), stage.run(&[]));
    assert_ne!(a.user().uid(), b.user().uid());
    let first = a.user().uid();
    drop(a);
    assert_eq!(stage.sandbox.take_user().unwrap().uid(), first);
}

#[tokio::test]
async fn abstract_sockets_of_the_host_are_refused() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let version: Vec<u32> = release
        .split('.')
        .take(2)
        .filter_map(|n| n.parse().ok())
        .collect();
    if version.as_slice() < [6, 12].as_slice() {
        eprintln!("this kernel ({release}) can't refuse abstract sockets: nothing to test");
        return;
    }
    let name = format!("gantry-{CANARY}-{}", std::process::id());
    let listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    assert!(listener.as_raw_fd() > 0);
    let text = format!(
        "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"\\0{name}\")' 2>&1 | tail -1"
    );
    let inside = Stage::new();
    let refused = inside.sh(inside.run(&[]).initialize(), &text).await;
    assert!(refused.contains("PermissionError"), "{refused}");
}

#[tokio::test]
async fn a_background_process_does_not_outlive_the_child() {
    let stage = Stage::new();
    let launch = shell(
        stage.run(&[]).initialize(),
        "setsid sleep 4242 > /dev/null 2>&1 & echo $!",
    );
    let (ended, _) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 });
    assert_eq!(ended.tree, Tree::Gone);
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let list = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert_ne!(list, b"sleep\x004242\x00", "it lives on");
    }
}

#[test]
fn the_errors_say_what_to_do() {
    let missing = SandboxError::BubblewrapMissing.to_string();
    assert!(missing.contains("apt-get install bubblewrap"), "{missing}");
    let refused = SandboxError::NamespacesRefused {
        said: "setting up uid map".into(),
    }
    .to_string();
    assert!(refused.contains("AppArmor"), "{refused}");
}
