//! Changing the master key while servers run. The key that comes is put in front of the present one,
//! then every data key is wrapped with it in one transaction, then the old one goes. After each of
//! these steps the file has what the database needs, and the next call goes on from there.

use gantry_core::audit::Target;
use gantry_store::{Store, data_key};

use super::{MasterKey, MasterKeyFile, MasterKeys};
use crate::audit::{Deed, by_command_line};
use crate::keyring::unwrap_all;
use crate::{MasterKeySource, OpError};

/// What a database needs of a set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// One key, which wraps everything.
    Settled,
    /// The first key wraps nothing yet, or not everything.
    ToRewrap,
    /// The first key wraps everything, and there are others behind it.
    ToFinish,
}

impl Progress {
    pub async fn of(store: &Store, source: &MasterKeySource) -> Result<Self, OpError> {
        let keys = source.read().map_err(OpError::invalid)?;
        let rows = data_key::list(store.reader()).await?;
        let unwrapped = unwrap_all(&rows, &keys, source)?;
        let first = keys.first().name();
        Ok(if unwrapped.iter().any(|key| key.master != first) {
            Progress::ToRewrap
        } else if keys.others().is_empty() {
            Progress::Settled
        } else {
            Progress::ToFinish
        })
    }
}

/// What was wrapped anew.
#[derive(Debug)]
pub struct Rewrapped {
    pub data_keys: usize,
    /// The name of the key that wraps them now.
    pub to: String,
}

impl MasterKeyFile {
    /// Puts `new` in front of the present key. From now on a server that starts accepts both.
    pub fn prepare(&self, new: MasterKey) -> Result<MasterKeys, String> {
        let mut keys = self.read()?;
        if keys.named(&new.name()).is_none() {
            keys.0.insert(0, new);
            self.replace(&keys)?;
        }
        Ok(keys)
    }

    /// Leaves the first key alone in the file.
    pub fn finish(&self) -> Result<(), String> {
        let keys = self.read()?;
        self.replace(&keys.first().clone().into())
    }
}

/// Wraps every data key with the first of the master keys.
pub async fn rewrap(
    store: &Store,
    source: &MasterKeySource,
    now: i64,
) -> Result<Rewrapped, OpError> {
    let tx = store.begin().await?;
    data_key::lock(&tx).await?;
    let keys = source.read().map_err(OpError::invalid)?;
    let to = keys.first().name();
    let rows = data_key::list(tx.reader()).await?;
    let mut changed = 0;
    for key in unwrap_all(&rows, &keys, source)? {
        if key.master != to {
            let wrapped = keys.first().wrap(&key.id, &key.bytes);
            data_key::set_wrapped(&tx, &key.id, wrapped, &to).await?;
            changed += 1;
        }
    }
    if changed > 0 {
        let deed = Deed::new("master_key.rotate", Target::new("master key", &to))
            .with("dataKeys", changed);
        by_command_line(&tx, now, deed).await?;
    }
    tx.commit().await?;
    Ok(Rewrapped {
        data_keys: changed,
        to,
    })
}
