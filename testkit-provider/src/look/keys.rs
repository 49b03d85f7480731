//! Cloud keys that were found, and whose they are.

use std::collections::BTreeSet;

use serde::Serialize;

use sts::Credentials;

mod sts;

const PREFIXES: [&str; 2] = ["AKIA", "ASIA"];

/// A key that was tried.
#[derive(Serialize)]
pub struct Key {
    /// Backwards: the key itself would be masked.
    id: String,
    place: String,
    /// What STS says.
    arn: Option<String>,
    error: Option<String>,
}

/// Every access key ID in the bytes.
pub fn ids(bytes: &[u8]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (at, window) in bytes.windows(4).enumerate() {
        if window[0] == b'A' && PREFIXES.iter().any(|prefix| prefix.as_bytes() == window) {
            let id = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            let length = bytes[at..].iter().take(40).take_while(id).count();
            if (16..=32).contains(&length) {
                ids.insert(String::from_utf8_lossy(&bytes[at..at + length]).into_owned());
            }
        }
    }
    ids
}

#[derive(Default)]
pub struct Found {
    all: Vec<(Credentials, String)>,
}

impl Found {
    /// Reads environments (`NAME=value`), credentials files (`name = value`) and JSON alike.
    pub fn collect(&mut self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let (mut id, mut secret, mut token) = (None, None, None);
        for line in text.split(['\0', '\n', ',', '{', '}']) {
            let Some((name, value)) = line.split_once(['=', ':']) else {
                continue;
            };
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let value = value.trim().trim_matches('"');
            if value.is_empty() || value.len() > 4096 {
                continue;
            }
            match name.to_ascii_lowercase().trim_start_matches("export") {
                "awsaccesskeyid" | "accesskeyid" => id = Some(value),
                "awssecretaccesskey" | "secretaccesskey" => secret = Some(value),
                "awssessiontoken" | "sessiontoken" | "token" => token = Some(value),
                _ => {}
            }
        }
        let (Some(id), Some(secret)) = (id, secret) else {
            return;
        };
        for token in [token, None] {
            let credentials = Credentials {
                id: id.to_owned(),
                secret: secret.to_owned(),
                token: token.map(str::to_owned),
            };
            if !self.all.iter().any(|(known, _)| *known == credentials) {
                self.all.push((credentials, place.to_owned()));
            }
        }
    }

    /// Asks STS who each of them is.
    pub fn try_all(&self, endpoint: &str) -> Vec<Key> {
        let tried = self.all.iter().map(|(credentials, place)| {
            let answer = sts::caller(endpoint, credentials);
            Key {
                id: credentials.id.chars().rev().collect(),
                place: place.clone(),
                error: answer.as_ref().err().map(|error| format!("{error:#}")),
                arn: answer.ok(),
            }
        });
        tried.collect()
    }
}
