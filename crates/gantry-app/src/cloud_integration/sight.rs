//! An attachment needs a stack that sees its integration. Moving an integration asks here first, in
//! its own transaction and with the stacks held.

use gantry_core::credentials::attachment::Attachment;
use gantry_core::credentials::integration::Integration;
use gantry_core::space::seen_from;
use gantry_store::{Tx, space, stack};

use super::named;
use crate::OpError;

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
