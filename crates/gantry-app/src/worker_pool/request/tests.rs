use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::PublicKeyData as _;

use super::*;

const RSA: &str = include_str!("rsa-4096.csr");
const P256: &str = include_str!("p256.csr");
const P384: &str = include_str!("p384.csr");
const P521: &str = include_str!("p521.csr");
const ED25519: &str = include_str!("ed25519.csr");
const WEAK: &str = include_str!("rsa-1024.csr");

fn why_not(text: &str) -> String {
    match key_of_request(text) {
        Ok(_) => panic!("it was taken: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn requests_with_usual_keys_are_taken() {
    for request in [RSA, P256, P384] {
        let key = key_of_request(&STANDARD.encode(request)).unwrap();
        assert!(request.contains("CERTIFICATE REQUEST"));
        assert!(!key.der_bytes().is_empty());
    }
}

#[test]
fn base64_may_be_wrapped() {
    let encoded = STANDARD.encode(P256);
    let (first, second) = encoded.split_at(76);
    key_of_request(&format!("{first}\n{second}\n")).unwrap();
}

#[test]
fn whatever_else_is_refused_with_its_reason() {
    let mut der = pem(P256);
    // A letter of the subject.
    let place = der.windows(8).position(|w| w == b"Somebody").unwrap();
    der[place] = b'X';
    let changed = as_pem("CERTIFICATE REQUEST", &der);
    let other = as_pem("PRIVATE KEY", &pem(P256));
    let garbage = as_pem("CERTIFICATE REQUEST", b"garbage");
    let mut longer = pem(P256);
    longer.push(0);
    let longer = as_pem("CERTIFICATE REQUEST", &longer);
    for (text, reason) in [
        (String::new(), "something else than a PEM"),
        ("?".into(), "not base64"),
        (RSA.to_owned(), "PEM itself"),
        (STANDARD.encode("hello"), "something else than a PEM"),
        (STANDARD.encode(other), "`PRIVATE KEY`"),
        (
            STANDARD.encode(garbage),
            "not a certificate signing request",
        ),
        (STANDARD.encode(longer), "behind the request"),
        (STANDARD.encode(changed), "signature"),
        (STANDARD.encode(WEAK), "2048"),
        (STANDARD.encode(P521), "P-384"),
        (STANDARD.encode(ED25519), "P-384"),
        ("A".repeat(LONGEST + 1), "are allowed"),
    ] {
        let said = why_not(&text);
        assert!(said.starts_with("certificateSigningRequest: "), "{said}");
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

fn pem(text: &str) -> Vec<u8> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(text.as_bytes()).unwrap();
    pem.contents
}

fn as_pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
