//! The string that ties a role to an account, an integration, a stack and an access.
//!
//! Everything that shows or sends an external ID (the console's preview, the API's answer, the
//! trust statement, the request to STS) gets it from here; there is no other way to make one.
//! The parts come from alphabets without `@`, `*` and `?`, so different tuples never render to
//! the same text, and no part can act as a wildcard in a trust policy. They are checked again
//! at this point, whoever checked them before: an ID is rendered exactly or not at all.

use thiserror::Error;

use super::access::Access;
use crate::account::Subdomain;
use crate::ids::{IntegrationId, StackId};
use crate::quoted::Quoted;
use crate::slug::Slug;

/// What STS accepts: 2 to 1,224 characters of `[A-Za-z0-9_+=,.@:/-]`, ASCII only.
const STS_LENGTH: std::ops::RangeInclusive<usize> = 2..=1224;

/// There is no `Deserialize`: text from outside goes through [`ExternalId::custom`], and what the
/// server has granted to a worker through [`ExternalId::granted`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

/// A part that can't stand in an external ID or session name. Such a part is refused when the
/// thing it names is created, so this means damaged data, never a user's typing mistake.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "the {part} {} can't be part of an external ID or session name; nothing was sent to the cloud",
    Quoted(.value)
)]
pub struct InvalidPart {
    pub part: &'static str,
    pub value: String,
}

/// Why a custom external ID is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CustomIdRefused {
    #[error(
        "a custom external ID is used only when credentials are generated in the worker; turn that on or remove the external ID"
    )]
    NeedsWorkerSide,
    #[error("the external ID has {length} characters; STS accepts 2 to 1224")]
    Length { length: usize },
    #[error(
        "the external ID contains {character:?}; STS accepts letters, digits and _+=,.@:/- without line breaks"
    )]
    Character { character: char },
    #[error(
        "the external ID begins with {prefix}, which is kept for the IDs made here; choose another beginning"
    )]
    OwnPrefix { prefix: String },
    #[error(
        "the external ID has the form of a generated one (four parts, ending in @read or @write); choose another form"
    )]
    GeneratedForm,
}

impl ExternalId {
    /// `<account>@<integration>@<stack>@<read|write>`.
    pub fn for_integration(
        account: &Subdomain,
        integration: &IntegrationId,
        stack: &StackId,
        access: Access,
    ) -> Result<Self, InvalidPart> {
        Ok(Self(format!(
            "{}@{}@{}@{access}",
            account,
            integration_part(integration)?,
            stack_part(stack)?,
        )))
    }

    /// `<account>@<stack>`: the same for every phase, which is why integrations replaced it.
    pub fn for_legacy_role(account: &Subdomain, stack: &StackId) -> Result<Self, InvalidPart> {
        Ok(Self(format!("{account}@{}", stack_part(stack)?)))
    }

    /// A text of the user's own, sent as it is. Only for roles that a worker assumes; it can
    /// never be another stack's ID, because whatever looks like one of ours is refused.
    pub fn custom(
        account: &Subdomain,
        text: &str,
        generated_in_worker: bool,
    ) -> Result<Self, CustomIdRefused> {
        if !generated_in_worker {
            return Err(CustomIdRefused::NeedsWorkerSide);
        }
        if let Some(character) = text.chars().find(|c| !is_sts_character(*c)) {
            return Err(CustomIdRefused::Character { character });
        }
        if !STS_LENGTH.contains(&text.len()) {
            return Err(CustomIdRefused::Length { length: text.len() });
        }
        // Compared without case: a trust policy may use StringEqualsIgnoreCase.
        let lower = text.to_ascii_lowercase();
        let prefix = format!("{account}@");
        if lower.starts_with(&prefix.to_ascii_lowercase()) {
            return Err(CustomIdRefused::OwnPrefix { prefix });
        }
        let parts: Vec<&str> = lower.split('@').collect();
        if parts.len() == 4 && matches!(parts[3], "read" | "write") {
            return Err(CustomIdRefused::GeneratedForm);
        }
        Ok(Self(text.to_owned()))
    }

    /// What a worker was granted by the server, which made it by one of the ways above.
    pub(super) fn granted(text: &str) -> Option<Self> {
        let fits = STS_LENGTH.contains(&text.len()) && text.chars().all(is_sts_character);
        fits.then(|| Self(text.to_owned()))
    }

    /// `gantry-probe-<ULID>`: an ID that no trust policy can name. A role that accepts it is open.
    pub fn probe(random: ulid::Ulid) -> Self {
        Self(format!("gantry-probe-{random}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a generated ID apart; `None` for a custom one and for anything that
    /// [`for_integration`](Self::for_integration) or
    /// [`for_legacy_role`](Self::for_legacy_role) would not render.
    pub fn parse(text: &str) -> Option<ParsedExternalId> {
        let parts: Vec<&str> = text.split('@').collect();
        let parsed = match parts[..] {
            [account, stack] => ParsedExternalId::LegacyRole {
                account: Subdomain::parse(account).ok()?,
                stack: StackId::new(stack),
            },
            [account, integration, stack, access] => ParsedExternalId::Integration {
                account: Subdomain::parse(account).ok()?,
                integration: IntegrationId::new(integration),
                stack: StackId::new(stack),
                access: Access::ALL.into_iter().find(|a| a.as_str() == access)?,
            },
            _ => return None,
        };
        (parsed.render().ok()?.as_str() == text).then_some(parsed)
    }
}

impl std::fmt::Display for ExternalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts of a generated external ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedExternalId {
    Integration {
        account: Subdomain,
        integration: IntegrationId,
        stack: StackId,
        access: Access,
    },
    LegacyRole {
        account: Subdomain,
        stack: StackId,
    },
}

impl ParsedExternalId {
    pub fn render(&self) -> Result<ExternalId, InvalidPart> {
        match self {
            Self::Integration {
                account,
                integration,
                stack,
                access,
            } => ExternalId::for_integration(account, integration, stack, *access),
            Self::LegacyRole { account, stack } => ExternalId::for_legacy_role(account, stack),
        }
    }
}

pub(super) fn stack_part(stack: &StackId) -> Result<&str, InvalidPart> {
    let text = stack.as_str();
    match Slug::parse(text) {
        Ok(_) => Ok(text),
        Err(_) => Err(InvalidPart {
            part: "stack ID",
            value: text.to_owned(),
        }),
    }
}

fn integration_part(integration: &IntegrationId) -> Result<&str, InvalidPart> {
    ulid_part("integration ID", integration.as_str())
}

/// A ULID in its one canonical spelling: the decoder alone would take lower case too.
pub(super) fn ulid_part<'a>(part: &'static str, text: &'a str) -> Result<&'a str, InvalidPart> {
    match ulid::Ulid::from_string(text) {
        Ok(ulid) if ulid.to_string() == text => Ok(text),
        _ => Err(InvalidPart {
            part,
            value: text.to_owned(),
        }),
    }
}

fn is_sts_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c)
}

#[cfg(test)]
mod tests;
