//! What a stack uses it has to see. Whoever moves a stack, a thing or a space, or lets a space
//! inherit no more, asks here first, in its own transaction and with the tree held.

use std::collections::BTreeSet;

use gantry_core::context::Context;
use gantry_core::credentials::attachment::Attachment;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::SpaceId;
use gantry_core::space::{Sight, Space, Tree};
use gantry_core::stack::Stack;
use gantry_core::worker_pool::WorkerPool;
use gantry_store::context_attachment::ContextAttachment;
use gantry_store::{Tx, sight, space, stack, worker_pool};

use crate::OpError;
use crate::cloud_integration::named;

/// Refuses a move of an integration after which an attached stack would not see it.
pub(crate) async fn kept_by_integration(
    tx: &Tx,
    moved: &Integration,
    attachments: &[Attachment],
) -> Result<(), OpError> {
    space::hold(tx).await?;
    let spaces = space::list(tx.reader()).await?;
    let tree = Tree::new(&spaces);
    let mut blind = Vec::new();
    for attachment in attachments {
        let Some(stack) = stack::find(tx.reader(), &attachment.stack).await? else {
            continue;
        };
        if !tree.sees(&stack.settings.space, &moved.space) {
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

/// Refuses a move of a context after which a stack to which somebody attached it would not see it.
pub(crate) async fn kept_by_context(
    tx: &Tx,
    moved: &Context,
    attachments: &[ContextAttachment],
) -> Result<(), OpError> {
    space::hold(tx).await?;
    let spaces = space::list(tx.reader()).await?;
    let tree = Tree::new(&spaces);
    let blind: Vec<_> = attachments
        .iter()
        .filter(|attachment| !tree.sees(&attachment.stack_space, &moved.space))
        .map(|attachment| &attachment.stack)
        .collect();
    if blind.is_empty() {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "space: the context `{}` can't move to the space `{}`, because {} would not see it any \
         more; detach it there first",
        moved.id,
        moved.space,
        named(&blind)
    )))
}

/// Refuses a move of a worker pool after which a stack that runs there would not see it.
pub(crate) async fn kept_by_pool(tx: &Tx, moved: &WorkerPool) -> Result<(), OpError> {
    space::hold(tx).await?;
    let spaces = space::list(tx.reader()).await?;
    let tree = Tree::new(&spaces);
    let stacks = worker_pool::stacks(tx.reader(), &moved.id).await?;
    let blind: Vec<_> = stacks
        .iter()
        .filter(|(_, space)| !tree.sees(space, &moved.space))
        .map(|(stack, _)| stack)
        .collect();
    if blind.is_empty() {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "space: the worker pool {:?} can't move to the space `{}`, because {} would not see it any \
         more; give them another pool, or none, first",
        moved.name,
        moved.space,
        named(&blind)
    )))
}

/// Refuses a move of a stack after which it would not see what it uses.
pub(crate) async fn kept_by_stack(tx: &Tx, moved: &Stack, to: &SpaceId) -> Result<(), OpError> {
    space::hold(tx).await?;
    let spaces = space::list(tx.reader()).await?;
    let tree = Tree::new(&spaces);
    let used = sight::of_stack(tx.reader(), &moved.id).await?;
    let lost: Vec<&str> = used
        .iter()
        .filter(|sight| !tree.sees(to, &sight.space))
        .map(|sight| sight.what.as_str())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "space: the stack `{}` can't move to the space `{to}`, because it would not see {} any \
         more; detach that first",
        moved.id,
        joined(&lost)
    )))
}

/// Refuses a change of the tree after which a stack would not see what it uses. The tree is held
/// for a change.
pub(crate) async fn kept_by_tree(
    tx: &Tx,
    field: &str,
    before: &[Space],
    after: &[Space],
) -> Result<(), OpError> {
    let used = sight::across_spaces(tx.reader()).await?;
    let lost = Tree::new(before).lost(&Tree::new(after), &used);
    if lost.is_empty() {
        return Ok(());
    }
    Err(OpError::conflict(format!(
        "{field}: {}; detach that first",
        blind(&lost)
    )))
}

/// How many losses are named: enough to see what it is about.
const NAMED: usize = 5;

fn blind(lost: &[&Sight]) -> String {
    let stacks: BTreeSet<_> = lost.iter().map(|sight| &sight.stack).collect();
    let mut sentences: Vec<String> = stacks
        .iter()
        .take(NAMED)
        .map(|stack| {
            let things: Vec<&str> = lost
                .iter()
                .filter(|sight| sight.stack == **stack)
                .map(|sight| sight.what.as_str())
                .collect();
            format!(
                "the stack {stack} would not see {} any more",
                joined(&things)
            )
        })
        .collect();
    if stacks.len() > NAMED {
        sentences.push(format!("and {} more stacks", stacks.len() - NAMED));
    }
    sentences.join(", ")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(things: &[&str]) -> String {
    match things {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
