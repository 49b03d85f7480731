//! What a worker elsewhere is started with: where the server is, by which authority it is known, and
//! who the worker is. Opaque text for whoever carries it there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::WireSecret;
use crate::ids::{WorkerPoolId, WorkerTokenId};

/// Of a shared worker. Holds a secret: printed once, by the command that makes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenJoin {
    /// `https://host:port` of the worker gateway.
    pub url: String,
    /// The certificate (PEM) of the authority that signed the gateway's.
    pub authority: String,
    pub token: WorkerTokenId,
    pub secret: WireSecret,
}

/// Of a private worker: the `config` of its pool. Holds no secret; the private key of the
/// certificate stays with whoever made the request for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolJoin {
    /// `https://host:port` of the worker gateway; empty where the server had none when the pool was
    /// made or reset.
    pub url: String,
    /// The certificate (PEM) of the authority that signed the gateway's and this pool's.
    pub authority: String,
    pub pool: WorkerPoolId,
    /// The pool's certificate (PEM).
    pub certificate: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NoJoin(String);

impl TokenJoin {
    pub fn encode(&self) -> String {
        encode(self)
    }

    pub fn decode(text: &str) -> Result<Self, NoJoin> {
        decode(text).map_err(|why| {
            NoJoin(format!(
                "this is not what `gantry admin worker-token` prints ({why}): give that text whole"
            ))
        })
    }
}

impl PoolJoin {
    pub fn encode(&self) -> String {
        encode(self)
    }

    pub fn decode(text: &str) -> Result<Self, NoJoin> {
        let join: PoolJoin = decode(text).map_err(|why| {
            NoJoin(format!(
                "this is not the `config` of a worker pool ({why}): give that text whole, as the API \
                 answers it"
            ))
        })?;
        if join.url.is_empty() {
            return Err(NoJoin(format!(
                "this `config` of the worker pool {} names no server: there was no gateway for workers \
                 when the pool was made. Set `worker_gateway.listen` and `worker_gateway.public_url` \
                 of the server, reset the pool, and take its new `config`",
                join.pool
            )));
        }
        Ok(join)
    }
}

fn encode(join: &impl Serialize) -> String {
    // A struct of texts always becomes JSON.
    STANDARD.encode(serde_json::to_vec(join).unwrap_or_default())
}

/// The message of a JSON error may quote the text, and a secret with it.
fn decode<T: DeserializeOwned>(text: &str) -> Result<T, &'static str> {
    let bytes = STANDARD
        .decode(text.trim())
        .map_err(|_| "it is not base64")?;
    serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "it holds other things than expected",
        _ => "it is cut off or damaged",
    })
}

#[cfg(test)]
mod tests;
