//! Roles that a private worker assumes itself: who asks the cloud, for which phase, and what a child can
//! see of who asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_testkit::client::{IntegrationInput, StackInput};
use gantry_testkit::ministack::Server;
use gantry_testkit::server::Builder;
use gantry_testkit::sts_proxy::StsProxy;
use gantry_testkit::trust;
use gantry_testkit::worker::TestWorker;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::world::{ALWAYS_CHANGES, World};

on_both_databases!(a_private_worker_assumes_roles_as_itself_and_as_the_phase_may);

/// A stack whose pool has one worker, with an identity of its own and its own way to STS.
struct Private {
    world: World,
    identity: Server,
    proxy: StsProxy,
    worker: TestWorker,
}

impl Private {
    async fn start(builder: Builder) -> Self {
        let world = World::of(builder.with_gateway()).await;
        let cloud = world.ministack();
        let identity = cloud.create_server_user(&world.role_name("worker")).await;
        let identity = identity.unwrap();
        // First of all: a cloud that refuses nothing would prove nothing.
        cloud
            .assume_with_wrong_id_is_refused(&identity)
            .await
            .unwrap();
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default().serialize_request(&key);
        let request = STANDARD.encode(request.unwrap().pem().unwrap());
        let made = world
            .client
            .query(
                "mutation($csr:String!){workerPoolCreate(name: \"private\", \
                 certificateSigningRequest: $csr){id config}}",
                json!({ "csr": request }),
            )
            .await
            .unwrap();
        let pool = made["workerPoolCreate"].clone();
        let repository = world.repository("private", &[("main.tf", ALWAYS_CHANGES)]);
        let mut input = StackInput::new("private", repository.path()).wire();
        input["workerPool"] = pool["id"].clone();
        let create = "mutation($input:StackInput!){stackCreate(input:$input,manageState:true){id}}";
        let created = world.client.query(create, json!({ "input": input })).await;
        created.unwrap();
        let proxy = StsProxy::start(&cloud.endpoint()).unwrap();
        let config = pool["config"].as_str().unwrap();
        let worker = TestWorker::of_pool(&world.server, config, &key.serialize_pem())
            .unwrap()
            .set("aws.sts_endpoint", proxy.endpoint())
            .env("AWS_ACCESS_KEY_ID", &identity.keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &identity.keys.secret_access_key)
            .env("AWS_REGION", "us-east-1")
            .started()
            .unwrap();
        Private {
            world,
            identity,
            proxy,
            worker,
        }
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
        let policy = trust::requires(&self.identity.arn, &[&ids[0], &ids[1]]);
        let role = self.world.role_name("private");
        let cloud = self.world.ministack();
        cloud.create_role(&role, &policy).await.unwrap();
        client
            .attach(&integration, "private", true, true)
            .await
            .unwrap();
        ids
    }

    /// The external IDs with which the worker got credentials that a policy does not empty.
    fn assumed(&self) -> Vec<String> {
        let calls = self.proxy.calls().into_iter();
        calls
            .filter(|call| call.action == "AssumeRole" && call.policy.is_none())
            .filter(|call| call.status == Some(200))
            .filter_map(|call| call.external_id)
            .collect()
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
    let reads = private.assumed();
    assert!(
        !reads.is_empty() && reads.iter().all(|id| *id == read),
        "{reads:?}"
    );
    world.apply("private").await;
    let all = private.assumed();
    assert_eq!(all.last(), Some(&write), "{all:?}");
    assert_eq!(all.iter().filter(|id| **id == write).count(), 1, "{all:?}");

    // It asked itself, and the server did not ask.
    let own = Some(private.identity.keys.access_key_id.clone());
    let calls = private.proxy.calls();
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
        &private.identity.keys.access_key_id,
        &private.identity.keys.secret_access_key,
    ] {
        assert!(!log.contains(of_worker.as_str()), "{log}");
    }

    // A role that opens to whoever asks, or to somebody else, starts nothing.
    let policies: [(Value, &str); 2] = [
        (trust::open(&private.identity.arn), "confused deputy"),
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
    drop(private.worker);
}
