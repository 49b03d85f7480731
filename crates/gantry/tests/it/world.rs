//! What every test here needs: a server with its cloud, and somebody who uses both.

use std::future::Future;

use gantry_testkit::client::{Client, IntegrationInput, StackInput};
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::repository::{Repository, s3_backend};
use gantry_testkit::server::{Builder, TestServer};
use gantry_testkit::{aws_request, trust};

/// An installation and its administrator.
pub struct World {
    pub server: TestServer,
    pub client: Client,
    /// Makes names in the shared cloud our own.
    pub mark: String,
}

/// Adds something at each apply, so that no run ends for want of changes.
pub const ALWAYS_CHANGES: &str = r#"
resource "terraform_data" "moment" {
  triggers_replace = timestamp()
}
"#;

impl World {
    pub async fn start() -> Self {
        Self::of(Self::builder()).await
    }

    pub fn builder() -> Builder {
        TestServer::builder(env!("CARGO_BIN_EXE_gantry"))
    }

    pub async fn of(builder: Builder) -> Self {
        Self::on(builder, Ministack::shared()).await
    }

    /// In a cloud of its own.
    pub async fn on(builder: Builder, cloud: &'static Ministack) -> Self {
        let server = builder
            .start(cloud)
            .await
            .unwrap_or_else(|e| panic!("{e:#}"));
        let client = server.client().await;
        Self {
            server,
            client,
            mark: format!("{:08x}", rand_mark()),
        }
    }

    pub fn ministack(&self) -> &'static Ministack {
        self.server.ministack()
    }

    /// A repository with these files.
    pub fn repository(&self, name: &str, files: &[(&str, &str)]) -> Repository {
        Repository::create(&self.server.repositories(), name, files).unwrap()
    }

    /// A stack whose children find the cloud.
    pub async fn stack(&self, input: &StackInput) -> String {
        let stack = self.client.create_stack(input).await.unwrap();
        self.show_cloud(&stack).await;
        stack
    }

    async fn show_cloud(&self, stack: &str) {
        let endpoint = self.ministack().endpoint();
        for (name, value) in [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ] {
            self.client
                .set_variable(stack, name, value, false)
                .await
                .unwrap();
        }
    }

    /// A stack on code that needs no cloud at all and leaves its state behind.
    pub async fn plain_stack(&self, name: &str, code: &str) -> String {
        let repository = self.repository(name, &[("main.tf", code)]);
        self.stack(&StackInput::new(name, repository.path())).await
    }

    /// A role that demands exactly these external IDs; answers with its ARN.
    pub async fn role(&self, name: &str, external_ids: &[&str]) -> String {
        let policy = trust::requires(&self.server.identity().arn, external_ids);
        self.ministack()
            .create_role(&self.role_name(name), &policy)
            .await
            .unwrap()
    }

    pub fn role_name(&self, name: &str) -> String {
        format!("{name}-{}", self.mark)
    }

    pub fn role_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role_name(name))
    }

    /// An integration and its role, which trusts what the API says will be sent for this stack.
    pub async fn integration(&self, name: &str, stack: &str, accesses: &[Access]) -> String {
        let input = IntegrationInput::new(name, &self.role_arn(name));
        let integration = self.client.create_integration(&input).await.unwrap();
        let mut ids = Vec::new();
        for access in accesses {
            let (read, write) = (*access == Access::Read, *access == Access::Write);
            let id = self.client.external_id(&integration, stack, read, write);
            ids.push(id.await.unwrap());
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.role(name, &ids).await;
        integration
    }

    /// Lets a role use a bucket.
    pub async fn allow(&self, role: &str, bucket: &str, actions: &[&str]) {
        let bucket = format!("arn:aws:s3:::{bucket}");
        let objects = format!("{bucket}/*");
        let name = self.role_name(role);
        self.ministack()
            .allow_role(&name, actions, &[&bucket, &objects])
            .await
            .unwrap();
    }

    pub fn bucket(&self) -> String {
        format!("bucket-{}", self.mark)
    }

    /// A stack with its state in a bucket, read by one integration and written by another.
    pub async fn stack_with_cloud(
        &self,
        name: &str,
        code: &str,
        hooks: &[(&'static str, &str)],
    ) -> String {
        let bucket = self.bucket();
        // The bucket may be there from another stack of this world.
        let _ = self.ministack().create_bucket(&bucket).await;
        let backend = s3_backend(
            &self.ministack().endpoint(),
            &bucket,
            &format!("{name}.tfstate"),
        );
        let repository = self.repository(name, &[("backend.tf", &backend), ("main.tf", code)]);
        let mut input = StackInput::new(name, repository.path());
        for (place, command) in hooks {
            input = input.hook(place, command);
        }
        let stack = self.stack(&input).await;
        let (reader, writer) = (format!("{name}-reader"), format!("{name}-writer"));
        let read = self.integration(&reader, &stack, &[Access::Read]).await;
        let write = self.integration(&writer, &stack, &[Access::Write]).await;
        self.allow(&reader, &bucket, READS).await;
        self.allow(&writer, &bucket, WRITES).await;
        self.client
            .attach(&read, &stack, true, false)
            .await
            .unwrap();
        self.client
            .attach(&write, &stack, false, true)
            .await
            .unwrap();
        stack
    }

    /// An object of the bucket, read by its owner; `None` when there is none.
    pub async fn object(&self, key: &str) -> Option<String> {
        let path = format!("/{}/{key}", self.bucket());
        let (endpoint, root) = (self.ministack().endpoint(), self.ministack().root());
        let answer = aws_request::send(&endpoint, "s3", "GET", &path, Vec::new(), Some(&root));
        let answer = answer.await.unwrap();
        answer.is_success().then_some(answer.body)
    }

    /// Writes an object of the bucket past everybody.
    pub async fn put_object(&self, key: &str, content: &str) {
        let path = format!("/{}/{key}", self.bucket());
        let (endpoint, root) = (self.ministack().endpoint(), self.ministack().root());
        let body = content.as_bytes().to_vec();
        let answer = aws_request::send(&endpoint, "s3", "PUT", &path, body, Some(&root));
        answer.await.unwrap().expect_success("PutObject").unwrap();
    }

    /// Fails with the run's log unless it is in that state.
    pub async fn expect(&self, stack: &str, run: &gantry_testkit::client::RunView, state: &str) {
        if run.state != state {
            let log = self
                .client
                .whole_log(stack, &run.id)
                .await
                .unwrap_or_default();
            panic!(
                "the run is {} instead of {state}: {} ({})\n{log}",
                run.state,
                run.reason(),
                run.path()
            );
        }
    }

    /// Triggers a tracked run, confirms it and waits for its end.
    pub async fn apply(&self, stack: &str) -> gantry_testkit::client::RunView {
        let run = self.client.trigger(stack, "TRACKED", None).await.unwrap();
        let view = self
            .client
            .wait_for(stack, &run, "UNCONFIRMED")
            .await
            .unwrap();
        self.expect(stack, &view, "UNCONFIRMED").await;
        self.client.confirm(stack, &run).await.unwrap();
        let view = self.client.wait_for_end(stack, &run).await.unwrap();
        self.expect(stack, &view, "FINISHED").await;
        view
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

pub const READS: &[&str] = &["s3:GetObject", "s3:ListBucket"];
pub const WRITES: &[&str] = &[
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:DeleteObject",
];

/// Asks again and again until there is an answer; for things that the API tells only when asked.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let begin = std::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            begin.elapsed().as_secs() < 30,
            "after 30 s still not: {what}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn rand_mark() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish() as u32
}
