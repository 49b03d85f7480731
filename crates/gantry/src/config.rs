//! The configuration: a file, then the environment, then flags; later wins. Unknown keys are
//! errors, everywhere.

mod keys;
mod load;
mod program;
mod show;

use std::path::PathBuf;

use gantry_core::engine::Engine;
use secrecy::SecretString;
use serde::Deserialize;

pub use load::Overrides;
pub use program::Program;
pub use show::reference;

/// The effective configuration. What each key means stands in `keys.rs`, from which the reference
/// is made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub account: String,
    pub data_dir: PathBuf,
    #[serde(deserialize_with = "secret")]
    pub database_url: SecretString,
    #[serde(deserialize_with = "secret")]
    pub master_key: SecretString,
    pub master_key_file: String,
    pub objects: String,
    pub server: Server,
    pub worker_gateway: WorkerGateway,
    pub log: Log,
    pub metrics: Metrics,
    pub sign_on: SignOn,
    pub traces: Traces,
    pub aws: Aws,
    pub source: Source,
    pub run: Run,
    pub worker: Worker,
    pub child: Child,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub public_url: String,
    pub threads: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerGateway {
    pub listen: String,
    pub public_url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOn {
    pub issuer: String,
    pub client_id: String,
    #[serde(deserialize_with = "secret")]
    pub client_secret: SecretString,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub roles: Vec<String>,
    pub name: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub listen: String,
    #[serde(deserialize_with = "secret")]
    pub token: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    pub url: String,
    #[serde(deserialize_with = "secret")]
    pub header: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    pub principal: String,
    pub sts_endpoint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub local_roots: Vec<PathBuf>,
    pub template: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub time_limit: u64,
    pub silence_limit: u64,
    pub stop_grace: u64,
    pub log_limit: u32,
    pub disk_limit: u32,
    pub file_limit: u64,
    pub memory_limit: u32,
    pub process_limit: u64,
    pub lease: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub slots: usize,
    pub tools_dir: String,
    pub tools_mirror_terraform: String,
    pub tools_mirror_opentofu: String,
    pub tools_keys: String,
    pub extra_tools: Vec<PathBuf>,
    pub provider_mirrors: Vec<String>,
    pub provider_cache: u32,
    pub insecure_no_sandbox: bool,
    pub uid_base: u32,
    #[serde(deserialize_with = "secret")]
    pub join: SecretString,
    pub join_file: String,
    pub pool_config_file: String,
    pub pool_private_key_file: String,
    pub cgroup: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    #[serde(deserialize_with = "secret")]
    pub http_proxy: SecretString,
    #[serde(deserialize_with = "secret")]
    pub https_proxy: SecretString,
    pub no_proxy: String,
    pub ca_bundle: String,
}

impl WorkerGateway {
    /// The host that workers know the gateway by; `None`: nobody connects to it.
    pub fn host(&self) -> Option<&str> {
        let place = self.public_url.strip_prefix("https://")?;
        let host = match place.strip_prefix('[') {
            Some(rest) => rest.split(']').next()?,
            None => place.split(':').next()?,
        };
        (!self.listen.is_empty()).then_some(host)
    }
}

impl Worker {
    /// Where a tool is downloaded from; `None` where that is turned off.
    pub fn mirror(&self, engine: Engine) -> Option<String> {
        let mirror = match engine {
            Engine::Terraform => &self.tools_mirror_terraform,
            Engine::OpenTofu => &self.tools_mirror_opentofu,
        };
        (!matches!(mirror.as_str(), "" | "off")).then(|| mirror.clone())
    }
}

impl Config {
    /// Where SQLite, objects, keys and the worker's files are, each below the data directory.
    pub fn below_data(&self, name: &str) -> PathBuf {
        self.data_dir.join(name)
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[cfg(test)]
mod tests;
