//! The request to STS, and what its answer turns into.

use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::types::Tag;
use gantry_core::credentials::grant::AssumeRequest;
use gantry_core::credentials::phase_env::PhaseEnv;
use secrecy::SecretString;

use super::connection::Connections;
use super::error::from_sdk;
use crate::error::{AssumeError, AssumeErrorKind};

/// How the request differs from the one the grant describes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variation<'a> {
    /// `None` sends none at all.
    pub(super) external_id: Option<&'a str>,
    pub(super) tags: bool,
    /// Makes the session useless to whoever gets hold of it.
    pub(super) deny_everything: bool,
}

const DENY_EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// Credentials for one phase.
pub(super) async fn assume(
    connections: &Connections,
    request: &AssumeRequest,
) -> Result<PhaseEnv, AssumeError> {
    let as_granted = Variation {
        external_id: Some(request.external_id().as_str()),
        tags: true,
        deny_everything: false,
    };
    let answer = send(connections, request, as_granted).await?;
    phase_env(&answer).ok_or_else(|| {
        AssumeError::new(
            AssumeErrorKind::BadAnswer,
            format!(
                "STS answered without credentials for the role {}; check what answers at the STS endpoint",
                request.role_arn()
            ),
        )
    })
}

/// Sends one AssumeRole, retries included.
pub(super) async fn send(
    connections: &Connections,
    request: &AssumeRequest,
    variation: Variation<'_>,
) -> Result<AssumeRoleOutput, AssumeError> {
    let client = connections
        .for_role(request.role_arn(), request.region())
        .await;
    // At most 43,200, so it fits.
    let duration = i32::try_from(request.duration().seconds()).unwrap_or(i32::MAX);
    let mut call = client
        .assume_role()
        .role_arn(request.role_arn().as_str())
        .role_session_name(request.session_name().as_str())
        .duration_seconds(duration)
        .set_external_id(variation.external_id.map(str::to_owned));
    if variation.deny_everything {
        call = call.policy(DENY_EVERYTHING);
    }
    if variation.tags {
        for (key, value) in request.tags() {
            call = call.tags(tag(key, value));
        }
    }
    gantry_fault::before("a request to STS");
    let answer = call.send().await;
    gantry_fault::after("a request to STS");
    answer.map_err(|error| from_sdk(error, request))
}

fn tag(key: &str, value: &str) -> Tag {
    // Fails only where key or value are missing.
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .unwrap_or_else(|_| unreachable!("both are set"))
}

fn phase_env(answer: &AssumeRoleOutput) -> Option<PhaseEnv> {
    let credentials = answer.credentials()?;
    let token = credentials.session_token();
    let values = [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
        ("AWS_SESSION_TOKEN", token),
        // The name that older SDKs look for.
        ("AWS_SECURITY_TOKEN", token),
    ];
    // An empty value would send the child to look for credentials elsewhere.
    if values.iter().any(|(_, value)| value.is_empty()) {
        return None;
    }
    let expires_at_ms = credentials.expiration().to_millis().ok()?;
    let variables =
        values.map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned())));
    Some(PhaseEnv::new(variables, Some(expires_at_ms)))
}

#[cfg(test)]
mod tests;
