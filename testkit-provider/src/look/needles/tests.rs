use super::*;

const CANARY: &str = "CANARY-ssh-key-abcdef0123456789";

fn found(bytes: &[u8]) -> Vec<(String, &'static str)> {
    let secret = crate::report::wrap_bytes(b"the master key");
    Needles::new(&[secret]).unwrap().find(bytes)
}

#[test]
fn a_canary_is_found_in_every_form() {
    for form in Form::ALL {
        let mut bytes = b"\x01\x02before ".to_vec();
        match form {
            Form::Base64 { before } => {
                let whole = format!("{}{CANARY}. more", &"xy"[..before]);
                bytes.extend(STANDARD_NO_PAD.encode(whole).into_bytes());
            }
            form => bytes.extend(form.of(CANARY.as_bytes())),
        }
        bytes.extend(b"\x00 after it");
        assert_eq!(found(&bytes), [(CANARY.to_owned(), form.name())]);
    }
}

#[test]
fn a_secret_is_found_and_the_prefix_alone_is_nothing() {
    assert_eq!(
        found(b"is the master key."),
        [("needle 0".to_owned(), "raw")]
    );
    assert_eq!(found(b"CANARY-, CANARY-x-, CANARY-x-12345, CANARY-"), []);
}
