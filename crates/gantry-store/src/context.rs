//! Contexts: what stacks share.

pub mod search;

use gantry_core::context::{AttachedBy, AttachedContext, Context};
use gantry_core::ids::{ContextAttachmentId, ContextId, SpaceId, StackId};

use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str =
    "SELECT id, name, description, space_id, labels, hooks, created_at, updated_at FROM context";

/// Refused with [`StoreError::Duplicate`] when there is one of that ID.
pub async fn insert(tx: &Tx, context: &Context) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO context
         (id, name, description, space_id, labels, autoattach, hooks, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        vec![
            context.id.as_str().into(),
            context.name.as_str().into(),
            context.description.as_deref().into(),
            context.space.as_str().into(),
            Value::json(&context.labels),
            context.auto_attaches().into(),
            Value::json(&context.hooks),
            context.created_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(reader: Reader<'_>, id: &ContextId) -> Result<Option<Context>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// The same, held until the transaction ends: nobody changes, deletes or attaches it meanwhile.
pub async fn find_for_update(tx: &Tx, id: &ContextId) -> Result<Option<Context>, StoreError> {
    let lock = tx.dialect().for_update();
    let rows = tx
        .reader()
        .all_built(
            format!("{COLUMNS} WHERE id = $1{lock}"),
            vec![id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// What is attached to some stacks, each with its stack; and without one every context that attaches
/// itself to stacks of some label: whether to these, the caller decides.
pub async fn of_stacks(
    reader: Reader<'_>,
    stacks: &[&StackId],
) -> Result<Vec<(Option<StackId>, AttachedContext)>, StoreError> {
    let rows = reader
        .among(
            "SELECT context.id AS id, name, description, space_id, labels, hooks,
             context.created_at AS created_at, updated_at,
             stack_id, context_attachment.id AS attachment_id, priority
             FROM context JOIN context_attachment ON context_attachment.context_id = context.id
             WHERE stack_id IN",
            vec![],
            stacks.iter().map(|stack| stack.as_str()),
            "UNION ALL
             SELECT id, name, description, space_id, labels, hooks, created_at, updated_at,
             NULL, NULL, NULL FROM context WHERE autoattach = 1",
        )
        .await?;
    rows.iter()
        .map(|row| {
            let by = match row.opt_text("attachment_id")? {
                Some(id) => AttachedBy::Person {
                    attachment: ContextAttachmentId::new(id),
                    priority: row.int("priority")?,
                },
                None => AttachedBy::Label,
            };
            let attached = AttachedContext {
                context: from_row(row)?,
                by,
            };
            Ok((row.opt_text("stack_id")?.map(StackId::new), attached))
        })
        .collect()
}

/// Replaces everything but the ID.
pub async fn update(tx: &Tx, context: &Context) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE context SET name = $2, description = $3, space_id = $4, labels = $5,
         autoattach = $6, hooks = $7, updated_at = $8 WHERE id = $1",
        vec![
            context.id.as_str().into(),
            context.name.as_str().into(),
            context.description.as_deref().into(),
            context.space.as_str().into(),
            Value::json(&context.labels),
            context.auto_attaches().into(),
            Value::json(&context.hooks),
            context.updated_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Its elements and attachments go with it.
pub async fn delete(tx: &Tx, id: &ContextId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM context WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Context, StoreError> {
    Ok(Context {
        id: ContextId::new(row.text("id")?),
        name: row.text("name")?,
        description: row.opt_text("description")?,
        space: SpaceId::new(row.text("space_id")?),
        labels: row.json("labels")?,
        hooks: row.json("hooks")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
