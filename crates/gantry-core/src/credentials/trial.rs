//! What is sent to a role to find out whether its trust policy is right, before it is relied on.

use super::access::Access;
use super::external_id::{ExternalId, InvalidPart};
use super::grant::{AssumeRequest, GrantError, NoRequest, custom};
use super::legacy_role::LegacyRole;
use super::role::Role;
use super::session_name::SessionName;
use crate::account::Subdomain;
use crate::ids::{IntegrationId, SpaceId, StackId};
use crate::protocol::WireRequest;
use crate::run::Phase;

/// One role, as one stack would use it for one access. Same duration, region and external ID as
/// the real request; the session is named `verify@…`.
///
/// The tags are those of a real session, with `verify` in the run's place, so that a trust policy
/// with conditions on tags judges a trial as it would judge a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trial {
    pub stack: StackId,
    /// `None` for a legacy role, which can't tell accesses apart.
    pub access: Option<Access>,
    /// Whether real sessions carry tags, hence whether the trust policy must allow tagging.
    pub tagged: bool,
    request: AssumeRequest,
}

impl Trial {
    pub fn for_integration(
        account: &Subdomain,
        integration: &IntegrationId,
        role: &Role,
        stack: &StackId,
        space: &SpaceId,
        access: Access,
    ) -> Result<Self, GrantError> {
        let phase = match access {
            Access::Read => Phase::Plan,
            Access::Write => Phase::Apply,
        };
        let tags = vec![
            ("run", "verify".to_owned()),
            ("stack", stack.as_str().to_owned()),
            ("space", space.as_str().to_owned()),
            ("phase", phase.as_str().to_owned()),
        ];
        let external_id = match custom(account, role)? {
            Some(custom) => custom,
            None => ExternalId::for_integration(account, integration, stack, access)?,
        };
        Ok(Self::new(
            account,
            role,
            stack,
            Some(access),
            external_id,
            tags,
        )?)
    }

    pub fn for_legacy_role(account: &Subdomain, legacy: &LegacyRole) -> Result<Self, GrantError> {
        let external_id = match custom(account, &legacy.role)? {
            Some(custom) => custom,
            None => ExternalId::for_legacy_role(account, &legacy.stack)?,
        };
        Ok(Self::new(
            account,
            &legacy.role,
            &legacy.stack,
            None,
            external_id,
            Vec::new(),
        )?)
    }

    fn new(
        account: &Subdomain,
        role: &Role,
        stack: &StackId,
        access: Option<Access>,
        external_id: ExternalId,
        tags: Vec<(&'static str, String)>,
    ) -> Result<Self, InvalidPart> {
        let session_name = SessionName::for_verification(stack, account)?;
        let request = AssumeRequest::new(role, external_id, session_name, tags);
        Ok(Self {
            stack: stack.clone(),
            access,
            tagged: !request.tags().is_empty(),
            request,
        })
    }

    /// As the server has granted it to a worker.
    pub fn from_wire(
        stack: &StackId,
        access: Access,
        wire: &WireRequest,
    ) -> Result<Self, NoRequest> {
        let request = AssumeRequest::from_wire(wire)?;
        Ok(Self {
            stack: stack.clone(),
            access: Some(access),
            tagged: !request.tags().is_empty(),
            request,
        })
    }

    pub const fn request(&self) -> &AssumeRequest {
        &self.request
    }
}
