//! Roles that a private worker assumes itself: who asks the cloud, for which phase, and what a child can
//! see of who asks.

use gantry_testkit::client::{IntegrationInput, StackInput};
use gantry_testkit::server::Builder;
use gantry_testkit::trust;
use serde_json::{Value, json};

use crate::private_pool::PrivatePool;
use crate::world::{ALWAYS_CHANGES, World};

on_both_databases!(
    a_private_worker_assumes_roles_as_itself_and_as_the_phase_may,
    a_private_worker_sends_a_custom_external_id_and_tags_as_they_are,
);

/// A stack that runs on a private pool.
struct Private {
    world: World,
    pool: PrivatePool,
}

impl Private {
    async fn start(builder: Builder) -> Self {
        let world = World::of(builder.with_gateway()).await;
        let pool = PrivatePool::start(&world, 1).await;
        let repository = world.repository("private", &[("main.tf", ALWAYS_CHANGES)]);
        let input = StackInput {
            worker_pool: Some(pool.id.clone()),
            manage_state: true,
            ..StackInput::new("private", repository.path())
        };
        world.client.create_stack(&input).await.unwrap();
        Private { world, pool }
    }

    /// Attaches an integration for both accesses; answers with the external IDs of both.
    async fn attach(&self) -> [String; 2] {
        let client = &self.world.client;
        let mut input = IntegrationInput::new("private", &self.world.role_arn("private"));
        input.in_worker = true;
        let integration = client.create_integration(&input).await.unwrap();
        let read = client.external_id(&integration, "private", true, false);
        let write = client.external_id(&integration, "private", false, true);
        let ids = [read.await.unwrap(), write.await.unwrap()];
        let policy = trust::requires(&self.pool.identity.arn, &[&ids[0], &ids[1]]);
        let role = self.world.role_name("private");
        let cloud = self.world.ministack();
        cloud.create_role(&role, &policy).await.unwrap();
        client
            .attach(&integration, "private", true, true)
            .await
            .unwrap();
        ids
    }

    async fn ended(&self, run: &str) -> gantry_testkit::client::RunView {
        self.world
            .client
            .wait_for_end("private", run)
            .await
            .unwrap()
    }
}

async fn a_private_worker_assumes_roles_as_itself_and_as_the_phase_may(builder: Builder) {
    let private = Private::start(builder).await;
    let [read, write] = private.attach().await;
    let (world, client) = (&private.world, &private.world.client);

    // What only looks reads, and what changes something writes when it does.
    let proposed = client.trigger("private", "PROPOSED", None).await.unwrap();
    let view = private.ended(&proposed).await;
    world.expect("private", &view, "FINISHED").await;
    let reads = private.pool.assumed();
    assert!(
        !reads.is_empty() && reads.iter().all(|id| *id == read),
        "{reads:?}"
    );
    world.apply("private").await;
    let all = private.pool.assumed();
    assert_eq!(all.last(), Some(&write), "{all:?}");
    assert_eq!(all.iter().filter(|id| **id == write).count(), 1, "{all:?}");

    // It asked itself, and the server did not ask.
    let own = Some(private.pool.identity.keys.access_key_id.clone());
    let calls = private.pool.proxy.calls();
    let asked = calls.iter().filter(|call| call.action == "AssumeRole");
    assert!(asked.clone().all(|call| call.access_key_id == own));
    let by_server = world.server.proxy().calls();
    assert!(by_server.iter().all(|call| call.action != "AssumeRole"));

    // The child of a task has the role, and nothing of the worker.
    let look = "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat ~/.aws/* 2>/dev/null; \
                test -n \"$AWS_SESSION_TOKEN\" && echo with-a-session";
    let task = client.create_task("private", look, true).await.unwrap();
    let view = private.ended(&task).await;
    world.expect("private", &view, "FINISHED").await;
    let log = client.log("private", &task, "PERFORMING").await.unwrap();
    assert!(log.contains("with-a-session"), "{log}");
    for of_worker in [
        &private.pool.identity.keys.access_key_id,
        &private.pool.identity.keys.secret_access_key,
    ] {
        assert!(!log.contains(of_worker.as_str()), "{log}");
    }

    // A role that opens to whoever asks, or to somebody else, starts nothing.
    let policies: [(Value, &str); 2] = [
        (trust::open(&private.pool.identity.arn), "confused deputy"),
        (
            trust::requires(&world.server.identity().arn, &[&read, &write]),
            "did not get its",
        ),
    ];
    for (policy, says) in policies {
        let role = world.role_name("private");
        world
            .ministack()
            .change_trust(&role, &policy)
            .await
            .unwrap();
        // What was shown of another duration does not count.
        let integrations = client.query("{awsIntegrations{id durationSeconds}}", json!({}));
        let integrations = integrations.await.unwrap();
        let first = &integrations["awsIntegrations"][0];
        let mut input = IntegrationInput::new("private", &world.role_arn("private"));
        input.in_worker = true;
        input.duration = first["durationSeconds"].as_i64().unwrap() + 60;
        let id = first["id"].as_str().unwrap();
        client.update_integration(id, &input).await.unwrap();
        let task = client.create_task("private", "echo it-ran", true).await;
        let task = task.unwrap();
        let view = private.ended(&task).await;
        world.expect("private", &view, "FAILED").await;
        assert!(view.reason().contains(says), "{}", view.reason());
        let log = client.whole_log("private", &task).await.unwrap();
        assert!(!log.contains("it-ran\n"), "{log}");
    }
}

/// Of somebody's own, so no form of ours.
const CUSTOM: &str = "their-own:id/42";

async fn a_private_worker_sends_a_custom_external_id_and_tags_as_they_are(builder: Builder) {
    let private = Private::start(builder).await;
    let (world, client, cloud) = (
        &private.world,
        &private.world.client,
        private.world.ministack(),
    );
    let asker = &private.pool.identity.arn;
    let demands = trust::requires(asker, &[CUSTOM]);
    let role = world.role_name("custom");
    cloud.create_role(&role, &demands).await.unwrap();
    let mut input = IntegrationInput::new("custom", &world.role_arn("custom"));
    input.in_worker = true;
    input.external_id = CUSTOM.to_owned();
    input.tag = true;
    let integration = client.create_integration(&input).await.unwrap();
    let attached = client.attach(&integration, "private", true, true).await;
    let attached = attached.unwrap();

    // A role that does not let its sessions be tagged gives none.
    let proposed = client.trigger("private", "PROPOSED", None).await.unwrap();
    let view = private.ended(&proposed).await;
    world.expect("private", &view, "FAILED").await;
    assert!(
        view.reason().contains("sts:TagSession"),
        "{}",
        view.reason()
    );

    let statement = trust::statement(asker, json!({"StringEquals": {"sts:ExternalId": [CUSTOM]}}));
    let tagging = trust::document(&[statement, trust::allow_tagging(asker)]);
    cloud.change_trust(&role, &tagging).await.unwrap();
    world.apply("private").await;
    let sent: Vec<_> = private.pool.phases();
    assert_eq!(sent.len(), 3, "{sent:?}");
    for (call, phase) in sent.iter().zip(["initialize", "plan", "apply"]) {
        assert_eq!(call.external_id.as_deref(), Some(CUSTOM));
        let tag = |name: &str| {
            let found = call.tags.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert_eq!((tag("stack"), tag("phase")), ("private", phase));
        assert_eq!(tag("space"), "legacy");
        let session = call.session_name.as_deref().unwrap_or_default();
        assert!(session.starts_with(tag("run")) && tag("run").len() == 26);
    }

    // A legacy role may have one as well.
    client.detach(&attached).await.unwrap();
    let arn = world.role_arn("custom");
    let set = client.set_legacy_role_in_worker("private", &arn, Some(CUSTOM));
    set.await.unwrap();
    let task = client.create_task("private", "true", true).await.unwrap();
    let view = private.ended(&task).await;
    world.expect("private", &view, "FINISHED").await;
    let sent = private.pool.phases();
    let last = sent.last().and_then(|call| call.external_id.as_deref());
    assert_eq!((sent.len(), last), (4, Some(CUSTOM)));
}
