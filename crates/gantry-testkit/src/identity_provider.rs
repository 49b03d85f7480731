//! An OpenID Connect provider for logins: strict about what a client sends, and as wrong in its answers as
//! a test wants it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::aws_request::decode_form;

pub const CLIENT_ID: &str = "gantry";
pub const CLIENT_SECRET: &str = "a client's secret";
const KEY_ID: &str = "the-key";

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    Right,
    /// By nobody: `alg` is `none`.
    Missing,
    /// By a key that is not the provider's.
    Stranger,
    /// With the client's secret, as if that were a key.
    Hmac,
}

struct State {
    issuer: String,
    signature: Signature,
    logins: HashMap<String, Login>,
}

/// What the token endpoint knows of a code that was given.
#[derive(Clone)]
struct Login {
    nonce: String,
    challenge: String,
    redirect_uri: String,
    claims: Map<String, Value>,
}

/// What a browser brings back.
#[derive(Clone, Debug)]
pub struct Callback {
    pub code: String,
    pub state: String,
}

/// Ends with its value.
pub struct IdentityProvider {
    address: String,
    key: Arc<KeyPair>,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl IdentityProvider {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State {
            issuer: address.clone(),
            signature: Signature::Right,
            logins: HashMap::new(),
        }));
        let key = Arc::new(KeyPair::generate()?);
        let serving = tokio::spawn({
            let (address, key, state) = (address.clone(), key.clone(), state.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (address, key, state) = (address.clone(), key.clone(), state.clone());
                    let service = service_fn(move |request| {
                        let (address, key, state) = (address.clone(), key.clone(), state.clone());
                        async move { Ok::<_, Infallible>(answer(request, &address, &key, &state).await) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
                }
            }
        });
        Ok(IdentityProvider {
            address,
            key,
            state,
            serving,
        })
    }

    /// As clients have to be told it.
    pub fn issuer(&self) -> &str {
        &self.address
    }

    /// What it calls itself in what it signs from now on.
    pub fn call_itself(&self, issuer: &str) {
        self.state().issuer = issuer.to_owned();
    }

    pub fn sign(&self, signature: Signature) {
        self.state().signature = signature;
    }

    /// Plays the browser and the person: follows a login to where the provider sends them back.
    /// `claims` stand in the ID token, over those that would.
    pub fn log_in(&self, location: &str, claims: Value) -> Result<Callback> {
        let (endpoint, query) = location.split_once('?').context("no query")?;
        ensure!(
            endpoint == format!("{}/authorize", self.address),
            "{endpoint}"
        );
        let sent: HashMap<String, String> = decode_form(query).into_iter().collect();
        let of = |name: &str| sent.get(name).cloned().unwrap_or_default();
        for (name, expected) in [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("code_challenge_method", "S256"),
        ] {
            ensure!(of(name) == expected, "{name} is {:?}", of(name));
        }
        ensure!(
            of("scope").split(' ').any(|scope| scope == "openid"),
            "{sent:?}"
        );
        for name in ["state", "nonce", "code_challenge"] {
            ensure!(of(name).len() >= 32, "{name} is {:?}", of(name));
        }
        let code = format!("code-{:016x}", rand::random::<u64>());
        let login = Login {
            nonce: of("nonce"),
            challenge: of("code_challenge"),
            redirect_uri: of("redirect_uri"),
            claims: claims.as_object().cloned().unwrap_or_default(),
        };
        self.state().logins.insert(code.clone(), login);
        Ok(Callback {
            code,
            state: of("state"),
        })
    }

    /// Its public key, for what a test signs itself.
    pub fn public_key(&self) -> Vec<u8> {
        self.key.public_key_raw().to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    address: &str,
    key: &KeyPair,
    state: &Mutex<State>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let (status, value) = match head.uri.path() {
        "/.well-known/openid-configuration" => (
            200,
            json!({
                "issuer": address,
                "authorization_endpoint": format!("{address}/authorize"),
                "token_endpoint": format!("{address}/token"),
                "jwks_uri": format!("{address}/keys"),
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
        ),
        "/keys" => (200, json!({"keys": [public(key)]})),
        "/token" => {
            let body = body.collect().await.map(|body| body.to_bytes());
            let form = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
            let authorization = head.headers.get("authorization");
            let authorization = authorization.and_then(|value| value.to_str().ok());
            match token(&form, authorization, key, state) {
                Ok(token) => (200, json!({"id_token": token, "token_type": "Bearer"})),
                Err(error) => (400, json!({"error": error})),
            }
        }
        _ => (404, json!({"error": "no such thing"})),
    };
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    response
        .body(Full::new(Bytes::from(value.to_string())))
        .expect("it is well formed")
}

/// The error is one of OAuth.
fn token(
    form: &str,
    authorization: Option<&str>,
    key: &KeyPair,
    state: &Mutex<State>,
) -> Result<String, &'static str> {
    let sent: HashMap<String, String> = decode_form(form).into_iter().collect();
    let of = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    let pair = format!(
        "{CLIENT_ID}:{}",
        CLIENT_SECRET.replace(' ', "+").replace('\'', "%27")
    );
    let basic = format!("Basic {}", STANDARD.encode(pair));
    if authorization != Some(basic.as_str()) {
        return Err("invalid_client");
    }
    if of("grant_type") != "authorization_code" {
        return Err("unsupported_grant_type");
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    // A code is good once.
    let login = state.logins.remove(of("code")).ok_or("invalid_grant")?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
    if challenge != login.challenge || of("redirect_uri") != login.redirect_uri {
        return Err("invalid_grant");
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = now.as_secs();
    let mut claims = json!({
        "iss": state.issuer, "sub": "somebody", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
        "nonce": login.nonce,
    });
    for (name, value) in login.claims {
        claims[name] = value;
    }
    Ok(signed(&claims, state.signature, key))
}

fn signed(claims: &Value, signature: Signature, key: &KeyPair) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(KEY_ID.into());
    let by = |key: &KeyPair| {
        let key = EncodingKey::from_ec_der(&key.serialize_der());
        jsonwebtoken::encode(&header, claims, &key).expect("it is signed")
    };
    match signature {
        Signature::Right => by(key),
        Signature::Stranger => by(&KeyPair::generate().expect("a key")),
        Signature::Hmac => {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(KEY_ID.into());
            let key = EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
            jsonwebtoken::encode(&header, claims, &key).expect("it is signed")
        }
        Signature::Missing => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let header = json!({"alg": "none", "kid": KEY_ID});
            format!("{}.{}.", part(&header), part(claims))
        }
    }
}

/// As a JSON web key: the point in its uncompressed form is 4, x and y.
fn public(key: &KeyPair) -> Value {
    let point = key.public_key_raw();
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65]),
    })
}
