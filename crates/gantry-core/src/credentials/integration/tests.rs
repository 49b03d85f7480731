use super::*;
use crate::credentials::role::{AssumedBy, RoleArn};

fn integration(enabled: bool, labels: &[&str]) -> Integration {
    Integration {
        id: IntegrationId::new("01JD8Z5K3V9QW2XH7N4M6R0TBC"),
        name: "a".into(),
        space: SpaceId::new("root"),
        labels: labels.iter().map(|l| (*l).to_owned()).collect(),
        autoattach_enabled: enabled,
        role: Role {
            arn: RoleArn::parse("arn:aws:iam::111122223333:role/x").unwrap(),
            duration: Default::default(),
            region: None,
            assumed_by: AssumedBy::Server,
            tag_sessions: false,
        },
    }
}

#[test]
fn attaches_by_label_only_when_enabled() {
    let stack = ["prod".to_owned(), "autoattach:odd".to_owned()];
    assert!(integration(true, &["autoattach:prod"]).auto_attaches_to(&stack));
    assert!(integration(true, &["x", "autoattach:no", "autoattach:prod"]).auto_attaches_to(&stack));
    assert!(!integration(false, &["autoattach:prod"]).auto_attaches_to(&stack));
    for labels in [
        &["prod"][..],
        &["autoattach:PROD"],
        &["autoattach:"],
        &["autoattach:*"],
        &[],
    ] {
        assert!(
            !integration(true, labels).auto_attaches_to(&stack),
            "{labels:?}"
        );
    }
    assert!(!integration(true, &["autoattach:"]).auto_attaches_to(&[String::new()]));
}
