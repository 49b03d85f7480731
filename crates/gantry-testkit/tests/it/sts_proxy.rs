use gantry_testkit::aws_request::query;
use gantry_testkit::ministack::Ministack;
use gantry_testkit::sts_proxy::{Fault, StsProxy};
use gantry_testkit::trust;

#[tokio::test]
async fn it_hears_what_is_asked_and_signatures_stay_valid() {
    let ministack = Ministack::shared();
    let server = ministack.create_server_user("proxy-server").await.unwrap();
    let policy = trust::requires(&server.arn, &["an-id"]);
    let arn = ministack.create_role("proxy-role", &policy).await.unwrap();
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    let parameters = [
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", "a@b"),
        ("ExternalId", "an-id"),
        ("DurationSeconds", "900"),
    ];
    let ask = || {
        query(
            proxy.endpoint(),
            "sts",
            "AssumeRole",
            &parameters,
            Some(&server.keys),
        )
    };
    assert_eq!(ask().await.unwrap().status, 200);
    proxy.break_all(Fault::throttling());
    assert_eq!(ask().await.unwrap().error_code(), "Throttling");
    proxy.heal();
    assert_eq!(ask().await.unwrap().status, 200);

    let calls = proxy.calls();
    let statuses: Vec<_> = calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(200), Some(400), Some(200)]);
    assert_eq!(calls[0].action, "AssumeRole");
    assert_eq!(calls[0].role_arn.as_deref(), Some(arn.as_str()));
    assert_eq!(calls[0].external_id.as_deref(), Some("an-id"));
    assert_eq!(calls[0].session_name.as_deref(), Some("a@b"));
    assert_eq!(calls[0].duration, Some(900));
    assert_eq!(
        calls[0].access_key_id.as_deref(),
        Some(server.keys.access_key_id.as_str())
    );
    assert_eq!(calls[0].region.as_deref(), Some("us-east-1"));
}
