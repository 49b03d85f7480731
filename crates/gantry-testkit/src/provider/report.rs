//! Reports of the attacker travel through logs that mask and reformat: as hexadecimal digits of turned
//! bits between two words. The other half is `testkit-provider/src/report.rs`.

use serde_json::Value;

/// Every report in a text, in order.
pub fn reports(log: &str) -> Vec<Value> {
    let parts = log.split("REPORT-").skip(1);
    parts
        .filter_map(|part| {
            let bytes = hex::decode(part.split_once("-END")?.0).ok()?;
            let bytes: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
            serde_json::from_slice(&bytes).ok()
        })
        .collect()
}

/// A secret for the attacker to look for, in a form that is no find itself.
pub fn needle(secret: impl AsRef<[u8]>) -> String {
    hex::encode(
        secret
            .as_ref()
            .iter()
            .map(|byte| !byte)
            .collect::<Vec<u8>>(),
    )
}
