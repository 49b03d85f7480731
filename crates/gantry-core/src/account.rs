//! The account: it owns everything, and its subdomain begins every external ID.

use crate::quoted::Quoted;

/// The account's name in external IDs and URLs: `[a-z0-9][a-z0-9-]{1,37}`, no trailing `-`.
///
/// Immutable, and required at first start, since it enters every trust policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subdomain(String);

impl Subdomain {
    pub fn parse(text: &str) -> Result<Self, SubdomainError> {
        let well_formed = (2..=38).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(SubdomainError {
                subdomain: text.to_owned(),
            })
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Subdomain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no subdomain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the account's subdomain {} is not valid: choose 2 to 38 of the characters a-z, 0-9 and `-`, \
     neither beginning nor ending with `-`; it enters every trust policy and can't be changed later",
    Quoted(.subdomain)
)]
pub struct SubdomainError {
    pub subdomain: String,
}

#[cfg(test)]
mod tests;
