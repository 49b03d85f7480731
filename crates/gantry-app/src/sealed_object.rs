//! Objects that hold secrets: plans, their JSON, states of failed runs. Sealed before they leave the
//! process, each bound to its own name.

use bytes::{BufMut as _, Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::keyring::{NotAsSealed, beside_others};
use crate::{App, OpError};

impl App {
    /// Returns once the object is durable, with the ID of the key that it is sealed with.
    pub(crate) async fn put_sealed(&self, name: &str, bytes: &[u8]) -> Result<String, OpError> {
        let sealed = beside_others(bytes.len(), || self.keys.seal(&place(name), bytes));
        let id = sealed.key_id.as_bytes();
        let mut object = BytesMut::with_capacity(1 + id.len() + sealed.bytes.len());
        // IDs of keys are ULIDs: their length fits into a byte.
        object.put_u8(id.len() as u8);
        object.put_slice(id);
        object.put_slice(&sealed.bytes);
        self.objects.put(name, object.freeze()).await?;
        Ok(sealed.key_id)
    }

    /// `None` when there is no such object. One that was changed or moved is an error.
    pub(crate) async fn get_sealed(
        &self,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, OpError> {
        let Some(object) = self.objects.get(name).await? else {
            return Ok(None);
        };
        let (key_id, sealed) = split(&object).ok_or_else(|| {
            let (place, key_id) = (place(name), "none: it is cut off".to_owned());
            OpError::internal("open a sealed object", NotAsSealed { place, key_id })
        })?;
        self.keys
            .open_sealed(&self.store, &place(name), key_id, sealed)
            .await
            .map(Some)
    }
}

fn place(name: &str) -> String {
    format!("object|{name}")
}

fn split(object: &Bytes) -> Option<(&str, &[u8])> {
    let (length, rest) = object.split_first()?;
    let (id, sealed) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(id).ok()?, sealed))
}
