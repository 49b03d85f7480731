use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::migration::{Migration, ReplacedBy, Step};
use gantry_core::credentials::verification::VerifiedSource;
use gantry_core::ids::{AttachmentId, IntegrationId};
use gantry_core::stack::Stack;
use gantry_store::{
    StoreError, Tx, attachment, cloud_integration, legacy_role, legacy_role_migration, space,
    verification,
};
use ulid::Ulid;

use super::draft::Draft;
use crate::audit::Deed;
use crate::legacy_role::{CLOUD, deed};
use crate::verification::Verified;
use crate::{App, OpError, Subject};

impl App {
    /// `None` when what was tried is not what stands there by now.
    pub(super) async fn perform(
        &self,
        subject: &Subject,
        draft: &Draft,
        chosen: Option<&IntegrationId>,
        verified: &Verified,
    ) -> Result<Option<Migration>, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, &draft.stack.id, Action::Administer)
            .await?;
        if let Some(integration) = draft
            .integration
            .as_ref()
            .filter(|_| !draft.makes_integration())
        {
            cloud_integration::find_for_update(&tx, CLOUD, &integration.id).await?;
        }
        // What is visible now has to be so until the attachment is there for others to see.
        space::hold(&tx).await?;
        let now = self.draft_for(tx.reader(), stack, chosen).await?;
        if !draft.is_still(&now) {
            return Ok(None);
        }
        let stack = &now.stack;
        if let Some(made) = now.integration.as_ref().filter(|_| now.makes_integration()) {
            let at = self.clock.now();
            match cloud_integration::insert(&tx, CLOUD, made, at).await {
                Err(StoreError::Duplicate(_)) => return Ok(None),
                other => other?,
            }
            let deed = crate::cloud_integration::deed("integration.create", CLOUD, made);
            self.audit(&tx, subject, deed).await?;
        }
        let replaced_by = match &now.integration {
            None => None,
            Some(integration) => match self.serve(&tx, subject, stack, integration, &now).await? {
                None => return Ok(None),
                serving => serving,
            },
        };
        verified.save(&tx).await?;
        legacy_role::delete(&tx, &stack.id).await?;
        verification::forget(&tx, &stack.id, &VerifiedSource::LegacyRole).await?;
        let migration = Migration {
            stack: stack.id.clone(),
            role: now.legacy.role.clone(),
            role_created_at: now.legacy_created_at,
            replaced_by,
            migrated_at: self.clock.now(),
            migrated_by: subject.name.clone(),
        };
        legacy_role_migration::put(&tx, &migration).await?;
        self.audit(&tx, subject, deed("legacy_role.delete", stack))
            .await?;
        self.audit(&tx, subject, migrated(stack, &migration))
            .await?;
        tx.commit().await?;
        tracing::info!(
            stack.slug = %stack.id, by = subject.name,
            "the stack's own AWS role {} was migrated to an integration", migration.role.arn
        );
        Ok(Some(migration))
    }

    /// Lets the integration serve what the role served; `None` when somebody took the slot.
    async fn serve(
        &self,
        tx: &Tx,
        subject: &Subject,
        stack: &Stack,
        integration: &Integration,
        draft: &Draft,
    ) -> Result<Option<ReplacedBy>, OpError> {
        let (id, before, serves) = match &draft.step {
            Step::Nothing => return Ok(None),
            Step::Attach { serves, .. } => {
                let id = AttachmentId::new(Ulid::generate().to_string());
                (id, None, *serves)
            }
            Step::Widen {
                attachment, from, ..
            } => (attachment.clone(), Some(*from), Serves::Both),
        };
        let attachment = Attachment {
            id,
            integration: integration.id.clone(),
            integration_name: integration.name.clone(),
            stack: stack.id.clone(),
            serves,
        };
        let (written, action) = match before {
            None => {
                let at = self.clock.now();
                let inserted = attachment::insert(tx, CLOUD, &attachment, at).await;
                (inserted, "attachment.create")
            }
            Some(_) => {
                let updated = attachment::update(tx, &attachment.id, serves).await;
                (updated, "attachment.update")
            }
        };
        match written {
            Err(StoreError::Duplicate(_)) => return Ok(None),
            other => other?,
        }
        let mut deed = crate::attachment::deed(action, stack, &attachment);
        if let Some(before) = before {
            deed = deed
                .with("readBefore", before.read())
                .with("writeBefore", before.write());
        }
        self.audit(tx, subject, deed).await?;
        Ok(Some(ReplacedBy {
            integration: integration.id.clone(),
            made: draft.makes_integration(),
            attachment: attachment.id,
            before,
            serves,
        }))
    }
}

fn migrated(stack: &Stack, migration: &Migration) -> Deed {
    let target = Target::new("legacy role", &stack.id);
    let deed = Deed::new("legacy_role.migrate", target)
        .on_stack(stack)
        .with("role", migration.role.arn.as_str());
    match &migration.replaced_by {
        None => deed,
        Some(replaced) => deed
            .with("integration", replaced.integration.as_str())
            .with("made", replaced.made)
            .with("attachment", replaced.attachment.as_str()),
    }
}
