//! The address of a proxy. A password may stand in it, so the whole of it is treated as a secret.

use secrecy::{ExposeSecret as _, SecretString};

/// `http://host:port` or `http://user:password@host:port`. Shows itself without the password.
#[derive(Clone)]
pub struct ProxyAddress(SecretString);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no address of a proxy: write http://host:port, or http://user:password@host:port")]
pub struct NoProxyAddress;

impl ProxyAddress {
    pub fn parse(text: &str) -> Result<Self, NoProxyAddress> {
        let address = ProxyAddress(SecretString::from(text));
        let (scheme, userinfo, rest) = address.parts().ok_or(NoProxyAddress)?;
        let plain = |c: char| c.is_ascii_graphic() && !"\"'`\\<>".contains(c);
        let host = rest.trim_end_matches('/');
        let well_formed = matches!(scheme, "http" | "https")
            && !host.is_empty()
            && !host.contains(['/', '?', '#'])
            && rest.chars().all(plain)
            && userinfo.is_none_or(|userinfo| userinfo.chars().all(plain));
        match well_formed {
            true => Ok(address),
            false => Err(NoProxyAddress),
        }
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }

    /// What no output may show: the password, as it is written and as it is meant, and the part of
    /// the address that holds it. Nothing where there is no password.
    pub fn masked(&self) -> Vec<SecretString> {
        let Some((_, Some(userinfo), _)) = self.parts() else {
            return vec![];
        };
        let Some((_, password)) = userinfo.split_once(':') else {
            return vec![];
        };
        [userinfo.to_owned(), password.to_owned(), decoded(password)]
            .map(SecretString::from)
            .to_vec()
    }

    /// Scheme, what stands before an `@`, and the rest.
    fn parts(&self) -> Option<(&str, Option<&str>, &str)> {
        let (scheme, rest) = self.expose().split_once("://")?;
        Some(match rest.rsplit_once('@') {
            Some((userinfo, host)) => (scheme, Some(userinfo), host),
            None => (scheme, None, rest),
        })
    }
}

/// For people, and for what they paste into tickets.
impl std::fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parts() {
            Some((scheme, Some(userinfo), host)) => {
                let user = userinfo.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}:[redacted]@{host}")
            }
            _ => f.write_str(self.expose()),
        }
    }
}

impl std::fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// `%40` is `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|two| {
            let two = std::str::from_utf8(two).ok()?;
            u8::from_str_radix(two, 16).ok()
        });
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
