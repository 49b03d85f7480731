//! Which contexts somebody attached to which stacks. What labels attach is never stored.

use gantry_core::ids::{ContextAttachmentId, ContextId, SpaceId, StackId};

use crate::search::Select;
use crate::{Reader, Row, StoreError, Tx};

/// An attachment with what a reader wants to know of its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextAttachment {
    pub id: ContextAttachmentId,
    pub context: ContextId,
    pub stack: StackId,
    pub stack_name: String,
    pub stack_space: SpaceId,
    pub priority: i64,
}

/// A stack as far as labels attach contexts to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledStack {
    pub id: StackId,
    pub name: String,
    pub space: SpaceId,
    pub labels: Vec<String>,
}

const COLUMNS: &str = "SELECT context_attachment.id AS id, context_id, stack_id, \
                       stack.name AS stack_name, stack.space_id AS stack_space, priority \
                       FROM context_attachment JOIN stack \
                       ON stack.id = context_attachment.stack_id";

/// Refused with [`StoreError::Duplicate`] when the stack has that context already, with
/// [`StoreError::Referenced`] when stack or context are gone.
pub async fn insert(
    tx: &Tx,
    id: &ContextAttachmentId,
    context: &ContextId,
    stack: &StackId,
    priority: i64,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO context_attachment (id, context_id, stack_id, priority, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        vec![
            id.as_str().into(),
            context.as_str().into(),
            stack.as_str().into(),
            priority.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(
    reader: Reader<'_>,
    id: &ContextAttachmentId,
) -> Result<Option<ContextAttachment>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE context_attachment.id = $1"),
            vec![id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

pub async fn find_between(
    reader: Reader<'_>,
    context: &ContextId,
    stack: &StackId,
) -> Result<Option<ContextAttachment>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE context_id = $1 AND stack_id = $2"),
            vec![context.as_str().into(), stack.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// Of some contexts at once; by stack.
pub async fn of_contexts(
    reader: Reader<'_>,
    contexts: &[ContextId],
) -> Result<Vec<ContextAttachment>, StoreError> {
    let mut select = Select::from(COLUMNS);
    let list = select.bind_list(contexts.iter().map(|context| context.as_str()));
    select.and_must(&format!("context_id IN ({list})"));
    let rows = select.all(reader, "ORDER BY stack_id, context_id").await?;
    rows.iter().map(from_row).collect()
}

/// Every stack, by ID.
pub async fn labelled_stacks(reader: Reader<'_>) -> Result<Vec<LabelledStack>, StoreError> {
    let rows = reader
        .all(
            "SELECT id, name, space_id, labels FROM stack ORDER BY id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LabelledStack {
                id: StackId::new(row.text("id")?),
                name: row.text("name")?,
                space: SpaceId::new(row.text("space_id")?),
                labels: row.json("labels")?,
            })
        })
        .collect()
}

/// Whether there was one to delete.
pub async fn delete(tx: &Tx, id: &ContextAttachmentId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM context_attachment WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
    Ok(deleted == 1)
}

fn from_row(row: &Row) -> Result<ContextAttachment, StoreError> {
    Ok(ContextAttachment {
        id: ContextAttachmentId::new(row.text("id")?),
        context: ContextId::new(row.text("context_id")?),
        stack: StackId::new(row.text("stack_id")?),
        stack_name: row.text("stack_name")?,
        stack_space: SpaceId::new(row.text("stack_space")?),
        priority: row.int("priority")?,
    })
}
