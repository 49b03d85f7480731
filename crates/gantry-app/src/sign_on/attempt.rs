use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_store::Store;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::ATTEMPT_SECONDS;
use crate::login::random_token;
use crate::{Keyring, OpError};

/// What its place is called when it is sealed.
const PLACE: &str = "sign-on attempt";

/// A login between its two halves.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    pub state: String,
    pub nonce: String,
    /// Of PKCE: only whoever began the login can exchange its code.
    pub verifier: String,
    pub return_to: String,
    begun_at: i64,
}

impl Attempt {
    pub(super) fn new(return_to: String, now: i64) -> Self {
        Attempt {
            state: random_token(),
            nonce: random_token(),
            verifier: random_token(),
            return_to,
            begun_at: now,
        }
    }

    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    pub(super) fn is_good(&self, now: i64) -> bool {
        (0..ATTEMPT_SECONDS * 1000).contains(&(now - self.begun_at))
    }

    pub(super) fn is_for(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    pub(super) fn seal(&self, keys: &Keyring) -> Result<SecretString, OpError> {
        let json = serde_json::to_vec(self)
            .map_err(|error| OpError::internal("remember a login", error))?;
        let sealed = keys.seal(PLACE, &json);
        let bytes = URL_SAFE_NO_PAD.encode(sealed.bytes);
        Ok(format!("{}.{bytes}", sealed.key_id).into())
    }

    /// `None` for what nobody here has sealed.
    pub(super) async fn open(
        keys: &Keyring,
        store: &Store,
        text: &str,
    ) -> Result<Option<Self>, OpError> {
        let Some((key_id, bytes)) = text.split_once('.') else {
            return Ok(None);
        };
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(bytes) else {
            return Ok(None);
        };
        let Ok(json) = keys.open_sealed(store, PLACE, key_id, &bytes).await else {
            return Ok(None);
        };
        Ok(serde_json::from_slice(&json).ok())
    }
}
