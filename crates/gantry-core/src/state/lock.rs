use serde::Deserialize;

use crate::ids::{RunId, StackId};
use crate::run::Phase;

/// What the tool says about a lock that it asks for, or gives back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LockInfo {
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "Operation", default)]
    pub operation: String,
    #[serde(rename = "Who", default)]
    pub who: String,
    #[serde(rename = "Version", default)]
    pub version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the body is not the lock information of Terraform or OpenTofu: a JSON object whose `ID` names \
     the lock in 1 to {LONGEST} characters"
)]
pub struct LockUnreadable;

const LONGEST: usize = 255;

impl LockInfo {
    pub fn read(body: &[u8]) -> Result<LockInfo, LockUnreadable> {
        let mut info: LockInfo = serde_json::from_slice(body).map_err(|_| LockUnreadable)?;
        if info.id.is_empty() || info.id.len() > LONGEST {
            return Err(LockUnreadable);
        }
        // For people only: what does not fit is cut, what would move a cursor goes.
        for text in [&mut info.operation, &mut info.who, &mut info.version] {
            *text = text
                .chars()
                .filter(|character| !character.is_control())
                .take(LONGEST)
                .collect();
        }
        Ok(info)
    }
}

/// The lock of a stack's state, held by a phase of a run. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLock {
    pub stack: StackId,
    pub info: LockInfo,
    pub run: RunId,
    pub phase: Phase,
    /// Of the lease under which it was taken.
    pub fence: i64,
    /// Whoever triggered the run.
    pub holder: String,
    pub locked_at: i64,
}
