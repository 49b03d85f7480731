use super::*;

fn key(byte: u8) -> Arc<Zeroizing<[u8; 32]>> {
    Arc::new(Zeroizing::new([byte; 32]))
}

#[test]
fn a_sealed_value_opens_in_its_place() {
    let sealed = seal_with(&cipher(&key(7)), "config_element|a|B", b"value");
    let opened = open_with(&cipher(&key(7)), "config_element|a|B", &sealed).unwrap();
    assert_eq!(opened.as_slice(), b"value");
}

#[test]
fn a_sealed_value_opens_nowhere_else() {
    let sealed = seal_with(&cipher(&key(7)), "config_element|a|B", b"value");
    assert!(open_with(&cipher(&key(7)), "config_element|b|B", &sealed).is_none());
    assert!(open_with(&cipher(&key(8)), "config_element|a|B", &sealed).is_none());
}

#[test]
fn every_changed_bit_is_noticed() {
    let sealed = seal_with(&cipher(&key(7)), "p", b"plan");
    for bit in 0..sealed.len() * 8 {
        let mut bytes = sealed.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            open_with(&cipher(&key(7)), "p", &bytes).is_none(),
            "bit {bit}"
        );
    }
}

#[test]
fn equal_values_seal_to_different_bytes() {
    let [one, other] = [(); 2].map(|()| seal_with(&cipher(&key(7)), "p", b"same"));
    assert_ne!(one, other);
}
