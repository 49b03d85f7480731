//! Who the server is in AWS, and how trust policies name it.

use tokio::sync::OnceCell;

use super::connection::Connections;
use super::error::from_sdk_about_server;
use crate::error::{AssumeError, AssumeErrorKind};
use crate::provider::Identity;

pub(super) async fn caller(connections: &Connections) -> Result<Identity, AssumeError> {
    let client = connections.for_server().await;
    let answer = client
        .get_caller_identity()
        .send()
        .await
        .map_err(from_sdk_about_server)?;
    match (answer.arn(), answer.account()) {
        (Some(arn), Some(account)) => Ok(Identity {
            arn: arn.to_owned(),
            account: account.to_owned(),
        }),
        _ => Err(AssumeError::new(
            AssumeErrorKind::BadAnswer,
            "STS answered without saying who this server is; check what answers at the STS endpoint",
        )),
    }
}

/// What stands in `Principal.AWS` of a trust statement. Asked for once.
pub(super) struct Principal {
    configured: Option<String>,
    found: OnceCell<String>,
}

impl Principal {
    pub(super) fn new(configured: Option<String>) -> Self {
        Self {
            configured,
            found: OnceCell::new(),
        }
    }

    pub(super) async fn get(&self, connections: &Connections) -> Result<String, AssumeError> {
        if let Some(configured) = &self.configured {
            return Ok(configured.clone());
        }
        let ask = || async { Ok(principal_of(&caller(connections).await?.arn)) };
        self.found.get_or_try_init(ask).await.cloned()
    }
}

/// A session's ARN changes with every session, and a role's is lost in it when the role has a
/// path; so a session is trusted through its account.
fn principal_of(arn: &str) -> String {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields[..] {
        ["arn", partition, "sts", _, account, _] => format!("arn:{partition}:iam::{account}:root"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests;
