use std::path::PathBuf;

use anyhow::Result;
use gantry_testkit::client::Client;
use gantry_testkit::client::{IntegrationInput, StackInput};
use gantry_testkit::ministack::Ministack;
use gantry_testkit::repository::{Repository, s3_backend};
use gantry_testkit::server::{TestServer, beside};
use gantry_testkit::sigv4::Keys;
use gantry_testkit::trust;

const BUCKET: &str = "bench-state";

/// A server with everything on (sandbox, encryption, fsync, credentials from an STS that enforces
/// trust policies), and a small stack with its state in S3.
pub struct World {
    pub server: TestServer,
    pub client: Client,
    pub repository: Repository,
    pub stack: String,
    /// Static keys for the bare tool: they may use the bucket.
    pub keys: Keys,
    pub program: PathBuf,
}

impl World {
    pub async fn start() -> Result<Self> {
        let ministack = Ministack::shared();
        ministack.create_bucket(BUCKET).await?;
        let keys = ministack
            .create_user("bench-bare", &["s3:*"], &["*"])
            .await?;
        let program = beside(&std::env::current_exe()?);
        // Straight to STS: the recording proxy of the tests would stand in the measured path.
        let server = TestServer::builder(&program)
            .set("aws.sts_endpoint", ministack.endpoint())
            .set(
                "log.level",
                "warn,gantry_worker=info,gantry_app::credentials=debug",
            )
            .start(ministack)
            .await?;
        let client = server.client().await;
        let backend = s3_backend(&ministack.endpoint(), BUCKET, "bare.tfstate");
        let repository = Repository::create(
            &server.repositories(),
            "bench",
            &[("backend.tf", &backend), ("main.tf", &code(0))],
        )?;
        let stack = prepare_stack(&server, &client, &repository).await?;
        Ok(World {
            server,
            client,
            repository,
            stack,
            keys,
            program,
        })
    }

    /// A new commit in which one resource has changed.
    pub fn change(&self, number: usize) -> Result<()> {
        self.repository
            .commit(&format!("Change {number}"), &[("main.tf", &code(number))])?;
        Ok(())
    }
}

async fn prepare_stack(
    server: &TestServer,
    client: &Client,
    repository: &Repository,
) -> Result<String> {
    let ministack = server.ministack();
    let mut input = StackInput::new("bench", repository.path());
    input.autodeploy = true;
    let stack = client.create_stack(&input).await?;
    // The same source, another object: the two sides never wait for each other's lock.
    let key = "TF_CLI_ARGS_init";
    client
        .set_variable(&stack, key, "-backend-config=key=gantry.tfstate", false)
        .await?;
    for (name, read, write) in [("bench-reader", true, false), ("bench-writer", false, true)] {
        let principal = &server.identity().arn;
        let arn = ministack
            .create_role(name, &trust::requires(principal, &["none-yet"]))
            .await?;
        ministack.allow_role(name, &["s3:*"], &["*"]).await?;
        let integration = client
            .create_integration(&IntegrationInput::new(name, &arn))
            .await?;
        let id = client
            .external_id(&integration, &stack, read, write)
            .await?;
        ministack
            .change_trust(name, &trust::requires(principal, &[&id]))
            .await?;
        client.attach(&integration, &stack, read, write).await?;
    }
    Ok(stack)
}

fn code(number: usize) -> String {
    format!(
        "resource \"terraform_data\" \"number\" {{\n  input = {number}\n}}\n\n\
         resource \"terraform_data\" \"fixed\" {{\n  count = 3\n  input = count.index\n}}\n\n\
         output \"number\" {{\n  value = terraform_data.number.output\n}}\n"
    )
}
