//! One plain HTTP request over a connection of its own.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Clients of the API give up after a minute; so does a test.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// `base` is `http://host:port`. Headers beside `host` are the caller's.
pub async fn send(
    method: &str,
    base: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Answer> {
    let host = base
        .strip_prefix("http://")
        .with_context(|| format!("{base} is no http:// address"))?;
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body)))?;
    let exchange = async {
        let stream = TcpStream::connect(host).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => answer,
        Err(_) => bail!("{method} {base}{path}: no answer within {PATIENCE:?}"),
    }
}

/// The status and the body that `url` answers a GET with; panics when it doesn't.
pub async fn get(url: &str, authorization: Option<&str>) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let headers: Vec<(&str, &str)> = authorization
        .into_iter()
        .map(|value| ("authorization", value))
        .collect();
    let (base, path) = (format!("http://{host}"), format!("/{path}"));
    let answer = send("GET", &base, &path, &headers, String::new()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{url}: {error:#}"));
    (answer.status, answer.body)
}
