use aws_sdk_sts::primitives::DateTime;
use aws_sdk_sts::types::Credentials;

use super::*;

fn answer(key: &str, secret: &str, token: &str) -> AssumeRoleOutput {
    let credentials = Credentials::builder()
        .access_key_id(key)
        .secret_access_key(secret)
        .session_token(token)
        .expiration(DateTime::from_secs(1_700_000_000))
        .build()
        .unwrap();
    AssumeRoleOutput::builder().credentials(credentials).build()
}

#[test]
fn an_answer_becomes_four_variables_with_their_expiry() {
    let env = phase_env(&answer("ASIAKEY", "secret", "token")).unwrap();
    let variables: Vec<(&str, &str)> = env.expose().collect();
    assert_eq!(
        variables,
        [
            ("AWS_ACCESS_KEY_ID", "ASIAKEY"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_SECURITY_TOKEN", "token"),
        ]
    );
    assert_eq!(env.expires_at_ms(), Some(1_700_000_000_000));
}

#[test]
fn an_incomplete_answer_becomes_nothing() {
    assert!(phase_env(&AssumeRoleOutput::builder().build()).is_none());
    for (key, secret, token) in [("", "s", "t"), ("k", "", "t"), ("k", "s", "")] {
        assert!(phase_env(&answer(key, secret, token)).is_none());
    }
}
