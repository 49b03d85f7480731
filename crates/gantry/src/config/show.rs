use std::fmt::Write as _;

use gantry_core::proxy::ProxyAddress;
use secrecy::{ExposeSecret as _, SecretString};

use super::Config;
use super::keys::{KEYS, Kind, variable};

impl Config {
    /// The effective configuration as TOML, secrets redacted: it can be pasted into a ticket.
    pub fn redacted(&self) -> String {
        let text = |value: &str| format!("{value:?}");
        let list = |items: Vec<String>| format!("{items:?}");
        let paths = |paths: &[std::path::PathBuf]| {
            list(
                paths
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect(),
            )
        };
        let lines = [
            ("account", text(&self.account)),
            ("data_dir", text(&self.data_dir.display().to_string())),
            ("database_url", secret(&self.database_url)),
            ("master_key", secret(&self.master_key)),
            ("master_key_file", text(&self.master_key_file)),
            ("objects", text(&self.objects)),
            ("server.listen", text(&self.server.listen)),
            ("server.public_url", text(&self.server.public_url)),
            ("server.threads", self.server.threads.to_string()),
            ("worker_gateway.listen", text(&self.worker_gateway.listen)),
            (
                "worker_gateway.public_url",
                text(&self.worker_gateway.public_url),
            ),
            ("log.level", text(&self.log.level)),
            ("log.format", text(&self.log.format)),
            ("sign_on.issuer", text(&self.sign_on.issuer)),
            ("sign_on.client_id", text(&self.sign_on.client_id)),
            ("sign_on.client_secret", secret(&self.sign_on.client_secret)),
            ("sign_on.scopes", list(self.sign_on.scopes.clone())),
            ("sign_on.groups_claim", text(&self.sign_on.groups_claim)),
            ("sign_on.roles", list(self.sign_on.roles.clone())),
            ("sign_on.name", text(&self.sign_on.name)),
            ("metrics.listen", text(&self.metrics.listen)),
            ("metrics.token", secret(&self.metrics.token)),
            ("traces.url", text(&self.traces.url)),
            ("traces.header", secret(&self.traces.header)),
            ("aws.principal", text(&self.aws.principal)),
            ("aws.sts_endpoint", text(&self.aws.sts_endpoint)),
            ("source.local_roots", paths(&self.source.local_roots)),
            ("source.template", text(&self.source.template)),
            ("run.time_limit", self.run.time_limit.to_string()),
            ("run.silence_limit", self.run.silence_limit.to_string()),
            ("run.stop_grace", self.run.stop_grace.to_string()),
            ("run.log_limit", self.run.log_limit.to_string()),
            ("run.disk_limit", self.run.disk_limit.to_string()),
            ("run.file_limit", self.run.file_limit.to_string()),
            ("run.memory_limit", self.run.memory_limit.to_string()),
            ("run.process_limit", self.run.process_limit.to_string()),
            ("run.lease", self.run.lease.to_string()),
            ("worker.slots", self.worker.slots.to_string()),
            ("worker.tools_dir", text(&self.worker.tools_dir)),
            (
                "worker.tools_mirror_terraform",
                text(&self.worker.tools_mirror_terraform),
            ),
            (
                "worker.tools_mirror_opentofu",
                text(&self.worker.tools_mirror_opentofu),
            ),
            ("worker.tools_keys", text(&self.worker.tools_keys)),
            ("worker.extra_tools", paths(&self.worker.extra_tools)),
            (
                "worker.provider_mirrors",
                list(self.worker.provider_mirrors.clone()),
            ),
            (
                "worker.provider_cache",
                self.worker.provider_cache.to_string(),
            ),
            (
                "worker.insecure_no_sandbox",
                self.worker.insecure_no_sandbox.to_string(),
            ),
            ("worker.uid_base", self.worker.uid_base.to_string()),
            ("worker.join", secret(&self.worker.join)),
            ("worker.join_file", text(&self.worker.join_file)),
            (
                "worker.pool_config_file",
                text(&self.worker.pool_config_file),
            ),
            (
                "worker.pool_private_key_file",
                text(&self.worker.pool_private_key_file),
            ),
            ("worker.cgroup", text(&self.worker.cgroup)),
            ("child.http_proxy", proxy(&self.child.http_proxy)),
            ("child.https_proxy", proxy(&self.child.https_proxy)),
            ("child.no_proxy", text(&self.child.no_proxy)),
            ("child.ca_bundle", text(&self.child.ca_bundle)),
        ];
        lines
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect()
    }
}

fn secret(value: &SecretString) -> String {
    let shown = if value.expose_secret().is_empty() {
        ""
    } else {
        "[redacted]"
    };
    format!("{shown:?}")
}

/// Only the password in it is a secret.
fn proxy(value: &SecretString) -> String {
    match ProxyAddress::parse(value.expose_secret()) {
        Ok(address) => format!("{:?}", address.to_string()),
        Err(_) => secret(value),
    }
}

/// The reference of all settings, as Markdown: `docs/configuration.md`.
pub fn reference() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         Made by `gantry config --reference`. A setting is read from the file named by `--config` \
         (TOML; the dots are tables), then from the environment, then from flags; later wins. \
         Unknown keys and unknown `GANTRY_…` variables are errors. Lists in the environment and in \
         `--set` are separated by commas. `gantry config` prints what is in force.\n\n\
         | Key | Variable | Default | Meaning |\n|---|---|---|---|\n",
    );
    for key in KEYS {
        let default = match key.kind {
            Kind::List if key.default.is_empty() => "none".to_owned(),
            _ if key.default.is_empty() => "empty".to_owned(),
            _ => format!("`{}`", key.default),
        };
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {default} | {} |",
            key.path,
            variable(key.path),
            key.doc
        );
    }
    out
}
