//! What has to be true of an integration, a stack and the subject before one is attached to the
//! other. Asked before the role is tried, and again inside the transaction that writes.

use gantry_cloud::provider::Patience;
use gantry_core::authz::Action;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::select::Attached;
use gantry_core::ids::{AttachmentId, IntegrationId, SpaceId};
use gantry_core::space::seen_from;
use gantry_core::stack::Stack;
use gantry_store::{Reader, attachment, space};

use crate::role::assumed_in_worker;
use crate::verification::Verified;
use crate::{App, OpError, Subject};

impl App {
    /// The attachment and its stack, for somebody who may change them.
    pub(super) async fn attached_for(
        &self,
        reader: Reader<'_>,
        subject: &Subject,
        cloud: Cloud,
        id: &AttachmentId,
    ) -> Result<(Attached, Stack), OpError> {
        let missing = || OpError::missing("attachment", id);
        let attached = attachment::find(reader, cloud, id)
            .await?
            .ok_or_else(missing)?;
        let stack = &attached.attachment.stack;
        match self
            .stack_for(reader, subject, stack, Action::Administer)
            .await
        {
            Ok(stack) => Ok((attached, stack)),
            // Whoever may not see the stack is not told its name either.
            Err(OpError::Missing { .. }) => Err(missing()),
            Err(other) => Err(other),
        }
    }

    /// An integration that the stack's space can see.
    pub(super) async fn attachable(
        &self,
        reader: Reader<'_>,
        subject: &Subject,
        stack: &Stack,
        id: &IntegrationId,
        found: Option<Integration>,
    ) -> Result<Integration, OpError> {
        if stack.deleting {
            return Err(OpError::conflict(format!(
                "the stack {} is being deleted; nothing can be attached to it any more",
                stack.id
            )));
        }
        let missing = || OpError::missing("integration", id);
        let integration = found.ok_or_else(missing)?;
        let (from, space) = (&stack.settings.space, &integration.space);
        if self.sees_space(reader, from, space).await? {
            return Ok(integration);
        }
        if !subject.sees_shared(space) {
            return Err(missing());
        }
        Err(OpError::conflict(format!(
            "the integration {:?} lives in the space `{space}`, which is not visible from the space \
             `{from}` of the stack {}; move one of them, or let the spaces between inherit",
            integration.name, stack.id
        )))
    }

    /// Whether what lives in `space` is visible from the space `from`.
    pub(crate) async fn sees_space(
        &self,
        reader: Reader<'_>,
        from: &SpaceId,
        space: &SpaceId,
    ) -> Result<bool, OpError> {
        if from == space {
            return Ok(true);
        }
        let spaces = space::list(reader).await?;
        Ok(seen_from(&spaces, from).contains(&space))
    }

    pub(super) async fn verify_attachment(
        &self,
        cloud: Cloud,
        integration: &Integration,
        stack: &Stack,
        serves: Serves,
        patience: Patience,
        verified: &mut Verified,
    ) -> Result<(), OpError> {
        // What only the worker can assume, only the worker can try.
        if assumed_in_worker(&integration.role) {
            return Ok(());
        }
        let trials = self.trials(integration, stack, serves)?;
        self.verify(cloud, trials, patience, verified).await
    }
}
