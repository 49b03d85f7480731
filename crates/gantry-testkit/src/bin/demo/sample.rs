//! The infrastructure code of the demo.

use gantry_testkit::repository::{Repository, s3_backend};

use anyhow::Result;
use gantry_testkit::server::TestServer;

pub const BUCKET: &str = "demo-bucket";

const MAIN: &str = r#"
variable "greeting" {
  default = "hello"
}

resource "terraform_data" "greeting" {
  input = var.greeting

  provisioner "local-exec" {
    command = "echo \"created by $(aws sts get-caller-identity --query Arn --output text)\""
  }

  # A second, so that the end of the log can be read before the stack is gone.
  provisioner "local-exec" {
    when    = destroy
    command = "echo \"destroyed by $(aws sts get-caller-identity --query Arn --output text)\"; sleep 1"
  }
}
"#;

/// What the stack's `before_plan` hook runs: part of the code, so a branch may change it.
const CHECK: &str = "echo \"checking the code\"\n";

/// What a branch makes of it.
const HOSTILE_CHECK: &str =
    "aws s3api put-object --bucket demo-bucket --key planted --body main.tf\n";

pub struct Sample {
    pub repository: Repository,
    /// A commit that no tracked branch has.
    pub hostile_commit: String,
}

pub fn create(server: &TestServer) -> Result<Sample> {
    let backend = s3_backend(&server.ministack().endpoint(), BUCKET, "greeting.tfstate");
    let files = [
        ("backend.tf", backend.as_str()),
        ("main.tf", MAIN),
        ("check.sh", CHECK),
    ];
    let repository = Repository::create(&server.repositories(), "greeting", &files)?;
    let hostile_commit = repository.commit_on(
        "helpful",
        "Check a little more",
        &[("check.sh", HOSTILE_CHECK)],
    )?;
    Ok(Sample {
        repository,
        hostile_commit,
    })
}
