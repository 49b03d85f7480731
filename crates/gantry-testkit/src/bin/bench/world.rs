use std::path::PathBuf;

use anyhow::Result;
use gantry_testkit::client::Client;
use gantry_testkit::client::{IntegrationInput, StackInput};
use gantry_testkit::ministack::Ministack;
use gantry_testkit::provider;
use gantry_testkit::repository::{Repository, s3_backend};
use gantry_testkit::server::{TestServer, beside};
use gantry_testkit::sigv4::Keys;
use gantry_testkit::trust;
use serde_json::json;
use tempfile::TempDir;

use crate::stand_in;

const BUCKET: &str = "bench-state";

/// A server with everything on: sandbox, encryption, fsync, credentials from an STS that enforces
/// trust policies.
pub struct World {
    pub server: TestServer,
    pub client: Client,
    /// Static keys for the bare tool: they may use the bucket.
    pub keys: Keys,
    /// The bare tool gets its providers where the worker's children get theirs.
    pub cli_config: PathBuf,
    pub program: PathBuf,
    _versions: TempDir,
}

/// A small stack and its source. The state is in S3, or with Gantry, and then the bare tool has a local
/// one.
pub struct Subject {
    pub stack: String,
    pub repository: Repository,
    code: fn(usize) -> String,
}

impl Subject {
    /// A new commit in which one resource has changed.
    pub fn change(&self, number: usize) -> Result<()> {
        self.repository.commit(
            &format!("Change {number}"),
            &[("main.tf", &(self.code)(number))],
        )?;
        Ok(())
    }
}

impl World {
    /// Also makes the subjects: one of what the tool has built in, one with a provider, one whose
    /// state is managed, one whose tool is the stand-in.
    pub async fn start() -> Result<(Self, [Subject; 4])> {
        let ministack = Ministack::shared();
        ministack.create_bucket(BUCKET).await?;
        let keys = ministack
            .create_user("bench-bare", &["s3:*"], &["*"])
            .await?;
        eprintln!("bench: building the testkit's provider, unless it is there");
        let mirror = provider::mirror()?;
        let program = beside(&std::env::current_exe()?);
        let versions = tempfile::tempdir()?;
        stand_in::install(versions.path())?;
        // Straight to STS: the recording proxy of the tests would stand in the measured path.
        let server = TestServer::builder(&program)
            .set("aws.sts_endpoint", ministack.endpoint())
            .set("worker.tools_dir", versions.path().display().to_string())
            .set("worker.provider_mirrors", mirror.display().to_string())
            .set(
                "log.level",
                "warn,gantry_worker=info,gantry_app::credentials=debug",
            )
            .start(ministack)
            .await?;
        let cli_config = server.repositories().join("terraform.rc");
        std::fs::write(
            &cli_config,
            format!(
                "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                mirror.display()
            ),
        )?;
        let client = server.client().await;
        let world = World {
            server,
            client,
            keys,
            cli_config,
            program,
            _versions: versions,
        };
        let subjects = [
            world.subject("bench", "TERRAFORM_FOSS", built_in).await?,
            world
                .subject("bench-provider", "TERRAFORM_FOSS", provided)
                .await?,
            world.managed_subject("bench-managed", built_in).await?,
            world.subject("bench-start", "OPEN_TOFU", built_in).await?,
        ];
        world.attach(&subjects).await?;
        Ok((world, subjects))
    }

    async fn subject(&self, name: &str, tool: &str, code: fn(usize) -> String) -> Result<Subject> {
        let endpoint = self.server.ministack().endpoint();
        let backend = s3_backend(&endpoint, BUCKET, &format!("{name}-bare.tfstate"));
        let repository = self.repository(name, &backend, code)?;
        let mut input = StackInput::new(name, repository.path());
        input.autodeploy = true;
        input.terraform = json!({"workflowTool": tool});
        let stack = self.client.create_stack(&input).await?;
        // The same source, another object: the two sides never wait for each other's lock.
        let arguments = format!("-backend-config=key={name}.tfstate");
        self.client
            .set_variable(&stack, "TF_CLI_ARGS_init", &arguments, false)
            .await?;
        Ok(Subject {
            stack,
            repository,
            code,
        })
    }

    /// The block is for the bare tool; Gantry overrides it.
    async fn managed_subject(&self, name: &str, code: fn(usize) -> String) -> Result<Subject> {
        let state = self.server.repositories().join(format!("{name}.tfstate"));
        let backend = format!(
            "terraform {{\n  backend \"local\" {{\n    path = \"{}\"\n  }}\n}}\n",
            state.display()
        );
        let repository = self.repository(name, &backend, code)?;
        let mut input = StackInput::new(name, repository.path());
        input.autodeploy = true;
        input.manage_state = true;
        let stack = self.client.create_stack(&input).await?;
        Ok(Subject {
            stack,
            repository,
            code,
        })
    }

    fn repository(
        &self,
        name: &str,
        backend: &str,
        code: fn(usize) -> String,
    ) -> Result<Repository> {
        Repository::create(
            &self.server.repositories(),
            name,
            &[("backend.tf", backend), ("main.tf", &code(0))],
        )
    }

    /// A role to read and a role to write, for all subjects.
    async fn attach(&self, subjects: &[Subject]) -> Result<()> {
        let ministack = self.server.ministack();
        let principal = &self.server.identity().arn;
        for (name, read, write) in [("bench-reader", true, false), ("bench-writer", false, true)] {
            let arn = ministack
                .create_role(name, &trust::requires(principal, &["none-yet"]))
                .await?;
            ministack.allow_role(name, &["s3:*"], &["*"]).await?;
            let integration = self
                .client
                .create_integration(&IntegrationInput::new(name, &arn))
                .await?;
            let mut ids = vec![];
            for subject in subjects {
                let id = self
                    .client
                    .external_id(&integration, &subject.stack, read, write)
                    .await?;
                ids.push(id);
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            ministack
                .change_trust(name, &trust::requires(principal, &ids))
                .await?;
            for subject in subjects {
                self.client
                    .attach(&integration, &subject.stack, read, write)
                    .await?;
            }
        }
        Ok(())
    }
}

fn built_in(number: usize) -> String {
    format!(
        "resource \"terraform_data\" \"number\" {{\n  input = {number}\n}}\n\n\
         resource \"terraform_data\" \"fixed\" {{\n  count = 3\n  input = count.index\n}}\n\n\
         output \"number\" {{\n  value = terraform_data.number.output\n}}\n"
    )
}

fn provided(number: usize) -> String {
    let version = provider::VERSION;
    format!(
        "terraform {{\n  required_providers {{\n    probe = {{\n      source  = \"gantry/probe\"\n      \
         version = \"{version}\"\n    }}\n  }}\n}}\n\n\
         resource \"probe_thing\" \"number\" {{\n  input = \"{number}\"\n}}\n\n\
         resource \"probe_thing\" \"fixed\" {{\n  count = 3\n  input = count.index\n}}\n\n\
         output \"number\" {{\n  value = probe_thing.number.input\n}}\n"
    )
}
