use std::path::PathBuf;

use gantry_core::proxy::ProxyAddress;

/// How the installation reaches the outside.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Of `http://` and `https://` addresses.
    pub http_proxy: Option<ProxyAddress>,
    pub https_proxy: Option<ProxyAddress>,
    /// Hosts that are reached without one, separated by commas.
    pub no_proxy: Option<String>,
    /// Certificates to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
}
