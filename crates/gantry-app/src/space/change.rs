//! The tree is changed by administrators of `root`: whoever moves a space or lets it inherit changes
//! what others see, above it and below.

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::ids::SpaceId;
use gantry_core::space::{LEGACY, MOST_SPACES, ROOT, Space, Tree, TreeRefused, new_id};
use gantry_store::space::Inhabitant;
use gantry_store::{StoreError, Tx, space};
use ulid::Ulid;

use super::SpaceDraft;
use crate::audit::Deed;
use crate::{App, OpError, Subject, sight};

/// How many things that are in the way are named.
const NAMED: i64 = 10;

impl App {
    pub async fn space_create(
        &self,
        subject: &Subject,
        draft: &SpaceDraft,
    ) -> Result<Space, OpError> {
        draft.check()?;
        let parent = draft.parent();
        require_tree_admin(subject, &parent)?;
        let tx = self.store.begin().await?;
        space::hold_for_change(&tx).await?;
        let spaces = space::list(tx.reader()).await?;
        if spaces.len() >= MOST_SPACES {
            return Err(OpError::conflict(format!(
                "there are {MOST_SPACES} spaces, and no more are allowed; delete one that is empty"
            )));
        }
        Tree::new(&spaces)
            .may_stand(None, &parent)
            .map_err(refused)?;
        let made = Space {
            id: new_id(&draft.name, &Ulid::generate().to_string()),
            name: draft.name.clone(),
            description: draft.description.clone(),
            parent: Some(parent),
            inherit_entities: draft.inherit_entities,
            labels: draft.labels.clone(),
        };
        space::insert(&tx, &made, self.clock.now())
            .await
            .map_err(|error| not_stored(error, &made))?;
        self.audit(&tx, subject, deed("space.create", &made))
            .await?;
        tx.commit().await?;
        tracing::info!(space.id = %made.id, by = subject.name, "the space {:?} was created", made.name);
        Ok(made)
    }

    /// Replaces everything but the ID. Refused when a stack would lose sight of what it uses.
    pub async fn space_update(
        &self,
        subject: &Subject,
        id: &SpaceId,
        draft: &SpaceDraft,
    ) -> Result<Space, OpError> {
        draft.check()?;
        require_tree_admin(subject, id)?;
        let tx = self.store.begin().await?;
        space::hold_for_change(&tx).await?;
        let before = space::list(tx.reader()).await?;
        let place = before.iter().position(|space| space.id == *id);
        let place = place.ok_or_else(|| OpError::missing("space", id))?;
        let mut after = before.clone();
        let changed = &mut after[place];
        changed.description = draft.description.clone();
        changed.labels = draft.labels.clone();
        if changed.parent.is_none() {
            refuse_moving_root(draft)?;
        } else {
            let parent = draft.parent();
            if changed.parent.as_ref() != Some(&parent) {
                Tree::new(&before)
                    .may_stand(Some(id), &parent)
                    .map_err(refused)?;
            }
            changed.name = draft.name.clone();
            changed.parent = Some(parent);
            changed.inherit_entities = draft.inherit_entities;
        }
        let (was, changed) = (&before[place], &after[place]);
        if was.parent != changed.parent {
            sight::kept_by_tree(&tx, "parentSpace", &before, &after).await?;
        } else if was.inherit_entities && !changed.inherit_entities {
            sight::kept_by_tree(&tx, "inheritEntities", &before, &after).await?;
        }
        space::update(&tx, changed)
            .await
            .map_err(|error| not_stored(error, changed))?;
        let parent_before = was.parent.as_ref().map(SpaceId::as_str);
        let deed = deed("space.update", changed)
            .with("nameBefore", was.name.as_str())
            .with("parentBefore", parent_before)
            .with("inheritBefore", was.inherit_entities);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(space.id = %id, by = subject.name, "the space {:?} was updated", changed.name);
        Ok(changed.clone())
    }

    /// Only an empty space goes. Answers with the space as it was, or `None` when there was none.
    pub async fn space_delete(
        &self,
        subject: &Subject,
        id: &SpaceId,
    ) -> Result<Option<Space>, OpError> {
        match require_tree_admin(subject, id) {
            Err(OpError::Missing { .. }) => return Ok(None),
            other => other?,
        }
        if [ROOT, LEGACY].contains(&id.as_str()) {
            return Err(OpError::invalid(format!(
                "the space `{id}` always exists and can't be deleted"
            )));
        }
        let tx = self.store.begin().await?;
        space::hold_for_change(&tx).await?;
        let Some(found) = space::find(tx.reader(), id).await? else {
            return Ok(None);
        };
        refuse_inhabited(&tx, id).await?;
        match space::delete(&tx, id).await {
            Err(StoreError::Referenced) => {
                return Err(OpError::conflict(format!(
                    "something was put into the space `{id}` at this moment; look again"
                )));
            }
            other => other?,
        }
        self.audit(&tx, subject, deed("space.delete", &found))
            .await?;
        tx.commit().await?;
        tracing::info!(space.id = %id, by = subject.name, "the space {:?} was deleted", found.name);
        Ok(Some(found))
    }
}

fn deed(action: &'static str, space: &Space) -> Deed {
    let parent = space.parent.as_ref().map(SpaceId::as_str);
    Deed::new(action, Target::named("space", &space.id, &space.name))
        .in_space(&space.id)
        .with("parent", parent)
        .with("inherit", space.inherit_entities)
}

/// Whoever does not see the space that it is about hears that there is none.
fn require_tree_admin(subject: &Subject, about: &SpaceId) -> Result<(), OpError> {
    if !subject.sees_shared(about) {
        return Err(OpError::missing("space", about));
    }
    subject.require(Action::Administer, &SpaceId::new(ROOT))
}

fn refuse_moving_root(draft: &SpaceDraft) -> Result<(), OpError> {
    let refused = if draft.parent() != SpaceId::new(ROOT) {
        "parentSpace: the space `root` is the top of the tree and can't be moved"
    } else if draft.name != ROOT {
        "name: the space `root` can't be renamed, paths of spaces begin with its name"
    } else if draft.inherit_entities {
        "inheritEntities: the space `root` has nothing above it that it could inherit from"
    } else {
        return Ok(());
    };
    Err(OpError::invalid(refused))
}

async fn refuse_inhabited(tx: &Tx, id: &SpaceId) -> Result<(), OpError> {
    let mut inside = space::inhabitants(tx.reader(), id, NAMED + 1).await?;
    if inside.is_empty() {
        return Ok(());
    }
    let more = inside.len() as i64 > NAMED;
    inside.truncate(NAMED as usize);
    let named: Vec<String> = inside
        .iter()
        .map(|Inhabitant { kind, name }| format!("the {kind} {name:?}"))
        .chain(more.then(|| "more".to_owned()))
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    Err(OpError::conflict(format!(
        "the space `{id}` is not empty: {} must be moved or deleted first",
        sight::joined(&named)
    )))
}

fn refused(refused: TreeRefused) -> OpError {
    match refused {
        TreeRefused::NoParent { parent } => OpError::missing("space", parent),
        TreeRefused::Circle { .. } => OpError::conflict(refused.to_string()),
        TreeRefused::TooDeep { .. } => OpError::invalid(refused.to_string()),
    }
}

fn not_stored(error: StoreError, space: &Space) -> OpError {
    match (error, &space.parent) {
        (StoreError::Duplicate(_), Some(parent)) => OpError::conflict(format!(
            "name: there is a space {:?} below `{parent}` already; choose another name",
            space.name
        )),
        (other, _) => other.into(),
    }
}
