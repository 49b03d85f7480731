use std::path::PathBuf;
use std::sync::Arc;

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolRange;
use gantry_testkit::release_server::{ReleaseServer, stand_in};
use gantry_tools::{Cache, Cached, Network, Releases, Settings, ToolsError};

pub const BOTH: [Engine; 2] = [Engine::Terraform, Engine::OpenTofu];

pub struct World {
    pub server: ReleaseServer,
    pub directory: tempfile::TempDir,
}

impl World {
    pub async fn start() -> Self {
        World {
            server: ReleaseServer::start().await.unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// With these versions of both tools.
    pub async fn with(versions: &[&str]) -> Self {
        let world = World::start().await;
        for engine in BOTH {
            for version in versions {
                world.publish(engine, version);
            }
        }
        world
    }

    pub fn publish(&self, engine: Engine, version: &str) {
        let published = self.server.publish(engine, version, &stand_in(version));
        published.unwrap();
    }

    pub fn settings(&self) -> Settings {
        Settings {
            terraform: Some(self.server.mirror(Engine::Terraform)),
            opentofu: Some(self.server.mirror(Engine::OpenTofu)),
            keys: Some(self.server.key_file(self.directory.path()).unwrap()),
            network: Network::default(),
        }
    }

    pub fn store(&self) -> PathBuf {
        self.directory.path().join("tools")
    }

    /// What a process of a worker has.
    pub fn cache(&self) -> Cache {
        self.cache_of(self.settings())
    }

    pub fn cache_of(&self, settings: Settings) -> Cache {
        Cache::open(self.store(), Arc::new(Releases::new(settings))).unwrap()
    }

    /// Everything in the cache's directory but the directories themselves.
    pub fn kept(&self) -> Vec<String> {
        let mut files = vec![];
        let mut directories = vec![self.store()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let below = path.strip_prefix(self.store()).unwrap();
                    files.push(below.display().to_string());
                }
            }
        }
        files.sort();
        files
    }
}

pub fn range(text: &str) -> ToolRange {
    ToolRange::parse(text).unwrap()
}

pub async fn fetch(cache: &Cache, engine: Engine, text: &str) -> Result<Cached, ToolsError> {
    let range = range(text);
    let fetched = cache.fetch(engine, Some(&range)).await;
    fetched.map(|cached| cached.unwrap())
}
