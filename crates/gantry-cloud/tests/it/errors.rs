//! Each way in which STS can fail, and what the user is told.

use gantry_cloud::error::{AssumeError, AssumeErrorKind};
use gantry_cloud::provider::CloudProvider;
use gantry_core::run::Phase;
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::port::Port;
use gantry_testkit::sigv4::Keys;
use gantry_testkit::sts_proxy::{Fault, StsProxy};
use gantry_testkit::trust;

use super::*;

async fn broken(name: &str, fault: Fault) -> (AssumeError, usize) {
    let (ministack, server) = (Ministack::shared(), server(name).await);
    let policy = trust::requires(&server.arn, &[READ_ID]);
    let arn = ministack.create_role(name, &policy).await.unwrap();
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    proxy.break_all(fault);
    let aws = aws(&server.keys, proxy.endpoint());
    let error = aws
        .assume(&grant(&role(&arn), Phase::Plan))
        .await
        .unwrap_err();
    (error, proxy.calls().len())
}

#[tokio::test]
async fn answers_of_sts_are_told_apart_by_their_code() {
    use AssumeErrorKind as Kind;
    let sts = |status, code, message| Fault::Error {
        status,
        code,
        message,
    };
    let cases = [
        (Fault::throttling(), Kind::Throttled, "throttling", 3),
        (Fault::unavailable(), Kind::Unavailable, "not available", 3),
        (
            sts(403, "RequestExpired", "Request has expired."),
            Kind::Clock,
            "clock",
            1,
        ),
        (
            sts(
                403,
                "SignatureDoesNotMatch",
                "Signature expired: 20260101T000000Z is now earlier",
            ),
            Kind::Clock,
            "clock",
            1,
        ),
        (
            sts(403, "SignatureDoesNotMatch", "check your key"),
            Kind::BaseIdentityRefused,
            "own",
            1,
        ),
        (
            sts(403, "InvalidClientTokenId", "invalid"),
            Kind::BaseIdentityRefused,
            "own",
            1,
        ),
        (
            sts(403, "ExpiredToken", "expired"),
            Kind::ExpiredBaseIdentity,
            "have expired",
            1,
        ),
        (
            sts(
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ),
            Kind::InvalidDuration,
            "3600",
            1,
        ),
        (
            sts(
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ),
            Kind::InvalidDuration,
            "maximum session duration",
            1,
        ),
        (
            sts(400, "ValidationError", "nonsense is invalid"),
            Kind::InvalidRequest,
            "nonsense",
            1,
        ),
        (
            sts(
                403,
                "RegionDisabledException",
                "STS is not activated in this region",
            ),
            Kind::InvalidRequest,
            "not activated",
            1,
        ),
        (
            sts(403, "AccessDenied", "User is not authorized"),
            Kind::Denied,
            "not authorized",
            1,
        ),
        (
            sts(500, "SomethingNew", "no"),
            Kind::Unavailable,
            "not available",
            3,
        ),
        (
            sts(429, "SomethingNew", "no"),
            Kind::Throttled,
            "throttling",
            1,
        ),
        (
            sts(400, "SomethingNew", "no"),
            Kind::InvalidRequest,
            "SomethingNew",
            1,
        ),
        (
            Fault::Body {
                status: 200,
                body: "<html>hello</html>",
            },
            Kind::BadAnswer,
            "not STS",
            1,
        ),
        (
            Fault::Body {
                status: 403,
                body: "<html>proxy</html>",
            },
            Kind::BadAnswer,
            "not STS",
            1,
        ),
        (
            Fault::Body {
                status: 502,
                body: "bad gateway",
            },
            Kind::Unavailable,
            "",
            3,
        ),
        (Fault::Disconnect, Kind::Unavailable, "", 3),
        (Fault::Hang, Kind::Unavailable, "in time", 3),
    ];
    let cases =
        cases
            .into_iter()
            .enumerate()
            .map(|(number, (fault, kind, words, calls))| async move {
                let (error, sent) = broken(&format!("errors-{number}"), fault.clone()).await;
                assert_eq!(error.kind, kind, "{fault:?}: {error}");
                assert!(error.sentence.contains(words), "{fault:?}: {error}");
                assert_eq!(sent, calls, "{fault:?}: {error}");
            });
    futures::future::join_all(cases).await;
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    let server = server("errors-nobody").await;
    let port = Port::reserve();
    let aws = aws(&server.keys, &format!("http://127.0.0.1:{}", port.number()));
    let role = role(&format!("arn:aws:iam::{ACCOUNT}:role/none"));
    let error = aws.assume(&grant(&role, Phase::Plan)).await.unwrap_err();
    assert_eq!(error.kind, AssumeErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn keys_that_aws_does_not_know_are_the_servers_own_fault() {
    let ministack = Ministack::shared();
    let unknown = Keys {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "nonsense".to_owned(),
        session_token: None,
    };
    let aws = aws(&unknown, &ministack.endpoint());
    let role = role(&format!("arn:aws:iam::{ACCOUNT}:role/none"));
    let error = aws.assume(&grant(&role, Phase::Plan)).await.unwrap_err();
    assert_eq!(error.kind, AssumeErrorKind::BaseIdentityRefused, "{error}");
    let error = aws.identity().await.unwrap_err();
    assert_eq!(error.kind, AssumeErrorKind::BaseIdentityRefused, "{error}");
}

#[tokio::test]
async fn a_role_that_does_not_exist_refuses() {
    let (ministack, server) = (Ministack::shared(), server("errors-missing").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    let role = role(&format!("arn:aws:iam::{ACCOUNT}:role/errors-missing"));
    let error = aws.assume(&grant(&role, Phase::Plan)).await.unwrap_err();
    assert_eq!(error.kind, AssumeErrorKind::Denied, "{error}");
}
