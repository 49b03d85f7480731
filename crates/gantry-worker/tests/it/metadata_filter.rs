//! With a listener on a real metadata address, added to the loopback device for the time of the test.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use gantry_worker::metadata_filter::{self, MetadataFilter};
use gantry_worker::sandbox::{SandboxMode, UserRange};

use crate::stage::{Stage, root};

const V4: &str = "169.254.169.254";
const V6: &str = "fd00:ec2::254";

/// Addresses of the loopback device, removed in the end.
struct Addresses(Vec<&'static str>);

impl Addresses {
    fn add() -> Option<Self> {
        let mut added = Self(Vec::new());
        for address in ["169.254.169.254/32", "fd00:ec2::254/128"] {
            match ip(&["addr", "add", address, "dev", "lo"]) {
                true => added.0.push(address),
                false => eprintln!("the address {address} can't be added to the loopback device"),
            }
        }
        added.0.contains(&"169.254.169.254/32").then_some(added)
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        for address in &self.0 {
            ip(&["addr", "del", address, "dev", "lo"]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip")
        .args(arguments)
        .status()
        .is_ok_and(|status| status.success())
}

/// Waits a while where something else on this machine listens there for the moment.
fn listen(address: &str) -> TcpListener {
    for _ in 0..300 {
        match TcpListener::bind((address, 80)) {
            Ok(listener) => return listener,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(error) => panic!("{address}: {error}"),
        }
    }
    panic!("something else listens at {address}")
}

/// What a child learns when it asks the service.
fn ask(address: &str) -> String {
    format!(
        "python3 -c 'import socket; socket.create_connection((\"{address}\", 80), 2); print(\"answered\")' \
         2>&1 | tail -1"
    )
}

#[tokio::test]
async fn a_metadata_service_is_out_of_reach_for_runs_alone() {
    if !root() {
        eprintln!(
            "only root can add the address and the filter: see the run of these tests as root"
        );
        return;
    }
    // The address is the machine's: one test at a time, in all processes.
    let lock =
        std::fs::File::create(std::env::temp_dir().join("gantry-metadata-test.lock")).unwrap();
    lock.lock().unwrap();
    let Some(addresses) = Addresses::add() else {
        eprintln!("NOT TESTED: no metadata address can be added here");
        return;
    };
    let _listener = listen(V4);
    let v6 = addresses.0.len() == 2;
    let _listener_v6 = v6.then(|| listen(V6));

    // Not those of a worker that may be at work on this machine, with a filter of its own.
    let users = UserRange {
        first: 810_000,
        count: 10,
    };
    let stage = Stage::of_users(SandboxMode::Bubblewrap, Default::default(), users);
    let workspace = stage.run(&[]);
    let patience = Duration::from_millis(500);
    let mut forms = vec![V4, "::ffff:169.254.169.254"];
    forms.extend(v6.then_some(V6));

    // Without a filter the child and the probe reach it: otherwise the rest proves nothing.
    for form in &forms {
        let said = stage.sh(workspace.initialize(), &ask(form)).await;
        assert_eq!(said, "answered\n", "{form}");
    }
    let reachable = metadata_filter::probe(users, patience).await.unwrap_err();
    assert!(reachable.to_string().contains(V4), "{reachable}");

    let id = format!("test{}", std::process::id());
    let filter = MetadataFilter::install(&id, users);
    assert!(filter.is_filtered(), "{filter}");
    // Again: a table that an earlier worker left is replaced.
    let again = MetadataFilter::install(&id, users);
    assert!(again.is_filtered(), "{again}");
    for form in &forms {
        let said = stage.sh(workspace.initialize(), &ask(form)).await;
        assert!(said.contains("Error"), "{form}: {said}");
    }
    metadata_filter::probe(users, patience).await.unwrap();
    // The worker itself is not a run.
    std::net::TcpStream::connect((V4, 80)).unwrap();

    again.close().unwrap();
    drop(filter);
    let tables = Command::new("nft")
        .args(["list", "tables"])
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&tables.stdout).contains(&id));
    let said = stage.sh(workspace.initialize(), &ask(V4)).await;
    assert_eq!(said, "answered\n");
}

#[tokio::test]
async fn where_no_service_is_the_probe_is_content() {
    if root() {
        // The test above may have a listener there.
        return;
    }
    let filter = MetadataFilter::install("x", UserRange::default());
    assert!(
        filter
            .to_string()
            .contains("not filtered (the worker is not root)"),
        "{filter}"
    );
}
