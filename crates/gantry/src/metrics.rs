//! The address or socket of the metrics.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use gantry_app::App;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::{TcpListener, UnixListener};

use crate::config::Metrics;

pub struct Listening {
    listener: Listener,
    token: Option<SecretString>,
}

enum Listener {
    Address(TcpListener),
    Socket(UnixListener),
}

impl Listening {
    /// `None` where nobody is to ask.
    pub async fn start(config: &Metrics) -> anyhow::Result<Option<Self>> {
        let listen = &config.listen;
        let token = (!config.token.expose_secret().is_empty()).then(|| config.token.clone());
        if listen.is_empty() {
            return Ok(None);
        }
        let listener = match Path::new(listen).is_absolute() {
            true => Listener::Socket(socket(Path::new(listen))?),
            false if token.is_none() => bail!(
                "metrics.listen {listen}: set metrics.token too, since children of runs reach every \
                 port of this machine; or name the absolute path of a socket"
            ),
            false => Listener::Address(
                TcpListener::bind(listen)
                    .await
                    .with_context(|| format!("metrics.listen: can't listen on {listen}"))?,
            ),
        };
        Ok(Some(Listening { listener, token }))
    }

    pub async fn serve(self, app: Arc<App>) -> std::io::Result<()> {
        let router = gantry_api::metrics::router(app, self.token);
        match self.listener {
            Listener::Address(listener) => axum::serve(listener, router).await,
            Listener::Socket(listener) => axum::serve(listener, router).await,
        }
    }
}

/// For the owner and the group, which the monitoring may be in. One that an earlier server left is
/// replaced; anything else stays.
fn socket(path: &Path) -> anyhow::Result<UnixListener> {
    use std::os::unix::fs::FileTypeExt as _;
    let shown = || PathBuf::from(path).display().to_string();
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(path).with_context(|| format!("metrics.listen: {}", shown()))?;
    }
    let listener = UnixListener::bind(path)
        .with_context(|| format!("metrics.listen: can't listen on {}", shown()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .with_context(|| format!("metrics.listen: {}", shown()))?;
    Ok(listener)
}
