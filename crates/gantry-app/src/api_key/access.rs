//! The roles of a key in spaces. Each holds in the spaces below it too.

use std::collections::BTreeSet;

use gantry_core::api_key::{ApiKey, SpaceAccess};
use gantry_core::authz::Role;
use gantry_core::ids::ApiKeyId;
use gantry_store::{Tx, api_key, api_key_access, space};

use super::deed;
use crate::{App, OpError, Subject};

const MOST: usize = 200;

impl App {
    /// Replaces all roles of a key, from its next request on.
    pub async fn api_key_access_set(
        &self,
        subject: &Subject,
        id: &ApiKeyId,
        access: Vec<SpaceAccess>,
    ) -> Result<ApiKey, OpError> {
        subject.require_account_admin()?;
        within_own(subject, &access)?;
        let tx = self.store.begin().await?;
        let mut key = api_key::find(tx.reader(), id)
            .await?
            .filter(|key| key.revoked_at.is_none())
            .ok_or_else(|| OpError::missing("API key", id))?;
        key.access = checked(key.admin, access)?;
        refuse_unknown_spaces(&tx, &key.access).await?;
        api_key_access::replace(&tx, id, &key.access).await?;
        let deed = deed("api_key.access", &key).with("access", listed(&key.access));
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(key.id = %id, by = subject.name, "the roles of the API key {:?} were set", key.name);
        Ok(key)
    }

    /// How often each role was given to a key.
    pub async fn role_counts(&self) -> Result<Vec<(Role, i64)>, OpError> {
        Ok(api_key_access::counts(self.store.reader()).await?)
    }
}

/// `space: role`, for the audit trail.
pub(super) fn listed(access: &[SpaceAccess]) -> Vec<String> {
    let given = access.iter();
    given
        .map(|given| format!("{}: {}", given.space, given.role.as_str()))
        .collect()
}

/// Nobody gives a role that is more than their own.
pub(super) fn within_own(subject: &Subject, access: &[SpaceAccess]) -> Result<(), OpError> {
    for given in access {
        if subject.role_in(&given.space) < Some(given.role) {
            return Err(OpError::Forbidden(format!(
                "{} can't give the role {} in the space `{}` without having it",
                subject.name,
                given.role.as_str(),
                given.space
            )));
        }
    }
    Ok(())
}

/// In the order of the spaces.
pub(super) fn checked(
    admin: bool,
    mut access: Vec<SpaceAccess>,
) -> Result<Vec<SpaceAccess>, OpError> {
    if admin && !access.is_empty() {
        return Err(OpError::invalid(
            "accessRules: an administrator of the account has every role already; make a key \
             without `admin`, or leave the rules out",
        ));
    }
    if access.len() > MOST {
        return Err(OpError::invalid(format!(
            "accessRules: there are {}, and {MOST} are allowed; give a role in a space above, it \
             holds in the spaces below",
            access.len()
        )));
    }
    access.sort_by(|one, other| one.space.cmp(&other.space));
    if let Some(twice) = access.windows(2).find(|two| two[0].space == two[1].space) {
        return Err(OpError::invalid(format!(
            "accessRules: the space `{}` is named twice; give one role in it",
            twice[0].space
        )));
    }
    Ok(access)
}

/// With the tree held, so that a space that is there stays until the roles are stored.
pub(super) async fn refuse_unknown_spaces(tx: &Tx, access: &[SpaceAccess]) -> Result<(), OpError> {
    if access.is_empty() {
        return Ok(());
    }
    space::hold(tx).await?;
    let spaces = space::list(tx.reader()).await?;
    let known: BTreeSet<_> = spaces.iter().map(|space| &space.id).collect();
    match access.iter().find(|given| !known.contains(&given.space)) {
        Some(given) => Err(OpError::missing("space", &given.space)),
        None => Ok(()),
    }
}
