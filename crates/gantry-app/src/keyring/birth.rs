//! What the database of an installation is born with: the first data key, and secrets of its own. Those
//! were once derived from the master key; they are what they were then, and stay so when it changes.

use std::collections::HashMap;

use gantry_core::audit::Target;
use gantry_store::data_key::WrappedKey;
use gantry_store::installation_secret::{self, SealedSecret};
use gantry_store::{Store, Tx, data_key};
use ulid::Ulid;
use zeroize::Zeroizing;

use super::{Unwrapped, cipher, open_with, random, seal_with, unwrap_all};
use crate::audit::{Deed, by_command_line};
use crate::master_key::MasterKeys;
use crate::{MasterKeySource, OpError};

/// Signs tokens.
pub(crate) const SIGNING: &str = "token signing key";
/// What the keys of keyed checksums are made from.
pub(crate) const CHECKSUMS: &str = "keyed checksums of configuration";

type Secrets = HashMap<&'static str, Zeroizing<[u8; 32]>>;

/// Everything in one transaction, which one server at a time has: of two that start together the
/// second finds what the first has made.
pub(super) async fn born(
    store: &Store,
    source: &MasterKeySource,
    now: i64,
) -> Result<(Vec<Unwrapped>, Secrets), OpError> {
    let tx = store.begin().await?;
    data_key::lock(&tx).await?;
    let keys = source.read().map_err(OpError::invalid)?;
    let mut rows = data_key::list(tx.reader()).await?;
    if rows.is_empty() {
        rows.push(first_data_key(&tx, &keys, now).await?);
    }
    let unwrapped = unwrap_all(&rows, &keys, source)?;
    for (row, key) in rows.iter().zip(&unwrapped) {
        if row.master.is_none() {
            data_key::set_master(&tx, &key.id, &key.master).await?;
        }
    }
    let secrets = secrets(&tx, &keys, &unwrapped, now).await?;
    tx.commit().await?;
    Ok((unwrapped, secrets))
}

async fn first_data_key(tx: &Tx, keys: &MasterKeys, now: i64) -> Result<WrappedKey, OpError> {
    insert(tx, keys.first(), now).await
}

async fn insert(tx: &Tx, master: &crate::MasterKey, now: i64) -> Result<WrappedKey, OpError> {
    let id = Ulid::generate().to_string();
    let bytes = Zeroizing::new(random::<32>());
    let key = WrappedKey {
        wrapped: master.wrap(&id, &bytes),
        master: Some(master.name()),
        id,
    };
    data_key::insert(tx, &key, now).await?;
    Ok(key)
}

async fn secrets(
    tx: &Tx,
    keys: &MasterKeys,
    unwrapped: &[Unwrapped],
    now: i64,
) -> Result<Secrets, OpError> {
    let mut secrets = Secrets::new();
    for name in [SIGNING, CHECKSUMS] {
        let secret = match installation_secret::find(tx.reader(), name).await? {
            Some(sealed) => open(name, &sealed, unwrapped)?,
            None => {
                // The key that wraps the oldest, should another stand in front of it already.
                let master = unwrapped
                    .first()
                    .and_then(|oldest| keys.named(&oldest.master))
                    .unwrap_or(keys.first());
                let secret = master.derive(name);
                put_secret(tx, name, &secret, unwrapped, now).await?;
                secret
            }
        };
        secrets.insert(name, secret);
    }
    Ok(secrets)
}

fn open(
    name: &str,
    sealed: &SealedSecret,
    unwrapped: &[Unwrapped],
) -> Result<Zeroizing<[u8; 32]>, OpError> {
    unwrapped
        .iter()
        .find(|key| key.id == sealed.key_id)
        .and_then(|key| open_with(&cipher(&key.bytes), &place(name), &sealed.sealed))
        .map(Zeroizing::new)
        .and_then(|bytes| Some(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
        .ok_or_else(|| {
            OpError::internal(
                "open a secret of its own",
                format!(
                    "{name}: not sealed with key {}, or changed since",
                    sealed.key_id
                ),
            )
        })
}

async fn put_secret(
    tx: &Tx,
    name: &str,
    secret: &[u8; 32],
    unwrapped: &[Unwrapped],
    now: i64,
) -> Result<(), OpError> {
    let Some(newest) = unwrapped.last() else {
        return Err(OpError::internal("seal a secret of its own", "no data key"));
    };
    let sealed = SealedSecret {
        key_id: newest.id.clone(),
        sealed: seal_with(&cipher(&newest.bytes), &place(name), secret),
    };
    installation_secret::put(tx, name, &sealed, now).await?;
    Ok(())
}

fn place(name: &str) -> String {
    format!("installation_secret|{name}")
}

/// Makes another data key, under the master key that wraps the newest. What is sealed from now on is
/// sealed with it, by each server as soon as it knows; the others go on opening what they have sealed.
pub async fn add_data_key(
    store: &Store,
    source: &MasterKeySource,
    now: i64,
) -> Result<String, OpError> {
    let tx = store.begin().await?;
    data_key::lock(&tx).await?;
    let keys = source.read().map_err(OpError::invalid)?;
    let rows = data_key::list(tx.reader()).await?;
    let newest = unwrap_all(&rows, &keys, source)?.pop();
    let master = newest.and_then(|newest| keys.named(&newest.master));
    // Keys sort by the time they were made; a clock that went back must not make an old one of it.
    let after = data_key::newest_at(tx.reader()).await?.unwrap_or(now);
    let made = insert(&tx, master.unwrap_or(keys.first()), now.max(after + 1)).await?;
    let deed = Deed::new("data_key.create", Target::new("data key", &made.id));
    by_command_line(&tx, now, deed).await?;
    tx.commit().await?;
    Ok(made.id)
}

/// Makes the signing key anew: every token and every link that was given out is worth nothing.
pub(crate) async fn replace_signing_key(
    tx: &Tx,
    source: &MasterKeySource,
    now: i64,
) -> Result<(), OpError> {
    let keys = source.read().map_err(OpError::invalid)?;
    let rows = data_key::list(tx.reader()).await?;
    let unwrapped = unwrap_all(&rows, &keys, source)?;
    let secret = Zeroizing::new(random::<32>());
    put_secret(tx, SIGNING, &secret, &unwrapped, now).await
}

#[cfg(test)]
mod tests;
