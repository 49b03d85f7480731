//! Back to the role of a stack's own that it had before it was migrated.

use gantry_cloud::provider::Patience;
use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::migration::{Migration, ReplacedBy};
use gantry_core::credentials::verification::VerifiedSource;
use gantry_core::stack::Stack;
use gantry_store::{
    Reader, Tx, attachment, cloud_integration, legacy_role, legacy_role_migration, verification,
};

use super::{CLOUD, refuse_deleting};
use crate::audit::Deed;
use crate::role::assumed_in_worker;
use crate::verification::Verified;
use crate::wake::Hint;
use crate::{App, OpError, Subject};

impl App {
    /// The role has to accept the stack's own external ID again, or still. What the migration
    /// attached goes in the same transaction; an integration that it made goes too, when nobody
    /// else came to use or change it.
    pub async fn legacy_role_migration_undo(
        &self,
        subject: &Subject,
        stack: &gantry_core::ids::StackId,
    ) -> Result<LegacyRole, OpError> {
        let reader = self.store.reader();
        let stack = self
            .stack_for(reader, subject, stack, Action::Administer)
            .await?;
        let before = undoable(reader, &stack).await?;
        let legacy = LegacyRole {
            stack: stack.id.clone(),
            role: before.role.clone(),
        };
        let mut verified = Verified::default();
        if !assumed_in_worker(&legacy.role) {
            let attempts = vec![self.legacy_trial(&legacy)?];
            self.verify(CLOUD, attempts, Patience::Update, &mut verified)
                .await?;
        }

        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, &stack.id, Action::Administer)
            .await?;
        let migration = undoable(tx.reader(), &stack).await?;
        if migration != before {
            return Err(OpError::conflict(format!(
                "somebody else has just migrated the stack {} anew; look before you undo that",
                stack.id
            )));
        }
        legacy_role::put(&tx, &legacy, migration.role_created_at).await?;
        verified.save(&tx).await?;
        if let Some(replaced) = &migration.replaced_by {
            self.withdraw(&tx, subject, &stack, &migration, replaced)
                .await?;
        }
        legacy_role_migration::forget(&tx, &stack.id).await?;
        let deed = super::deed("legacy_role.put", &stack).with("role", legacy.role.arn.as_str());
        self.audit(&tx, subject, deed).await?;
        let target = Target::new("legacy role", &stack.id);
        let deed = Deed::new("legacy_role.migrate_undo", target)
            .on_stack(&stack)
            .with("role", legacy.role.arn.as_str());
        self.audit(&tx, subject, deed).await?;
        self.tell_others(&tx, &[Hint::Slots]).await?;
        tx.commit().await?;
        self.slots.freed();
        tracing::info!(
            stack.slug = %stack.id, by = subject.name,
            "the migration of the stack's own AWS role {} was undone", legacy.role.arn
        );
        Ok(legacy)
    }

    async fn withdraw(
        &self,
        tx: &Tx,
        subject: &Subject,
        stack: &Stack,
        migration: &Migration,
        replaced: &ReplacedBy,
    ) -> Result<(), OpError> {
        let integration =
            cloud_integration::find_for_update(tx, CLOUD, &replaced.integration).await?;
        let attached = attachment::of_stack(tx.reader(), CLOUD, &stack.id).await?;
        let mut now = attached
            .into_iter()
            .map(|attached| attached.attachment)
            .find(|attachment| attachment.id == replaced.attachment);
        if let Some(attachment) = &mut now {
            if attachment.serves != replaced.serves {
                return Err(OpError::conflict(format!(
                    "the attachment {} of {:?} serves {} by now, and the migration left it with {}; \
                     give it that back, or detach it, and then undo",
                    attachment.id, attachment.integration_name, attachment.serves, replaced.serves
                )));
            }
            let deed = match replaced.before {
                Some(before) => {
                    attachment::update(tx, &attachment.id, before).await?;
                    let was = std::mem::replace(&mut attachment.serves, before);
                    crate::attachment::deed("attachment.update", stack, attachment)
                        .with("readBefore", was.read())
                        .with("writeBefore", was.write())
                }
                None => {
                    attachment::delete(tx, &attachment.id).await?;
                    let source = VerifiedSource::Integration(replaced.integration.clone());
                    verification::forget(tx, &stack.id, &source).await?;
                    crate::attachment::deed("attachment.delete", stack, attachment)
                }
            };
            self.audit(tx, subject, deed).await?;
        }
        let Some(integration) = integration.filter(|_| replaced.made) else {
            return Ok(());
        };
        let others = attachment::of_integration(tx.reader(), CLOUD, &integration.id).await?;
        let as_made = integration.role == migration.role
            && integration.space == stack.settings.space
            && !integration.autoattach_enabled;
        if others.is_empty() && as_made {
            cloud_integration::delete(tx, &integration.id).await?;
            let deed = crate::cloud_integration::deed("integration.delete", CLOUD, &integration);
            self.audit(tx, subject, deed).await?;
        }
        Ok(())
    }
}

async fn undoable(reader: Reader<'_>, stack: &Stack) -> Result<Migration, OpError> {
    refuse_deleting(stack)?;
    if legacy_role::find(reader, &stack.id).await?.is_some() {
        return Err(OpError::conflict(format!(
            "the stack {} has an AWS role of its own, so there is no migration to undo",
            stack.id
        )));
    }
    let migration = legacy_role_migration::find(reader, &stack.id).await?;
    migration.ok_or_else(|| {
        OpError::conflict(format!(
            "the AWS role of the stack {} was not migrated, so there is nothing to undo",
            stack.id
        ))
    })
}
