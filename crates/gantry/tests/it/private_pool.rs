//! A private pool with one worker, which has an identity of its own and its own way to STS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_testkit::ministack::Server;
use gantry_testkit::sts_proxy::{Call, StsProxy};
use gantry_testkit::worker::TestWorker;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use crate::world::World;

pub struct PrivatePool {
    pub id: String,
    /// Who the worker is.
    pub identity: Server,
    /// Before the worker's STS.
    pub proxy: StsProxy,
    _worker: TestWorker,
}

impl PrivatePool {
    /// The server must have been built with a gateway.
    pub async fn start(world: &World, slots: u8) -> Self {
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
        let pool = &made["workerPoolCreate"];
        let text = |field: &str| pool[field].as_str().unwrap().to_owned();
        let proxy = StsProxy::start(&cloud.endpoint()).unwrap();
        let worker = TestWorker::of_pool(&world.server, &text("config"), &key.serialize_pem())
            .unwrap()
            .set("worker.slots", &slots.to_string())
            .set("aws.sts_endpoint", proxy.endpoint())
            .env("AWS_ACCESS_KEY_ID", &identity.keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &identity.keys.secret_access_key)
            .env("AWS_REGION", "us-east-1")
            .started()
            .unwrap();
        PrivatePool {
            id: text("id"),
            identity,
            proxy,
            _worker: worker,
        }
    }

    /// The requests that gave credentials to a phase: what only tries a role sends a policy that
    /// empties them.
    pub fn phases(&self) -> Vec<Call> {
        let calls = self.proxy.calls().into_iter();
        calls
            .filter(|call| call.action == "AssumeRole" && call.policy.is_none())
            .filter(|call| call.status == Some(200))
            .collect()
    }

    /// Their external IDs.
    pub fn assumed(&self) -> Vec<String> {
        let phases = self.phases().into_iter();
        phases.filter_map(|call| call.external_id).collect()
    }
}
