//! Variables and mounted files of stacks and of contexts. Value and checksum arrive sealed and leave
//! sealed.

use gantry_core::config_element::{ConfigKind, ConfigOwner};
use gantry_core::ids::{ContextId, StackId};

use crate::search::Select;
use crate::{Reader, Row, StoreError, Tx, Value};

/// An element as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug)]
pub struct ConfigElement {
    pub owner: ConfigOwner,
    pub name: String,
    pub kind: ConfigKind,
    pub description: Option<String>,
    pub write_only: bool,
    /// The data key that opens `sealed`.
    pub key_id: String,
    pub sealed: Vec<u8>,
    pub created_at: i64,
}

const COLUMNS: &str = "SELECT stack_id, context_id, name, kind, description, write_only, key_id, \
                       sealed, created_at FROM config_element";

/// Every element of one owner, by name.
pub async fn list(
    reader: Reader<'_>,
    owner: &ConfigOwner,
) -> Result<Vec<ConfigElement>, StoreError> {
    let (column, id) = column(owner);
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE {column} = $1 ORDER BY name"),
            vec![id],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Every element of some stacks and of some contexts, by name: all that runs may get, at once.
pub async fn list_together(
    reader: Reader<'_>,
    stacks: &[&StackId],
    contexts: &[&ContextId],
) -> Result<Vec<ConfigElement>, StoreError> {
    let mut select = Select::from(COLUMNS);
    let own = select.bind_list(stacks.iter().map(|stack| stack.as_str()));
    let list = select.bind_list(contexts.iter().map(|context| context.as_str()));
    select.and_must(&format!("(stack_id IN ({own}) OR context_id IN ({list}))"));
    let rows = select.all(reader, "ORDER BY name").await?;
    rows.iter().map(from_row).collect()
}

/// Every element of some contexts, by name.
pub async fn list_of_contexts(
    reader: Reader<'_>,
    contexts: &[&ContextId],
) -> Result<Vec<ConfigElement>, StoreError> {
    let mut select = Select::from(COLUMNS);
    let list = select.bind_list(contexts.iter().map(|context| context.as_str()));
    select.and_must(&format!("context_id IN ({list})"));
    let rows = select.all(reader, "ORDER BY name").await?;
    rows.iter().map(from_row).collect()
}

pub async fn find(
    reader: Reader<'_>,
    owner: &ConfigOwner,
    name: &str,
) -> Result<Option<ConfigElement>, StoreError> {
    let (column, id) = column(owner);
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE {column} = $1 AND name = $2"),
            vec![id, name.into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// Adds the element, or replaces the one of the same name.
pub async fn put(tx: &Tx, element: &ConfigElement) -> Result<(), StoreError> {
    let (stack, context) = match &element.owner {
        ConfigOwner::Stack(id) => (Value::from(id.as_str()), Value::NullText),
        ConfigOwner::Context(id) => (Value::NullText, Value::from(id.as_str())),
    };
    let statement = match &element.owner {
        ConfigOwner::Stack(_) => {
            "INSERT INTO config_element
             (stack_id, context_id, name, kind, description, write_only, key_id, sealed, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (stack_id, name) DO UPDATE SET
             kind = excluded.kind, description = excluded.description,
             write_only = excluded.write_only, key_id = excluded.key_id, sealed = excluded.sealed,
             created_at = excluded.created_at"
        }
        ConfigOwner::Context(_) => {
            "INSERT INTO config_element
             (stack_id, context_id, name, kind, description, write_only, key_id, sealed, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (context_id, name) DO UPDATE SET
             kind = excluded.kind, description = excluded.description,
             write_only = excluded.write_only, key_id = excluded.key_id, sealed = excluded.sealed,
             created_at = excluded.created_at"
        }
    };
    tx.execute(
        statement,
        vec![
            stack,
            context,
            element.name.as_str().into(),
            element.kind.as_str().into(),
            element.description.as_deref().into(),
            element.write_only.into(),
            element.key_id.as_str().into(),
            element.sealed.clone().into(),
            element.created_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn delete(tx: &Tx, owner: &ConfigOwner, name: &str) -> Result<bool, StoreError> {
    let statement = match owner {
        ConfigOwner::Stack(_) => "DELETE FROM config_element WHERE stack_id = $1 AND name = $2",
        ConfigOwner::Context(_) => "DELETE FROM config_element WHERE context_id = $1 AND name = $2",
    };
    let (_, id) = column(owner);
    let changed = tx.execute(statement, vec![id, name.into()]).await?;
    Ok(changed == 1)
}

/// How much of one kind an owner has, the element called `except` left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub elements: i64,
    /// Of the sealed values together.
    pub bytes: i64,
}

pub async fn amount(
    reader: Reader<'_>,
    owner: &ConfigOwner,
    kind: ConfigKind,
    except: &str,
) -> Result<Amount, StoreError> {
    let (column, id) = column(owner);
    let rows = reader
        .all_built(
            format!(
                "SELECT COUNT(*) AS elements, CAST(COALESCE(SUM(LENGTH(sealed)), 0) AS BIGINT) AS bytes
                 FROM config_element WHERE {column} = $1 AND kind = $2 AND name <> $3"
            ),
            vec![id, kind.as_str().into(), except.into()],
        )
        .await?;
    let none = Amount {
        elements: 0,
        bytes: 0,
    };
    rows.first().map_or(Ok(none), |row| {
        Ok(Amount {
            elements: row.int("elements")?,
            bytes: row.int("bytes")?,
        })
    })
}

fn column(owner: &ConfigOwner) -> (&'static str, Value) {
    match owner {
        ConfigOwner::Stack(id) => ("stack_id", id.as_str().into()),
        ConfigOwner::Context(id) => ("context_id", id.as_str().into()),
    }
}

fn from_row(row: &Row) -> Result<ConfigElement, StoreError> {
    let owner = match row.opt_text("stack_id")? {
        Some(stack) => ConfigOwner::Stack(StackId::new(stack)),
        None => ConfigOwner::Context(ContextId::new(row.text("context_id")?)),
    };
    Ok(ConfigElement {
        owner,
        name: row.text("name")?,
        kind: row.parsed("kind", ConfigKind::parse)?,
        description: row.opt_text("description")?,
        write_only: row.flag("write_only")?,
        key_id: row.text("key_id")?,
        sealed: row.blob("sealed")?,
        created_at: row.int("created_at")?,
    })
}
