use std::path::PathBuf;

use secrecy::SecretString;

/// How the installation reaches the outside.
#[derive(Clone, Default)]
pub struct Network {
    /// Of `http://` and `https://` addresses; they may carry a password.
    pub http_proxy: Option<SecretString>,
    pub https_proxy: Option<SecretString>,
    /// Hosts that are reached without one, separated by commas.
    pub no_proxy: Option<String>,
    /// Certificates to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
}
