use gantry_core::commit::Commit;
use gantry_core::hooks::Hooks;
use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::run::{RunState, SystemLock};
use gantry_core::stack::{
    OpenTofuVendor, Stack, StackLock, StackSettings, StackSource, StackSystemLock, TerraformVendor,
    TerraformWorkflowTool, Vendor,
};
use gantry_store::{Store, StoreError, stack};

use crate::databases::with_spaces;

on_both_databases!(
    a_stack_comes_back_as_it_was_stored,
    new_settings_leave_everything_else_alone,
    a_stack_needs_its_space_and_an_id_of_its_own,
    locks_come_and_go_apart_from_each_other,
    what_moves_by_itself_is_set_one_by_one,
    each_fence_is_one_higher,
    two_transactions_change_one_stack_in_turn,
    a_deleted_stack_takes_what_is_its_own_along,
);

pub fn sample(id: &str, created_at: i64) -> Stack {
    Stack {
        id: StackId::new(id),
        settings: StackSettings {
            name: format!("Stack {id}"),
            description: None,
            space: SpaceId::new("legacy"),
            labels: vec![],
            administrative: false,
            protect_from_deletion: false,
            autodeploy: false,
            autoretry: false,
            github_action_deploy: true,
            local_preview_enabled: false,
            well_known_secret_masking: false,
            sensitive_output_upload: true,
            runner_image: None,
            worker_pool: None,
            vendor: Vendor::Terraform(TerraformVendor {
                version: None,
                workflow_tool: TerraformWorkflowTool::TerraformFoss,
                workspace: None,
                use_smart_sanitization: false,
                external_state_access_enabled: false,
            }),
            hooks: Hooks::default(),
            source: StackSource {
                provider: "GIT".into(),
                namespace: "acme".into(),
                repository: "infra".into(),
                repository_url: Some("https://git.example.com/acme/infra".into()),
                branch: "main".into(),
                project_root: None,
                project_globs: vec![],
                sparse_paths: vec![],
            },
        },
        manages_state: false,
        disabled: false,
        tracked_commit: None,
        tracked_commit_set_by: None,
        lock: None,
        system_lock: None,
        state: None,
        state_set_at: None,
        blocker: None,
        fence: 0,
        deleting: false,
        created_at,
        updated_at: created_at,
    }
}

/// Settings of which none is a default.
fn filled_in() -> StackSettings {
    StackSettings {
        name: "Ünïcode \"quoted\"".into(),
        description: Some("what\nfor".into()),
        space: SpaceId::new("root"),
        labels: vec!["a".into(), "b\\".into()],
        administrative: true,
        protect_from_deletion: true,
        autodeploy: true,
        autoretry: true,
        github_action_deploy: false,
        local_preview_enabled: true,
        well_known_secret_masking: true,
        sensitive_output_upload: false,
        runner_image: Some("image".into()),
        worker_pool: None,
        vendor: Vendor::Opentofu(OpenTofuVendor {
            version: Some("1.11.4".into()),
            custom_workflow: false,
            workspace: Some("blue".into()),
            concise: true,
            use_smart_sanitization: true,
            external_state_access_enabled: true,
        }),
        hooks: Hooks {
            before_plan: vec!["echo one".into(), "echo two".into()],
            after_run: vec!["true".into()],
            ..Hooks::default()
        },
        source: StackSource {
            provider: "GITHUB".into(),
            namespace: "other".into(),
            repository: "code".into(),
            repository_url: None,
            branch: "next".into(),
            project_root: Some("sub/dir".into()),
            project_globs: vec!["modules/**".into()],
            sparse_paths: vec!["sub".into(), "modules".into()],
        },
    }
}

pub async fn insert(store: &Store, stack: &Stack) {
    let tx = store.begin().await.unwrap();
    stack::insert(&tx, stack).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(store: &Store, id: &str) -> Stack {
    let id = StackId::new(id);
    stack::find(store.reader(), &id).await.unwrap().unwrap()
}

/// The core's stack has no equality; its printed form shows every field.
fn same(one: &Stack, other: &Stack) {
    assert_eq!(format!("{one:#?}"), format!("{other:#?}"));
}

async fn a_stack_comes_back_as_it_was_stored(store: &Store) {
    with_spaces(store).await;
    let plain = sample("plain", 1);
    let full = Stack {
        settings: filled_in(),
        disabled: true,
        manages_state: true,
        state: Some(RunState::Finished),
        fence: 7,
        ..sample("full", 2)
    };
    insert(store, &plain).await;
    insert(store, &full).await;
    same(&found(store, "plain").await, &plain);
    same(&found(store, "full").await, &full);
    let ids: Vec<String> = stack::list(store.reader())
        .await
        .unwrap()
        .into_iter()
        .map(|stack| stack.id.into_string())
        .collect();
    assert_eq!(ids, ["full", "plain"]);
    let missing = stack::find(store.reader(), &StackId::new("Plain")).await;
    assert!(missing.unwrap().is_none());
    let known = [StackId::new("full"), StackId::new("gone")];
    let names = stack::names(store.reader(), &known).await.unwrap();
    assert_eq!(
        names,
        [(StackId::new("full"), filled_in().name, SpaceId::new("root"))]
    );
    assert_eq!(stack::names(store.reader(), &[]).await.unwrap(), []);
}

async fn new_settings_leave_everything_else_alone(store: &Store) {
    with_spaces(store).await;
    let before = Stack {
        fence: 3,
        state: Some(RunState::Applying),
        ..sample("one", 1)
    };
    insert(store, &before).await;
    let tx = store.begin().await.unwrap();
    stack::update_settings(&tx, &before.id, &filled_in(), 9)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let expected = Stack {
        settings: filled_in(),
        updated_at: 9,
        ..before
    };
    same(&found(store, "one").await, &expected);
}

async fn a_stack_needs_its_space_and_an_id_of_its_own(store: &Store) {
    with_spaces(store).await;
    insert(store, &sample("one", 1)).await;
    let tx = store.begin().await.unwrap();
    let refused = stack::insert(&tx, &sample("one", 2)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Duplicate(_)), "{refused:?}");
    drop(tx);
    let mut lost = sample("two", 2);
    lost.settings.space = SpaceId::new("nowhere");
    let tx = store.begin().await.unwrap();
    let refused = stack::insert(&tx, &lost).await.unwrap_err();
    assert!(matches!(refused, StoreError::Referenced), "{refused:?}");
}

async fn locks_come_and_go_apart_from_each_other(store: &Store) {
    with_spaces(store).await;
    let before = sample("one", 1);
    insert(store, &before).await;
    let lock = StackLock {
        holder: "api-key/1".into(),
        holder_name: "Ada".into(),
        note: Some("moving things".into()),
        locked_at: 5,
    };
    let system_lock = StackSystemLock {
        kind: SystemLock::LostWorker,
        note: "the worker is gone".into(),
        run: RunId::new("run"),
        until: Some(99),
        beneath: None,
    };
    let tx = store.begin().await.unwrap();
    stack::set_lock(&tx, &before.id, &lock).await.unwrap();
    stack::set_system_lock(&tx, &before.id, &system_lock)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let locked = found(store, "one").await;
    assert_eq!(locked.lock, Some(lock));
    assert_eq!(locked.system_lock, Some(system_lock.clone()));

    let tx = store.begin().await.unwrap();
    stack::clear_lock(&tx, &before.id).await.unwrap();
    tx.commit().await.unwrap();
    let locked = found(store, "one").await;
    assert_eq!((locked.lock, locked.system_lock), (None, Some(system_lock)));

    let tx = store.begin().await.unwrap();
    stack::clear_system_lock(&tx, &before.id).await.unwrap();
    tx.commit().await.unwrap();
    same(&found(store, "one").await, &before);
}

async fn what_moves_by_itself_is_set_one_by_one(store: &Store) {
    with_spaces(store).await;
    let before = sample("one", 1);
    let id = &before.id;
    insert(store, &before).await;
    let commit = Commit {
        hash: "a".repeat(40),
        message: "say \"why\"".into(),
        author_name: "Ada".into(),
        author_login: None,
        timestamp: 3,
        url: "https://git.example.com".into(),
    };
    let tx = store.begin().await.unwrap();
    stack::set_run_state(&tx, id, RunState::Planning, 6)
        .await
        .unwrap();
    let run = RunId::new("run");
    stack::set_blocker(&tx, id, Some(&run)).await.unwrap();
    stack::set_disabled(&tx, id, true).await.unwrap();
    stack::set_deleting(&tx, id, true).await.unwrap();
    stack::set_tracked_commit(&tx, id, Some(&commit), Some("Ada"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let expected = Stack {
        state: Some(RunState::Planning),
        state_set_at: Some(6),
        blocker: Some(run),
        disabled: true,
        deleting: true,
        tracked_commit: Some(commit),
        tracked_commit_set_by: Some("Ada".into()),
        ..before.clone()
    };
    same(&found(store, "one").await, &expected);
    let leaving = stack::deleting(store.reader()).await.unwrap();
    assert_eq!(leaving, std::slice::from_ref(&before.id));

    let tx = store.begin().await.unwrap();
    stack::set_blocker(&tx, id, None).await.unwrap();
    stack::set_deleting(&tx, id, false).await.unwrap();
    stack::set_tracked_commit(&tx, id, None, None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let expected = Stack {
        blocker: None,
        deleting: false,
        tracked_commit: None,
        tracked_commit_set_by: None,
        ..expected
    };
    same(&found(store, "one").await, &expected);
    assert_eq!(stack::deleting(store.reader()).await.unwrap(), []);
}

async fn each_fence_is_one_higher(store: &Store) {
    with_spaces(store).await;
    let stack = sample("one", 1);
    insert(store, &stack).await;
    let next = async || {
        let tx = store.begin().await.unwrap();
        let fence = stack::next_fence(&tx, &stack.id).await.unwrap();
        tx.commit().await.unwrap();
        fence
    };
    assert_eq!(next().await, Some(1));
    let both = tokio::join!(next(), next());
    let mut both = [both.0, both.1];
    both.sort();
    assert_eq!(both, [Some(2), Some(3)]);
    let tx = store.begin().await.unwrap();
    let nobody = stack::next_fence(&tx, &StackId::new("gone")).await;
    assert_eq!(nobody.unwrap(), None);
}

async fn two_transactions_change_one_stack_in_turn(store: &Store) {
    with_spaces(store).await;
    let stack = sample("one", 1);
    insert(store, &stack).await;
    // Each adds a label to what it reads; without the row's lock one of them would be lost.
    let add = async |label: &str| {
        let tx = store.begin().await.unwrap();
        let mut found = stack::find_for_update(&tx, &stack.id)
            .await
            .unwrap()
            .unwrap();
        tokio::task::yield_now().await;
        found.settings.labels.push(label.into());
        stack::update_settings(&tx, &stack.id, &found.settings, 2)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(add("a"), add("b"), add("c"), add("d"));
    let mut labels = found(store, "one").await.settings.labels;
    labels.sort();
    assert_eq!(labels, ["a", "b", "c", "d"]);
}

async fn a_deleted_stack_takes_what_is_its_own_along(store: &Store) {
    with_spaces(store).await;
    let stack = sample("one", 1);
    insert(store, &stack).await;
    crate::config_element::put(store, "one", "NAME", b"sealed").await;
    assert!(
        !stack::has_unfinished_runs(store.reader(), &stack.id)
            .await
            .unwrap()
    );
    let runs = stack::run_ids(store.reader(), &stack.id).await.unwrap();
    assert_eq!(runs, []);
    let tx = store.begin().await.unwrap();
    assert!(stack::delete(&tx, &stack.id).await.unwrap());
    assert!(!stack::delete(&tx, &stack.id).await.unwrap());
    tx.commit().await.unwrap();
    let owner = gantry_core::config_element::ConfigOwner::Stack(stack.id.clone());
    let elements = gantry_store::config_element::list(store.reader(), &owner).await;
    assert!(elements.unwrap().is_empty());
}
