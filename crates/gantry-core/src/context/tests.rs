use super::*;

fn context(id: &str, labels: &[&str]) -> Context {
    Context {
        id: ContextId::new(id),
        name: id.to_uppercase(),
        description: None,
        space: SpaceId::new("root"),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        hooks: Hooks {
            before_plan: vec![id.to_owned()],
            after_plan: vec![id.to_owned()],
            after_run: vec![id.to_owned()],
            ..Hooks::default()
        },
        created_at: 1,
        updated_at: 1,
    }
}

fn attached(id: &str, priority: i64) -> AttachedContext {
    AttachedContext {
        context: context(id, &[]),
        by: AttachedBy::Person {
            attachment: ContextAttachmentId::new(id),
            priority,
        },
    }
}

fn labelled(id: &str) -> AttachedContext {
    AttachedContext {
        context: context(id, &["autoattach:x"]),
        by: AttachedBy::Label,
    }
}

#[test]
fn labels_attach_by_what_follows_the_prefix() {
    let labels = |labels: &[&str]| labels.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    for (own, stack, attaches) in [
        (&["autoattach:prod"][..], &["prod"][..], true),
        (&["autoattach:prod"], &["dev", "prod"], true),
        (&["autoattach:prod"], &["production"], false),
        (&["autoattach:prod"], &["autoattach:prod"], false),
        (&["autoattach:prod"], &[], false),
        (&["prod"], &["prod"], false),
        (&["autoattach:"], &[""], false),
        (&["autoattach:*"], &[], true),
        (&["autoattach:*"], &["anything"], true),
        (&["a", "autoattach:b", "autoattach:c"], &["c"], true),
    ] {
        let context = context("c", own);
        assert_eq!(
            context.auto_attaches_to(&labels(stack)),
            attaches,
            "{own:?} {stack:?}"
        );
    }
    assert!(!context("c", &["autoattach:", "x"]).auto_attaches());
    assert!(context("c", &["autoattach:*"]).auto_attaches());
}

#[test]
fn what_somebody_attached_is_stronger_and_the_lowest_priority_strongest() {
    let mut contexts = [
        labelled("a"),
        attached("z", 5),
        attached("y", 0),
        labelled("b"),
        attached("x", 5),
        attached("w", -1),
    ];
    by_strength(&mut contexts);
    let ids: Vec<&str> = contexts.iter().map(|c| c.context.id.as_str()).collect();
    assert_eq!(ids, ["w", "y", "x", "z", "a", "b"]);
}

#[test]
fn hooks_of_contexts_run_before_the_stacks_own_and_mirrored_after_the_command() {
    let mut contexts = [
        labelled("a"),
        labelled("b"),
        attached("c", 0),
        attached("d", 5),
    ];
    by_strength(&mut contexts);
    let own = context("stack", &[]).hooks;
    let all = hooks(&contexts, &own);
    assert_eq!(all.before_plan, ["c", "d", "b", "a", "stack"]);
    assert_eq!(all.after_plan, ["a", "b", "d", "c", "stack"]);
    assert_eq!(all.after_run, ["a", "b", "d", "c", "stack"]);
    assert!(all.before_init.is_empty());
}

#[test]
fn an_id_is_made_from_the_name() {
    assert_eq!(
        id_from_name("Prod K8s / IE").unwrap().as_str(),
        "prod-k8s-ie"
    );
    // No trust policy hangs on a context's ID.
    assert_eq!(id_from_name("read").unwrap().as_str(), "read");
    let refused = id_from_name("…").unwrap_err().to_string();
    assert!(refused.starts_with("`name` `…` has no letter"), "{refused}");
}
