//! From the SDK's errors to ours.
//!
//! Decided by the error's code and by nothing that is written for people, with one exception: STS
//! has no code for a duration that is too long.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::grant::AssumeRequest;

use crate::error::{AssumeError, AssumeErrorKind};

/// About a request to assume a role.
pub(super) fn from_sdk<E>(error: SdkError<E>, request: &AssumeRequest) -> AssumeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let role = request.role_arn();
    if let Some(code) = error.code() {
        let said = error.message().unwrap_or("nothing more");
        let too_long = code == "ValidationError" && said.contains("DurationSeconds");
        if too_long || code == "InvalidParameterValue" && said.contains("DurationSeconds") {
            return AssumeError::new(
                AssumeErrorKind::InvalidDuration,
                format!(
                    "the role {role} can't be assumed for {}: STS says: {said}. Lower durationSeconds or raise the role's maximum session duration; when this server's own identity is an assumed role, role chaining limits every session to {} seconds",
                    request.duration(),
                    SessionDuration::ROLE_CHAINING_LIMIT.seconds(),
                ),
            );
        }
        if code == "AccessDenied" {
            return AssumeError::new(
                AssumeErrorKind::Denied,
                format!("AWS refused to let this server assume the role {role}: {said}"),
            );
        }
        if let Some(about_us) = by_code(code, said).or_else(|| by_status(&error)) {
            return about_us;
        }
        return AssumeError::new(
            AssumeErrorKind::InvalidRequest,
            format!("AWS can't assume the role {role}: {said} ({code})"),
        );
    }
    without_code(&error)
}

/// About a request that concerns the server alone.
pub(super) fn from_sdk_about_server<E>(error: SdkError<E>) -> AssumeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Some(code) = error.code() else {
        return without_code(&error);
    };
    let said = error.message().unwrap_or("nothing more");
    by_code(code, said)
        .or_else(|| by_status(&error))
        .unwrap_or_else(|| {
            AssumeError::new(
                AssumeErrorKind::BaseIdentityRefused,
                format!("AWS does not say who this server is: {said} ({code})"),
            )
        })
}

/// What depends neither on the role nor on the operation.
fn by_code(code: &str, said: &str) -> Option<AssumeError> {
    use AssumeErrorKind as Kind;
    let clock = said.contains("Signature expired") || said.contains("Signature not yet current");
    let (kind, sentence) = match code {
        "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestThrottled"
        | "RequestThrottledException" | "TooManyRequestsException" | "RequestLimitExceeded"
        | "SlowDown" => (Kind::Throttled, "STS is throttling this server's requests; try again in a minute".to_owned()),
        "ServiceUnavailable" | "ServiceUnavailableException" | "InternalFailure"
        | "InternalError" | "InternalServerError" | "RequestTimeout" => {
            (Kind::Unavailable, format!("STS is not available right now ({code}); try again"))
        }
        "RequestExpired" | "RequestTimeTooSkewed" => (Kind::Clock, clock_sentence(said)),
        "SignatureDoesNotMatch" | "InvalidSignatureException" if clock => {
            (Kind::Clock, clock_sentence(said))
        }
        "ExpiredToken" | "ExpiredTokenException" => (
            Kind::ExpiredBaseIdentity,
            "this server's own AWS credentials have expired; renew them where the server gets them from".to_owned(),
        ),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch"
        | "InvalidSignatureException" | "MissingAuthenticationToken" | "IncompleteSignature" => (
            Kind::BaseIdentityRefused,
            format!("AWS does not accept this server's own credentials: {said} ({code})"),
        ),
        _ => return None,
    };
    Some(AssumeError::new(kind, sentence))
}

/// A code that nobody told us about: whose fault it is says the status.
fn by_status<E>(error: &SdkError<E>) -> Option<AssumeError> {
    let status = error.raw_response()?.status();
    if status.as_u16() == 429 {
        by_code("Throttling", "")
    } else if status.is_server_error() {
        by_code("ServiceUnavailable", "")
    } else {
        None
    }
}

fn clock_sentence(said: &str) -> String {
    format!("the clock of this server differs too much from AWS's; set it right: {said}")
}

/// No error document came back: the request never left, nothing answered, or the answer was not
/// from STS.
fn without_code<E>(error: &SdkError<E>) -> AssumeError
where
    E: std::error::Error + Send + Sync + 'static,
{
    use AssumeErrorKind as Kind;
    if let Some(credentials) = credentials_error(error) {
        let reason = reasons(credentials);
        return match credentials {
            CredentialsError::ProviderTimedOut(_) => AssumeError::new(
                Kind::Unavailable,
                format!("this server's own AWS identity could not be read in time: {reason}"),
            ),
            _ => AssumeError::new(
                Kind::NoBaseIdentity,
                format!(
                    "this server has no AWS identity of its own; give it one (instance or container role, profile or environment): {reason}"
                ),
            ),
        };
    }
    let reason = reasons(error);
    match error {
        SdkError::ServiceError(answer) if !answer.raw().status().is_server_error() => {
            AssumeError::new(
                Kind::BadAnswer,
                format!(
                    "what answered at the STS endpoint with status {} is not STS; check the endpoint and any proxy on the way",
                    answer.raw().status().as_u16()
                ),
            )
        }
        SdkError::ResponseError(answer) if !answer.raw().status().is_server_error() => {
            AssumeError::new(
                Kind::BadAnswer,
                "what answered at the STS endpoint is not STS; check the endpoint and any proxy on the way",
            )
        }
        SdkError::TimeoutError(_) => AssumeError::new(
            Kind::Unavailable,
            "STS did not answer in time; try again, and check the way from this server to the STS endpoint",
        ),
        _ => AssumeError::new(
            Kind::Unavailable,
            format!(
                "STS could not be reached: {reason}; try again, and check the way from this server to the STS endpoint"
            ),
        ),
    }
}

/// What the error and its causes say. Not their `Debug`, which shows whole answers.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        sentence.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    sentence
}

fn credentials_error<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
