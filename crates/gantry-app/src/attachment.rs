//! Attachments: which integration serves which access of which stack.
//!
//! Clients replace attachments in parallel, so attaching waits a moment for a slot that is still
//! taken. The order is always: look, wait, try the role (outside of any transaction), look again
//! and write inside one.

mod checks;
mod listed;
mod slots;
mod warnings;

use gantry_cloud::provider::Patience;
use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::credentials::attachment::{Attachment, Placement, Serves, may_change, place};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::select::Attached;
use gantry_core::credentials::verification::VerifiedSource;
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};
use gantry_core::stack::Stack;
use gantry_store::{StoreError, attachment, cloud_integration, space, verification};
use ulid::Ulid;

use crate::audit::Deed;
use crate::verification::Verified;
use crate::wake::Hint;
use crate::{App, OpError, Subject};
pub use listed::Listed;
pub(crate) use slots::Slots;
use slots::{attachments, refused};

/// What an attempt to write came to.
enum Written {
    Done(Box<Attached>),
    /// Somebody took the slot or changed what was tried: begin anew.
    Overtaken,
}

impl App {
    /// The attachment of an integration to a stack; `None` when there is none, or the subject may
    /// not see the stack.
    pub async fn attachment_of(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integration: &IntegrationId,
        stack: &StackId,
    ) -> Result<Option<Attached>, OpError> {
        if self.stack(subject, stack).await?.is_none() {
            return Ok(None);
        }
        let attached = attachment::of_stack(self.store.reader(), cloud, stack).await?;
        Ok(attached
            .into_iter()
            .find(|attached| attached.integration.id == *integration))
    }

    /// Attaches. The same request sent again answers with the attachment that stands.
    pub async fn integration_attach(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integration: &IntegrationId,
        stack: &StackId,
        (read, write): (bool, bool),
    ) -> Result<Attached, OpError> {
        let serves = Serves::from_flags(read, write).map_err(refused)?;
        let deadline = Slots::deadline();
        let mut verified = Verified::default();
        loop {
            let freed = self.slots.listen();
            let reader = self.store.reader();
            let stack = self
                .stack_for(reader, subject, stack, Action::Administer)
                .await?;
            let found = cloud_integration::find(reader, cloud, integration).await?;
            let integration = self
                .attachable(reader, subject, &stack, integration, found)
                .await?;
            let existing = attachment::of_stack(reader, cloud, &stack.id).await?;
            match place(&attachments(&existing), &integration.id, serves) {
                Ok(Placement::Existing(same)) => return Ok(of_attachment(&existing, &same.id)),
                Ok(Placement::Free) => {}
                Err(refusal) => {
                    freed.or_refused(refusal, deadline).await?;
                    continue;
                }
            }
            self.verify_attachment(
                cloud,
                &integration,
                &stack,
                serves,
                Patience::Attach,
                &mut verified,
            )
            .await?;
            let written = self
                .attach_verified(subject, cloud, &integration, &stack, serves, &verified)
                .await?;
            if let Written::Done(attached) = written {
                self.log_attachment(subject, &attached, "attached").await?;
                return Ok(*attached);
            }
        }
    }

    async fn attach_verified(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integration: &Integration,
        stack: &Stack,
        serves: Serves,
        verified: &Verified,
    ) -> Result<Written, OpError> {
        let tx = self.store.begin().await?;
        let stack_now = self
            .stack_for_update(&tx, subject, &stack.id, Action::Administer)
            .await?;
        let found = cloud_integration::find_for_update(&tx, cloud, &integration.id).await?;
        // What is visible now has to be so until the attachment is there for others to see.
        space::hold(&tx).await?;
        let now = self
            .attachable(tx.reader(), subject, &stack_now, &integration.id, found)
            .await?;
        // The space stands in the session's tags, so it is part of what was tried.
        let as_tried =
            now.role == integration.role && stack_now.settings.space == stack.settings.space;
        let existing = attachment::of_stack(tx.reader(), cloud, &stack.id).await?;
        match place(&attachments(&existing), &integration.id, serves) {
            Ok(Placement::Existing(same)) => {
                return Ok(Written::Done(Box::new(of_attachment(&existing, &same.id))));
            }
            Ok(Placement::Free) if as_tried => {}
            // Taken: the next look waits, or says by whom.
            Ok(Placement::Free) | Err(_) => return Ok(Written::Overtaken),
        }
        let attachment = Attachment {
            id: AttachmentId::new(Ulid::generate().to_string()),
            integration: now.id.clone(),
            integration_name: now.name.clone(),
            stack: stack.id.clone(),
            serves,
        };
        match attachment::insert(&tx, cloud, &attachment, self.clock.now()).await {
            Err(StoreError::Duplicate(_)) => return Ok(Written::Overtaken),
            other => other?,
        }
        verified.save(&tx).await?;
        let deed = deed("attachment.create", &stack_now, &attachment);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        let integration = now;
        Ok(Written::Done(Box::new(Attached {
            attachment,
            integration,
        })))
    }

    /// Changes what an attachment serves; tries the role anew, patiently, since clients don't
    /// repeat an update by themselves.
    pub async fn attachment_update(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &AttachmentId,
        (read, write): (bool, bool),
    ) -> Result<Attached, OpError> {
        let serves = Serves::from_flags(read, write).map_err(refused)?;
        let deadline = Slots::deadline();
        let mut verified = Verified::default();
        loop {
            let freed = self.slots.listen();
            let reader = self.store.reader();
            let (before, stack) = self.attached_for(reader, subject, cloud, id).await?;
            let existing = attachment::of_stack(reader, cloud, &stack.id).await?;
            if let Err(refusal) = may_change(&attachments(&existing), id, serves) {
                freed.or_refused(refusal, deadline).await?;
                continue;
            }
            self.verify_attachment(
                cloud,
                &before.integration,
                &stack,
                serves,
                Patience::Update,
                &mut verified,
            )
            .await?;

            let tx = self.store.begin().await?;
            let stack_now = self
                .stack_for_update(&tx, subject, &stack.id, Action::Administer)
                .await?;
            cloud_integration::find_for_update(&tx, cloud, &before.integration.id).await?;
            let (mut now, _) = self.attached_for(tx.reader(), subject, cloud, id).await?;
            let as_tried = now.integration.role == before.integration.role
                && stack_now.settings.space == stack.settings.space;
            let existing = attachment::of_stack(tx.reader(), cloud, &stack.id).await?;
            if !as_tried || may_change(&attachments(&existing), id, serves).is_err() {
                continue;
            }
            match attachment::update(&tx, id, serves).await {
                Err(StoreError::Duplicate(_)) => continue,
                other => other?,
            }
            verified.save(&tx).await?;
            now.attachment.serves = serves;
            let was = before.attachment.serves;
            let deed = deed("attachment.update", &stack_now, &now.attachment)
                .with("readBefore", was.read())
                .with("writeBefore", was.write());
            self.audit(&tx, subject, deed).await?;
            self.tell_others(&tx, &[Hint::Slots]).await?;
            tx.commit().await?;
            self.slots.freed();
            self.log_attachment(subject, &now, "changed").await?;
            return Ok(now);
        }
    }

    /// Answers with the attachment as it was, or `None` when there was none.
    pub async fn integration_detach(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &AttachmentId,
    ) -> Result<Option<Attached>, OpError> {
        let found = match self
            .attached_for(self.store.reader(), subject, cloud, id)
            .await
        {
            Ok((found, _)) => found,
            Err(OpError::Missing { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        let tx = self.store.begin().await?;
        let stack = &found.attachment.stack;
        let stack_now = self
            .stack_for_update(&tx, subject, stack, Action::Administer)
            .await?;
        if !attachment::delete(&tx, id).await? {
            return Ok(None);
        }
        let source = VerifiedSource::Integration(found.integration.id.clone());
        verification::forget(&tx, stack, &source).await?;
        let deed = deed("attachment.delete", &stack_now, &found.attachment);
        self.audit(&tx, subject, deed).await?;
        self.tell_others(&tx, &[Hint::Slots]).await?;
        tx.commit().await?;
        self.slots.freed();
        tracing::info!(
            stack.slug = %stack, integration.id = %found.integration.id, by = subject.name,
            "the integration {:?} was detached", found.integration.name
        );
        Ok(Some(found))
    }
}

pub(crate) fn deed(action: &'static str, stack: &Stack, attachment: &Attachment) -> Deed {
    let target = Target::named("attachment", &attachment.id, &attachment.integration_name);
    Deed::new(action, target)
        .on_stack(stack)
        .with("integration", attachment.integration.as_str())
        .with("read", attachment.serves.read())
        .with("write", attachment.serves.write())
}

fn of_attachment(existing: &[Attached], id: &AttachmentId) -> Attached {
    let same = existing
        .iter()
        .find(|attached| attached.attachment.id == *id);
    same.expect("`place` answers with one of those it was given")
        .clone()
}
