use serde_json::Value;
use serde_json::value::RawValue;

const MASK: &str = "(sensitive)";

/// The attributes as a JSON object, without what the state marks as sensitive.
pub(super) fn masked(attributes: Option<&RawValue>, marks: Option<&Value>) -> String {
    let attributes = attributes.map_or("{}", RawValue::get);
    let Ok(mut values) = serde_json::from_str::<Value>(attributes) else {
        return "{}".into();
    };
    let marks = marks.and_then(Value::as_array);
    for path in marks.into_iter().flatten() {
        match path.as_array() {
            Some(path) => mask_path(&mut values, path),
            // A mark that can't be understood may mean anything.
            None => values = Value::Object(serde_json::Map::new()),
        }
    }
    if values.is_object() {
        values.to_string()
    } else {
        "{}".into()
    }
}

/// Masks what the path leads to; where it can't be followed, everything from there on.
fn mask_path(value: &mut Value, path: &[Value]) {
    let Some((step, rest)) = path.split_first() else {
        if !value.is_null() {
            *value = Value::String(MASK.into());
        }
        return;
    };
    let key = match step.get("type").and_then(Value::as_str) {
        Some("get_attr") => step.get("value"),
        Some("index") => step.get("value").and_then(|index| index.get("value")),
        _ => None,
    };
    let next = match (&mut *value, key) {
        (Value::Object(members), Some(Value::String(name))) => members.get_mut(name),
        (Value::Array(items), Some(Value::Number(at))) => at
            .as_u64()
            .and_then(|at| items.get_mut(usize::try_from(at).ok()?)),
        _ => None,
    };
    match next {
        Some(next) => mask_path(next, rest),
        None => mask_path(value, &[]),
    }
}
