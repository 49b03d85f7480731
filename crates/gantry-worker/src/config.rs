//! What a worker needs to know. The server writes it as one line of JSON to the standard input of
//! the worker it starts: the token never stands in an argument list or an environment. A worker
//! elsewhere has settings of its own.

use std::path::PathBuf;

use gantry_core::ids::WorkerTokenId;
use gantry_core::protocol::{EnvVar, WireSecret};
use gantry_core::proxy::{NoProxyAddress, ProxyAddress};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// The worker's own directory: mirrors of repositories, runs, what it could not report.
    pub data_dir: PathBuf,
    pub server: Server,
    /// Runs at a time; `None`: as many as the machine has cores.
    #[serde(default)]
    pub slots: Option<usize>,
    /// Holds `<engine>/<version>/<binary>`, such as `terraform/1.11.4/terraform`.
    #[serde(default)]
    pub versions_dir: Option<PathBuf>,
    /// Where `git`, and tools that `versions_dir` lacks, are searched.
    #[serde(default = "default_path")]
    pub path: Vec<PathBuf>,
    /// Further directories with programs for children, visible to them under the same path.
    #[serde(default)]
    pub extra_tools: Vec<PathBuf>,
    #[serde(default)]
    pub downloads: Downloads,
    #[serde(default)]
    pub providers: Providers,
    /// Bytes that providers may take which are kept for later runs of their stack; 0: none are.
    #[serde(default)]
    pub provider_cache: u64,
    #[serde(default)]
    pub proxy: Proxy,
    /// Where STS answers, for a worker that assumes roles itself; `None`: as the SDK has it.
    #[serde(default)]
    pub sts_endpoint: Option<String>,
    /// A CA bundle of the installation, for children, for git and for downloads.
    #[serde(default)]
    pub ca_bundle: Option<PathBuf>,
    /// Directories below which a stack's repository may be a local path.
    #[serde(default)]
    pub local_repositories: Vec<PathBuf>,
    /// `--insecure-no-sandbox`.
    #[serde(default)]
    pub insecure_no_sandbox: bool,
    #[serde(default)]
    pub users: Users,
    /// The control group below which children get theirs; empty: the worker's own, `off`: none.
    #[serde(default)]
    pub cgroup: String,
}

/// Where the server is, and who the worker is to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Server {
    /// The one that has started this worker.
    Socket { path: PathBuf, token: WireSecret },
    Elsewhere {
        /// `https://host:port`.
        url: String,
        /// The certificate (PEM) of the one authority that counts.
        authority: String,
        identity: Identity,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Identity {
    Token {
        id: WorkerTokenId,
        secret: WireSecret,
    },
    /// Both in PEM.
    Pool {
        certificate: String,
        private_key: WireSecret,
    },
}

/// Where tools come from that are not installed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Downloads {
    /// Release servers; a tool without one is not downloaded.
    pub terraform: Option<String>,
    pub opentofu: Option<String>,
    /// Public keys that count instead of those of the tools' projects.
    pub keys: Option<PathBuf>,
}

/// The unprivileged user IDs of children, where the worker is root.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    pub first: u32,
    pub count: u32,
}

impl Default for Users {
    fn default() -> Self {
        Users {
            first: 700_000,
            count: 1_000,
        }
    }
}

/// Where the tools get providers from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Providers {
    /// Directories of the installation.
    pub filesystem_mirrors: Vec<FilesystemMirror>,
    pub network_mirrors: Vec<NetworkMirror>,
    /// From the registries named in the configuration.
    pub direct: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesystemMirror {
    pub path: PathBuf,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkMirror {
    pub url: String,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
}

impl Default for Providers {
    fn default() -> Self {
        Providers {
            filesystem_mirrors: vec![],
            network_mirrors: vec![],
            direct: true,
        }
    }
}

/// The installation's proxy, for children, for git and for downloads. A password may stand in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    pub http: Option<WireSecret>,
    pub https: Option<WireSecret>,
    /// Hosts that are reached without one, separated by commas.
    pub none: Option<String>,
}

impl Proxy {
    pub(crate) fn http(&self) -> Result<Option<ProxyAddress>, NoProxyAddress> {
        address(self.http.as_ref())
    }

    pub(crate) fn https(&self) -> Result<Option<ProxyAddress>, NoProxyAddress> {
        address(self.https.as_ref())
    }

    /// As variables, in both spellings: some programs know only one of them.
    pub fn environment(&self) -> Vec<EnvVar> {
        let none = self.none.as_ref().map(WireSecret::new);
        let named = [
            ("http_proxy", &self.http),
            ("https_proxy", &self.https),
            ("no_proxy", &none),
        ];
        let set = named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        set.flat_map(|(name, value)| {
            [name.to_owned(), name.to_uppercase()].map(|name| EnvVar::plain(name, value.expose()))
        })
        .collect()
    }
}

fn address(given: Option<&WireSecret>) -> Result<Option<ProxyAddress>, NoProxyAddress> {
    given
        .map(|given| ProxyAddress::parse(given.expose()))
        .transpose()
}

fn default_path() -> Vec<PathBuf> {
    ["/usr/local/bin", "/usr/bin", "/bin"]
        .map(PathBuf::from)
        .to_vec()
}
