use super::*;
use serde_json::json;

fn nothing(_: &str) -> Option<String> {
    None
}

fn shown(plan: Value) -> Value {
    serde_json::from_slice(&masked(plan.to_string().as_bytes(), nothing).unwrap()).unwrap()
}

#[test]
fn everything_that_is_marked_sensitive_is_replaced() {
    let plan = json!({
        "format_version": "1.2",
        "variables": {"password": {"value": "v-secret"}, "region": {"value": "eu"}},
        "planned_values": {
            "outputs": {"o": {"sensitive": true, "value": "o-secret"}, "p": {"sensitive": false, "value": 1}},
            "root_module": {
                "resources": [{"address": "a.b", "values": {"k": "r-secret", "l": "open"}, "sensitive_values": {"k": true}}],
                "child_modules": [{"resources": [
                    {"values": {"list": [{"x": "c-secret", "y": 2}]}, "sensitive_values": {"list": [{"x": true}]}}
                ]}]
            }
        },
        "resource_changes": [{"address": "a.b", "change": {
            "actions": ["update"],
            "before": {"k": "before-secret", "n": null}, "before_sensitive": {"k": true, "n": true},
            "after": {"k": "after-secret", "l": "open"}, "after_sensitive": {"k": true}
        }}],
        "resource_drift": [{"change": {"before": "whole-secret", "before_sensitive": true, "after": null, "after_sensitive": false}}],
        "output_changes": {"o": {"before": "old-secret", "before_sensitive": true, "after": "new-secret", "after_sensitive": true}},
        "prior_state": {"values": {"outputs": {"o": {"sensitive": true, "value": "state-secret"}},
            "root_module": {"resources": [{"values": {"k": "prior-secret"}, "sensitive_values": {"k": true}}]}}},
        "configuration": {"root_module": {
            "variables": {"password": {"sensitive": true, "default": "default-secret"}, "region": {}},
            "module_calls": {"m": {"module": {"variables": {"w": {"sensitive": true, "default": "module-secret"}}}}}
        }}
    });
    let shown = shown(plan);
    assert!(!shown.to_string().contains("-secret"), "{shown}");
    assert_eq!(
        shown["resource_changes"][0]["change"]["after"],
        json!({"k": MARKER, "l": "open"})
    );
    assert_eq!(
        shown["resource_changes"][0]["change"]["before"]["n"],
        Value::Null
    );
    assert_eq!(shown["variables"]["region"]["value"], "eu");
    assert_eq!(shown["planned_values"]["outputs"]["p"]["value"], 1);
    assert_eq!(
        shown["planned_values"]["root_module"]["child_modules"][0]["resources"][0]["values"]["list"]
            [0],
        json!({"x": MARKER, "y": 2})
    );
}

#[test]
fn what_the_output_may_not_show_is_not_shown_here_either() {
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"change": {"after": {"tags": {"hunter22": "a hunter22 b"}}, "after_sensitive": {}}}
    ]});
    let mask = |text: &str| {
        text.contains("hunter22")
            .then(|| text.replace("hunter22", "***"))
    };
    let shown: Value =
        serde_json::from_slice(&masked(plan.to_string().as_bytes(), mask).unwrap()).unwrap();
    assert_eq!(
        shown["resource_changes"][0]["change"]["after"]["tags"],
        json!({"***": "a *** b"})
    );
}

#[test]
fn another_format_is_refused() {
    let refused = masked(br#"{"format_version": "2.0"}"#, nothing).unwrap_err();
    assert!(refused.to_string().contains("format 2.0"));
}
