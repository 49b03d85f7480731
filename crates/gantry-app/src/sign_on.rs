//! Single sign-on to the console by OpenID Connect: authorization code with PKCE. Which roles somebody
//! has is what the configuration says of the groups that the identity provider says somebody is in.
//!
//! What has to be remembered between the two halves of a login travels, sealed, in a cookie of the
//! browser that began it: a login that somebody else began can't be finished.

mod attempt;
mod id_token;
mod provider;
mod session;

use gantry_core::authz::group::GroupRoles;
use secrecy::{ExposeSecret as _, SecretString};

pub use session::{SignedOn, UserSession};

use crate::{App, OpError};
use attempt::Attempt;
use provider::Provider;

/// Where the identity provider sends the browser back to, below the public URL.
pub const CALLBACK: &str = "/session/sign-on/callback";

/// What the operator says of the identity provider.
#[derive(Clone, Debug)]
pub struct SignOnSettings {
    /// As in its discovery document, to the letter.
    pub issuer: String,
    pub client_id: String,
    /// Empty for a public client.
    pub client_secret: SecretString,
    pub scopes: Vec<String>,
    /// The claim of the ID token that lists groups.
    pub groups_claim: String,
    pub roles: GroupRoles,
    /// What the button says.
    pub name: String,
    pub network: gantry_tools::Network,
}

/// The configured identity provider, and what is known of it.
pub(crate) struct SignOn {
    pub(crate) settings: SignOnSettings,
    provider: Provider,
}

/// A login that has begun.
pub struct Begun {
    /// Where the browser goes.
    pub location: String,
    /// What it keeps until it comes back.
    pub attempt: SecretString,
}

/// How long somebody may take to log in at the provider, in seconds.
pub const ATTEMPT_SECONDS: i64 = 10 * 60;

impl SignOn {
    pub(crate) fn new(settings: SignOnSettings) -> Self {
        let provider = Provider::new(&settings);
        SignOn { settings, provider }
    }
}

impl App {
    /// What the button for single sign-on says; `None` when there is none.
    pub fn sign_on_name(&self) -> Option<&str> {
        self.sign_on.as_ref().map(|it| it.settings.name.as_str())
    }

    /// Begins a login. `return_to` is a path of the console.
    pub async fn sign_on_begin(&self, return_to: &str) -> Result<Begun, OpError> {
        let sign_on = self.configured()?;
        let endpoints = sign_on.provider.endpoints().await?;
        let attempt = Attempt::new(own_path(return_to), self.clock.now());
        let settings = &sign_on.settings;
        let parameters = [
            ("response_type", "code"),
            ("client_id", settings.client_id.as_str()),
            ("redirect_uri", &self.callback()),
            ("scope", &settings.scopes.join(" ")),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &attempt.challenge()),
            ("code_challenge_method", "S256"),
        ];
        let mut location = endpoints.authorization.clone();
        location.query_pairs_mut().extend_pairs(parameters);
        Ok(Begun {
            location: location.into(),
            attempt: attempt.seal(&self.keys)?,
        })
    }

    /// Ends a login: the code that the provider gave is exchanged for an ID token, which has to be
    /// for this login, from that provider, and good now.
    pub async fn sign_on_finish(
        &self,
        attempt: &SecretString,
        state: &str,
        code: &str,
    ) -> Result<SignedOn, OpError> {
        let sign_on = self.configured()?;
        let now = self.clock.now();
        let attempt = Attempt::open(&self.keys, &self.store, attempt.expose_secret()).await?;
        let attempt = attempt.filter(|attempt| attempt.is_good(now));
        let attempt = attempt
            .filter(|attempt| attempt.is_for(state))
            .ok_or_else(|| {
                OpError::Forbidden(
                    "this login was not begun in this browser, or too long ago; begin it again"
                        .into(),
                )
            })?;
        let token = sign_on
            .provider
            .exchange(code, &attempt.verifier, &self.callback())
            .await?;
        let keys = sign_on.provider.keys_for(&token, now).await?;
        let wanted = id_token::Wanted {
            issuer: &sign_on.settings.issuer,
            client_id: &sign_on.settings.client_id,
            nonce: &attempt.nonce,
            groups_claim: &sign_on.settings.groups_claim,
            now: now / 1000,
        };
        let identity = id_token::check(token.expose_secret(), &keys, &wanted)
            .map_err(|refused| OpError::Forbidden(refused.to_string()))?;
        self.sign_on_session(sign_on, identity, attempt.return_to)
            .await
    }

    fn configured(&self) -> Result<&SignOn, OpError> {
        self.sign_on.as_ref().ok_or_else(|| {
            OpError::invalid(
                "this installation has no single sign-on (`sign_on.issuer` in its configuration): use \
                 an API key",
            )
        })
    }

    fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.settings.public_url)
    }
}

/// A path of our own, or the first page: nobody is sent elsewhere by a link to the login.
fn own_path(wanted: &str) -> String {
    let own = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && wanted
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>'));
    match own && wanted.len() <= 2_000 {
        true => wanted.to_owned(),
        false => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests;
