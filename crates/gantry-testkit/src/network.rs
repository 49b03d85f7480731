//! A network of its own for a process, with a wire to this one, of which parts can be cut.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Gone with its value. Only root can make one.
pub struct Network {
    name: String,
    /// The first three numbers of its addresses.
    prefix: String,
}

impl Network {
    pub fn create() -> Result<Self> {
        ensure!(
            nix::unistd::geteuid().is_root(),
            "only root can make a network: run this test as root"
        );
        let number = rand::random::<u16>();
        let network = Self {
            name: format!("gantry{number}"),
            prefix: format!("10.231.{}", number % 256),
        };
        let (name, wire) = (&network.name, format!("gt{number}"));
        ip(&format!("netns add {name}"))?;
        ip(&format!(
            "link add {wire} type veth peer name inside netns {name}"
        ))?;
        ip(&format!("address add {}/24 dev {wire}", network.outside()))?;
        ip(&format!("link set {wire} up"))?;
        ip(&format!(
            "-n {name} address add {}.2/24 dev inside",
            network.prefix
        ))?;
        ip(&format!("-n {name} link set inside up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        Ok(network)
    }

    /// Under which address who is inside finds who is outside.
    pub fn outside(&self) -> String {
        format!("{}.1", self.prefix)
    }

    /// What a process enters it by.
    pub fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// Lets nothing through any more between who is inside and these ports outside, without a word to
    /// either: as when a cable is cut.
    pub fn cut(&self, ports: &[u16]) -> Result<()> {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let ports = ports.join(", ");
        self.nft(&format!(
            "table ip cut {{\n\
             chain out {{ type filter hook output priority 0; tcp dport {{ {ports} }} drop; }}\n\
             chain in {{ type filter hook input priority 0; tcp sport {{ {ports} }} drop; }}\n\
             }}"
        ))
    }

    pub fn mend(&self) -> Result<()> {
        self.nft("delete table ip cut")
    }

    fn nft(&self, rules: &str) -> Result<()> {
        let mut nft = Command::new("ip");
        let output = nft
            .args(["netns", "exec", &self.name, "nft", rules])
            .output()
            .context("this test needs `ip` and `nft`: apt-get install iproute2 nftables")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "nft {rules}: {said}");
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The wire goes with one of its ends.
        let _ = ip(&format!("netns delete {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<()> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .context("this test needs `ip`: apt-get install iproute2")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {arguments}: {said}");
    Ok(())
}
