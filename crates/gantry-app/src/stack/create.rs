use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::quoted::Quoted;
use gantry_core::slug::{Slug, slug_from_name};
use gantry_core::stack::Stack;
use gantry_store::{Tx, slug, stack};

use super::vendor::refuse_workspace;
use super::{StackDraft, space_gone};
use crate::audit::Deed;
use crate::{App, OpError, Subject};

impl App {
    /// Makes a stack. Its ID is `wanted_slug`, or made from the name.
    pub async fn stack_create(
        self: &Arc<Self>,
        subject: &Subject,
        draft: StackDraft,
        wanted_slug: Option<String>,
        manage_state: bool,
        state_object: Option<String>,
    ) -> Result<Stack, OpError> {
        if state_object.is_some() && !manage_state {
            return Err(OpError::invalid(
                "stackObjectID: a state is imported into a stack whose state is kept here; send \
                 `manageState: true` with it",
            ));
        }
        let space = self.space_for_new(subject, draft.space.as_deref()).await?;
        subject.require(Action::Administer, &space)?;
        let from_name = wanted_slug.is_none();
        let slug = match wanted_slug {
            Some(wanted) => Slug::parse(&wanted),
            None => slug_from_name(&draft.name),
        }
        .map_err(|error| OpError::invalid(error.to_string()))?;
        let now = self.clock.now();
        let settings = draft.settings(self, space.clone(), None)?;
        if manage_state {
            refuse_workspace(&settings)?;
        }
        let stack = Stack {
            id: StackId::from(slug.clone()),
            settings,
            manages_state: manage_state,
            disabled: false,
            tracked_commit: None,
            tracked_commit_set_by: None,
            lock: None,
            system_lock: None,
            state: None,
            state_set_at: None,
            blocker: None,
            fence: 0,
            deleting: false,
            created_at: now,
            updated_at: now,
        };
        let imported = match state_object {
            Some(upload) => Some(self.state_import(subject, upload, &stack.id).await?),
            None => None,
        };
        let tx = self.store.begin().await?;
        let added = async {
            if !slug::claim(&tx, &slug, &space).await? {
                return Err(taken(&tx, subject, &slug, &space, from_name).await?);
            }
            if let Some(pool) = &stack.settings.worker_pool {
                self.expect_pool_for(&tx, subject, pool, &space).await?;
            }
            let stored = stack::insert(&tx, &stack).await;
            stored.map_err(|error| space_gone(error, &space))?;
            if let Some(imported) = &imported {
                self.state_imported(&tx, imported).await?;
            }
            let deed = Deed::to_stack("stack.create", &stack)
                .with("managesState", manage_state)
                .with("importedState", imported.is_some());
            self.audit(&tx, subject, deed).await
        };
        if let Err(error) = added.await {
            drop(tx);
            if let Some(imported) = &imported {
                self.state_import_undone(imported).await;
            }
            return Err(error);
        }
        tx.commit().await?;
        if let Some(imported) = imported {
            self.state_import_done(imported);
        }
        Ok(stack)
    }
}

/// Why a slug is not to be had. Says no more of a stack than the subject may see.
async fn taken(
    tx: &Tx,
    subject: &Subject,
    slug: &Slug,
    space: &SpaceId,
    from_name: bool,
) -> Result<OpError, OpError> {
    let what = if from_name {
        format!("`name` gives the slug `{slug}`, and that")
    } else {
        format!("`slug` `{slug}`")
    };
    let remedy = if from_name {
        "change the name, or give a `slug` beside it"
    } else {
        "choose another one"
    };
    let claim = slug::find(tx.reader(), slug.as_str()).await?;
    if claim.is_some_and(|claim| claim.released_at.is_some() && claim.space != *space) {
        return Ok(OpError::conflict(format!(
            "{what} belonged to a stack of another space; it stays reserved for that space, so \
             that an old trust policy never serves a new owner: {remedy}"
        )));
    }
    let holder = stack::find(tx.reader(), &StackId::from(slug.clone())).await?;
    let holder = holder.filter(|stack| subject.sees(&stack.settings.space));
    Ok(OpError::conflict(match holder {
        Some(stack) => format!(
            "{what} is taken by the stack {}: {remedy}",
            Quoted(&stack.settings.name)
        ),
        None => format!("{what} is taken: {remedy}"),
    }))
}
