use gantry_app::config_element::{ConfigElement, NewElement};
use gantry_app::{OpError, Subject, Who};
use gantry_core::config_element::ConfigKind;
use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::run::{Phase, RunKind};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::world::World;

on_both_databases!(
    a_variable_is_set_replaced_and_removed,
    a_write_only_value_is_never_shown,
    plain_checksums_are_for_those_who_may_write,
    what_can_not_be_a_variable_is_refused,
);

fn variable(name: &str, value: &str, write_only: bool) -> NewElement {
    NewElement {
        kind: ConfigKind::EnvironmentVariable,
        name: name.into(),
        value: SecretString::from(value),
        write_only,
        description: None,
    }
}

async fn set(
    world: &World,
    stack: &StackId,
    variable: NewElement,
) -> Result<ConfigElement, OpError> {
    let app = &world.app;
    app.stack_config_add(&world.admin, stack, variable).await
}

async fn all(world: &World, subject: &Subject, stack: &StackId) -> Vec<ConfigElement> {
    let stack = world.read_stack(stack).await;
    world.app.stack_config(subject, &stack).await.unwrap()
}

async fn a_variable_is_set_replaced_and_removed(world: &World) {
    let stack = world.stack("Infra").await;
    set(world, &stack, variable("B", "two", false))
        .await
        .unwrap();
    set(world, &stack, variable("A", "", false)).await.unwrap();
    set(world, &stack, variable("B", "zwei\n", false))
        .await
        .unwrap();
    let found = all(world, &world.admin, &stack).await;
    let shown: Vec<_> = found
        .iter()
        .map(|element| (element.name.as_str(), element.value.as_deref()))
        .collect();
    assert_eq!(shown, [("A", Some("")), ("B", Some("zwei\n"))]);

    let app = &world.app;
    let removed = app.stack_config_delete(&world.admin, &stack, "B").await;
    assert_eq!(removed.unwrap().unwrap().value.as_deref(), Some("zwei\n"));
    let removed = app.stack_config_delete(&world.admin, &stack, "B").await;
    assert!(removed.unwrap().is_none());
    let stored = world.read_stack(&stack).await;
    let none = app.stack_config_element(&world.admin, &stored, "B").await;
    assert!(none.unwrap().is_none());
    let nowhere = set(world, &StackId::new("gone"), variable("A", "", false)).await;
    assert_eq!(nowhere.unwrap_err().to_string(), "there is no stack `gone`");
}

async fn a_write_only_value_is_never_shown(world: &World) {
    let stack = world.stack("Infra").await;
    let added = set(world, &stack, variable("TOKEN", "hush", true)).await;
    let added = added.unwrap();
    assert_eq!((added.value, added.write_only), (None, true));
    assert_eq!(all(world, &world.admin, &stack).await[0].value, None);
    // Made readable by setting it again, not by a switch.
    set(world, &stack, variable("TOKEN", "open", false))
        .await
        .unwrap();
    let found = all(world, &world.admin, &stack).await;
    assert_eq!(found[0].value.as_deref(), Some("open"));
}

fn token(stack: &StackId, kind: RunKind, phase: Phase, administrative: bool) -> Subject {
    Subject::new(
        Who::Run {
            run: RunId::new("01RUN"),
            stack: stack.clone(),
            space: SpaceId::new("legacy"),
            kind,
            phase,
            administrative,
        },
        "a run",
    )
}

async fn plain_checksums_are_for_those_who_may_write(world: &World) {
    let stack = world.stack("Infra").await;
    let other = world.stack("Other").await;
    set(world, &stack, variable("TOKEN", "hush", true))
        .await
        .unwrap();
    set(world, &other, variable("TOKEN", "hush", true))
        .await
        .unwrap();
    let plain = hex::encode(Sha256::digest("hush"));
    let seen = async |subject: &Subject, stack: &StackId| {
        all(world, subject, stack).await[0].checksum.clone()
    };
    assert_eq!(seen(&world.admin, &stack).await, plain);
    for (kind, phase, administrative, is_plain) in [
        (RunKind::Proposed, Phase::Plan, true, false),
        (RunKind::Proposed, Phase::Initialize, true, false),
        (RunKind::Tracked, Phase::Initialize, true, true),
        (RunKind::Tracked, Phase::Plan, true, true),
        (RunKind::Tracked, Phase::Plan, false, false),
        (RunKind::Tracked, Phase::Apply, true, true),
        (RunKind::Tracked, Phase::Apply, false, false),
        (RunKind::Destroy, Phase::Plan, true, true),
        (RunKind::Destroy, Phase::Plan, false, false),
        (RunKind::Destroy, Phase::Destroy, true, true),
        (RunKind::Task, Phase::Initialize, true, false),
        (RunKind::Task, Phase::Perform, true, true),
    ] {
        let subject = token(&stack, kind, phase, administrative);
        let checksum = seen(&subject, &stack).await;
        let what = format!("{kind:?} {phase} {administrative}");
        assert_eq!(checksum == plain, is_plain, "{what}");
        assert_eq!(checksum.len(), 64, "{what}");
    }
    let reader = token(&stack, RunKind::Proposed, Phase::Plan, false);
    let keyed = seen(&reader, &stack).await;
    assert_eq!(keyed, seen(&reader, &stack).await, "it can be compared");
    assert_ne!(keyed, seen(&reader, &other).await, "with itself only");
    set(world, &stack, variable("TOKEN", "hush!", true))
        .await
        .unwrap();
    assert_ne!(keyed, seen(&reader, &stack).await);
    let refused = world
        .app
        .stack_config_add(&reader, &stack, variable("A", "b", false));
    assert!(matches!(refused.await, Err(OpError::Forbidden(_))));
}

async fn what_can_not_be_a_variable_is_refused(world: &World) {
    let stack = world.stack("Infra").await;
    let large = "x".repeat(131_072);
    for (name, value, part) in [
        ("", "", "`` is not a name"),
        ("A-B", "", "`A-B` is not a name"),
        ("1A", "", "`1A` is not a name"),
        ("PATH", "/evil", "`PATH` is reserved"),
        ("LD_PRELOAD", "/evil", "`LD_PRELOAD` is reserved"),
        ("SPACELIFT_API_TOKEN", "x", "is reserved"),
        ("AWS_EC2_METADATA_DISABLED", "false", "is reserved"),
        ("BIG", &large, "131072 bytes"),
        ("ZERO", "a\0b", "zero byte"),
    ] {
        let refused = set(world, &stack, variable(name, value, false)).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, OpError::Invalid(_)), "{refused:?}");
        assert!(refused.to_string().contains(part), "{refused}");
    }
    let chunk = "x".repeat(100_000);
    for number in 0..5 {
        let name = format!("V{number}");
        set(world, &stack, variable(&name, &chunk, false))
            .await
            .unwrap();
    }
    // Replacing one of them adds nothing; one more is too many.
    set(world, &stack, variable("V0", &chunk, false))
        .await
        .unwrap();
    let refused = set(world, &stack, variable("V5", &chunk, false)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("would have 600"), "{refused}");
    assert_eq!(all(world, &world.admin, &stack).await.len(), 5);
}

#[tokio::test]
async fn neither_value_nor_hash_reaches_the_disk_in_the_clear() {
    let world = World::sqlite().await;
    let stack = world.stack("Infra").await;
    let canary = "canary-7c1f5a0e9b";
    set(&world, &stack, variable("TOKEN", canary, true))
        .await
        .unwrap();
    let digest = Sha256::digest(canary);
    let needles = [
        canary.as_bytes().to_vec(),
        digest.to_vec(),
        hex::encode(digest).into_bytes(),
    ];
    let folder = world.objects().parent().unwrap().to_owned();
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        let Ok(bytes) = std::fs::read(file.path()) else {
            continue;
        };
        seen += bytes.len();
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{}", file.path().display());
        }
    }
    assert!(seen > 10_000, "the database was looked at");
}
