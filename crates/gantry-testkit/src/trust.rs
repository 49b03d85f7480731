//! Trust policies, right ones and the many wrong ones that are seen in the wild.

use serde_json::{Value, json};

/// A policy document with these statements.
pub fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// `Allow sts:AssumeRole` to `principal`, under `condition` (an empty object for none).
pub fn statement(principal: &str, condition: Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
    });
    if condition
        .as_object()
        .is_some_and(|condition| !condition.is_empty())
    {
        statement["Condition"] = condition;
    }
    statement
}

/// The right one: exactly these external IDs.
pub fn requires(principal: &str, external_ids: &[&str]) -> Value {
    let condition = json!({"StringEquals": {"sts:ExternalId": external_ids}});
    document(&[statement(principal, condition)])
}

/// The worst one: whoever can reach the principal may use the role.
pub fn open(principal: &str) -> Value {
    document(&[statement(principal, json!({}))])
}

/// Lets the principal tag its sessions. With no condition, as in many guides.
pub fn allow_tagging(principal: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:TagSession"})
}
