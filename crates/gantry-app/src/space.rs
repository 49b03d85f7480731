//! Spaces: seen by whoever has a role in them.

use gantry_core::authz::Role;
use gantry_core::ids::SpaceId;
use gantry_core::space::Space;
use gantry_store::space;

use crate::{App, OpError, Subject};

impl App {
    pub async fn spaces(&self, subject: &Subject) -> Result<Vec<Space>, OpError> {
        let mut spaces = space::list(self.store.reader()).await?;
        spaces.retain(|space| subject.sees(&space.id));
        Ok(spaces)
    }

    pub async fn space(&self, subject: &Subject, id: &SpaceId) -> Result<Option<Space>, OpError> {
        if !subject.sees(id) {
            return Ok(None);
        }
        Ok(space::find(self.store.reader(), id).await?)
    }

    /// The space that a create with `space: null` means, or the one that was named.
    pub(crate) async fn space_for_new(
        &self,
        subject: &Subject,
        wanted: Option<&str>,
    ) -> Result<SpaceId, OpError> {
        let id = SpaceId::new(wanted.unwrap_or(gantry_core::space::LEGACY));
        self.space(subject, &id)
            .await?
            .map(|space| space.id)
            .ok_or_else(|| OpError::missing("space", &id))
    }

    pub fn role_in_space(&self, subject: &Subject, id: &SpaceId) -> Option<Role> {
        subject.role_in(id)
    }
}
