//! Who signed a list of checksums.

#[cfg(test)]
mod tests;

use std::path::Path;

use gantry_core::engine::Engine;
use pgp::composed::{Deserializable as _, DetachedSignature, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::SignatureType;
use pgp::types::VerifyingKey;

use crate::ToolsError;

/// C874 011F 0AB4 0511 0D02 1055 3436 5D94 72D7 468F, "HashiCorp Security".
const HASHICORP: &str = include_str!("keys/hashicorp.asc");

/// A file with keys, and no film.
const LARGEST_KEYS: u64 = 1 << 20;

/// Keys whose signatures count.
///
/// Their expiry is not looked at: what was signed before stays released, and the projects put
/// the date off without a new key.
pub(crate) struct Keys(Vec<SignedPublicKey>);

impl Keys {
    /// Those of the tool's project, where they are in the binary.
    pub fn built_in(engine: Engine) -> Result<Self, String> {
        match engine {
            Engine::Terraform => Keys::parse(HASHICORP),
            Engine::OpenTofu => Err(
                "the key of the OpenTofu project, E3E6 E43D 84CB 852E ADB0 051D 0C0A F313 E5FD 9F80, \
                 is not in the binary: name a file with it in worker.tools_keys"
                    .into(),
            ),
        }
    }

    /// Those of the installation, instead.
    pub fn read(path: &Path) -> Result<Self, ToolsError> {
        let unusable = |detail: String| ToolsError::Keys {
            path: path.to_owned(),
            detail,
        };
        let length = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
        if length.len() > LARGEST_KEYS {
            return Err(unusable("it is larger than 1 MiB".into()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        Keys::parse(&text).map_err(unusable)
    }

    /// One or more armored blocks.
    fn parse(text: &str) -> Result<Self, String> {
        const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
        const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";
        let mut keys = vec![];
        for (start, _) in text.match_indices(BEGIN) {
            let end = text[start..].find(END).ok_or("a key in it has no end")?;
            let block = &text[start..start + end + END.len()];
            let (found, _) = SignedPublicKey::from_string_many(block)
                .map_err(|error| format!("a key in it can't be read: {error}"))?;
            for key in found {
                let key = key.map_err(|error| format!("a key in it can't be read: {error}"))?;
                key.verify_bindings()
                    .map_err(|error| format!("a key in it is not whole: {error}"))?;
                keys.push(key);
            }
        }
        match keys.is_empty() {
            true => Err("there is no armored OpenPGP public key in it".into()),
            false => Ok(Keys(keys)),
        }
    }

    /// Whether one of the keys, or of their subkeys for signing, has signed `content`. The error is
    /// a part of a sentence.
    pub fn verify(&self, content: &[u8], signature: &[u8]) -> Result<(), String> {
        let signature = DetachedSignature::from_bytes(signature)
            .map_err(|error| format!("the signature can't be read: {error}"))?;
        let strong = [
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
        ];
        if signature.signature.typ() != Some(SignatureType::Binary) {
            return Err("the signature is not one of a file".into());
        }
        if !(signature.signature.hash_alg()).is_some_and(|hash| strong.contains(&hash)) {
            return Err("the signature is made with a weak hash".into());
        }
        let any = self.0.iter().any(|key| {
            verifies(&signature, &key.primary_key, content)
                || key
                    .public_subkeys
                    .iter()
                    .filter(|subkey| subkey.signatures.iter().any(|s| s.key_flags().sign()))
                    .any(|subkey| verifies(&signature, &subkey.key, content))
        });
        match any {
            true => Ok(()),
            false => Err("none of the trusted keys has signed them".into()),
        }
    }
}

fn verifies(signature: &DetachedSignature, key: &impl VerifyingKey, content: &[u8]) -> bool {
    signature.verify(key, content).is_ok()
}
