//! Where apply will write state stands in the plan itself, and Terraform takes it from there. A plan
//! that names another bucket would carry the state out with write credentials, so this one part of
//! `tfplan` (protocol buffers) is read and compared with what initialize configured.

use serde_json::Value;

use super::{Clean, PlanFileError, msgpack};

const BACKEND: u64 = 13;
const STATE_STORE: u64 = 29;

pub(super) fn check(tfplan: &[u8], clean: &Clean<'_>) -> Result<(), PlanFileError> {
    let unreadable = || PlanFileError::Backend("its state backend can't be read".to_owned());
    let plan = fields(tfplan).ok_or_else(unreadable)?;
    if plan.iter().any(|(number, _)| *number == STATE_STORE) {
        return Err(PlanFileError::Backend(
            "state stores of providers can't be checked".to_owned(),
        ));
    }
    let backend = fields(only(&plan, BACKEND).ok_or_else(unreadable)?).ok_or_else(unreadable)?;
    let text = |number| std::str::from_utf8(only(&backend, number)?).ok();
    let kind = text(1).ok_or_else(unreadable)?;
    let workspace = text(3).ok_or_else(unreadable)?;
    let config = fields(only(&backend, 2).ok_or_else(unreadable)?).ok_or_else(unreadable)?;
    let config =
        msgpack::decode(only(&config, 1).ok_or_else(unreadable)?).ok_or_else(unreadable)?;

    let (our_kind, our_config) = configured(clean)?;
    if kind != our_kind {
        return Err(PlanFileError::Backend(format!(
            "it names the state backend `{kind}` instead of `{our_kind}`"
        )));
    }
    if let Some(name) = difference(&config, &our_config) {
        return Err(PlanFileError::Backend(format!(
            "the setting `{name}` of its state backend `{kind}` differs"
        )));
    }
    match workspace == clean.workspace()? {
        true => Ok(()),
        false => Err(PlanFileError::Backend(format!(
            "it names the workspace `{workspace}`"
        ))),
    }
}

/// The backend that initialize left; without one, state is in a local file.
fn configured(clean: &Clean<'_>) -> Result<(String, Value), PlanFileError> {
    let local = || ("local".to_owned(), Value::Object(serde_json::Map::new()));
    let Some(text) = clean.backend()? else {
        return Ok(local());
    };
    let unreadable = |problem: String| PlanFileError::Clean {
        path: ".terraform/terraform.tfstate".to_owned(),
        problem,
    };
    let mut value: Value =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let backend = value["backend"].take();
    match &backend["type"] {
        Value::String(kind) => Ok((kind.clone(), backend["config"].clone())),
        _ if backend.is_null() => Ok(local()),
        _ => Err(unreadable("it names no backend".to_owned())),
    }
}

/// The first setting that differs. A setting that isn't there is null.
fn difference(given: &Value, ours: &Value) -> Option<String> {
    let empty = serde_json::Map::new();
    let map = |value| match value {
        &Value::Null => Some(&empty),
        value => value.as_object(),
    };
    let (Some(given), Some(ours)) = (map(given), map(ours)) else {
        return Some("all".to_owned());
    };
    given
        .keys()
        .chain(ours.keys())
        .find(|name| {
            let of = |map: &serde_json::Map<String, Value>| {
                map.get(*name).cloned().unwrap_or(Value::Null)
            };
            !same(&of(given), &of(ours))
        })
        .cloned()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(_), Value::Object(_)) => difference(a, b).is_none(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// The fields of one message that have a length; the others are skipped.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut all = Vec::new();
    while !message.is_empty() {
        let key = variable(&mut message)?;
        let number = key >> 3;
        match key & 7 {
            0 => {
                variable(&mut message)?;
            }
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(variable(&mut message)?).ok()?;
                all.push((number, message.get(..length)?));
                message = &message[length..];
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(all)
}

/// A field that must be there exactly once: of several, readers merge or take the last.
fn only<'a>(fields: &[(u64, &'a [u8])], number: u64) -> Option<&'a [u8]> {
    let mut found = fields.iter().filter(|(given, _)| *given == number);
    let (_, content) = found.next()?;
    found.next().is_none().then_some(content)
}

fn variable(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
