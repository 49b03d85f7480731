use super::*;

#[test]
fn a_session_is_trusted_through_its_account() {
    for (arn, principal) in [
        (
            "arn:aws:iam::111122223333:user/gantry",
            "arn:aws:iam::111122223333:user/gantry",
        ),
        (
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:root",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/r/i-0123",
            "arn:aws:iam::111122223333:root",
        ),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/r/a:b",
            "arn:aws-cn:iam::111122223333:root",
        ),
        (
            "arn:aws:sts::111122223333:federated-user/f",
            "arn:aws:iam::111122223333:root",
        ),
    ] {
        assert_eq!(principal_of(arn), principal);
    }
}
