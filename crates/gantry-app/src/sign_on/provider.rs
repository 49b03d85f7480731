//! The identity provider over HTTP: what it says about itself, its keys, and codes for tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::decode_header;
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SignOnSettings;
use crate::OpError;

const WITHIN: Duration = Duration::from_secs(10);
const LONGEST: usize = 1 << 20;
/// How long keys are believed without a look, milliseconds.
const KEYS_FRESH: i64 = 60 * 60 * 1000;
/// A token with a key that nobody knows lets us look again, but not more often than this.
const KEYS_ANEW: i64 = 60 * 1000;

pub(super) struct Provider {
    issuer: String,
    client_id: String,
    client_secret: SecretString,
    network: gantry_tools::Network,
    client: std::sync::OnceLock<Result<Client, String>>,
    endpoints: Mutex<Option<Arc<Endpoints>>>,
    keys: Mutex<Option<(i64, Arc<JwkSet>)>>,
}

#[derive(Clone)]
pub(super) struct Endpoints {
    pub authorization: Url,
    token: Url,
    keys: Url,
    /// Whether the secret goes into the form; otherwise into the header.
    secret_in_form: bool,
}

/// What is read of the discovery document.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: Option<String>,
}

/// What a provider answers instead.
#[derive(Deserialize)]
struct Error {
    error: String,
}

impl Provider {
    pub(super) fn new(settings: &SignOnSettings) -> Self {
        Provider {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            network: settings.network.clone(),
            client: std::sync::OnceLock::new(),
            endpoints: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// Asked for once; an installation that is pointed at another provider starts anew.
    pub(super) async fn endpoints(&self) -> Result<Arc<Endpoints>, OpError> {
        if let Some(known) = lock(&self.endpoints).clone() {
            return Ok(known);
        }
        let issuer = self.issuer.trim_end_matches('/');
        let url = address(&format!("{issuer}/.well-known/openid-configuration"))?;
        let found: Discovered = self.ask(self.client()?.get(url)).await?;
        if found.issuer != self.issuer {
            return Err(unavailable(format!(
                "it calls itself {:?}; write that as `sign_on.issuer`, to the letter",
                found.issuer
            )));
        }
        let methods = found.token_endpoint_auth_methods_supported;
        let endpoints = Arc::new(Endpoints {
            authorization: address(&found.authorization_endpoint)?,
            token: address(&found.token_endpoint)?,
            keys: address(&found.jwks_uri)?,
            // A provider that says nothing takes the header.
            secret_in_form: methods.is_some_and(|methods| {
                !methods.iter().any(|method| method == "client_secret_basic")
            }),
        });
        *lock(&self.endpoints) = Some(endpoints.clone());
        Ok(endpoints)
    }

    /// A code for an ID token. A code is good once; what the provider says of a second time is a
    /// refusal.
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        callback: &str,
    ) -> Result<SecretString, OpError> {
        let endpoints = self.endpoints().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
            ("client_id", self.client_id.as_str()),
        ];
        let secret = self.client_secret.expose_secret();
        let mut request = self.client()?.post(endpoints.token.clone());
        if !secret.is_empty() && endpoints.secret_in_form {
            form.push(("client_secret", secret));
        } else if !secret.is_empty() {
            request = request.basic_auth(form_encoded(&self.client_id), Some(form_encoded(secret)));
        }
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form_of(&form));
        let exchanged: Exchanged = self.ask(request).await?;
        let token = exchanged.id_token.map(SecretString::from);
        token.ok_or_else(|| {
            unavailable("it gave no ID token; does `sign_on.scopes` name `openid`?".into())
        })
    }

    /// The provider's keys, among which the one is that the token names.
    pub(super) async fn keys_for(
        &self,
        token: &SecretString,
        now: i64,
    ) -> Result<Arc<JwkSet>, OpError> {
        let named = decode_header(token.expose_secret()).ok();
        let named = named.and_then(|header| header.kid);
        let known = lock(&self.keys).clone();
        if let Some((at, keys)) = known {
            let has = named.as_ref().is_none_or(|kid| keys.find(kid).is_some());
            let age = now - at;
            if (has && (0..KEYS_FRESH).contains(&age)) || (0..KEYS_ANEW).contains(&age) {
                return Ok(keys);
            }
        }
        let endpoints = self.endpoints().await?;
        let keys: JwkSet = self.ask(self.client()?.get(endpoints.keys.clone())).await?;
        let keys = Arc::new(keys);
        *lock(&self.keys) = Some((now, keys.clone()));
        Ok(keys)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, OpError> {
        let sent = request.header("accept", "application/json").send().await;
        let mut response = sent.map_err(|error| unavailable(reason(error)))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unavailable(reason(error)))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(unavailable(format!("it says more than {LONGEST} bytes")));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| {
                unavailable("it answers with something else than was asked for".into())
            });
        }
        match serde_json::from_slice::<Error>(&body) {
            Ok(Error { error }) if error == "invalid_grant" => Err(OpError::Forbidden(
                "the identity provider does not take this login's code (any more); begin again"
                    .into(),
            )),
            Ok(Error { error }) => {
                let error: String = error
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(64)
                    .collect();
                Err(unavailable(format!("it says `{error}`")))
            }
            Err(_) => Err(unavailable(format!("it answers with {status}"))),
        }
    }

    fn client(&self) -> Result<&Client, OpError> {
        let made = self.client.get_or_init(|| {
            let builder = self.network.builder().map_err(|error| error.to_string())?;
            let builder = builder
                .connect_timeout(WITHIN)
                .timeout(WITHIN)
                // Nobody who is sent on to gets a code or a secret.
                .redirect(Policy::none());
            builder.build().map_err(reason)
        });
        made.as_ref().map_err(|error| unavailable(error.clone()))
    }
}

fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address with TLS, or on this very machine.
fn address(text: &str) -> Result<Url, OpError> {
    let url = Url::parse(text).ok();
    let good = url.filter(|url| {
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.scheme() == "https" || (url.scheme() == "http" && here)
    });
    good.ok_or_else(|| {
        unavailable(format!(
            "{} is no https address",
            gantry_core::quoted::Quoted(text)
        ))
    })
}

fn form_of(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("form:").expect("a literal");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// As the header of OAuth wants its two parts.
fn form_encoded(text: &str) -> String {
    let whole = form_of(&[("", text)]);
    whole.trim_start_matches('=').to_owned()
}

fn unavailable(what: String) -> OpError {
    OpError::Unavailable(format!("the identity provider is of no use now: {what}"))
}

/// The innermost of an error says what happened; never the address, in which a secret may stand.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
