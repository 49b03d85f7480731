//! The addresses at which clouds hand out the identity of the machine.
//!
//! Whoever reaches them from inside a run has the worker's own identity, which can assume every role:
//! this reach *is* the border between read and write. The network of a child is the host's, so as
//! root one nftables table of ours rejects these addresses for the uids of runs, and for nobody else.
//! A mapped form (`::ffff:169.254.169.254`) leaves the machine as the IPv4 address and meets the same
//! rule.
//!
//! Without root, or where nftables can't be had, nothing is filtered. Then a worker must only take runs
//! while [`probe`] finds no service: at start, and again before each write phase.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::sandbox::UserRange;

const V4: [Ipv4Addr; 3] = [
    // AWS, Azure, Google and most others.
    Ipv4Addr::new(169, 254, 169, 254),
    // Credentials of ECS tasks, and of EKS pods.
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
];

const V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254),
    // 169.254.169.254 through a NAT64 gateway.
    Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// Whether runs are kept from metadata services. `Display` is the sentence for `doctor` and the run.
#[derive(Debug)]
pub enum MetadataFilter {
    /// The table lives as long as this value.
    Filtered(Table),
    NotFiltered {
        reason: String,
    },
}

/// Our table. Removed by `close`, or when dropped.
#[derive(Debug)]
pub struct Table {
    name: Option<String>,
}

/// A metadata service that a run could talk to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a cloud metadata service answers at {addresses} and runs could take the machine's identity from it: \
     start the worker as root with nftables (`nft`) installed, or block these addresses for its user"
)]
pub struct MetadataReachable {
    pub addresses: String,
}

impl MetadataFilter {
    /// Puts the table in place, replacing what an earlier worker of the same `id` left. Blocks for a few
    /// milliseconds.
    pub fn install(id: &str, users: UserRange) -> Self {
        let not = |reason: String| MetadataFilter::NotFiltered { reason };
        if !nix::unistd::geteuid().is_root() {
            return not("the worker is not root".to_owned());
        }
        let name = table_name(id);
        match nft(&ruleset(&name, users)) {
            Ok(()) => MetadataFilter::Filtered(Table { name: Some(name) }),
            Err(reason) => not(reason),
        }
    }

    pub fn is_filtered(&self) -> bool {
        matches!(self, MetadataFilter::Filtered(_))
    }

    /// Removes the table and says whether that went well.
    pub fn close(self) -> Result<(), String> {
        match self {
            MetadataFilter::Filtered(mut table) => table.remove(),
            MetadataFilter::NotFiltered { .. } => Ok(()),
        }
    }
}

impl fmt::Display for MetadataFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetadataFilter::Filtered(_) => {
                f.write_str("cloud metadata addresses are filtered: rejected for the users of runs")
            }
            MetadataFilter::NotFiltered { reason } => write!(
                f,
                "cloud metadata addresses are not filtered ({reason}): \
                 runs are taken only while no metadata service answers"
            ),
        }
    }
}

impl Table {
    fn remove(&mut self) -> Result<(), String> {
        match self.name.take() {
            // Adding it first makes the removal of one that is gone succeed.
            Some(name) => nft(&format!(
                "add table inet {name}\ndelete table inet {name}\n"
            )),
            None => Ok(()),
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

/// Tries each address with the network and, as root, the uid of a run. Takes `patience` at most, and
/// much less where the addresses lead nowhere. With a filter it checks that the filter works.
pub async fn probe(users: UserRange, patience: Duration) -> Result<(), MetadataReachable> {
    let uid = nix::unistd::geteuid().is_root().then_some(users.first);
    let addresses = V4.map(IpAddr::V4).into_iter().chain(V6.map(IpAddr::V6));
    let attempts: Vec<_> = addresses
        .map(|address| {
            let socket = SocketAddr::new(address, 80);
            tokio::task::spawn_blocking(move || answers(socket, uid, patience).then_some(address))
        })
        .collect();
    let mut found = Vec::new();
    for attempt in attempts {
        found.extend(
            attempt
                .await
                .ok()
                .flatten()
                .map(|address| address.to_string()),
        );
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(MetadataReachable {
            addresses: found.join(", "),
        }),
    }
}

/// Whether a connection is accepted. Each attempt has a thread of its own, which takes the run's uid
/// for itself alone: the system call, unlike the library's function, leaves other threads as they are.
fn answers(socket: SocketAddr, uid: Option<u32>, patience: Duration) -> bool {
    let attempt = std::thread::spawn(move || {
        if let Some(uid) = uid {
            // SAFETY: two system calls with numbers.
            let taken = unsafe {
                libc::syscall(libc::SYS_setresgid, uid, uid, uid) == 0
                    && libc::syscall(libc::SYS_setresuid, uid, uid, uid) == 0
            };
            if !taken {
                return false;
            }
        }
        TcpStream::connect_timeout(&socket, patience).is_ok()
    });
    attempt.join().unwrap_or(false)
}

/// A name that nftables takes, from an ID that may hold anything.
fn table_name(id: &str) -> String {
    let id: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(48)
        .collect();
    format!("gantry_{id}")
}

/// One transaction: the old table goes and the new one comes without a gap.
fn ruleset(name: &str, users: UserRange) -> String {
    let last = users.first.saturating_add(users.count.saturating_sub(1));
    let of_runs = format!("meta skuid {}-{last}", users.first);
    let v4 = V4.map(|address| address.to_string()).join(", ");
    let v6 = V6.map(|address| address.to_string()).join(", ");
    format!(
        "add table inet {name}\n\
         delete table inet {name}\n\
         table inet {name} {{\n\
         \tchain output {{\n\
         \t\ttype filter hook output priority -10; policy accept;\n\
         \t\t{of_runs} ip daddr {{ {v4} }} reject\n\
         \t\t{of_runs} ip6 daddr {{ {v6} }} reject\n\
         \t}}\n\
         }}\n"
    )
}

fn nft(script: &str) -> Result<(), String> {
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| "nftables (`nft`) is not installed".to_owned())?;
    if let Some(mut input) = child.stdin.take() {
        // Its own words tell more than a broken pipe.
        let _ = input.write_all(script.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| format!("nft: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "nft refused: {}",
                said.lines().next().unwrap_or("without a word")
            ))
        }
    }
}
