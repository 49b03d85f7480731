//! The JSON form of a plan as people may see it: what Terraform calls sensitive is replaced, and so
//! is every value that the run's output must not show.
//!
//! Where a provider or a variable marks something as sensitive, the tool says so beside the value
//! (`before_sensitive`, `sensitive_values`, `sensitive`) and writes the value in clear.

use serde_json::{Map, Value};

/// Terraform's own words.
pub const MARKER: &str = "(sensitive value)";

#[derive(Debug, thiserror::Error)]
pub enum PlanJsonError {
    #[error("the tool's JSON of the plan can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the tool's JSON of the plan is of format {0}, and only format 1 is understood")]
    Format(String),
}

/// `mask` replaces what a text must not show.
pub fn masked(
    json: &[u8],
    mask: impl Fn(&str) -> Option<String>,
) -> Result<Vec<u8>, PlanJsonError> {
    let mut plan: Value = serde_json::from_slice(json)?;
    let format = plan["format_version"]
        .as_str()
        .unwrap_or("without a number")
        .to_owned();
    if !format.starts_with("1.") && format != "0.2" {
        return Err(PlanJsonError::Format(format));
    }
    if let Some(plan) = plan.as_object_mut() {
        mask_plan(plan);
    }
    mask_text(&mut plan, &mask);
    Ok(serde_json::to_vec(&plan)?)
}

fn mask_plan(plan: &mut Map<String, Value>) {
    if let Some(root) = plan
        .get_mut("configuration")
        .and_then(|c| c.get_mut("root_module"))
    {
        let sensitive = sensitive_variables(root);
        mask_module_configuration(root);
        for name in sensitive {
            let variable = plan
                .get_mut("variables")
                .and_then(|variables| variables.get_mut(&name));
            if let Some(value) = variable.and_then(|variable| variable.get_mut("value")) {
                *value = marker();
            }
        }
    }
    for key in [
        "resource_changes",
        "resource_drift",
        "deferred_changes",
        "action_invocations",
    ] {
        for entry in items(plan.get_mut(key)) {
            let entry = match entry.get("resource_change").is_some() {
                true => &mut entry["resource_change"],
                false => entry,
            };
            if let Some(change) = entry.get_mut("change") {
                mask_change(change);
            }
        }
    }
    for change in members(plan.get_mut("output_changes")) {
        mask_change(change);
    }
    if let Some(values) = plan.get_mut("planned_values") {
        mask_values(values);
    }
    if let Some(values) = plan
        .get_mut("prior_state")
        .and_then(|state| state.get_mut("values"))
    {
        mask_values(values);
    }
}

fn mask_change(change: &mut Value) {
    for (value, sensitive) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
        let Some(marks) = change.get(sensitive).cloned() else {
            continue;
        };
        if let Some(value) = change.get_mut(value) {
            replace(value, &marks);
        }
    }
}

/// Outputs and modules, of planned values and of a state.
fn mask_values(values: &mut Value) {
    for output in members(values.get_mut("outputs")) {
        if output.get("sensitive") == Some(&Value::Bool(true))
            && let Some(value) = output.get_mut("value")
        {
            *value = marker();
        }
    }
    if let Some(root) = values.get_mut("root_module") {
        mask_module(root);
    }
}

fn mask_module(module: &mut Value) {
    for resource in items(module.get_mut("resources")) {
        let Some(marks) = resource.get("sensitive_values").cloned() else {
            continue;
        };
        if let Some(values) = resource.get_mut("values") {
            replace(values, &marks);
        }
    }
    for child in items(module.get_mut("child_modules")) {
        mask_module(child);
    }
}

fn sensitive_variables(module: &Value) -> Vec<String> {
    let Some(variables) = module["variables"].as_object() else {
        return Vec::new();
    };
    let sensitive = |variable: &Value| variable["sensitive"] == Value::Bool(true);
    variables
        .iter()
        .filter(|(_, v)| sensitive(v))
        .map(|(name, _)| name.clone())
        .collect()
}

fn mask_module_configuration(module: &mut Value) {
    for name in sensitive_variables(module) {
        if let Some(default) = module["variables"][&name].get_mut("default") {
            *default = marker();
        }
    }
    for call in members(module.get_mut("module_calls")) {
        if let Some(called) = call.get_mut("module") {
            mask_module_configuration(called);
        }
    }
}

/// `marks` has the shape of `value`, with `true` where everything below is sensitive.
fn replace(value: &mut Value, marks: &Value) {
    match (value, marks) {
        (value, Value::Bool(true)) if !value.is_null() => *value = marker(),
        (Value::Object(value), Value::Object(marks)) => {
            for (name, marks) in marks {
                if let Some(value) = value.get_mut(name) {
                    replace(value, marks);
                }
            }
        }
        (Value::Array(value), Value::Array(marks)) => {
            for (value, marks) in value.iter_mut().zip(marks) {
                replace(value, marks);
            }
        }
        _ => {}
    }
}

fn mask_text(value: &mut Value, mask: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(masked) = mask(text) {
                *text = masked;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask_text(value, mask)),
        Value::Object(values) => {
            let renamed: Vec<(String, String)> = values
                .keys()
                .filter_map(|name| Some((name.clone(), mask(name)?)))
                .collect();
            for (name, masked) in renamed {
                if let Some(value) = values.remove(&name) {
                    values.insert(masked, value);
                }
            }
            values.values_mut().for_each(|value| mask_text(value, mask));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn marker() -> Value {
    Value::String(MARKER.into())
}

fn items(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|map| map.values_mut())
}

#[cfg(test)]
mod tests;
