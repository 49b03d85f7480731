//! A stack's own role, older than integrations. Upsert and delete, as clients know them.

mod migration;
mod undo;

use gantry_cloud::provider::Patience;
use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::verification::VerifiedSource;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use gantry_store::{legacy_role, legacy_role_migration, verification};

use crate::audit::Deed;
use crate::role::{RoleInput, assumed_in_worker};
use crate::verification::Verified;
use crate::{App, OpError, Subject};

pub use migration::{MigrationCheck, MigrationPlan};

/// Legacy roles exist in this cloud only.
const CLOUD: Cloud = Cloud::Aws;

impl App {
    /// Of a stack that somebody was allowed to see.
    pub async fn legacy_role(&self, stack: &Stack) -> Result<Option<LegacyRole>, OpError> {
        Ok(legacy_role::find(self.store.reader(), &stack.id).await?)
    }

    /// Of those among stacks that somebody was allowed to see which have one.
    pub async fn legacy_roles(&self, stacks: &[StackId]) -> Result<Vec<LegacyRole>, OpError> {
        Ok(legacy_role::of_stacks(self.store.reader(), stacks).await?)
    }

    /// Makes or replaces it, once the role is shown to trust this server.
    pub async fn legacy_role_put(
        &self,
        subject: &Subject,
        stack: &StackId,
        input: &RoleInput,
    ) -> Result<LegacyRole, OpError> {
        let reader = self.store.reader();
        let stack = self
            .stack_for(reader, subject, stack, Action::Administer)
            .await?;
        refuse_deleting(&stack)?;
        let legacy = LegacyRole {
            stack: stack.id.clone(),
            role: input.parse(&self.account)?,
        };
        let before = legacy_role::find(reader, &stack.id).await?;
        let mut verified = Verified::default();
        if !assumed_in_worker(&legacy.role) {
            let attempts = vec![self.legacy_trial(&legacy)?];
            // Clients repeat the making of one by themselves, not the change of one.
            let patience = match before {
                None => Patience::Attach,
                Some(_) => Patience::Update,
            };
            self.verify(CLOUD, attempts, patience, &mut verified)
                .await?;
        }
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, &stack.id, Action::Administer)
            .await?;
        refuse_deleting(&stack)?;
        legacy_role::put(&tx, &legacy, self.clock.now()).await?;
        // What the stack had before it was migrated is not what anybody wants back now.
        legacy_role_migration::forget(&tx, &stack.id).await?;
        verified.save(&tx).await?;
        let deed = deed("legacy_role.put", &stack).with("role", legacy.role.arn.as_str());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            stack.slug = %stack.id, by = subject.name,
            "the stack's own AWS role was set to {}", legacy.role.arn
        );
        Ok(legacy)
    }

    /// Whether there was one to delete.
    pub async fn legacy_role_delete(
        &self,
        subject: &Subject,
        stack: &StackId,
    ) -> Result<bool, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Administer)
            .await?;
        let deleted = legacy_role::delete(&tx, &stack.id).await?;
        verification::forget(&tx, &stack.id, &VerifiedSource::LegacyRole).await?;
        if deleted {
            self.audit(&tx, subject, deed("legacy_role.delete", &stack))
                .await?;
        }
        tx.commit().await?;
        if deleted {
            tracing::info!(
                stack.slug = %stack.id, by = subject.name, "the stack's own AWS role was deleted"
            );
        }
        Ok(deleted)
    }
}

fn deed(action: &'static str, stack: &Stack) -> Deed {
    Deed::new(action, Target::new("legacy role", &stack.id)).on_stack(stack)
}

fn refuse_deleting(stack: &Stack) -> Result<(), OpError> {
    if stack.deleting {
        return Err(OpError::conflict(format!(
            "the stack {} is being deleted; its AWS role can't be changed any more",
            stack.id
        )));
    }
    Ok(())
}
