use super::*;

fn keyring() -> Keyring {
    Keyring {
        newest: "k".into(),
        keys: HashMap::from([("k".to_owned(), Zeroizing::new([7; 32]))]),
    }
}

#[test]
fn a_sealed_value_opens_in_its_place() {
    let keys = keyring();
    let sealed = keys.seal("config_element|a|B", b"value");
    let opened = keys
        .open_sealed("config_element|a|B", &sealed.key_id, &sealed.bytes)
        .unwrap();
    assert_eq!(opened.as_slice(), b"value");
}

#[test]
fn a_sealed_value_opens_nowhere_else() {
    let keys = keyring();
    let sealed = keys.seal("config_element|a|B", b"value");
    assert!(
        keys.open_sealed("config_element|b|B", &sealed.key_id, &sealed.bytes)
            .is_err()
    );
    assert!(
        keys.open_sealed("config_element|a|B", "other", &sealed.bytes)
            .is_err()
    );
}

#[test]
fn every_changed_bit_is_noticed() {
    let keys = keyring();
    let sealed = keys.seal("p", b"plan");
    for bit in 0..sealed.bytes.len() * 8 {
        let mut bytes = sealed.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            keys.open_sealed("p", &sealed.key_id, &bytes).is_err(),
            "bit {bit}"
        );
    }
}

#[test]
fn equal_values_seal_to_different_bytes() {
    let keys = keyring();
    assert_ne!(keys.seal("p", b"same").bytes, keys.seal("p", b"same").bytes);
}

#[test]
fn the_master_key_file_is_private_and_comes_back_the_same() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let made = MasterKey::load(&path, true).unwrap();
    let read = MasterKey::load(&path, false).unwrap();
    assert_eq!(*made.derive("x"), *read.derive("x"));
    assert_ne!(*made.derive("x"), *made.derive("y"));
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_lost_master_key_is_not_replaced_silently() {
    let dir = tempfile::tempdir().unwrap();
    let error = MasterKey::load(&dir.path().join("master.key"), false)
        .err()
        .unwrap();
    assert!(error.contains("is missing"), "{error}");
}
