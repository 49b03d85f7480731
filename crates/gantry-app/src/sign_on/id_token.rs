//! Whether an ID token says who somebody is: to us, now, for this login, and signed by the provider.

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// Clocks may differ by so much, in seconds.
const LEEWAY: i64 = 60;
/// A token that is older than this was not made for the login that ends now.
const OLDEST: i64 = 15 * 60;
const LONGEST_SUBJECT: usize = 255;
const MOST_GROUPS: usize = 1_000;

/// Signatures that only the provider can make. With an HMAC its public key would do, and `none` needs
/// no key at all.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Who somebody is, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub subject: String,
    pub name: String,
    pub groups: Vec<String>,
}

pub(super) struct Wanted<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub groups_claim: &'a str,
    /// Unix seconds.
    pub now: i64,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Refused {
    #[error(
        "the identity provider's answer is not signed in a way that can be trusted; it has to be RS, PS, ES or EdDSA"
    )]
    Algorithm,
    #[error("the identity provider's answer is not signed by a key of the identity provider")]
    Signature,
    #[error("the identity provider's answer lacks something, or is malformed: {0}")]
    Malformed(&'static str),
    #[error("the answer was made by another identity provider than the configured one")]
    Issuer,
    #[error("the identity provider's answer is for another application")]
    Audience,
    #[error("the identity provider's answer has expired, or is from another time; begin again")]
    Time,
    #[error("the identity provider's answer is for another login; begin again")]
    Nonce,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

pub(super) fn check(token: &str, keys: &JwkSet, wanted: &Wanted<'_>) -> Result<Identity, Refused> {
    // A header that names no algorithm we know, `none` among them, is none.
    let header = decode_header(token).map_err(|_| Refused::Algorithm)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refused::Algorithm);
    }
    let mut rules = Validation::new(header.alg);
    // What follows is checked below, each with a sentence of its own.
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let fitting = keys.keys.iter().filter(|key| fits(key, &header));
    let signed = fitting
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .find_map(|key| decode::<Value>(token, &key, &rules).ok());
    let value = signed.ok_or(Refused::Signature)?.claims;
    let claims: Claims =
        serde_json::from_value(value).map_err(|_| Refused::Malformed("iss, sub, aud, exp, iat"))?;
    if claims.iss != wanted.issuer {
        return Err(Refused::Issuer);
    }
    let audience = match &claims.aud {
        Audience::One(one) => std::slice::from_ref(one),
        Audience::Several(several) => several,
    };
    let for_us = audience.iter().any(|one| one == wanted.client_id);
    let party = claims.azp.as_deref();
    if !for_us
        || party.is_some_and(|party| party != wanted.client_id)
        || (audience.len() > 1 && party.is_none())
    {
        return Err(Refused::Audience);
    }
    let now = wanted.now;
    if claims.exp <= now - LEEWAY
        || claims.iat > now + LEEWAY
        || claims.iat < now - OLDEST
        || claims.nbf.is_some_and(|begins| begins > now + LEEWAY)
    {
        return Err(Refused::Time);
    }
    if claims.nonce.as_deref() != Some(wanted.nonce) {
        return Err(Refused::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > LONGEST_SUBJECT {
        return Err(Refused::Malformed("sub"));
    }
    Ok(Identity {
        name: name(&claims),
        groups: groups(&claims, wanted.groups_claim)?,
        subject: claims.sub,
    })
}

/// Whether a key may have made this signature.
fn fits(key: &Jwk, header: &jsonwebtoken::Header) -> bool {
    let common = &key.common;
    let named = header.kid.is_none() || common.key_id.is_none() || common.key_id == header.kid;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|all| all.contains(&KeyOperations::Verify));
    let algorithm = common
        .key_algorithm
        .is_none_or(|algorithm| algorithm.to_string() == format!("{:?}", header.alg));
    named && signs && algorithm
}

/// What somebody is called in the audit trail: an address says more than a name there.
fn name(claims: &Claims) -> String {
    ["email", "preferred_username", "name"]
        .iter()
        .filter_map(|claim| claims.others.get(*claim)?.as_str())
        .find(|text| !text.trim().is_empty())
        .unwrap_or(&claims.sub)
        .chars()
        .filter(|character| !character.is_control())
        .take(LONGEST_SUBJECT)
        .collect()
}

fn groups(claims: &Claims, claim: &str) -> Result<Vec<String>, Refused> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match claims.others.get(claim) {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) if several.len() <= MOST_GROUPS => {
            let groups: Option<Vec<String>> = several.iter().map(text).collect();
            groups.ok_or(Refused::Malformed("the groups"))
        }
        Some(_) => Err(Refused::Malformed("the groups")),
    }
}
