//! An attachment needs a stack that sees its integration. Whatever moves one of the two asks here
//! first, in its own transaction and with the stack held.

use gantry_core::credentials::attachment::Attachment;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::space::seen_from;
use gantry_store::{Tx, attachment, space, stack};

use super::named;
use crate::{App, OpError};

/// Refuses a move of an integration after which an attached stack would not see it.
pub(super) async fn kept_by_integration(
    tx: &Tx,
    moved: &Integration,
    attachments: &[Attachment],
) -> Result<(), OpError> {
    let spaces = space::list(tx.reader()).await?;
    let mut blind = Vec::new();
    for attachment in attachments {
        let Some(stack) = stack::find(tx.reader(), &attachment.stack).await? else {
            continue;
        };
        if !seen_from(&spaces, &stack.settings.space).contains(&&moved.space) {
            blind.push(&attachment.stack);
        }
    }
    if blind.is_empty() {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "space: the integration {:?} can't move to the space `{}`, because {} would not see it any \
         more; detach it there first",
        moved.name,
        moved.space,
        named(&blind)
    )))
}

impl App {
    /// Refuses a move of a stack after which it would not see an integration that it uses. The
    /// transaction holds the stack.
    pub(crate) async fn attachments_keep_sight(
        &self,
        tx: &Tx,
        stack: &StackId,
        new_space: &SpaceId,
    ) -> Result<(), OpError> {
        let spaces = space::list(tx.reader()).await?;
        let seen = seen_from(&spaces, new_space);
        for cloud in Cloud::ALL {
            for attached in attachment::of_stack(tx.reader(), cloud, stack).await? {
                let integration = &attached.integration;
                if !seen.contains(&&integration.space) {
                    return Err(OpError::conflict(format!(
                        "space: the stack {stack} can't move to the space `{new_space}`, because \
                         its {} integration {:?} is not visible from there; detach it first",
                        cloud.label(),
                        integration.name
                    )));
                }
            }
        }
        Ok(())
    }
}
