use gantry_core::ids::StateVersionId;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::{Phase, RunKind};
use gantry_core::state::contents::Reveal;
use gantry_core::state::{Counted, Origin, StateAction, StateDelta};

use super::{Tool, content};
use crate::run::variable;
use crate::world::{World, person};

on_both_databases!(
    each_version_says_who_when_and_what_changed,
    a_rollback_is_a_new_version,
    a_rollback_waits_for_whoever_may_write,
    what_a_state_contains,
);

async fn each_version_says_who_when_and_what_changed(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("a").await.unwrap();
    tool.store("a", &content(1, &[("one", "1"), ("two", "2")]))
        .await
        .unwrap();
    world.clock.advance(5000);
    tool.store("a", &content(4, &[("two", "22"), ("three", "3")]))
        .await
        .unwrap();
    world.app.settle().await;
    let shown = world.read_stack(&stack).await;
    let versions = world.app.state_versions(&shown, None).await.unwrap();
    let serials: Vec<i64> = versions.iter().map(|version| version.serial).collect();
    assert_eq!(serials, [4, 1]);
    let newest = &versions[0];
    let origin = Origin::Run {
        run: tool.job.run.clone(),
        phase: Phase::Apply,
    };
    assert_eq!(newest.origin, origin);
    assert_eq!(
        (newest.author.as_str(), newest.created_at),
        ("admin", world.clock.now())
    );
    assert_eq!(newest.tool_version.as_deref(), Some("1.11.4"));
    let delta = |added, changed, removed| StateDelta {
        added,
        changed,
        removed,
        resources: 2,
    };
    assert_eq!(newest.counted, Counted::As(delta(1, 1, 1)));
    assert_eq!(versions[1].counted, Counted::As(delta(2, 0, 0)));
    let changes = world.app.state_changes(newest).await.unwrap().unwrap();
    let changes: Vec<_> = changes
        .iter()
        .map(|change| (change.action, change.address.as_str()))
        .collect();
    assert_eq!(
        changes,
        [
            (StateAction::Removed, "thing.one"),
            (StateAction::Added, "thing.three"),
            (StateAction::Changed, "thing.two"),
        ]
    );
    let app = &world.app;
    let older = app.state_versions(&shown, Some(&newest.id)).await.unwrap();
    assert_eq!(older, versions[1..]);
    // What the tool encrypted is kept, and not looked into.
    let encrypted = r#"{"serial":5,"lineage":"line","meta":{},"encrypted_data":"x"}"#;
    tool.store("a", encrypted).await.unwrap();
    app.settle().await;
    let newest = app.state_current(&shown).await.unwrap().unwrap();
    assert_eq!(newest.counted, Counted::Unreadable);
    assert_eq!(app.state_changes(&newest).await.unwrap(), None);
    let view = app.state_view(&world.admin, &shown).unwrap();
    let found = app.state_contents(&[view]).await.unwrap();
    assert!(found.values().all(|contents| contents.resources.is_empty()));
    let gone = StateVersionId::new("gone");
    assert!(
        app.state_versions(&shown, Some(&gone))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(app.state_version(&stack, &gone).await.unwrap().is_none());
}

async fn a_rollback_is_a_new_version(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::performing(world, &stack).await;
    tool.lock("a").await.unwrap();
    tool.store("a", &content(1, &[("one", "1")])).await.unwrap();
    tool.store("a", &content(7, &[])).await.unwrap();
    tool.unlock(Some("a")).await.unwrap();
    tool.end(PhaseOutcome::Succeeded).await;
    let shown = world.read_stack(&stack).await;
    let app = &world.app;
    let before = app.state_versions(&shown, None).await.unwrap();
    let ada = person("ada", "01ADA");
    let made = app
        .state_rollback(&ada, &stack, &before[1].id)
        .await
        .unwrap();
    assert_eq!((made.serial, made.author.as_str()), (8, "ada"));
    let of = before[1].id.clone();
    assert_eq!(made.origin, Origin::Rollback { of });
    app.settle().await;
    let versions = app.state_versions(&shown, None).await.unwrap();
    assert_eq!(versions.len(), 3);
    assert_eq!(versions[0].counted.delta().unwrap().added, 1);

    // The tool reads it, and goes on from there.
    let tool = Tool::performing(world, &stack).await;
    let read = tool.get(&stack).await.unwrap().unwrap();
    let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read["serial"], 8);
    assert_eq!(read["lineage"], "line");
    assert_eq!(read["resources"][0]["name"], "one");
    tool.stored(&content(9, &[("one", "1")])).await;
}

async fn a_rollback_waits_for_whoever_may_write(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let shown = world.read_stack(&stack).await;
    let (app, admin) = (&world.app, &world.admin);
    let gone = StateVersionId::new("gone");
    let nothing = app.state_rollback(admin, &stack, &gone).await;
    assert_eq!(
        nothing.unwrap_err().to_string(),
        "there is no version of the state `gone`"
    );
    let tool = Tool::applying(world, &stack).await;
    tool.lock("a").await.unwrap();
    for serial in 1..3 {
        tool.store("a", &content(serial, &[])).await.unwrap();
    }
    let versions = app.state_versions(&shown, None).await.unwrap();
    let (current, older) = (&versions[0].id, &versions[1].id);
    let refused = |what: &'static str, part: &'static str| async move {
        let text = app.state_rollback(admin, &stack_id(), older).await;
        let text = text.unwrap_err().to_string();
        assert!(text.contains(part), "{what}: {text}");
    };
    refused("a run holds the stack", "holds the stack").await;
    let token = variable(&tool.start, "SPACELIFT_API_TOKEN").unwrap();
    let whose = app.subject_of_token(token).await.unwrap().unwrap();
    let answer = app.state_rollback(&whose, &stack, older).await;
    assert!(answer.unwrap_err().to_string().starts_with("unauthorized"));
    tool.end(PhaseOutcome::Succeeded).await;
    refused("the lock was left", "with the lock ID a").await;
    app.state_lock_remove(admin, &stack).await.unwrap();
    let ada = person("ada", "01ADA");
    app.stack_lock(&ada, &stack, None).await.unwrap();
    refused("a person has locked the stack", "is locked by ada").await;
    app.stack_unlock(&ada, &stack).await.unwrap();
    let same = app.state_rollback(admin, &stack, current).await;
    let same = same.unwrap_err().to_string();
    assert!(same.contains("is the current state"), "{same}");
    app.state_rollback(admin, &stack, older).await.unwrap();

    let planning = Tool::planning(world, &stack, RunKind::Proposed).await;
    app.state_rollback(admin, &stack, older).await.unwrap();
    planning.end(PhaseOutcome::NoChanges).await;
}

fn stack_id() -> gantry_core::ids::StackId {
    gantry_core::ids::StackId::new("infra")
}

async fn what_a_state_contains(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::performing(world, &stack).await;
    tool.stored(&content(1, &[("one", "1")])).await;
    let shown = world.read_stack(&stack).await;
    let app = &world.app;
    let admin = app.state_view(&world.admin, &shown).unwrap();
    assert_eq!(admin.reveal, Reveal::Unmarked);
    let token = variable(&tool.start, "SPACELIFT_API_TOKEN").unwrap();
    let whose = app.subject_of_token(token).await.unwrap().unwrap();
    let run = app.state_view(&whose, &shown).unwrap();
    assert_eq!(run.reveal, Reveal::Names);
    let views = [admin.clone(), run.clone()];
    let found = app.state_contents(&views).await.unwrap();
    for (view, values, value) in [
        (
            admin,
            r#"{"id":"1","secret":"(sensitive)"}"#,
            Some("\"10.0.0.1\""),
        ),
        (run, "{}", None),
    ] {
        let contents = &found[&view];
        assert_eq!(contents.resources[0].values, values);
        assert_eq!(contents.outputs[0].value.as_deref(), value);
        let password = &contents.outputs[1];
        assert_eq!(
            (password.sensitive, password.value.as_deref()),
            (true, None)
        );
        assert_eq!(password.fingerprint.len(), 64);
    }
    let other = world.read_stack(&world.stack("Own").await).await;
    assert!(app.state_view(&world.admin, &other).is_none());
}
