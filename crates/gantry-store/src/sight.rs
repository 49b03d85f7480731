//! What stacks use of other spaces, and therefore have to see. A table through which a stack comes
//! to use something that lives in a space has a line here.

use gantry_core::ids::{SpaceId, StackId};
use gantry_core::space::Sight;

use crate::{Reader, Row, StoreError};

const ALL: &str = "SELECT stack_id, stack_space, kind, name, space_id FROM (
     SELECT attachment.stack_id AS stack_id, stack.space_id AS stack_space,
            'integration' AS kind, cloud_integration.name AS name,
            cloud_integration.space_id AS space_id
     FROM attachment
     JOIN stack ON stack.id = attachment.stack_id
     JOIN cloud_integration ON cloud_integration.id = attachment.integration_id
     UNION ALL
     SELECT context_attachment.stack_id AS stack_id, stack.space_id AS stack_space,
            'context' AS kind, context.name AS name, context.space_id AS space_id
     FROM context_attachment
     JOIN stack ON stack.id = context_attachment.stack_id
     JOIN context ON context.id = context_attachment.context_id
     UNION ALL
     SELECT stack.id AS stack_id, stack.space_id AS stack_space,
            'worker pool' AS kind, worker_pool.name AS name, worker_pool.space_id AS space_id
     FROM stack JOIN worker_pool ON worker_pool.id = stack.worker_pool_id
 ) AS used";

/// Everything that a stack uses of another space than its own.
pub async fn across_spaces(reader: Reader<'_>) -> Result<Vec<Sight>, StoreError> {
    let sql = format!("{ALL} WHERE stack_space <> space_id ORDER BY stack_id, kind, name");
    let rows = reader.all_built(sql, vec![]).await?;
    rows.iter().map(from_row).collect()
}

/// Everything that one stack uses, its pool apart: that is chosen together with its space.
pub async fn of_stack(reader: Reader<'_>, stack: &StackId) -> Result<Vec<Sight>, StoreError> {
    let sql = format!("{ALL} WHERE stack_id = $1 AND kind <> 'worker pool' ORDER BY kind, name");
    let rows = reader.all_built(sql, vec![stack.as_str().into()]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Sight, StoreError> {
    Ok(Sight {
        stack: StackId::new(row.text("stack_id")?),
        from: SpaceId::new(row.text("stack_space")?),
        what: format!("the {} {:?}", row.text("kind")?, row.text("name")?),
        space: SpaceId::new(row.text("space_id")?),
    })
}
