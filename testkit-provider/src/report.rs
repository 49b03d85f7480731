//! How a report leaves: through the log of a run, where secrets are masked in their common forms and
//! Terraform reformats whatever looks like JSON. So it travels as hexadecimal digits of turned bits.

use serde::Serialize;

const BEGIN: &str = "REPORT-";
const END: &str = "-END";

/// What a test reads back.
pub fn wrap(report: &impl Serialize) -> anyhow::Result<String> {
    let bytes: Vec<u8> = serde_json::to_vec(report)?
        .iter()
        .map(|byte| !byte)
        .collect();
    Ok(format!("{BEGIN}{}{END}", hex::encode(bytes)))
}

/// Secrets that the attacker is told to look for come in the same form, so that their text in the
/// configuration is no find.
pub fn unwrap(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(hex::decode(text)?.iter().map(|byte| !byte).collect())
}

/// The form of `unwrap`.
#[cfg(test)]
pub fn wrap_bytes(bytes: &[u8]) -> String {
    hex::encode(bytes.iter().map(|byte| !byte).collect::<Vec<u8>>())
}
