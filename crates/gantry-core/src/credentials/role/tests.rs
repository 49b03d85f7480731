use super::super::duration::{InvalidDuration, SessionDuration};
use super::*;

#[test]
fn an_arn_is_any_text_without_spaces_and_control_characters() {
    for text in [
        "arn:aws:iam::111122223333:role/x",
        "nonsense",
        "arn:aws:iam::1:role/päth/*",
    ] {
        assert_eq!(RoleArn::parse(text).unwrap().as_str(), text);
    }
    assert_eq!(RoleArn::parse(""), Err(InvalidRoleArn::Empty));
    for text in [
        " ",
        "a b",
        "arn:aws\n",
        "\tarn",
        "a\u{a0}b",
        "a\u{0}",
        "a\u{7f}",
    ] {
        assert!(
            matches!(RoleArn::parse(text), Err(InvalidRoleArn::Character { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn the_partition_is_the_second_field_of_an_arn() {
    let partition = |text| RoleArn::parse(text).unwrap().partition().map(str::to_owned);
    assert_eq!(
        partition("arn:aws-cn:iam::1:role/x").as_deref(),
        Some("aws-cn")
    );
    assert_eq!(partition("arn::iam"), None);
    assert_eq!(partition("role/x"), None);
    assert_eq!(partition("arn"), None);
}

/// A region becomes part of a host name that signed requests are sent to.
#[test]
fn a_region_can_name_no_other_host() {
    for text in ["eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-7"] {
        assert_eq!(Region::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "eu",
        "eu-west-1.evil.test",
        "EU-WEST-1",
        "eu west",
        "a/b",
        "1-eu",
        "eu-",
        "é-1",
    ] {
        assert!(Region::parse(text).is_err(), "{text:?}");
    }
    assert!(Region::parse(&"a".repeat(33)).is_err());
}

#[test]
fn durations_stay_within_the_limits_of_sts() {
    for seconds in [900, 3_600, 43_200] {
        assert_eq!(
            i64::from(SessionDuration::new(seconds).unwrap().seconds()),
            seconds
        );
    }
    for seconds in [i64::MIN, -900, 0, 899, 43_201, i64::MAX] {
        assert_eq!(
            SessionDuration::new(seconds),
            Err(InvalidDuration { seconds })
        );
    }
    assert_eq!(SessionDuration::default().seconds(), 900);
    let sentence = SessionDuration::new(899).unwrap_err().to_string();
    assert!(
        sentence.contains("899") && sentence.contains("43200"),
        "{sentence}"
    );
}
