//! Attachments. Two partial unique indexes keep one reader and one writer per stack and cloud,
//! whoever writes at the same moment.

use gantry_core::credentials::attachment::{Attachment, Serves};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::select::Attached;
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};

use crate::{Reader, Row, StoreError, Tx, cloud_integration};

const COLUMNS: &str = "SELECT attachment.id AS attachment_id, integration_id, stack_id, can_read, \
                       can_write, name, space_id, labels, autoattach, config \
                       FROM attachment JOIN cloud_integration \
                       ON cloud_integration.id = attachment.integration_id \
                       WHERE attachment.kind = $1";

/// Refused with [`StoreError::Duplicate`] when a slot is taken, with [`StoreError::Referenced`]
/// when stack or integration are gone.
pub async fn insert(
    tx: &Tx,
    cloud: Cloud,
    attachment: &Attachment,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO attachment
         (id, kind, integration_id, stack_id, can_read, can_write, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            attachment.id.as_str().into(),
            cloud.as_str().into(),
            attachment.integration.as_str().into(),
            attachment.stack.as_str().into(),
            attachment.serves.read().into(),
            attachment.serves.write().into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(
    reader: Reader<'_>,
    cloud: Cloud,
    id: &AttachmentId,
) -> Result<Option<Attached>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} AND attachment.id = $2"),
            vec![cloud.as_str().into(), id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// At most two; oldest first.
pub async fn of_stack(
    reader: Reader<'_>,
    cloud: Cloud,
    stack: &StackId,
) -> Result<Vec<Attached>, StoreError> {
    of_stacks(reader, cloud, std::slice::from_ref(stack)).await
}

/// The same of several stacks, mixed.
pub async fn of_stacks(
    reader: Reader<'_>,
    cloud: Cloud,
    stacks: &[StackId],
) -> Result<Vec<Attached>, StoreError> {
    let rows = reader
        .among(
            &format!("{COLUMNS} AND stack_id IN"),
            vec![cloud.as_str().into()],
            stacks.iter().map(StackId::as_str),
            "ORDER BY attachment.created_at, attachment.id",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// By stack.
pub async fn of_integration(
    reader: Reader<'_>,
    cloud: Cloud,
    integration: &IntegrationId,
) -> Result<Vec<Attachment>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} AND integration_id = $2 ORDER BY stack_id"),
            vec![cloud.as_str().into(), integration.as_str().into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(from_row(row)?.attachment))
        .collect()
}

/// The same of several integrations, with theirs.
pub async fn of_integrations(
    reader: Reader<'_>,
    cloud: Cloud,
    integrations: &[IntegrationId],
) -> Result<Vec<Attached>, StoreError> {
    let rows = reader
        .among(
            &format!("{COLUMNS} AND integration_id IN"),
            vec![cloud.as_str().into()],
            integrations.iter().map(IntegrationId::as_str),
            "ORDER BY stack_id",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Refused with [`StoreError::Duplicate`] when a slot is taken.
pub async fn update(tx: &Tx, id: &AttachmentId, serves: Serves) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE attachment SET can_read = $2, can_write = $3 WHERE id = $1",
        vec![
            id.as_str().into(),
            serves.read().into(),
            serves.write().into(),
        ],
    )
    .await?;
    Ok(())
}

/// Whether there was one to delete.
pub async fn delete(tx: &Tx, id: &AttachmentId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM attachment WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
    Ok(deleted == 1)
}

fn from_row(row: &Row) -> Result<Attached, StoreError> {
    let integration = cloud_integration::from_row(row, "integration_id")?;
    let (read, write) = (row.flag("can_read")?, row.flag("can_write")?);
    let serves = Serves::from_flags(read, write).map_err(|_| StoreError::Column {
        column: "can_read, can_write".to_owned(),
        value: "neither".to_owned(),
    })?;
    Ok(Attached {
        attachment: Attachment {
            id: AttachmentId::new(row.text("attachment_id")?),
            integration: integration.id.clone(),
            integration_name: integration.name.clone(),
            stack: StackId::new(row.text("stack_id")?),
            serves,
        },
        integration,
    })
}
