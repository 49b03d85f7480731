use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::future::ProvideCredentials as Answer;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Region;

use super::*;

/// A default chain at its end.
#[derive(Debug)]
struct Fails(fn() -> CredentialsError);

impl ProvideCredentials for Fails {
    fn provide_credentials<'a>(&'a self) -> Answer<'a>
    where
        Self: 'a,
    {
        Answer::ready(Err((self.0)()))
    }
}

/// Through the real client, because where the reason ends up is the SDK's choice. Nothing is sent:
/// the identity is missing before.
#[tokio::test]
async fn a_missing_identity_is_told_from_a_missing_cloud() {
    let cases: [(fn() -> CredentialsError, AssumeErrorKind); 4] = [
        (
            || CredentialsError::not_loaded("nothing there"),
            AssumeErrorKind::NoBaseIdentity,
        ),
        (
            || CredentialsError::invalid_configuration("bad profile"),
            AssumeErrorKind::NoBaseIdentity,
        ),
        (
            || CredentialsError::provider_error("refused"),
            AssumeErrorKind::NoBaseIdentity,
        ),
        (
            || CredentialsError::provider_timed_out(std::time::Duration::from_secs(1)),
            AssumeErrorKind::Unavailable,
        ),
    ];
    for (fails, kind) in cases {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url("http://127.0.0.1:1")
            .credentials_provider(Fails(fails))
            .build();
        let sent = Client::from_conf(config).get_caller_identity().send().await;
        let error = from_sdk_about_server(sent.unwrap_err());
        assert_eq!(error.kind, kind, "{error}");
    }
}
