//! A certificate signing request, as somebody sends it with a pool: PEM in base64. Only the public key
//! counts; the certificate's subject and everything else is ours to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::SubjectPublicKeyInfo;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use crate::OpError;

const FIELD: &str = "certificateSigningRequest";

/// Base64 and PEM included; a request with an RSA key of 16384 bits has some 10,000 bytes.
const LONGEST: usize = 64 * 1024;

const SMALLEST_RSA: usize = 2048;
const LARGEST_RSA: usize = 8192;

/// The public key of a request whose sender has the private one.
pub(crate) fn key_of_request(text: &str) -> Result<SubjectPublicKeyInfo, OpError> {
    if text.len() > LONGEST {
        return Err(refused(format!(
            "it has {} bytes, and {LONGEST} are allowed",
            text.len()
        )));
    }
    let plain: String = text.split_ascii_whitespace().collect();
    if plain.starts_with("-----BEGIN") {
        return Err(refused(
            "it is PEM itself: encode it in base64 once more (in Terraform: `filebase64`)",
        ));
    }
    let pem = STANDARD
        .decode(&plain)
        .map_err(|_| refused("it is not base64: send the PEM file of the request in base64"))?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem)
        .map_err(|_| refused("it is base64 of something else than a PEM file"))?;
    if !matches!(
        pem.label.as_str(),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST"
    ) {
        return Err(refused(format!(
            "the PEM file holds {} instead of a request: keep private keys where the workers are, \
             and send what `openssl req -new` makes",
            gantry_core::quoted::Quoted(&pem.label)
        )));
    }
    let (rest, request) = X509CertificationRequest::from_der(&pem.contents)
        .map_err(|_| refused("what the PEM file holds is not a certificate signing request"))?;
    if !rest.is_empty() {
        return Err(refused("there is something behind the request"));
    }
    request.verify_signature().map_err(|error| match error {
        x509_parser::error::X509Error::SignatureUnsupportedAlgorithm => refused(
            "it is signed in a way that is not supported: use an RSA key of 2048 to 8192 bits, or an \
             EC key on P-256 or P-384, with SHA-256 or SHA-384",
        ),
        _ => refused(
            "its signature is not that of its own key: it was changed, or the key is below 2048 bits",
        ),
    })?;
    let key = &request.certification_request_info.subject_pki;
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) if (SMALLEST_RSA..=LARGEST_RSA).contains(&rsa.key_size()) => {}
        Ok(PublicKey::RSA(rsa)) => {
            return Err(refused(format!(
                "its RSA key has {} bits: {SMALLEST_RSA} to {LARGEST_RSA} are allowed, and 4096 are \
                 usual",
                rsa.key_size()
            )));
        }
        Ok(PublicKey::EC(_)) => {}
        _ => {
            return Err(refused(
                "its key is of a kind that is not supported: use RSA, or EC on P-256 or P-384",
            ));
        }
    }
    SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| {
        refused("its key is of a kind that is not supported: use RSA, or EC on P-256 or P-384")
    })
}

fn refused(why: impl std::fmt::Display) -> OpError {
    OpError::invalid(format!("{FIELD}: {why}"))
}

#[cfg(test)]
mod tests;
