//! The one namespace of slugs. A row outlives the stack it was made for: a slug that is free again
//! everywhere would hand the trust policies of its old owner to a new one.

use gantry_core::ids::SpaceId;
use gantry_core::slug::Slug;

use crate::{Reader, StoreError, Tx};

/// Who has a slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub space: SpaceId,
    /// Epoch milliseconds; `None` while the thing exists.
    pub released_at: Option<i64>,
}

pub async fn find(reader: Reader<'_>, slug: &str) -> Result<Option<Claim>, StoreError> {
    let row = reader
        .one(
            "SELECT space_id, released_at FROM slug WHERE slug = $1",
            vec![slug.into()],
        )
        .await?;
    row.map(|row| {
        Ok(Claim {
            space: SpaceId::new(row.text("space_id")?),
            released_at: row.opt_int("released_at")?,
        })
    })
    .transpose()
}

/// Takes a slug that nobody has, or one that was released in the same space. Answers whether it
/// was to be had; of two transactions that ask for the same slug one gets `false`.
pub async fn claim(tx: &Tx, slug: &Slug, space: &SpaceId) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "INSERT INTO slug (slug, space_id) VALUES ($1, $2)
             ON CONFLICT (slug) DO UPDATE SET released_at = NULL
             WHERE slug.released_at IS NOT NULL AND slug.space_id = excluded.space_id",
            vec![slug.as_str().into(), space.as_str().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// The thing is gone; its slug stays reserved for its last space.
pub async fn release(tx: &Tx, slug: &str, space: &SpaceId, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE slug SET released_at = $3, space_id = $2 WHERE slug = $1",
        vec![slug.into(), space.as_str().into(), now.into()],
    )
    .await?;
    Ok(())
}
