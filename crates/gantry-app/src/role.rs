//! A role as a client describes it, for an integration and for a stack's own role.

use gantry_core::account::Subdomain;
use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::external_id::ExternalId;
use gantry_core::credentials::role::{AssumedBy, Region, Role, RoleArn};

use crate::OpError;

/// What the API says about a role. `None` means the default or "none", on update too: an update
/// replaces everything.
#[derive(Clone, Debug, Default)]
pub struct RoleInput {
    pub role_arn: String,
    pub generate_credentials_in_worker: bool,
    /// A custom external ID; clients send an empty text when there is none.
    pub external_id: Option<String>,
    pub duration_seconds: Option<i64>,
    pub region: Option<String>,
    pub tag_sessions: Option<bool>,
}

impl RoleInput {
    pub(crate) fn parse(&self, account: &Subdomain) -> Result<Role, OpError> {
        let custom = self.external_id.as_deref().filter(|id| !id.is_empty());
        if let Some(custom) = custom {
            ExternalId::custom(account, custom, self.generate_credentials_in_worker)
                .map_err(refused)?;
        }
        let region = self.region.as_deref().filter(|region| !region.is_empty());
        Ok(Role {
            arn: RoleArn::parse(&self.role_arn).map_err(refused)?,
            duration: self
                .duration_seconds
                .map(SessionDuration::new)
                .transpose()
                .map_err(refused)?
                .unwrap_or_default(),
            region: region.map(Region::parse).transpose().map_err(refused)?,
            assumed_by: if self.generate_credentials_in_worker {
                AssumedBy::Worker {
                    custom_external_id: custom.map(str::to_owned),
                }
            } else {
                AssumedBy::Server
            },
            tag_sessions: self.tag_sessions.unwrap_or(false),
        })
    }
}

fn refused(error: impl std::fmt::Display) -> OpError {
    OpError::invalid(error.to_string())
}

/// The custom external ID of a role, if it has one.
pub fn custom_external_id(role: &Role) -> Option<&str> {
    match &role.assumed_by {
        AssumedBy::Server => None,
        AssumedBy::Worker { custom_external_id } => custom_external_id.as_deref(),
    }
}

pub fn assumed_in_worker(role: &Role) -> bool {
    matches!(role.assumed_by, AssumedBy::Worker { .. })
}

#[cfg(test)]
mod tests;
