//! An AWS double that enforces trust policies, one process per test binary.

use std::sync::OnceLock;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::aws_request::{Answer, query, send};
use crate::keeper::{Kept, answers};
use crate::port::Port;
use crate::sigv4::Keys;
use crate::trust;
use crate::venv::program;

/// The account that owns everything in it.
pub const ACCOUNT: &str = "111122223333";

/// Started with enforcement on; listens on loopback only, keeps nothing on disk, ends with the test.
pub struct Ministack {
    port: Port,
    _process: Kept,
}

impl Ministack {
    /// Takes about a quarter of a second, once the Python environment exists.
    pub fn start() -> Result<Self> {
        let program = program("ministack")?;
        let folder = tempfile::Builder::new()
            .prefix("gantry-ministack-")
            .tempdir()?
            .keep();
        let port = Port::reserve();
        let environment = [
            ("AUTH", "true".to_owned()),
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", port.number().to_string()),
            ("IOT_MTLS_ENABLED", "0".to_owned()),
            ("SFTP_ENABLED", "0".to_owned()),
            ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
            ("MINISTACK_REGION", "us-east-1".to_owned()),
            ("LOG_LEVEL", "WARNING".to_owned()),
            ("TMPDIR", folder.display().to_string()),
            ("HOME", folder.display().to_string()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ];
        let process = Kept::start(folder, "KILL", &program, &[], &environment, None)?;
        let address = format!("127.0.0.1:{}", port.number());
        process.wait_until("ministack", || answers(&address, "/_ministack/ready"))?;
        Ok(Self {
            port,
            _process: process,
        })
    }

    /// The one of this test binary, started on first use. Give names of your own to what you make.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Ministack> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Where every service of it answers.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The account's root user. May do everything.
    pub fn root(&self) -> Keys {
        Keys {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        }
    }

    /// Sends an IAM action as root.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        let answer = query(
            &self.endpoint(),
            "iam",
            action,
            parameters,
            Some(&self.root()),
        )
        .await?;
        answer.expect_success(action)
    }

    /// Makes a role with that trust policy; answers with its ARN.
    pub async fn create_role(&self, name: &str, trust: &Value) -> Result<String> {
        let trust = trust.to_string();
        let parameters = [
            ("RoleName", name),
            ("AssumeRolePolicyDocument", trust.as_str()),
            ("MaxSessionDuration", "43200"),
        ];
        Ok(self.iam("CreateRole", &parameters).await?.element("Arn"))
    }

    pub async fn change_trust(&self, role: &str, trust: &Value) -> Result<()> {
        let trust = trust.to_string();
        let parameters = [("RoleName", role), ("PolicyDocument", trust.as_str())];
        self.iam("UpdateAssumeRolePolicy", &parameters)
            .await
            .map(drop)
    }

    /// Lets the role do `actions` on `resources`.
    pub async fn allow_role(&self, role: &str, actions: &[&str], resources: &[&str]) -> Result<()> {
        let policy = allow(actions, resources);
        let parameters = [
            ("RoleName", role),
            ("PolicyName", "allowed"),
            ("PolicyDocument", policy.as_str()),
        ];
        self.iam("PutRolePolicy", &parameters).await.map(drop)
    }

    /// Makes a user that may do `actions` on `resources`; answers with its keys.
    pub async fn create_user(
        &self,
        name: &str,
        actions: &[&str],
        resources: &[&str],
    ) -> Result<Keys> {
        self.iam("CreateUser", &[("UserName", name)]).await?;
        let policy = allow(actions, resources);
        let parameters = [
            ("UserName", name),
            ("PolicyName", "allowed"),
            ("PolicyDocument", policy.as_str()),
        ];
        self.iam("PutUserPolicy", &parameters).await?;
        let keys = self.iam("CreateAccessKey", &[("UserName", name)]).await?;
        Ok(Keys {
            access_key_id: keys.element("AccessKeyId"),
            secret_access_key: keys.element("SecretAccessKey"),
            session_token: None,
        })
    }

    /// Makes the identity of a Gantry server: it may assume any role that lets it.
    pub async fn create_server_user(&self, name: &str) -> Result<Server> {
        let actions = ["sts:AssumeRole", "sts:TagSession", "sts:GetCallerIdentity"];
        let keys = self.create_user(name, &actions, &["*"]).await?;
        Ok(Server {
            keys,
            arn: format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        })
    }

    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let path = format!("/{name}");
        let root = self.root();
        let answer = send(
            &self.endpoint(),
            "s3",
            "PUT",
            &path,
            Vec::new(),
            Some(&root),
        )
        .await?;
        answer.expect_success("CreateBucket").map(drop)
    }

    /// Sends an STS action with these keys.
    pub async fn sts(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        keys: &Keys,
    ) -> Result<Answer> {
        query(&self.endpoint(), "sts", action, parameters, Some(keys)).await
    }

    /// What `aws sts get-caller-identity` would print as the ARN.
    pub async fn caller(&self, keys: &Keys) -> Result<String> {
        let answer = self.sts("GetCallerIdentity", &[], keys).await?;
        Ok(answer.expect_success("GetCallerIdentity")?.element("Arn"))
    }

    /// The negative control that every suite begins with: an emulator that does not evaluate trust
    /// policies would make every other test pass for nothing.
    pub async fn assume_with_wrong_id_is_refused(&self, server: &Server) -> Result<()> {
        let name = format!("negative-control-{}", rand::random::<u32>());
        let arn = self
            .create_role(&name, &trust::requires(&server.arn, &["right-id"]))
            .await?;
        for (id, expected) in [("wrong-id", "AccessDenied"), ("right-id", "")] {
            let parameters = [
                ("RoleArn", arn.as_str()),
                ("RoleSessionName", "control"),
                ("ExternalId", id),
            ];
            let answer = self.sts("AssumeRole", &parameters, &server.keys).await?;
            ensure!(
                answer.error_code() == expected,
                "the AWS double does not enforce trust policies: {id} gave {answer:?}"
            );
        }
        Ok(())
    }
}

/// The identity a Gantry server has in the cloud.
#[derive(Clone, Debug)]
pub struct Server {
    pub keys: Keys,
    pub arn: String,
}

fn allow(actions: &[&str], resources: &[&str]) -> String {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    trust::document(&[statement]).to_string()
}
