//! Signature version 4, as far as tests need it: one request, in headers, body in memory.
//!
//! Written out because an SDK for each service would cost minutes of compiling, and because a test
//! must be able to sign wrongly.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// An access key; with a token when the credentials are temporary. Only ever of the AWS double.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// What is signed. `path` is encoded already and carries no query.
pub struct Request<'a> {
    pub method: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub host: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
}

impl Request<'_> {
    /// The headers to add, `host` included.
    pub fn sign(&self, keys: &Keys, at: SystemTime) -> Vec<(&'static str, String)> {
        let (day, time) = timestamp(at);
        let mut headers = vec![
            ("host", self.host.to_owned()),
            (
                "x-amz-content-sha256",
                hex::encode(Sha256::digest(self.body)),
            ),
            ("x-amz-date", format!("{day}T{time}Z")),
        ];
        if let Some(token) = &keys.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "{}\n{}\n\n{lines}\n{names}\n{}",
            self.method, self.path, headers[1].1
        );
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{day}T{time}Z\n{scope}\n{}",
            hex::encode(Sha256::digest(canonical))
        );
        let mut key = mac(format!("AWS4{}", keys.secret_access_key).as_bytes(), &day);
        for part in [self.region, self.service, "aws4_request", &to_sign] {
            key = mac(&key, part);
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            keys.access_key_id,
            hex::encode(key)
        );
        headers.push(("authorization", authorization));
        headers
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `("20260131", "235959")`, in UTC.
pub(crate) fn timestamp(at: SystemTime) -> (String, String) {
    let seconds = at
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_secs());
    // Days to a date, counting years from March so that the leap day is the last of its year.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    let day = day - (153 * shifted + 2) / 5 + 1;
    let rest = seconds % 86_400;
    (
        format!("{year:04}{month:02}{day:02}"),
        format!("{:02}{:02}{:02}", rest / 3_600, rest / 60 % 60, rest % 60),
    )
}

#[cfg(test)]
mod tests;
