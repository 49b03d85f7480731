//! The way to the server: its unix socket for the worker that it has started, TLS for any other. Over
//! TLS no other authority counts than the installation's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_core::protocol::WireSecret;
use hyper::header::HeaderValue;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::config::{Identity, Server};

/// How long a connection may take to be there, its handshake included.
const PATIENCE: Duration = Duration::from_secs(10);

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why nothing leads to the server that the worker was told.
#[derive(Debug, thiserror::Error)]
pub enum NoTransport {
    #[error("the worker's token can't be sent: it contains characters that no header may carry")]
    Token,
    #[error("the server's address {0:?} is none that a worker can use: https://host:port is")]
    Address(String),
    #[error("the authority's certificate that came with the server's address can't be read")]
    Authority,
    #[error("the pool's certificate can't be read: its `config` is damaged")]
    Certificate,
    #[error(
        "the pool's private key can't be read: it has to be the key (PEM, without a password) that \
         its certificate was requested with"
    )]
    Key,
    #[error("the pool's certificate and its private key can't be used: {0}")]
    Pair(rustls::Error),
}

pub(crate) struct Transport {
    way: Way,
    /// Of a worker that has a token.
    pub(crate) authorization: Option<HeaderValue>,
}

enum Way {
    Socket(PathBuf),
    Tls {
        connector: TlsConnector,
        host: String,
        port: u16,
        name: ServerName<'static>,
    },
}

impl Transport {
    pub(crate) fn new(server: &Server) -> Result<Self, NoTransport> {
        match server {
            Server::Socket { path, token } => Ok(Transport {
                way: Way::Socket(path.clone()),
                authorization: Some(bearer(token.expose())?),
            }),
            Server::Elsewhere {
                url,
                authority,
                identity,
            } => {
                let (host, port) = place(url).ok_or_else(|| NoTransport::Address(url.clone()))?;
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| NoTransport::Address(url.clone()))?;
                let authorization = match identity {
                    Identity::Token { id, secret } => {
                        Some(bearer(&format!("{id}.{}", secret.expose()))?)
                    }
                    Identity::Pool { .. } => None,
                };
                Ok(Transport {
                    way: Way::Tls {
                        connector: connector(authority, identity)?,
                        host,
                        port,
                        name,
                    },
                    authorization,
                })
            }
        }
    }

    /// Whether a `401` means this worker: a server on a socket may just have been started anew, with
    /// another token, and has a worker of its own then.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self.way, Way::Tls { .. })
    }

    pub(crate) async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        match &self.way {
            Way::Socket(path) => {
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(Box::new(stream))
            }
            Way::Tls {
                connector,
                host,
                port,
                name,
            } => {
                let connecting = async {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    connector.connect(name.clone(), stream).await
                };
                let stream = tokio::time::timeout(PATIENCE, connecting)
                    .await
                    .map_err(|_| format!("{host}:{port}: no connection in time"))?
                    .map_err(|error| format!("{host}:{port}: {error}"))?;
                Ok(Box::new(stream))
            }
        }
    }
}

fn bearer(token: &str) -> Result<HeaderValue, NoTransport> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| NoTransport::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Host and port of `https://host:port`.
fn place(url: &str) -> Option<(String, u16)> {
    let uri: hyper::Uri = url.parse().ok()?;
    let fits = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/");
    let host = uri.host().filter(|host| fits && !host.is_empty())?;
    // The brackets around an IPv6 address belong to the URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), uri.port_u16().unwrap_or(443)))
}

fn connector(authority: &str, identity: &Identity) -> Result<TlsConnector, NoTransport> {
    let mut roots = RootCertStore::empty();
    let authority =
        CertificateDer::from_pem_slice(authority.as_bytes()).map_err(|_| NoTransport::Authority)?;
    roots.add(authority).map_err(|_| NoTransport::Authority)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(NoTransport::Pair)?
        .with_root_certificates(roots);
    let config = match identity {
        Identity::Token { .. } => builder.with_no_client_auth(),
        Identity::Pool {
            certificate,
            private_key,
        } => {
            let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .ok()
                .filter(|chain| !chain.is_empty())
                .ok_or(NoTransport::Certificate)?;
            builder
                .with_client_auth_cert(chain, key(private_key)?)
                .map_err(NoTransport::Pair)?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn key(text: &WireSecret) -> Result<PrivateKeyDer<'static>, NoTransport> {
    PrivateKeyDer::from_pem_slice(text.expose().as_bytes()).map_err(|_| NoTransport::Key)
}

#[cfg(test)]
mod tests;
