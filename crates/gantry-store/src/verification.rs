//! The newest trial of each role, per stack and access.

use gantry_core::credentials::access::Access;
use gantry_core::credentials::verification::{Verification, VerificationOutcome, VerifiedSource};
use gantry_core::ids::{IntegrationId, StackId};

use crate::{Reader, Row, StoreError, Tx, issuing};

/// In the `source` column, beside the ULIDs of integrations.
const LEGACY_ROLE: &str = "legacy role";
/// In the `access` column: a legacy role has one external ID for both.
const EVERY_ACCESS: &str = "";

const COLUMNS: &str = "SELECT stack_id, source, access, fingerprint, outcome, message, checked_at \
                       FROM verification";

/// Replaces what was known of the same stack, source and access.
pub async fn put(tx: &Tx, verification: &Verification) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO verification
         (stack_id, source, access, fingerprint, outcome, message, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (stack_id, source, access) DO UPDATE SET
         fingerprint = excluded.fingerprint, outcome = excluded.outcome,
         message = excluded.message, checked_at = excluded.checked_at",
        vec![
            verification.stack.as_str().into(),
            source_text(&verification.source).into(),
            access_text(verification.access).into(),
            verification.fingerprint.as_str().into(),
            verification.outcome.as_str().into(),
            verification.message.as_str().into(),
            verification.checked_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(
    reader: Reader<'_>,
    stack: &StackId,
    source: &VerifiedSource,
    access: Option<Access>,
) -> Result<Option<Verification>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE stack_id = $1 AND source = $2 AND access = $3"),
            vec![
                stack.as_str().into(),
                source_text(source).into(),
                access_text(access).into(),
            ],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

pub async fn of_stack(
    reader: Reader<'_>,
    stack: &StackId,
) -> Result<Vec<Verification>, StoreError> {
    of_stacks(reader, std::slice::from_ref(stack)).await
}

/// The same of several stacks, mixed.
pub async fn of_stacks(
    reader: Reader<'_>,
    stacks: &[StackId],
) -> Result<Vec<Verification>, StoreError> {
    let rows = reader
        .among(
            &format!("{COLUMNS} WHERE stack_id IN"),
            vec![],
            stacks.iter().map(StackId::as_str),
            "ORDER BY stack_id, source, access",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Forgets what was verified of a source that the stack has no longer.
pub async fn forget(tx: &Tx, stack: &StackId, source: &VerifiedSource) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM verification WHERE stack_id = $1 AND source = $2",
        vec![stack.as_str().into(), source_text(source).into()],
    )
    .await?;
    Ok(())
}

fn source_text(source: &VerifiedSource) -> &str {
    match source {
        VerifiedSource::Integration(integration) => integration.as_str(),
        VerifiedSource::LegacyRole => LEGACY_ROLE,
    }
}

fn access_text(access: Option<Access>) -> &'static str {
    access.map_or(EVERY_ACCESS, Access::as_str)
}

fn from_row(row: &Row) -> Result<Verification, StoreError> {
    let source = row.text("source")?;
    Ok(Verification {
        stack: StackId::new(row.text("stack_id")?),
        source: if source == LEGACY_ROLE {
            VerifiedSource::LegacyRole
        } else {
            VerifiedSource::Integration(IntegrationId::new(source))
        },
        access: row.parsed("access", |text| match text {
            EVERY_ACCESS => Some(None),
            _ => Some(Some(issuing::access(text)?)),
        })?,
        fingerprint: row.text("fingerprint")?,
        outcome: row.parsed("outcome", VerificationOutcome::parse)?,
        message: row.text("message")?,
        checked_at: row.int("checked_at")?,
    })
}
