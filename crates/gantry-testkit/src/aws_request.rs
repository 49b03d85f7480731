//! Single requests to an AWS-like endpoint, signed, over a connection of their own.

use std::time::SystemTime;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::sigv4::{Keys, Request};

pub const REGION: &str = "us-east-1";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The text of the first element of that name, or an empty text.
    pub fn element(&self, name: &str) -> String {
        let between = || {
            let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
            Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
        };
        between().unwrap_or_default()
    }

    /// The error code, like `AccessDenied`; empty when there was no error.
    pub fn error_code(&self) -> String {
        if self.is_success() {
            String::new()
        } else {
            self.element("Code")
        }
    }

    pub fn expect_success(self, what: &str) -> Result<Self> {
        anyhow::ensure!(
            self.is_success(),
            "{what} failed with {}: {}",
            self.status,
            self.body
        );
        Ok(self)
    }
}

/// Sends one signed request. `endpoint` is `http://host:port`; `keys` of `None` leaves it unsigned.
pub async fn send(
    endpoint: &str,
    service: &str,
    method: &str,
    path: &str,
    body: Vec<u8>,
    keys: Option<&Keys>,
) -> Result<Answer> {
    let host = endpoint
        .strip_prefix("http://")
        .context("the endpoint is no http:// address")?;
    let request = Request {
        method,
        service,
        region: REGION,
        host,
        path,
        body: &body,
    };
    let headers = match keys {
        Some(keys) => request.sign(keys, SystemTime::now()),
        None => vec![("host", host.to_owned())],
    };
    let mut http = hyper::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        http = http.header(name, value);
    }
    if service != "s3" {
        http = http.header("content-type", "application/x-www-form-urlencoded");
    }
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = sender
        .send_request(http.body(Full::new(Bytes::from(body)))?)
        .await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Sends an action of the query protocol, as IAM and STS speak it.
pub async fn query(
    endpoint: &str,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
    keys: Option<&Keys>,
) -> Result<Answer> {
    let version = if service == "iam" {
        "2010-05-08"
    } else {
        "2011-06-15"
    };
    let mut body = format!("Action={action}&Version={version}");
    for (name, value) in parameters {
        body.push_str(&format!("&{}={}", encode(name), encode(value)));
    }
    send(endpoint, service, "POST", "/", body.into_bytes(), keys).await
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// Takes a form body apart.
pub fn decode_form(body: &str) -> Vec<(String, String)> {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%' && after.len() >= 2)
            .then(|| std::str::from_utf8(&after[..2]).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = match escaped {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
