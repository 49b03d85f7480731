use super::*;

fn summary(resources: &str) -> Summary {
    let json = format!(
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","variables":{{"x":{{"value":1}}}},
            "planned_values":{{"root_module":{{}}}},"resource_changes":[{resources}],
            "output_changes":{{"o":{{"actions":["create"]}}}},"errored":false}}"#
    );
    summarize(json.as_bytes()).unwrap()
}

fn resource(address: &str, actions: &str, more: &str) -> String {
    format!(
        r#"{{"address":"{address}","mode":"managed","type":"t","name":"n","provider_name":"p",
            {more}"change":{{"actions":[{actions}],"before":null,"after":{{"a":[1,{{"b":2}}]}},
            "after_unknown":{{"id":true}}}}}}"#
    )
}

fn counts(summary: &Summary) -> (i64, i64, i64, i64) {
    let delta = summary.delta;
    (delta.added, delta.changed, delta.deleted, delta.resources)
}

#[test]
fn each_action_counts_as_the_tools_count_it() {
    for (actions, expected, counted) in [
        (r#""create""#, Some(Action::Add), (1, 0, 0, 1)),
        (r#""update""#, Some(Action::Change), (0, 1, 0, 1)),
        (r#""delete""#, Some(Action::Delete), (0, 0, 1, 1)),
        (r#""delete","create""#, Some(Action::Replace), (1, 0, 1, 1)),
        (r#""create","delete""#, Some(Action::Replace), (1, 0, 1, 1)),
        (r#""forget""#, Some(Action::Forget), (0, 0, 0, 1)),
        (r#""create","forget""#, Some(Action::Add), (1, 0, 0, 1)),
        (r#""no-op""#, None, (0, 0, 0, 1)),
        (r#""something-new""#, None, (0, 0, 0, 1)),
    ] {
        let summary = summary(&resource("t.n", actions, ""));
        assert_eq!(counts(&summary), counted, "{actions}");
        let action = summary.changes.first().map(|change| change.action);
        assert_eq!(action, expected, "{actions}");
    }
}

#[test]
fn a_data_source_is_no_resource() {
    let data = r#"{"address":"data.t.n","mode":"data","change":{"actions":["read"]}}"#;
    assert_eq!(counts(&summary(data)), (0, 0, 0, 0));
}

#[test]
fn a_move_names_the_old_address() {
    let moved = resource("t.b", r#""no-op""#, r#""previous_address":"t.a","#);
    let summary = summary(&moved);
    assert_eq!(counts(&summary), (0, 0, 0, 1));
    assert_eq!(
        summary.changes,
        [Change {
            address: "t.b".into(),
            previous_address: Some("t.a".into()),
            action: Action::Move,
        }]
    );
}

#[test]
fn a_move_with_a_change_is_a_change() {
    let moved = resource("t.b", r#""update""#, r#""previous_address":"t.a","#);
    let summary = summary(&moved);
    assert_eq!(summary.changes[0].action, Action::Change);
    assert_eq!(summary.changes[0].previous_address.as_deref(), Some("t.a"));
}

#[test]
fn an_import_without_a_change_is_an_import() {
    let json = r#"{"resource_changes":[{"address":"t.n","mode":"managed",
        "change":{"actions":["no-op"],"importing":{"id":"i-1"}}}]}"#;
    let summary = summarize(json.as_bytes()).unwrap();
    assert_eq!(summary.changes[0].action, Action::Import);
}

#[test]
fn outputs_alone_leave_the_summary_empty() {
    assert_eq!(summary(""), Summary::default());
}

#[test]
fn the_order_and_the_index_keys_of_addresses_stay() {
    let both = [
        resource(r#"module.m[\"a b\"].t.n[0]"#, r#""create""#, ""),
        resource("t.n", r#""delete""#, ""),
    ];
    let summary = summary(&both.join(","));
    let addresses: Vec<&str> = summary.changes.iter().map(|c| c.address.as_str()).collect();
    assert_eq!(addresses, [r#"module.m["a b"].t.n[0]"#, "t.n"]);
    assert_eq!(counts(&summary), (1, 0, 1, 2));
}

#[test]
fn a_plan_without_resources_can_be_read() {
    assert_eq!(summarize(b"{}").unwrap(), Summary::default());
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "7", r#"{"resource_changes":7}"#] {
        assert!(summarize(text.as_bytes()).is_err(), "{text:?}");
    }
}
