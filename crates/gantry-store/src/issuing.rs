//! What was issued to which phase, and why not. No secret is ever here.

use gantry_core::credentials::access::Access;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome, IssuingSource};
use gantry_core::ids::{IntegrationId, RunId, SpaceId, StackId};
use gantry_core::run::Phase;

use crate::search::Select;
use crate::{Reader, Row, StoreError, Tx};

const COLUMNS: &str = "SELECT id, run_id, run_version, stack_id, phase, access, kind, source, \
                       integration_id, integration_name, outcome, note, role_arn, external_id, \
                       session_name, decided_at, issued_at, expires_at, outlived FROM issuing";

/// Records a decision, before any cloud is asked. A decision that may end in write credentials
/// marks the run in the same transaction: from here on nobody stops it as if nothing had happened.
pub async fn insert(tx: &Tx, issuing: &Issuing) -> Result<(), StoreError> {
    let source = issuing.source.as_ref();
    let integration = source.and_then(|source| source.integration.as_ref());
    tx.execute(
        "INSERT INTO issuing
         (id, run_id, run_version, stack_id, phase, access, kind, source, integration_id,
          integration_name, outcome, note, role_arn, external_id, session_name, decided_at,
          issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        vec![
            issuing.id.as_str().into(),
            issuing.run.as_str().into(),
            issuing.run_version.into(),
            issuing.stack.as_str().into(),
            issuing.phase.as_str().into(),
            issuing.access.as_str().into(),
            issuing.cloud.as_str().into(),
            source.map(|source| source.kind.as_str()).into(),
            integration.map(IntegrationId::as_str).into(),
            source
                .and_then(|source| source.integration_name.as_deref())
                .into(),
            issuing.outcome.as_str().into(),
            issuing.note.as_str().into(),
            issuing.role_arn.as_deref().into(),
            issuing.external_id.as_deref().into(),
            issuing.session_name.as_deref().into(),
            issuing.decided_at.into(),
            issuing.issued_at.into(),
            issuing.expires_at.into(),
        ],
    )
    .await?;
    if issuing.access == Access::Write && issuing.outcome == IssuingOutcome::Requested {
        tx.execute(
            "UPDATE run SET write_issued = 1 WHERE id = $1",
            vec![issuing.run.as_str().into()],
        )
        .await?;
    }
    Ok(())
}

/// The cloud issued credentials. `expires_at` is `None` for secrets that don't expire.
pub async fn issued(
    tx: &Tx,
    id: &str,
    now: i64,
    expires_at: Option<i64>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE issuing SET outcome = $2, issued_at = $3, expires_at = $4 WHERE id = $1",
        vec![
            id.into(),
            IssuingOutcome::Issued.as_str().into(),
            now.into(),
            expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// What the run page shows of it from now on.
pub async fn set_note(tx: &Tx, id: &str, note: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE issuing SET note = $2 WHERE id = $1",
        vec![id.into(), note.into()],
    )
    .await?;
    Ok(())
}

/// The cloud issued nothing.
pub async fn failed(tx: &Tx, id: &str, note: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE issuing SET outcome = $2, note = $3, expires_at = NULL WHERE id = $1",
        vec![
            id.into(),
            IssuingOutcome::Failed.as_str().into(),
            note.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Oldest first.
pub async fn of_run(reader: Reader<'_>, run: &RunId) -> Result<Vec<Issuing>, StoreError> {
    of_runs(reader, std::slice::from_ref(run)).await
}

/// The same of several runs, mixed.
pub async fn of_runs(reader: Reader<'_>, runs: &[RunId]) -> Result<Vec<Issuing>, StoreError> {
    let rows = reader
        .among(
            &format!("{COLUMNS} WHERE run_id IN"),
            vec![],
            runs.iter().map(RunId::as_str),
            "ORDER BY decided_at, id",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Credentials that have ended at `now` while their phase is still at work, and whose phase does not
/// know it yet.
pub async fn outlived(reader: Reader<'_>, now: i64) -> Result<Vec<Issuing>, StoreError> {
    let rows = reader
        .all_built(
            format!(
                "{COLUMNS} WHERE run_id IN (SELECT id FROM run WHERE lease_until IS NOT NULL)
                 AND outcome = 'issued' AND outlived = 0 AND expires_at <= $1
                 AND run_version = (SELECT version FROM run WHERE run.id = issuing.run_id)
                 ORDER BY id"
            ),
            vec![now.into()],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The next moment at which credentials of a phase at work end.
pub async fn next_end(reader: Reader<'_>) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one(
            "SELECT MIN(issuing.expires_at) AS at FROM run
             JOIN issuing ON issuing.run_id = run.id AND issuing.run_version = run.version
             WHERE run.lease_until IS NOT NULL AND issuing.outcome = 'issued'
             AND issuing.outlived = 0",
            vec![],
        )
        .await?;
    row.map_or(Ok(None), |row| row.opt_int("at"))
}

/// What was issued through an integration to runs of stacks in these spaces (`None`: in any), newest
/// first, before the one of that ID.
pub async fn of_integration(
    reader: Reader<'_>,
    integration: &IntegrationId,
    spaces: Option<&[SpaceId]>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Issuing>, StoreError> {
    let mut select = Select::from(COLUMNS);
    let place = select.bind(integration.as_str());
    select.and_must(&format!("integration_id = {place}"));
    if let Some(spaces) = spaces {
        let list = select.bind_list(spaces.iter().map(SpaceId::as_str));
        select.and_must(&format!(
            "stack_id IN (SELECT id FROM stack WHERE space_id IN ({list}))"
        ));
    }
    if let Some(before) = before {
        let place = select.bind(before);
        select.and_must(&format!("id < {place}"));
    }
    let rows = select.page_by_id(reader, true, None, limit).await?;
    rows.iter().map(from_row).collect()
}

/// The phase was told that it goes on without.
pub async fn set_outlived(tx: &Tx, id: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE issuing SET outlived = 1 WHERE id = $1",
        vec![id.into()],
    )
    .await?;
    Ok(())
}

/// When the last credential of one visit to a phase ends, if that is certain: every one was issued
/// by us and expires. `None` where the phase used variables of its users, secrets that don't
/// expire, or nothing.
pub async fn all_expired_at(
    reader: Reader<'_>,
    run: &RunId,
    run_version: i64,
) -> Result<Option<i64>, StoreError> {
    let of_phase: Vec<Issuing> = of_run(reader, run)
        .await?
        .into_iter()
        .filter(|issuing| issuing.run_version == run_version)
        .collect();
    let ends = of_phase.iter().map(|issuing| match issuing.outcome {
        IssuingOutcome::Requested | IssuingOutcome::Issued => issuing.expires_at,
        _ => None,
    });
    let ends: Option<Vec<i64>> = ends.collect();
    Ok(ends.and_then(|ends| ends.into_iter().max()))
}

pub(crate) fn access(text: &str) -> Option<Access> {
    Access::ALL
        .into_iter()
        .find(|access| access.as_str() == text)
}

fn cloud(text: &str) -> Option<Cloud> {
    Cloud::ALL.into_iter().find(|cloud| cloud.as_str() == text)
}

fn from_row(row: &Row) -> Result<Issuing, StoreError> {
    let source = row
        .opt_text("source")?
        .map(|kind| -> Result<_, StoreError> {
            Ok(IssuingSource {
                kind,
                integration: row.opt_text("integration_id")?.map(IntegrationId::new),
                integration_name: row.opt_text("integration_name")?,
            })
        });
    Ok(Issuing {
        id: row.text("id")?,
        run: RunId::new(row.text("run_id")?),
        run_version: row.int("run_version")?,
        stack: StackId::new(row.text("stack_id")?),
        phase: row.parsed("phase", Phase::parse)?,
        access: row.parsed("access", access)?,
        cloud: row.parsed("kind", cloud)?,
        source: source.transpose()?,
        outcome: row.parsed("outcome", IssuingOutcome::parse)?,
        note: row.text("note")?,
        role_arn: row.opt_text("role_arn")?,
        external_id: row.opt_text("external_id")?,
        session_name: row.opt_text("session_name")?,
        decided_at: row.int("decided_at")?,
        issued_at: row.opt_int("issued_at")?,
        expires_at: row.opt_int("expires_at")?,
        outlived: row.flag("outlived")?,
    })
}
