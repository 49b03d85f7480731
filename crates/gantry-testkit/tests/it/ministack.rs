use std::time::{Duration, Instant};

use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::sigv4::Keys;
use gantry_testkit::trust;

#[tokio::test]
async fn a_wrong_external_id_is_refused() {
    let ministack = Ministack::shared();
    let server = ministack.create_server_user("kit-server").await.unwrap();
    ministack
        .assume_with_wrong_id_is_refused(&server)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_assumed_role_may_do_what_it_is_allowed_and_no_more() {
    let ministack = Ministack::shared();
    let server = ministack.create_server_user("kit-assumes").await.unwrap();
    let policy = trust::requires(&server.arn, &["some-id"]);
    let arn = ministack.create_role("kit-reader", &policy).await.unwrap();
    ministack.create_bucket("kit-bucket").await.unwrap();
    let object = "arn:aws:s3:::kit-bucket/*";
    ministack
        .allow_role("kit-reader", &["s3:GetObject"], &[object])
        .await
        .unwrap();

    let parameters = [
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", "a"),
        ("ExternalId", "some-id"),
    ];
    let answer = ministack
        .sts("AssumeRole", &parameters, &server.keys)
        .await
        .unwrap();
    let keys = Keys {
        access_key_id: answer.element("AccessKeyId"),
        secret_access_key: answer.element("SecretAccessKey"),
        session_token: Some(answer.element("SessionToken")),
    };
    assert_eq!(
        ministack.caller(&keys).await.unwrap(),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/kit-reader/a")
    );
    let put = |keys: Keys| async move {
        let path = "/kit-bucket/object";
        gantry_testkit::aws_request::send(
            &Ministack::shared().endpoint(),
            "s3",
            "PUT",
            path,
            b"x".to_vec(),
            Some(&keys),
        )
        .await
        .unwrap()
        .status
    };
    assert_eq!(put(keys).await, 403);
    assert_eq!(put(ministack.root()).await, 200);
}

#[tokio::test]
async fn it_ends_with_its_handle_and_leaves_no_folder() {
    let ministack = Ministack::start().unwrap();
    let address = ministack
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    let begin = Instant::now();
    drop(ministack);
    assert!(std::net::TcpStream::connect(&address).is_err());
    assert!(begin.elapsed() < Duration::from_secs(5));
}
