//! Where workers elsewhere reach the gateway: TLS, and a certificate of a pool for those that have
//! one. What a stranger can take up here is bounded: connections, the time of a handshake and of a
//! request's head. Bodies are read only after the caller is known.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use gantry_app::OpError;
use gantry_app::worker_authority::WorkerAuthority;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::who::Certificate;

/// A worker needs one for each request that is held back: two, and one more for each run.
const CONNECTIONS: usize = 16_384;

/// How many may be without their handshake.
const HANDSHAKES: usize = 512;

const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may be without a request, or take over the head of one.
const HEAD_PATIENCE: Duration = Duration::from_secs(60);

const HEAD_BYTES: usize = 16 << 10;

/// What is under way when the server ends may still be answered.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// After an error of accepting, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// The gateway shows its certificate; whoever connects may show one that the same authority has
/// signed. One of anybody else ends the handshake.
pub fn tls(authority_of_app: &WorkerAuthority, host: &str) -> Result<Arc<ServerConfig>, NoTls> {
    let own = authority_of_app.for_gateway(host)?;
    let authority = CertificateDer::from_pem_slice(authority_of_app.certificate().as_bytes())
        .map_err(|error| OpError::internal("read the worker authority", error))?;
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(|error| OpError::internal("verify certificates of workers", error))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.private_key.to_vec()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![CertificateDer::from(own.certificate)], key)?;
    Ok(Arc::new(config))
}

#[derive(Debug, thiserror::Error)]
pub enum NoTls {
    #[error(transparent)]
    Authority(#[from] OpError),
    #[error("the worker gateway can't speak TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Serves until `stop`, and what is under way then for a moment longer.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    let tracker = TaskTracker::new();
    loop {
        let accepted = async {
            let place = connections.clone().acquire_owned().await.ok()?;
            let handshake = handshakes.clone().acquire_owned().await.ok()?;
            Some((place, handshake, listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let Some((place, handshake, accepted)) = accepted else {
            break;
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = Connection {
                    acceptor: acceptor.clone(),
                    router: router.clone(),
                    stop: stop.clone(),
                };
                tracker.spawn(async move {
                    connection.serve(stream, handshake).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a worker's connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    tracker.close();
    if tokio::time::timeout(END_PATIENCE, tracker.wait())
        .await
        .is_err()
    {
        tracing::debug!("connections of workers are cut");
    }
}

struct Connection {
    acceptor: TlsAcceptor,
    router: Router,
    stop: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream, handshake: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let shaken = tokio::time::timeout(HANDSHAKE_PATIENCE, self.acceptor.accept(stream)).await;
        drop(handshake);
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a worker's connection was refused");
                return;
            }
            Err(_) => return,
        };
        let presented = stream.get_ref().1.peer_certificates();
        let router = match presented.and_then(<[_]>::first) {
            Some(certificate) => {
                let fingerprint = hex::encode(Sha256::digest(certificate));
                self.router.layer(Extension(Certificate(fingerprint)))
            }
            None => self.router,
        };
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = self.stop.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a worker's connection has ended");
        }
    }
}
