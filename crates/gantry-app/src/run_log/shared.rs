//! Logs where several servers take them and show them: what is not in object storage yet is in the
//! database, so that each of them knows of it, and none has a copy of its own.

use bytes::Bytes;
use gantry_core::ids::RunId;
use gantry_core::run::Run;
use gantry_store::run_log::tail::{self, Extent};
use gantry_store::run_log::{self, LogPiece};
use gantry_store::{Tx, run};

use super::{Live, PIECE_BYTES, SealedTail, gap};
use crate::gateway::{GatewayError, check_lease};
use crate::{App, OpError};

impl App {
    /// Answers where the log ends by now.
    pub(super) async fn append_shared(
        &self,
        id: &RunId,
        version: i64,
        fence: i64,
        offset: u64,
        bytes: Bytes,
    ) -> Result<i64, GatewayError> {
        loop {
            let tx = self.store.begin().await?;
            hold(&tx, id, fence).await?;
            let extent = tail::extent(tx.reader(), id, version).await?;
            let end = extent.end as u64;
            let known = end
                .checked_sub(offset)
                .ok_or_else(|| gap(id, end, offset))?;
            let fresh = bytes.get(known as usize..).unwrap_or_default();
            if fresh.is_empty() {
                return Ok(extent.end);
            }
            let new_end = extent.end + fresh.len() as i64;
            let waiting = (extent.end - extent.stored) as usize;
            if waiting + fresh.len() < PIECE_BYTES {
                tail::wait_for_no_disk(&tx).await?;
                tail::push(&tx, id, version, extent.end, fresh).await?;
                tx.commit().await?;
                self.metrics.log_bytes.inc_by(fresh.len() as u64);
                return Ok(new_end);
            }
            let taken = tail::read(tx.reader(), id, version, extent.stored).await?;
            tx.rollback().await?;
            let mut whole = taken.map(|(_, bytes)| bytes).unwrap_or_default();
            whole.extend_from_slice(fresh);
            let piece = self.store_shared(id, version, extent.stored, whole).await?;
            let tx = self.store.begin().await?;
            hold(&tx, id, fence).await?;
            if record(&tx, id, version, extent, &piece).await? {
                tx.commit().await?;
                self.metrics.log_bytes.inc_by(fresh.len() as u64);
                return Ok(new_end);
            }
            // Somebody else has taken or stored something meanwhile.
        }
    }

    pub(super) async fn seal_shared(&self, id: &RunId) -> Result<Vec<SealedTail>, OpError> {
        let reader = self.store.reader();
        let mut sealed = Vec::new();
        for version in tail::versions(reader, id).await? {
            let extent = tail::extent(reader, id, version).await?;
            let taken = tail::read(reader, id, version, extent.stored).await?;
            if let Some((start, bytes)) = taken.filter(|(start, _)| *start == extent.stored) {
                let piece = self.store_shared(id, version, start, bytes).await?;
                sealed.push(SealedTail::Shared { version, piece });
            }
        }
        Ok(sealed)
    }

    /// The name says what is in it, so that two servers who store the same end of a log at different
    /// moments don't write over each other.
    async fn store_shared(
        &self,
        id: &RunId,
        version: i64,
        start: i64,
        bytes: Vec<u8>,
    ) -> Result<LogPiece, OpError> {
        let length = bytes.len() as i64;
        let piece = LogPiece {
            first_byte: start,
            bytes: length,
            object: format!("runs/{id}/log-{version}-{start}-{}", start + length),
        };
        self.objects.put(&piece.object, bytes).await?;
        Ok(piece)
    }

    /// What is not in object storage, or was not a moment ago: it may begin before what is.
    pub(super) async fn live_shared(
        &self,
        id: &RunId,
        version: i64,
        offset: u64,
    ) -> Result<Option<Live>, OpError> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let taken = tail::read(self.store.reader(), id, version, offset).await?;
        Ok(taken.map(|(start, bytes)| Live {
            start: start as u64,
            bytes: bytes.into(),
        }))
    }
}

/// Records a sealed end, unless another server has stored it meanwhile.
pub(super) async fn record_sealed(
    tx: &Tx,
    id: &RunId,
    version: i64,
    piece: &LogPiece,
) -> Result<(), OpError> {
    if run::find_for_update(tx, id).await?.is_none() {
        return Ok(());
    }
    let stored = tail::extent(tx.reader(), id, version).await?.stored;
    if stored == piece.first_byte {
        run_log::insert(tx, id, version, piece).await?;
        tail::forget(tx, id, version, piece.first_byte + piece.bytes).await?;
    }
    Ok(())
}

/// Answers whether the log is still as it was when the piece was made.
async fn record(
    tx: &Tx,
    id: &RunId,
    version: i64,
    before: Extent,
    piece: &LogPiece,
) -> Result<bool, OpError> {
    if tail::extent(tx.reader(), id, version).await? != before {
        return Ok(false);
    }
    run_log::insert(tx, id, version, piece).await?;
    tail::forget(tx, id, version, piece.first_byte + piece.bytes).await?;
    Ok(true)
}

async fn hold(tx: &Tx, id: &RunId, fence: i64) -> Result<Run, GatewayError> {
    check_lease(run::find_for_update(tx, id).await?, id, fence)
}
