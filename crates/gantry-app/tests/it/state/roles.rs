use gantry_app::{OpError, Subject};
use gantry_core::authz::Role;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::state::contents::Reveal;

use super::{Tool, content};
use crate::world::{World, outsider};

on_both_databases!(each_role_reaches_what_it_may);

async fn each_role_reaches_what_it_may(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::performing(world, &stack).await;
    tool.lock("left").await.unwrap();
    for serial in 1..3 {
        let sent = content(serial, &[("one", "1")]);
        tool.store("left", &sent).await.unwrap();
    }
    tool.end(PhaseOutcome::Succeeded).await;
    let app = &world.app;
    let shown = world.read_stack(&stack).await;
    let older = app.state_versions(&shown, None).await.unwrap()[1]
        .id
        .clone();
    let key = async |role| world.key(&[("legacy", role)]).await.0;
    let (reader, writer, admin) = (
        key(Role::Reader).await,
        key(Role::Writer).await,
        key(Role::Admin).await,
    );
    let everybody = [
        (&outsider(), None, [false; 3]),
        (&reader, Some(Reveal::Outputs), [false; 3]),
        (&writer, Some(Reveal::Unmarked), [true, false, true]),
        (&admin, Some(Reveal::Unmarked), [true, true, true]),
    ];
    for (who, reveal, [download, unlock, back]) in everybody {
        let seen = app.stack(who, &stack).await.unwrap();
        assert_eq!(seen.is_some(), reveal.is_some(), "{}", who.name);
        if let (Some(seen), Some(reveal)) = (seen, reveal) {
            assert_eq!(app.state_view(who, &seen).unwrap().reveal, reveal);
        }
        let answer = app.state_download_url(who, &stack, None).await;
        expect(who, download, answer);
        expect(who, unlock, app.state_lock_remove(who, &stack).await);
        if !unlock && back {
            app.state_lock_remove(&admin, &stack).await.unwrap();
        }
        expect(who, back, app.state_rollback(who, &stack, &older).await);
    }

    let view = app.state_view(&reader, &shown).unwrap();
    let found = app
        .state_contents(std::slice::from_ref(&view))
        .await
        .unwrap();
    let contents = &found[&view];
    assert_eq!(contents.resources[0].values, "{}");
    assert_eq!(contents.outputs[0].value.as_deref(), Some("\"10.0.0.1\""));
    assert_eq!(contents.outputs[1].value, None);
    assert!(!format!("{contents:?}").contains("canary"));
}

fn expect<T: std::fmt::Debug>(who: &Subject, allowed: bool, answer: Result<T, OpError>) {
    match (allowed, &answer) {
        (true, Ok(_)) => {}
        (false, Err(OpError::Forbidden(_) | OpError::Missing { .. })) => {}
        _ => panic!("{}: {answer:?}", who.name),
    }
}
