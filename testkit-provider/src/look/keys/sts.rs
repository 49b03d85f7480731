//! `GetCallerIdentity`, signed by hand: an attacker brings what it needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

/// The ARN that STS at `endpoint` (`http://host:port`) sees behind the credentials.
pub fn caller(endpoint: &str, credentials: &Credentials) -> anyhow::Result<String> {
    let host = endpoint
        .strip_prefix("http://")
        .context("only http")?
        .trim_end_matches('/');
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let mut request = format!(
        "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n",
        body.len()
    );
    for (name, value) in signed(host, body, credentials) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("{request}\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let element = |name: &str| {
        let after = answer.split_once(&format!("<{name}>"))?.1;
        Some(after.split_once('<')?.0.to_owned())
    };
    match element("Arn") {
        Some(arn) => Ok(arn),
        None => bail!(
            "{}",
            element("Code").unwrap_or_else(|| answer.lines().next().unwrap_or_default().to_owned())
        ),
    }
}

fn signed(host: &str, body: &str, credentials: &Credentials) -> Vec<(&'static str, String)> {
    let (day, time) = now();
    let mut headers = vec![
        ("host", host.to_owned()),
        ("x-amz-date", format!("{day}T{time}Z")),
    ];
    if let Some(token) = &credentials.token {
        headers.push(("x-amz-security-token", token.clone()));
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let canonical = format!(
        "POST\n/\n\n{lines}\n{names}\n{}",
        hex::encode(Sha256::digest(body))
    );
    let scope = format!("{day}/us-east-1/sts/aws4_request");
    let digest = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{day}T{time}Z\n{scope}\n{digest}");
    let mut key = mac(format!("AWS4{}", credentials.secret).as_bytes(), &day);
    for part in ["us-east-1", "sts", "aws4_request", &to_sign] {
        key = mac(&key, part);
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        credentials.id,
        hex::encode(key)
    );
    headers.push(("authorization", authorization));
    headers
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `("20260131", "235959")`, in UTC.
fn now() -> (String, String) {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_secs());
    let time = seconds % 86_400;
    let (mut day, mut year) = (seconds / 86_400, 1970);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [
        31,
        28 + u64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    (
        format!("{year:04}{:02}{:02}", month + 1, day + 1),
        format!("{:02}{:02}{:02}", time / 3_600, time / 60 % 60, time % 60),
    )
}
