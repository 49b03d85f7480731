//! The statement that users paste into a role's trust policy.

use gantry_core::credentials::external_id::ExternalId;
use serde_json::{Value, json};

/// Stands where the principal should, when the server can't find out who it is.
pub const UNKNOWN_PRINCIPAL: &str = "<ARN of this server's AWS identity>";

/// One statement that lets `principal` assume the role with exactly these external IDs. A single
/// ID stands as text, several as a list.
pub fn statement(principal: &str, external_ids: &[ExternalId], tagged: bool) -> Value {
    let ids: Vec<&str> = external_ids.iter().map(ExternalId::as_str).collect();
    let ids = match ids[..] {
        [only] => json!(only),
        _ => json!(ids),
    };
    let action = if tagged {
        json!(["sts:AssumeRole", "sts:TagSession"])
    } else {
        json!("sts:AssumeRole")
    };
    json!({
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
        "Condition": {"StringEquals": {"sts:ExternalId": ids}},
    })
}

#[cfg(test)]
mod tests;
