use gantry_testkit::release_server::Signer;
use pgp::types::KeyDetails as _;

use super::*;

#[test]
fn the_built_in_key_is_that_of_the_project() {
    let keys = Keys::built_in(Engine::Terraform).unwrap();
    let [key] = keys.0.as_slice() else {
        panic!("one key")
    };
    assert_eq!(
        key.primary_key.fingerprint().to_string(),
        "c874011f0ab405110d02105534365d9472d7468f"
    );
    let missing = Keys::built_in(Engine::OpenTofu).err().unwrap();
    assert!(missing.contains("worker.tools_keys"), "{missing}");
}

#[test]
fn a_key_and_its_subkey_for_signing_both_sign() {
    let signer = Signer::new().unwrap();
    let keys = Keys::parse(&signer.public_key().unwrap()).unwrap();
    let signature = signer.sign(b"the sums").unwrap();
    assert_eq!(keys.verify(b"the sums", &signature), Ok(()));
    let signature = signer.sign_with_subkey(b"the sums").unwrap();
    assert_eq!(keys.verify(b"the sums", &signature), Ok(()));
}

#[test]
fn nothing_else_is_a_signature() {
    let (signer, stranger) = (Signer::new().unwrap(), Signer::new().unwrap());
    let keys = Keys::parse(&signer.public_key().unwrap()).unwrap();
    let signature = signer.sign(b"the sums").unwrap();
    let refused = |content: &[u8], signature: &[u8]| keys.verify(content, signature).unwrap_err();
    assert_eq!(
        refused(b"other sums", &signature),
        "none of the trusted keys has signed them"
    );
    assert_eq!(
        refused(b"the sums", &stranger.sign(b"the sums").unwrap()),
        "none of the trusted keys has signed them"
    );
    for cut in [0, 1, signature.len() / 2, signature.len() - 1] {
        let said = refused(b"the sums", &signature[..cut]);
        assert!(said.starts_with("the signature can't be read"), "{said}");
    }
    for at in 0..signature.len() {
        let mut flipped = signature.clone();
        flipped[at] ^= 1;
        // Where it names its signer it is not signed itself, and decides nothing.
        let unsigned = at >= 6 + usize::from(signature[7]);
        assert!(
            unsigned || keys.verify(b"the sums", &flipped).is_err(),
            "byte {at}"
        );
    }
    let _ = keys.verify(b"the sums", b"<html>404</html>").unwrap_err();
}

#[test]
fn several_keys_may_stand_in_a_file() {
    let (one, other) = (Signer::new().unwrap(), Signer::new().unwrap());
    let text = format!(
        "The old one:\n{}\nand the new one:\n{}",
        one.public_key().unwrap(),
        other.public_key().unwrap()
    );
    let keys = Keys::parse(&text).unwrap();
    for signer in [one, other] {
        assert_eq!(keys.verify(b"x", &signer.sign(b"x").unwrap()), Ok(()));
    }
}

#[test]
fn a_file_without_keys_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.asc");
    let refused = || Keys::read(&path).err().unwrap().to_string();
    let said = refused();
    assert!(
        said.contains("keys.asc can't be used: No such file"),
        "{said}"
    );
    std::fs::write(&path, "ssh-ed25519 AAAA").unwrap();
    let said = refused();
    assert!(
        said.ends_with("there is no armored OpenPGP public key in it"),
        "{said}"
    );
    let whole = Signer::new().unwrap().public_key().unwrap();
    let broken: String = whole
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&path, broken).unwrap();
    let said = refused();
    assert!(said.contains("can't be used: "), "{said}");
}
