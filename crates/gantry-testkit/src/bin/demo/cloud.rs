//! The user's side: two roles whose trust policies demand what Gantry says it will send.

use anyhow::{Context, Result};
use gantry_testkit::client::{Client, IntegrationInput};
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::trust;
use serde_json::{Value, json};

use crate::sample::BUCKET;

/// The role that reads, or the one that writes.
pub struct Role {
    pub name: &'static str,
    pub integration: String,
    pub external_id: String,
}

/// Makes the integration first: its ID is part of what the role must demand.
pub async fn create_role(
    client: &Client,
    ministack: &Ministack,
    stack: &str,
    name: &'static str,
    writes: bool,
) -> Result<Role> {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let integration = client
        .create_integration(&IntegrationInput::new(name, &arn))
        .await?;
    let answer = client
        .query(
            "query($id:ID!,$stack:ID!,$read:Boolean!,$write:Boolean!){awsIntegration(id:$id){\
             externalIdForStack(stackId:$stack,read:$read,write:$write){\
             externalId assumeRolePolicyStatement}}}",
            json!({"id": integration, "stack": stack, "read": !writes, "write": writes}),
        )
        .await?;
    let told = &answer["awsIntegration"]["externalIdForStack"];
    let external_id = told["externalId"]
        .as_str()
        .context("no external ID")?
        .to_owned();
    let statement = told["assumeRolePolicyStatement"]
        .as_str()
        .context("no trust statement")?;
    let statement: Value = serde_json::from_str(statement)?;
    ministack
        .create_role(name, &trust::document(&[statement]))
        .await?;
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    let objects = format!("{bucket}/*");
    let actions: &[&str] = if writes {
        &[
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
            "s3:DeleteObject",
        ]
    } else {
        &["s3:GetObject", "s3:ListBucket"]
    };
    ministack
        .allow_role(name, actions, &[&bucket, &objects])
        .await?;
    Ok(Role {
        name,
        integration,
        external_id,
    })
}
