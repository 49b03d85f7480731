use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use super::Head;

/// Why a state can't get another serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CantRenumber {
    #[error(
        "the state is encrypted by OpenTofu, with its serial inside: download the version, and \
         store it again with the task `tofu state push`"
    )]
    Encrypted,
    #[error("the stored state can't be read")]
    Unreadable,
}

/// The same state under another serial. Everything else stays to the letter: numbers that no other
/// reader could hold are not touched.
pub fn with_serial(state: &[u8], serial: i64) -> Result<Vec<u8>, CantRenumber> {
    let head = Head::read(state).map_err(|_| CantRenumber::Unreadable)?;
    if head.encrypted {
        return Err(CantRenumber::Encrypted);
    }
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(state).map_err(|_| CantRenumber::Unreadable)?;
    let serial = to_raw_value(&serial).map_err(|_| CantRenumber::Unreadable)?;
    members.insert("serial".into(), serial);
    serde_json::to_vec(&members).map_err(|_| CantRenumber::Unreadable)
}
