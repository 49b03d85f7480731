//! Data keys, which seal secrets, plans and states; the master key wraps them. Each sealed value names
//! its data key, and is bound to the place it belongs to, so that rows can't be swapped.

mod birth;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use gantry_store::data_key::WrappedKey;
use gantry_store::{Store, data_key};
use zeroize::Zeroizing;

pub use birth::add_data_key;
pub(crate) use birth::{CHECKSUMS, SIGNING, replace_signing_key};

use crate::master_key::MasterKeys;
use crate::{MasterKeySource, OpError};

const NONCE_BYTES: usize = 24;

/// A sealed value and the data key that opens it.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub key_id: String,
    pub bytes: Vec<u8>,
}

/// The data keys, unwrapped.
pub struct Keyring {
    source: MasterKeySource,
    known: RwLock<Known>,
    /// Of the installation itself, by name.
    secrets: HashMap<&'static str, Zeroizing<[u8; 32]>>,
}

struct Known {
    newest: String,
    keys: HashMap<String, Arc<Zeroizing<[u8; 32]>>>,
}

impl Keyring {
    /// Unwraps the stored data keys; makes the first one in a new database, and what else an
    /// installation is born with.
    pub async fn open(store: &Store, source: &MasterKeySource, now: i64) -> Result<Self, OpError> {
        let (unwrapped, secrets) = birth::born(store, source, now).await?;
        Ok(Keyring {
            source: source.clone(),
            known: RwLock::new(Known::of(unwrapped)?),
            secrets,
        })
    }

    /// A secret of the installation itself.
    pub(crate) fn secret(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, OpError> {
        self.secrets
            .get(name)
            .cloned()
            .ok_or_else(|| OpError::internal("open a secret of its own", name.to_owned()))
    }

    /// Seals `value` for `place` (such as `config_element|<stack>|<name>`): it opens nowhere else.
    pub fn seal(&self, place: &str, value: &[u8]) -> Sealed {
        let (key_id, key) = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            (known.newest.clone(), known.keys[&known.newest].clone())
        };
        Sealed {
            bytes: seal_with(&cipher(&key), place, value),
            key_id,
        }
    }

    /// Opens what was sealed for `place`. A key that somebody else has made meanwhile is fetched.
    pub async fn open_sealed(
        &self,
        store: &Store,
        place: &str,
        key_id: &str,
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpError> {
        let key = match self.key(key_id) {
            Some(key) => Some(key),
            None => {
                self.reload(store).await?;
                self.key(key_id)
            }
        };
        key.and_then(|key| beside_others(bytes.len(), || open_with(&cipher(&key), place, bytes)))
            .map(Zeroizing::new)
            .ok_or_else(|| {
                let (place, key_id) = (place.to_owned(), key_id.to_owned());
                OpError::internal("open a sealed value", NotAsSealed { place, key_id })
            })
    }

    /// Takes the data keys as they are now; new values are sealed with the newest. Answers how many
    /// there are.
    pub async fn reload(&self, store: &Store) -> Result<usize, OpError> {
        let rows = data_key::list(store.reader()).await?;
        let keys = self.source.read().map_err(OpError::invalid)?;
        let known = Known::of(unwrap_all(&rows, &keys, &self.source)?)?;
        let count = known.keys.len();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(count)
    }

    fn key(&self, id: &str) -> Option<Arc<Zeroizing<[u8; 32]>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.get(id).cloned()
    }
}

impl Known {
    /// The last one is the newest.
    fn of(unwrapped: Vec<Unwrapped>) -> Result<Self, OpError> {
        let newest = unwrapped.last().map(|key| key.id.clone());
        Ok(Known {
            newest: newest.ok_or_else(|| {
                OpError::internal("open its data keys", "the database has none any more")
            })?,
            keys: unwrapped
                .into_iter()
                .map(|key| (key.id, Arc::new(key.bytes)))
                .collect(),
        })
    }
}

/// Asking again won't help.
#[derive(Debug, thiserror::Error)]
#[error("{place}: not sealed with key {key_id}, or changed since")]
pub(crate) struct NotAsSealed {
    pub(crate) place: String,
    pub(crate) key_id: String,
}

impl NotAsSealed {
    pub(crate) fn is(error: &OpError) -> bool {
        matches!(error, OpError::Internal { source, .. } if source.is::<NotAsSealed>())
    }
}

/// A data key, and the name of the master key that wraps it.
pub(crate) struct Unwrapped {
    pub id: String,
    pub bytes: Zeroizing<[u8; 32]>,
    pub master: String,
}

/// In their order. The error says which master key is needed, and what is lost without it.
pub(crate) fn unwrap_all(
    rows: &[WrappedKey],
    keys: &MasterKeys,
    source: &MasterKeySource,
) -> Result<Vec<Unwrapped>, OpError> {
    rows.iter()
        .map(|row| {
            let named = row.master.as_deref().and_then(|name| keys.named(name));
            keys_to_try(named, keys)
                .find_map(|master| {
                    Some(Unwrapped {
                        id: row.id.clone(),
                        bytes: master.unwrap(&row.id, &row.wrapped)?,
                        master: master.name(),
                    })
                })
                .ok_or_else(|| does_not_fit(row, keys, source))
        })
        .collect()
}

fn keys_to_try<'k>(
    named: Option<&'k crate::MasterKey>,
    keys: &'k MasterKeys,
) -> impl Iterator<Item = &'k crate::MasterKey> {
    let all = named.is_none().then(|| keys.iter());
    named.into_iter().chain(all.into_iter().flatten())
}

fn does_not_fit(row: &WrappedKey, keys: &MasterKeys, source: &MasterKeySource) -> OpError {
    let needed = match &row.master {
        Some(name) => format!("the database needs the master key `{name}`"),
        None => "the database was made with another master key".into(),
    };
    OpError::invalid(format!(
        "{needed}, and {} holds `{}`: give the one that belongs to this database. Without it nothing \
         that is sealed there can be opened (secret variables, mounted files, saved plans, states); \
         no other key can take its place",
        source.describe(),
        keys.names().join("`, `")
    ))
}

/// Below this a cipher takes less time than another thread would.
const SMALL: usize = 1 << 20;

/// Works on many bytes while the other tasks of this thread go on.
pub(crate) fn beside_others<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    let here = Handle::try_current().map(|handle| handle.runtime_flavor());
    match here {
        Ok(RuntimeFlavor::MultiThread) if bytes > SMALL => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(**key))
}

pub(crate) fn seal_with(cipher: &XChaCha20Poly1305, place: &str, value: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_BYTES] = random();
    let sealed = cipher
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: value,
                aad: place.as_bytes(),
            },
        )
        .expect("values are far below the cipher's limit of 256 GiB");
    [nonce.as_slice(), &sealed].concat()
}

pub(crate) fn open_with(cipher: &XChaCha20Poly1305, place: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    cipher
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: place.as_bytes(),
            },
        )
        .ok()
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
