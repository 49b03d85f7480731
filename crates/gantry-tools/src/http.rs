//! Requests to release servers, with limits on size and on time: the other side is a stranger.

use std::fs::File;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::{Network, ToolsError};

const CONNECT: Duration = Duration::from_secs(10);

/// Without a byte.
const SILENCE: Duration = Duration::from_secs(30);

/// An archive is some 30 to 100 MB.
const WHOLE: Duration = Duration::from_secs(15 * 60);

/// Release servers send on to where the files are.
const REDIRECTS: usize = 5;

pub(crate) struct Http {
    network: Network,
    /// Made at the first request: reading the system's certificates takes some milliseconds.
    client: OnceLock<Result<Client, ToolsError>>,
}

impl Http {
    pub fn new(network: Network) -> Self {
        Http {
            network,
            client: OnceLock::new(),
        }
    }

    /// A small file; `None` when there is none.
    pub async fn get(&self, url: &str, limit: u64) -> Result<Option<Vec<u8>>, ToolsError> {
        let Some(mut response) = self.send(url).await? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        while let Some(chunk) = chunk(&mut response, url).await? {
            content.extend_from_slice(&chunk);
            if content.len() as u64 > limit {
                return Err(too_large(url, limit));
            }
        }
        Ok(Some(content))
    }

    /// Writes a large one into `file`, and answers its SHA-256; `None` when there is none.
    pub async fn save(
        &self,
        url: &str,
        file: &mut File,
        limit: u64,
    ) -> Result<Option<String>, ToolsError> {
        let Some(mut response) = self.send(url).await? else {
            return Ok(None);
        };
        let (mut digest, mut length) = (Sha256::new(), 0);
        while let Some(chunk) = chunk(&mut response, url).await? {
            length += chunk.len() as u64;
            if length > limit {
                return Err(too_large(url, limit));
            }
            digest.update(&chunk);
            file.write_all(&chunk)
                .map_err(|error| ToolsError::BrokenOff {
                    url: url.to_owned(),
                    detail: error.to_string(),
                })?;
        }
        Ok(Some(hex::encode(digest.finalize())))
    }

    async fn send(&self, url: &str) -> Result<Option<Response>, ToolsError> {
        let client = self.client.get_or_init(|| client(&self.network));
        let client = client.as_ref().map_err(Clone::clone)?;
        let response = client.get(url).send().await;
        let response = response.map_err(|error| ToolsError::Unreachable {
            url: url.to_owned(),
            detail: reason(error),
        })?;
        match response.status() {
            status if status.is_success() => Ok(Some(response)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status => Err(ToolsError::Answered {
                url: url.to_owned(),
                status: status.as_u16(),
            }),
        }
    }
}

async fn chunk(
    response: &mut Response,
    url: &str,
) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>>, ToolsError> {
    let chunk = response.chunk().await;
    chunk.map_err(|error| ToolsError::BrokenOff {
        url: url.to_owned(),
        detail: reason(error),
    })
}

fn too_large(url: &str, limit: u64) -> ToolsError {
    ToolsError::TooLarge {
        url: url.to_owned(),
        limit,
    }
}

fn client(network: &Network) -> Result<Client, ToolsError> {
    let builder = network
        .builder()?
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .timeout(WHOLE)
        .redirect(Policy::custom(|attempt| {
            let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
            if secure && attempt.url().scheme() != "https" {
                attempt.error("it sends on to an address without TLS")
            } else if attempt.previous().len() > REDIRECTS {
                attempt.error("it sends on and on")
            } else {
                attempt.follow()
            }
        }));
    let client = builder.build();
    client.map_err(|error| ToolsError::Network(format!("TLS can't be set up: {}", reason(error))))
}

/// The innermost of an error says what happened; the outer ones say that something did.
pub(crate) fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
