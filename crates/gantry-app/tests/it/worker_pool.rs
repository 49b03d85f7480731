//! Worker pools, their workers, and the stacks that run there.

mod claim;
mod issued;
mod life;
mod stack;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_app::worker_pool::WorkerPoolInput;
use gantry_core::ids::{StackId, WorkerPoolId};
use gantry_core::worker_pool::WorkerPool;
use rcgen::{CertificateParams, KeyPair};

use crate::world::World;

pub fn named(name: &str) -> WorkerPoolInput {
    WorkerPoolInput {
        name: name.into(),
        ..WorkerPoolInput::default()
    }
}

pub fn in_space(name: &str, space: &str) -> WorkerPoolInput {
    WorkerPoolInput {
        space: Some(space.into()),
        ..named(name)
    }
}

/// What somebody sends who has a private key.
pub fn request(key: &KeyPair) -> String {
    let made = CertificateParams::default().serialize_request(key).unwrap();
    STANDARD.encode(made.pem().unwrap())
}

impl World {
    pub async fn pool_of(&self, input: WorkerPoolInput) -> WorkerPool {
        let request = request(&KeyPair::generate().unwrap());
        let made = self
            .app
            .worker_pool_create(&self.admin, input, &request)
            .await;
        made.unwrap()
    }

    pub async fn pool(&self, name: &str) -> WorkerPoolId {
        self.pool_of(named(name)).await.id
    }

    pub async fn stack_on(&self, name: &str, pool: &WorkerPoolId) -> StackId {
        let mut draft = self.draft(name);
        draft.worker_pool = Some(pool.to_string());
        self.stack_of(draft).await
    }
}
