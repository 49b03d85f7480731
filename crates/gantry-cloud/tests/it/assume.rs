use std::time::{SystemTime, UNIX_EPOCH};

use gantry_cloud::error::AssumeErrorKind;
use gantry_cloud::provider::CloudProvider;
use gantry_core::credentials::access::Access;
use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::phase_env::PhaseEnv;
use gantry_core::credentials::role::Region;
use gantry_core::run::Phase;
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::sigv4::Keys;
use gantry_testkit::sts_proxy::StsProxy;
use gantry_testkit::trust;

use super::*;

fn keys(env: &PhaseEnv) -> Keys {
    let value = |name: &str| {
        env.expose()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value.to_owned())
            .unwrap()
    };
    assert_eq!(value("AWS_SESSION_TOKEN"), value("AWS_SECURITY_TOKEN"));
    Keys {
        access_key_id: value("AWS_ACCESS_KEY_ID"),
        secret_access_key: value("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(value("AWS_SESSION_TOKEN")),
    }
}

#[tokio::test]
async fn plan_reads_and_apply_writes_each_with_its_own_role() {
    let (ministack, server) = (Ministack::shared(), server("assume-two").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    for (name, id, phase, other) in [
        ("assume-reader", READ_ID, Phase::Plan, Phase::Apply),
        ("assume-writer", WRITE_ID, Phase::Apply, Phase::Plan),
    ] {
        let policy = trust::requires(&server.arn, &[id]);
        let role = role(&ministack.create_role(name, &policy).await.unwrap());
        let env = aws.assume(&grant(&role, phase)).await.unwrap();
        assert_eq!(
            ministack.caller(&keys(&env)).await.unwrap(),
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{RUN}@network@acme")
        );
        let refused = aws.assume(&grant(&role, other)).await.unwrap_err();
        assert_eq!(refused.kind, AssumeErrorKind::Denied);
        assert!(refused.sentence.contains(role.arn.as_str()), "{refused}");
    }
}

#[tokio::test]
async fn the_request_says_what_the_grant_says_and_nothing_is_reused() {
    let (ministack, server) = (Ministack::shared(), server("assume-says").await);
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    let aws = aws(&server.keys, proxy.endpoint());
    let policy = trust::document(&[
        trust::requires(&server.arn, &[WRITE_ID])["Statement"][0].clone(),
        trust::allow_tagging(&server.arn),
    ]);
    let mut role = tagged(&ministack.create_role("assume-says", &policy).await.unwrap());
    role.duration = SessionDuration::new(1_800).unwrap();
    role.region = Some(Region::parse("eu-west-1").unwrap());

    let one = aws.assume(&grant(&role, Phase::Apply)).await.unwrap();
    let two = aws.assume(&grant(&role, Phase::Apply)).await.unwrap();
    assert_ne!(keys(&one), keys(&two));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let left = one.expires_at_ms().unwrap() - i64::try_from(now).unwrap();
    assert!((1_790_000..=1_801_000).contains(&left), "{left} ms left");

    let calls = proxy.calls();
    assert_eq!(calls.len(), 2);
    let call = &calls[0];
    assert_eq!(call.action, "AssumeRole");
    assert_eq!(call.role_arn.as_deref(), Some(role.arn.as_str()));
    assert_eq!(call.external_id.as_deref(), Some(WRITE_ID));
    assert_eq!(
        call.session_name.as_deref(),
        Some(format!("{RUN}@network@acme").as_str())
    );
    assert_eq!(call.duration, Some(1_800));
    assert_eq!(call.region.as_deref(), Some("eu-west-1"));
    assert_eq!(call.policy, None);
    assert_eq!(
        call.access_key_id.as_deref(),
        Some(server.keys.access_key_id.as_str())
    );
    let tags: Vec<String> = call.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        tags,
        [
            &format!("run={RUN}"),
            "stack=network",
            "space=root",
            "phase=apply"
        ]
    );
    assert_eq!(proxy.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn without_a_region_the_endpoint_follows_the_partition() {
    let (ministack, server) = (Ministack::shared(), server("assume-partition").await);
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    let aws = aws(&server.keys, proxy.endpoint());
    for (partition, region) in [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
    ] {
        let role = role(&format!("arn:{partition}:iam::{ACCOUNT}:role/none"));
        let _ = aws.assume(&grant(&role, Phase::Plan)).await;
        let asked = proxy.calls().last().unwrap().region.clone();
        assert_eq!(asked.as_deref(), Some(region), "{partition}");
    }
}

#[tokio::test]
async fn tagging_that_is_refused_fails_with_that_reason() {
    let (ministack, server) = (Ministack::shared(), server("assume-tags").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    let policy = trust::requires(&server.arn, &[READ_ID]);
    let arn = ministack
        .create_role("assume-no-tags", &policy)
        .await
        .unwrap();
    aws.assume(&grant(&role(&arn), Phase::Plan)).await.unwrap();
    let refused = aws
        .assume(&grant(&tagged(&arn), Phase::Plan))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, AssumeErrorKind::Denied);
    assert!(refused.sentence.contains("sts:TagSession"), "{refused}");
}

#[tokio::test]
async fn the_offered_statement_is_the_one_that_works() {
    let (ministack, server) = (Ministack::shared(), server("assume-offered").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    assert_eq!(aws.identity().await.unwrap().arn, server.arn);
    for tags in [false, true] {
        let name = format!("assume-offered-{tags}");
        let ids =
            Access::ALL.map(|access| trial(&role("x"), access).request().external_id().clone());
        let statement = aws.trust_statement(&ids, tags).await.unwrap();
        let policy = trust::document(&[serde_json::from_str(&statement).unwrap()]);
        let arn = ministack.create_role(&name, &policy).await.unwrap();
        let role = if tags { tagged(&arn) } else { role(&arn) };
        for phase in [Phase::Plan, Phase::Apply] {
            aws.assume(&grant(&role, phase)).await.unwrap();
        }
    }
}
