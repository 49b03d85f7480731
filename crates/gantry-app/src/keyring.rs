//! Keys. The master key wraps data keys; data keys seal secrets and plans. Each sealed value names
//! its data key, and is bound to the place it belongs to, so that rows can't be swapped.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use gantry_store::{Store, data_key};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use ulid::Ulid;
use zeroize::Zeroizing;

use crate::OpError;

const NONCE_BYTES: usize = 24;

/// 32 bytes from a file or the environment; wraps every data key and derives the signing key.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Base64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| "the master key is not base64".to_owned())?,
        );
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| format!("the master key has {} bytes instead of 32", bytes.len()))?;
        Ok(MasterKey(Zeroizing::new(bytes)))
    }

    /// Reads the key file, or makes it (mode 0600) when `create` says that nothing is sealed yet.
    pub fn load(path: &Path, create: bool) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && create => {
                let key = MasterKey(Zeroizing::new(random()));
                let text = Zeroizing::new(STANDARD.encode(*key.0) + "\n");
                std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .and_then(|mut file| {
                        file.write_all(text.as_bytes())?;
                        file.sync_all()
                    })
                    .map_err(|error| {
                        format!(
                            "the master key file {} can't be written: {error}",
                            path.display()
                        )
                    })?;
                Ok(key)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
                "the master key file {} is missing, and the database holds values that only it \
                 can open: put it back, or restore database and key together from a backup",
                path.display()
            )),
            Err(error) => Err(format!(
                "the master key file {} can't be read: {error}",
                path.display()
            )),
        }
    }

    /// A key for one purpose, derived; it tells nothing about the master key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes any key length");
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }
}

/// A sealed value and the data key that opens it.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub key_id: String,
    pub bytes: Vec<u8>,
}

/// The data keys, unwrapped.
pub struct Keyring {
    newest: String,
    keys: HashMap<String, Zeroizing<[u8; 32]>>,
}

impl Keyring {
    /// Unwraps the stored data keys; makes the first one in a new database.
    pub async fn open(store: &Store, master: &MasterKey, now: i64) -> Result<Self, OpError> {
        let wrapped = data_key::list(store.reader()).await?;
        let mut keys = HashMap::new();
        let mut newest = None;
        for key in wrapped {
            let bytes = open_with(&master.cipher(), &wrap_place(&key.id), &key.wrapped)
                .and_then(|bytes| bytes.as_slice().try_into().ok())
                .ok_or_else(|| {
                    OpError::invalid(
                        "the master key does not fit this database: it was made with another one. \
                         Use the key file that belongs to it",
                    )
                })?;
            newest = Some(key.id.clone());
            keys.insert(key.id, Zeroizing::new(bytes));
        }
        let newest = match newest {
            Some(newest) => newest,
            None => {
                let id = Ulid::generate().to_string();
                let bytes = Zeroizing::new(random::<32>());
                let wrapped = seal_with(&master.cipher(), &wrap_place(&id), &*bytes);
                let tx = store.begin().await?;
                data_key::insert(&tx, &id, wrapped, now).await?;
                tx.commit().await?;
                keys.insert(id.clone(), bytes);
                id
            }
        };
        Ok(Keyring { newest, keys })
    }

    /// Seals `value` for `place` (such as `config_element|<stack>|<name>`): it opens nowhere else.
    pub fn seal(&self, place: &str, value: &[u8]) -> Sealed {
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.keys[&self.newest]));
        Sealed {
            key_id: self.newest.clone(),
            bytes: seal_with(&cipher, place, value),
        }
    }

    pub fn open_sealed(
        &self,
        place: &str,
        key_id: &str,
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpError> {
        self.keys
            .get(key_id)
            .map(|key| XChaCha20Poly1305::new(&Key::from(**key)))
            .and_then(|cipher| open_with(&cipher, place, bytes))
            .map(Zeroizing::new)
            .ok_or_else(|| {
                OpError::internal(
                    "open a sealed value",
                    format!("{place}: not sealed with key {key_id}, or changed since"),
                )
            })
    }

    /// The ID of the key that seals now, for objects that carry no row of their own.
    pub fn newest(&self) -> &str {
        &self.newest
    }
}

fn wrap_place(id: &str) -> String {
    format!("data_key|{id}|wrapped")
}

fn seal_with(cipher: &XChaCha20Poly1305, place: &str, value: &[u8]) -> Vec<u8> {
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

fn open_with(cipher: &XChaCha20Poly1305, place: &str, bytes: &[u8]) -> Option<Vec<u8>> {
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
