use super::contents::{Contents, Reveal, contents};
use super::*;
use crate::ids::{StackId, StateVersionId};

const STATE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 7,
  "lineage": "aaaa",
  "outputs": {
    "address": {"value": "10.0.0.1", "type": "string"},
    "password": {"value": "canary-1", "type": "string", "sensitive": true}
  },
  "resources": [
    {"mode": "managed", "type": "thing", "name": "one", "provider": "provider[\"registry.terraform.io/acme/thing\"]",
     "instances": [{"schema_version": 0, "attributes": {"id": "1", "big": 12345678901234567890123,
       "password": "canary-2", "list": [{"key": "canary-3"}, {"key": "free"}]},
       "sensitive_attributes": [
         [{"type": "get_attr", "value": "password"}],
         [{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 0, "type": "number"}}, {"type": "get_attr", "value": "key"}]
       ]}]},
    {"module": "module.net[\"a.module.b\"].module.inner", "mode": "managed", "type": "thing", "name": "many",
     "provider": "module.net.provider[\"registry.terraform.io/acme/thing\"].east",
     "instances": [
       {"index_key": "k\"q", "attributes": {"id": "2"}, "status": "tainted"},
       {"index_key": 0, "attributes": {"id": "3"}},
       {"index_key": 0, "deposed": "dead0001", "attributes": {"id": "old"}}
     ]},
    {"mode": "data", "type": "look", "name": "up", "provider": "provider[\"x\"]", "instances": [{"attributes": {"id": "4"}}]}
  ],
  "check_results": null
}"#;

fn version(serial: i64, lineage: &str, digest: &str) -> StateVersion {
    StateVersion {
        id: StateVersionId::new("01V"),
        stack: StackId::new("infra"),
        serial,
        lineage: lineage.into(),
        tool_version: None,
        bytes: 1,
        digest: digest.into(),
        object: "states/infra/01V".into(),
        key_id: "key".into(),
        origin: Origin::Import,
        author: "ada".into(),
        author_id: "api-key/01ADA".into(),
        created_at: 1,
        counted: Counted::NotYet,
    }
}

fn head(serial: i64, lineage: &str) -> Head {
    Head {
        lineage: lineage.into(),
        serial,
        tool_version: None,
        encrypted: false,
    }
}

#[test]
fn the_head_of_a_state() {
    let read = Head::read(STATE.as_bytes()).unwrap();
    assert_eq!(
        (read.lineage.as_str(), read.serial, read.tool_version),
        ("aaaa", 7, Some("1.11.4".into()))
    );
    let encrypted =
        br#"{"serial":3,"lineage":"b","meta":{},"encrypted_data":"x","encryption_version":"v0"}"#;
    assert!(Head::read(encrypted).unwrap().encrypted);
}

#[test]
fn what_is_no_state_says_why_and_quotes_nothing() {
    for (bytes, part) in [
        (&b""[..], "the state is empty"),
        (b" \n", "the state is empty"),
        (b"{\"canary", "is not JSON: it breaks at line 1, column 8"),
        (b"\xff\xfe", "is not JSON"),
        (b"<html>canary</html>", "is not JSON"),
        (b"[\"canary\"]", "not an object"),
        (b"\"canary\"", "not an object"),
        (b"{}", "has no `version`"),
        (br#"{"version":4,"lineage":"a"}"#, "has no `serial`"),
        (
            br#"{"version":4,"serial":"canary","lineage":"a"}"#,
            "the `serial` of the state",
        ),
        (
            br#"{"version":4,"serial":-1,"lineage":"a"}"#,
            "the `serial` of the state",
        ),
        (
            br#"{"version":4,"serial":9223372036854775807,"lineage":"a"}"#,
            "the `serial` of the state",
        ),
        (br#"{"version":4,"serial":1}"#, "has no `lineage`"),
        (
            br#"{"version":4,"serial":1,"lineage":""}"#,
            "has no `lineage`",
        ),
        (
            br#"{"version":4,"serial":1,"lineage":{"canary":1}}"#,
            "has no `lineage`",
        ),
        (
            br#"{"version":4,"serial":1,"lineage":"a"} canary"#,
            "is not JSON",
        ),
    ] {
        let said = Head::read(bytes).unwrap_err().to_string();
        assert!(said.contains(part), "{part}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn only_the_next_state_of_the_same_line_is_stored() {
    let current = version(7, "a", "digest");
    assert_eq!(judge(None, &head(0, "z"), "x"), Ok(Verdict::Store));
    let next = |serial, lineage, digest| judge(Some(&current), &head(serial, lineage), digest);
    assert_eq!(next(8, "a", "x"), Ok(Verdict::Store));
    assert_eq!(next(70, "a", "digest"), Ok(Verdict::Store));
    assert_eq!(next(7, "a", "digest"), Ok(Verdict::Stored));
    assert_eq!(next(7, "a", "x"), Err(NotNext::SameSerial(7)));
    assert_eq!(
        next(6, "a", "digest"),
        Err(NotNext::Older { sent: 6, stored: 7 })
    );
    assert!(matches!(
        next(8, "b", "x"),
        Err(NotNext::OtherLineage { .. })
    ));
}

#[test]
fn another_serial_and_everything_else_to_the_letter() {
    let renumbered = with_serial(STATE.as_bytes(), 12).unwrap();
    assert_eq!(
        Head::read(&renumbered).unwrap(),
        Head {
            serial: 12,
            ..Head::read(STATE.as_bytes()).unwrap()
        }
    );
    let text = String::from_utf8(renumbered.clone()).unwrap();
    assert!(text.contains("12345678901234567890123"), "{text}");
    let (delta, changes) = diff(Some(STATE.as_bytes()), &renumbered).unwrap();
    assert_eq!(changes, []);
    assert_eq!(delta.resources, 4);
    let encrypted = br#"{"serial":3,"lineage":"b","encrypted_data":"x"}"#;
    assert_eq!(with_serial(encrypted, 4), Err(CantRenumber::Encrypted));
}

#[test]
fn what_changed_between_two_states() {
    let (delta, changes) = diff(None, STATE.as_bytes()).unwrap();
    assert_eq!((delta.added, delta.changed, delta.removed), (4, 0, 0));
    assert_eq!(changes.len(), 4);
    let newer = STATE
        .replace("\"id\": \"3\"", "\"id\": \"33\"")
        .replace("\"name\": \"one\"", "\"name\": \"other\"")
        .replace(", \"status\": \"tainted\"", "")
        .replace("\"id\": \"4\"", "\"id\": \"44\"");
    let (delta, changes) = diff(Some(STATE.as_bytes()), newer.as_bytes()).unwrap();
    let shown: Vec<String> = changes
        .iter()
        .map(|change| format!("{:?} {}", change.action, change.address))
        .collect();
    let inner = r#"module.net["a.module.b"].module.inner.thing.many"#;
    assert_eq!(
        shown,
        [
            format!(r#"Changed {inner}["k\"q"]"#),
            format!("Changed {inner}[0]"),
            "Removed thing.one".into(),
            "Added thing.other".into(),
        ]
    );
    let expected = StateDelta {
        added: 1,
        changed: 2,
        removed: 1,
        resources: 4,
    };
    assert_eq!(delta, expected);
    assert!(diff(None, br#"{"serial":3,"lineage":"b","encrypted_data":"x"}"#).is_none());
    assert!(
        diff(
            None,
            br#"{"version":4,"serial":3,"lineage":"b","resources":7}"#
        )
        .is_none()
    );
}

fn read(reveal: Reveal) -> Contents {
    contents(STATE.as_bytes(), reveal, |value| {
        format!("{} bytes", value.len())
    })
    .unwrap()
}

#[test]
fn modules_resources_and_outputs() {
    let found = read(Reveal::Unmarked);
    let modules: Vec<_> = found
        .modules
        .iter()
        .map(|module| (module.name.as_str(), module.parent.as_deref()))
        .collect();
    assert_eq!(
        modules,
        [
            (r#"net["a.module.b"]"#, None),
            ("inner", Some(r#"module.net["a.module.b"]"#)),
        ]
    );
    let addresses: Vec<_> = found
        .resources
        .iter()
        .map(|one| (one.address.as_str(), one.managed, one.tainted))
        .collect();
    assert_eq!(
        addresses,
        [
            ("data.look.up", false, false),
            (
                r#"module.net["a.module.b"].module.inner.thing.many["k\"q"]"#,
                true,
                true
            ),
            (
                r#"module.net["a.module.b"].module.inner.thing.many[0]"#,
                true,
                false
            ),
            ("thing.one", true, false),
        ]
    );
    for resource in &found.resources[1..] {
        assert_eq!(resource.provider, "registry.terraform.io/acme/thing");
    }
    assert_eq!(found.outputs[0].value.as_deref(), Some("\"10.0.0.1\""));
    assert_eq!(found.outputs[0].fingerprint, "10 bytes");
    assert!(found.outputs[1].sensitive);
}

#[test]
fn nobody_sees_what_is_marked_and_a_reader_no_attributes() {
    for reveal in [Reveal::Names, Reveal::Outputs, Reveal::Unmarked] {
        let found = read(reveal);
        let shown = format!("{found:?}");
        assert!(!shown.contains("canary"), "{reveal:?}: {shown}");
        let values = &found.resources[3].values;
        assert_eq!(
            values.contains("\"id\":\"1\""),
            reveal == Reveal::Unmarked,
            "{values}"
        );
        assert_eq!(
            found.outputs[0].value.is_some(),
            reveal >= Reveal::Outputs,
            "{reveal:?}"
        );
        assert_eq!(found.outputs[1].value, None);
    }
    let found = read(Reveal::Unmarked);
    let values = &found.resources[3].values;
    assert!(values.contains("free"), "{values}");
    assert_eq!(values.matches("(sensitive)").count(), 2, "{values}");
}

/// A mark that leads nowhere hides what is around it, and one that can't be understood everything.
#[test]
fn a_mark_that_can_not_be_followed_hides_more() {
    let state = |marks: &str| {
        format!(
            r#"{{"version":4,"serial":1,"lineage":"a","resources":[{{"mode":"managed","type":"t","name":"n",
            "instances":[{{"attributes":{{"id":"1","set":["canary"]}},"sensitive_attributes":{marks}}}]}}]}}"#
        )
    };
    for (marks, kept) in [
        (
            r#"[[{"type":"get_attr","value":"set"},{"type":"index","value":{"value":"canary","type":"string"}}]]"#,
            true,
        ),
        (
            r#"[[{"type":"get_attr","value":"set"},{"type":"later","value":1}]]"#,
            true,
        ),
        (r#"[[{"type":"get_attr","value":"gone"}]]"#, false),
        ("[[]]", false),
        ("[7]", false),
    ] {
        let state = state(marks);
        let found = contents(state.as_bytes(), Reveal::Unmarked, |_| String::new()).unwrap();
        let values = &found.resources[0].values;
        assert!(!values.contains("canary"), "{marks}: {values}");
        assert_eq!(values.contains("\"id\""), kept, "{marks}: {values}");
    }
}

#[test]
fn lock_information() {
    let info = LockInfo::read(
        br#"{"ID":"abc","Operation":"OperationTypeApply","Info":"","Who":"root@box\u001b[2J","Version":"1.11.4","Created":"2026-01-01T00:00:00Z","Path":""}"#,
    )
    .unwrap();
    assert_eq!(
        (info.id.as_str(), info.who.as_str()),
        ("abc", "root@box[2J")
    );
    for body in [
        &b""[..],
        b"{}",
        b"[]",
        br#"{"ID":""}"#,
        br#"{"ID":7}"#,
        b"\xff",
    ] {
        assert!(LockInfo::read(body).is_err(), "{body:?}");
    }
    let long = format!(r#"{{"ID":"{}"}}"#, "x".repeat(256));
    assert!(LockInfo::read(long.as_bytes()).is_err());
}
