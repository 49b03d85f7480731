//! Spaces: seen by whoever has a role in them, or in one that inherits from them.

mod change;
mod draft;

pub use draft::SpaceDraft;

use gantry_core::authz::{Action, Role};
use gantry_core::ids::SpaceId;
use gantry_core::space::Space;
use gantry_store::space;

use crate::{App, OpError, Subject};

impl App {
    pub async fn spaces(&self, subject: &Subject) -> Result<Vec<Space>, OpError> {
        let mut spaces = space::list(self.store.reader()).await?;
        spaces.retain(|space| subject.sees_shared(&space.id));
        Ok(spaces)
    }

    pub async fn space(&self, subject: &Subject, id: &SpaceId) -> Result<Option<Space>, OpError> {
        if !subject.sees_shared(id) {
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

    /// The spaces that some things live in. Whoever sees a thing sees its space, so nobody is asked
    /// again.
    pub async fn spaces_of(&self, ids: &[SpaceId]) -> Result<Vec<Space>, OpError> {
        let mut spaces = space::list(self.store.reader()).await?;
        spaces.retain(|space| ids.contains(&space.id));
        Ok(spaces)
    }

    /// Whether the subject may trigger, lock and set variables in a space.
    pub fn may_operate(&self, subject: &Subject, id: &SpaceId) -> bool {
        subject
            .role_in(id)
            .is_some_and(|role| role.may(Action::Operate))
    }

    pub fn role_in_space(&self, subject: &Subject, id: &SpaceId) -> Option<Role> {
        subject.role_in(id)
    }
}
