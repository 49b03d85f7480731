use gantry_cloud::provider::{CloudProvider, Patience, Verification};
use gantry_core::credentials::access::Access;
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::sts_proxy::{Fault, StsProxy};
use gantry_testkit::trust::{self, document, statement};
use serde_json::{Value, json};

use super::*;

const PHRASE: &str = "you need to configure trust relationship";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Trusts,
    Refuses,
    Open,
}

fn grade(verification: &Verification) -> Grade {
    match verification {
        Verification::TrustsUs => Grade::Trusts,
        Verification::Refused { message } => {
            assert!(
                message.contains(PHRASE) && message.contains(READ_ID),
                "{message}"
            );
            Grade::Refuses
        }
        Verification::Open { message } => {
            assert!(
                message.contains("confused deputy") && !message.contains(PHRASE),
                "{message}"
            );
            Grade::Open
        }
        Verification::Unknown { message } => panic!("{message}"),
    }
}

/// One role per trust policy, verified for read with and without tags, against the grade that the
/// policy deserves by the letter of the IAM reference.
#[tokio::test]
async fn every_trust_policy_gets_the_grade_it_deserves() {
    let (ministack, server) = (Ministack::shared(), server("verify-table").await);
    let me = server.arn.as_str();
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let on =
        |operator: &str, value: Value| statement(me, json!({operator: {"sts:ExternalId": value}}));
    let tagging = trust::allow_tagging(me);
    let open = statement(me, json!({}));
    let for_tagged_only = statement(
        me,
        json!({"StringEquals": {"aws:RequestTag/run": "verify"}}),
    );
    use Grade::{Open, Refuses, Trusts};
    let table: Vec<(&str, Vec<Value>, Grade)> = vec![
        ("exact id", vec![on("StringEquals", json!(READ_ID))], Trusts),
        (
            "both ids",
            vec![on("StringEquals", json!([READ_ID, WRITE_ID]))],
            Trusts,
        ),
        (
            "like, exact",
            vec![on("StringLike", json!(READ_ID))],
            Trusts,
        ),
        (
            "like, any stack of the account",
            vec![on("StringLike", json!("acme@*"))],
            Trusts,
        ),
        (
            "like, this stack, any access",
            vec![on("StringLike", json!("acme@*@network@*"))],
            Trusts,
        ),
        (
            "ignoring case",
            vec![on("StringEqualsIgnoreCase", json!(READ_ID.to_uppercase()))],
            Trusts,
        ),
        (
            "account as principal",
            vec![statement(
                &root,
                json!({"StringEquals": {"sts:ExternalId": READ_ID}}),
            )],
            Trusts,
        ),
        (
            "exact id and tagging",
            vec![on("StringEquals", json!(READ_ID)), tagging.clone()],
            Trusts,
        ),
        (
            "only write",
            vec![on("StringEquals", json!(WRITE_ID))],
            Refuses,
        ),
        (
            "another stack",
            vec![on(
                "StringEquals",
                json!(READ_ID.replace("network", "other")),
            )],
            Refuses,
        ),
        (
            "another account",
            vec![on("StringLike", json!("other@*"))],
            Refuses,
        ),
        (
            "pattern as literal",
            vec![on("StringEquals", json!("acme@*"))],
            Refuses,
        ),
        (
            "upper case",
            vec![on("StringEquals", json!(READ_ID.to_uppercase()))],
            Refuses,
        ),
        (
            "other principal",
            vec![statement("arn:aws:iam::999988887777:root", json!({}))],
            Refuses,
        ),
        ("missing demanded", vec![on("Null", json!("true"))], Refuses),
        ("no statement for us", vec![tagging.clone()], Refuses),
        ("no condition", vec![open.clone()], Open),
        (
            "second statement open",
            vec![on("StringEquals", json!(READ_ID)), open],
            Open,
        ),
        ("any id", vec![on("StringLike", json!("*"))], Open),
        ("any id, but one", vec![on("Null", json!("false"))], Open),
        (
            "equals if exists",
            vec![on("StringEqualsIfExists", json!(READ_ID))],
            Open,
        ),
        (
            "like if exists",
            vec![on("StringLikeIfExists", json!(READ_ID))],
            Open,
        ),
        (
            "for all values",
            vec![on("ForAllValues:StringEquals", json!(READ_ID))],
            Open,
        ),
        (
            "not equals",
            vec![on("StringNotEquals", json!("somebody"))],
            Open,
        ),
        (
            "open to any principal",
            vec![statement("*", json!({}))],
            Open,
        ),
    ];
    let aws = aws(&server.keys, &ministack.endpoint());
    for (number, (name, statements, expected)) in table.into_iter().enumerate() {
        let policy = document(&statements);
        let arn = ministack
            .create_role(&format!("verify-{number}"), &policy)
            .await
            .unwrap();
        let verified = aws
            .verify(&[trial(&role(&arn), Access::Read)], Patience::Attach)
            .await;
        assert_eq!(grade(&verified[0]), expected, "{name}: {verified:?}");
    }

    // With tagging on: opening through an untagged request must be found, and so must an opening
    // for tagged ones only not excuse a missing right to tag.
    let with_tags = [
        (
            "tags not allowed",
            vec![on("StringEquals", json!(READ_ID))],
            Refuses,
        ),
        (
            "tags allowed",
            vec![on("StringEquals", json!(READ_ID)), tagging.clone()],
            Trusts,
        ),
        (
            "untagged open",
            vec![statement(me, json!({})), tagging.clone()],
            Open,
        ),
        ("opens for tagged", vec![for_tagged_only, tagging], Trusts),
    ];
    for (number, (name, statements, expected)) in with_tags.into_iter().enumerate() {
        let policy = document(&statements);
        let arn = ministack
            .create_role(&format!("verify-tags-{number}"), &policy)
            .await
            .unwrap();
        let verified = aws
            .verify(&[trial(&tagged(&arn), Access::Read)], Patience::Attach)
            .await;
        assert_eq!(grade(&verified[0]), expected, "{name}: {verified:?}");
    }
}

#[tokio::test]
async fn the_requests_are_harmless_and_named() {
    let (ministack, server) = (Ministack::shared(), server("verify-says").await);
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    let aws = aws(&server.keys, proxy.endpoint());
    let policy = document(&[
        trust::requires(&server.arn, &[READ_ID, WRITE_ID])["Statement"][0].clone(),
        trust::allow_tagging(&server.arn),
    ]);
    let role = tagged(&ministack.create_role("verify-says", &policy).await.unwrap());
    let trials = Access::ALL.map(|access| trial(&role, access));
    let verified = aws.verify(&trials, Patience::Attach).await;
    assert_eq!(verified, [Verification::TrustsUs, Verification::TrustsUs]);

    let calls = proxy.calls();
    assert_eq!(calls.len(), 4, "two right ones, and two probes for both");
    for call in &calls {
        assert_eq!(call.session_name.as_deref(), Some("verify@network@acme"));
        assert_eq!(call.duration, Some(900));
        let policy: Value = serde_json::from_str(call.policy.as_deref().unwrap()).unwrap();
        assert_eq!(
            policy["Statement"],
            json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}])
        );
    }
    let find = |id: Option<&str>| {
        calls
            .iter()
            .find(|c| c.external_id.as_deref() == id)
            .unwrap()
    };
    for (id, phase) in [(READ_ID, "plan"), (WRITE_ID, "apply")] {
        let tags = &find(Some(id)).tags;
        assert!(
            tags.contains(&("run".to_owned(), "verify".to_owned())),
            "{tags:?}"
        );
        assert!(
            tags.contains(&("phase".to_owned(), phase.to_owned())),
            "{tags:?}"
        );
    }
    assert!(find(None).tags.is_empty());
    let is_probe = |id: &Option<String>| {
        id.as_deref()
            .and_then(|id| id.strip_prefix("gantry-probe-"))
            .is_some_and(|id| id.len() == 26)
    };
    let probe = calls
        .iter()
        .find(|call| is_probe(&call.external_id))
        .unwrap();
    assert!(probe.tags.is_empty());
}

#[tokio::test]
async fn the_statement_in_the_message_repairs_the_role() {
    let (ministack, server) = (Ministack::shared(), server("verify-repair").await);
    let aws = aws(&server.keys, &ministack.endpoint());
    let wrong = trust::requires(&server.arn, &["something-else"]);
    let arn = ministack
        .create_role("verify-repair", &wrong)
        .await
        .unwrap();
    let role = tagged(&arn);
    let trials = Access::ALL.map(|access| trial(&role, access));
    let verified = aws.verify(&trials, Patience::Attach).await;
    let message = verified[1].message().unwrap();
    assert!(
        message.contains(PHRASE) && message.contains(WRITE_ID),
        "{message}"
    );
    let json = &message[message.find('{').unwrap()..];
    let policy = document(&[serde_json::from_str(json).unwrap()]);
    ministack
        .change_trust("verify-repair", &policy)
        .await
        .unwrap();
    let verified = aws.verify(&trials, Patience::Attach).await;
    assert_eq!(verified, [Verification::TrustsUs, Verification::TrustsUs]);
}

/// The right request is let through, so that only the probes meet the fault.
#[tokio::test]
async fn a_fault_is_never_taken_for_a_refusal() {
    let (ministack, server) = (Ministack::shared(), server("verify-faults").await);
    let policy = trust::open(&server.arn);
    let arn = ministack
        .create_role("verify-faults", &policy)
        .await
        .unwrap();
    let faults = [
        Fault::throttling(),
        Fault::unavailable(),
        Fault::Disconnect,
        Fault::Hang,
        Fault::Body {
            status: 403,
            body: "forbidden",
        },
        Fault::Error {
            status: 400,
            code: "ValidationError",
            message: "no",
        },
    ];
    let (keys, arn) = (&server.keys, &arn);
    let each = faults.into_iter().map(|fault| async move {
        let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
        let aws = aws(keys, proxy.endpoint());
        let probes = fault.clone();
        proxy.break_when(move |call| {
            (call.external_id.as_deref() != Some(READ_ID)).then(|| probes.clone())
        });
        let verified = aws
            .verify(&[trial(&role(arn), Access::Read)], Patience::Attach)
            .await;
        let Verification::Unknown { message } = &verified[0] else {
            panic!("{fault:?}: {verified:?}")
        };
        assert!(!message.contains(PHRASE), "{message}");

        proxy.break_all(fault.clone());
        let verified = aws
            .verify(&[trial(&role(arn), Access::Read)], Patience::Attach)
            .await;
        let message = verified[0].message().unwrap();
        assert!(!message.contains(PHRASE), "{fault:?}: {message}");
    });
    futures::future::join_all(each).await;
}

#[tokio::test]
async fn too_long_a_session_is_refused_without_the_words_that_make_clients_repeat() {
    let (ministack, server) = (Ministack::shared(), server("verify-duration").await);
    let proxy = StsProxy::start(&ministack.endpoint()).unwrap();
    proxy.break_all(Fault::Error {
        status: 400,
        code: "ValidationError",
        message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    });
    let aws = aws(&server.keys, proxy.endpoint());
    let role = role(&format!("arn:aws:iam::{ACCOUNT}:role/any"));
    let verified = aws
        .verify(&[trial(&role, Access::Write)], Patience::Update)
        .await;
    let Verification::Refused { message } = &verified[0] else {
        panic!("{verified:?}")
    };
    assert!(
        message.contains("3600") && !message.contains(PHRASE),
        "{message}"
    );
}
