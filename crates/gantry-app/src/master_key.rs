//! The master key: 32 bytes that no database holds. It wraps the data keys, and while it is being
//! changed the one before it is accepted beside it.

mod file;
mod rotation;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use file::MasterKeyFile;
pub use rotation::{Progress, Rewrapped, rewrap};

use crate::keyring::{open_with, random, seal_with};

/// 32 bytes; wraps every data key.
#[derive(Clone)]
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

    pub fn generate() -> Self {
        MasterKey(Zeroizing::new(random()))
    }

    fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }

    /// A key for one purpose, derived; it tells nothing about the master key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes any key length");
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// What rows and sentences call it; it tells nothing about the key.
    pub fn name(&self) -> String {
        hex::encode(&self.derive("name of the master key")[..8])
    }

    pub(crate) fn wrap(&self, id: &str, data_key: &[u8; 32]) -> Vec<u8> {
        seal_with(&self.cipher(), &place(id), data_key)
    }

    pub(crate) fn unwrap(&self, id: &str, wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let bytes = Zeroizing::new(open_with(&self.cipher(), &place(id), wrapped)?);
        Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }
}

fn place(id: &str) -> String {
    format!("data_key|{id}|wrapped")
}

/// The key that is to wrap everything, and behind it those that may still wrap something.
#[derive(Clone)]
pub struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// Keys with white space or commas between them, the one that counts first.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for word in text.split(|c: char| c == ',' || c.is_whitespace()) {
            if word.is_empty() {
                continue;
            }
            let key = MasterKey::parse(word)?;
            if keys.iter().all(|known| known.name() != key.name()) {
                keys.push(key);
            }
        }
        match keys.is_empty() {
            true => Err("there is no master key in it".into()),
            false => Ok(MasterKeys(keys)),
        }
    }

    pub fn first(&self) -> &MasterKey {
        &self.0[0]
    }

    /// The keys behind the first.
    pub fn others(&self) -> &[MasterKey] {
        &self.0[1..]
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(MasterKey::name).collect()
    }

    pub fn named(&self, name: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.name() == name)
    }

    /// As the file has them.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.0 {
            text.push_str(&key.to_text());
            text.push('\n');
        }
        text
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        self.0.iter()
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        MasterKeys(vec![key])
    }
}

/// Where the master key comes from; a file is read again when a data key turns up that it wraps.
#[derive(Clone)]
pub enum MasterKeySource {
    Given(MasterKeys),
    File(PathBuf),
}

impl MasterKeySource {
    pub fn read(&self) -> Result<MasterKeys, String> {
        match self {
            MasterKeySource::Given(keys) => Ok(keys.clone()),
            MasterKeySource::File(path) => MasterKeyFile::new(path).read(),
        }
    }

    /// For a sentence about what was found there.
    pub fn describe(&self) -> String {
        match self {
            MasterKeySource::Given(_) => "the setting `master_key`".into(),
            MasterKeySource::File(path) => path.display().to_string(),
        }
    }
}

impl From<&MasterKey> for MasterKeySource {
    fn from(key: &MasterKey) -> Self {
        MasterKeySource::Given(key.clone().into())
    }
}

#[cfg(test)]
mod tests;
