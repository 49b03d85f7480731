//! From a secret to a subject: the key exchange, and the bearer token of each request.

use gantry_core::api_key::{ApiKey, SpaceAccess};
use gantry_core::authz::{Given, Role};
use gantry_core::ids::{ApiKeyId, RunId, SpaceId, StackId};
use gantry_core::run::Phase;
use gantry_core::space::ROOT;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use gantry_store::{api_key, space};

use crate::{App, OpError, Subject, Who};

/// How long a token lives. The provider never renews it, so it bounds the longest apply that a
/// client waits for (contract §2.1).
const TOKEN_SECONDS: i64 = 3 * 60 * 60;

/// Issuers: clients take `spacelift` for "inside a run" (contract §2.2).
const ISSUER_API_KEY: &str = "api-key";
const ISSUER_RUN: &str = "spacelift";

/// Issuers that make nobody a subject: of what is good for a state, and for a link.
const ISSUER_STATE: &str = "state";
const ISSUER_LINK: &str = "link";

/// The last use of a key is noted at most this often.
const LAST_USED_STEP_MS: i64 = 60_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    /// Of a run token: the phase it was made for, and the fence of the lease; it dies with both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    space: Option<SpaceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fence: Option<i64>,
    /// Of a link: what it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<LinkPurpose>,
}

/// What a signed link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinkPurpose {
    StateUpload,
    StateDownload,
}

/// What a state token says about itself.
pub(crate) struct StateClaim {
    /// Stack and run.
    pub sub: String,
    pub phase: Phase,
    pub version: i64,
    pub fence: i64,
}

/// A token, and until when it is good.
pub struct Token {
    pub jwt: SecretString,
    /// Unix seconds.
    pub valid_until: i64,
    pub subject: Subject,
}

impl App {
    /// Exchanges an API key for a token. Whatever is wrong with the pair, the answer is the same.
    pub async fn exchange_api_key(
        &self,
        id: &ApiKeyId,
        secret: &SecretString,
    ) -> Result<Token, OpError> {
        let key = self.key_of_pair(id, secret).await?;
        let issued = self.clock.now() / 1000;
        let claims = Claims {
            iss: ISSUER_API_KEY.into(),
            sub: id.as_str().into(),
            aud: self.settings.public_url.clone(),
            iat: issued,
            exp: key.expires_at.map_or(issued + TOKEN_SECONDS, |end| {
                (issued + TOKEN_SECONDS).min(end / 1000)
            }),
            phase: None,
            space: None,
            version: None,
            fence: None,
            purpose: None,
        };
        Ok(Token {
            jwt: self.sign(&claims)?,
            valid_until: claims.exp,
            subject: self.subject_of_key(&key).await?,
        })
    }

    /// The key of an ID and a secret, good now; notes its use.
    pub(crate) async fn key_of_pair(
        &self,
        id: &ApiKeyId,
        secret: &SecretString,
    ) -> Result<ApiKey, OpError> {
        let stored = api_key::secret_hash(self.store.reader(), id).await?;
        let given = hash_secret(secret);
        let fits = stored.is_some_and(|stored| bool::from(stored.as_slice().ct_eq(&given)));
        let key = if fits {
            api_key::find(self.store.reader(), id).await?
        } else {
            None
        };
        let now = self.clock.now();
        let Some(key) = key.filter(|key| key.is_good(now)) else {
            return Err(OpError::Forbidden(format!(
                "the API key `{id}` does not exist, was revoked, has expired, or its secret is \
                 another one"
            )));
        };
        if key
            .last_used_at
            .is_none_or(|last| now - last >= LAST_USED_STEP_MS)
        {
            let tx = self.store.begin().await?;
            api_key::touch(&tx, id, now).await?;
            tx.commit().await?;
        }
        Ok(key)
    }

    /// The subject of a bearer token; `None` when it is forged, expired, for somebody else, or its
    /// key was revoked. Looked up at each request: revoking takes effect at once, and so does a
    /// change of the key's roles or of the tree.
    pub async fn subject_of_token(&self, jwt: &str) -> Result<Option<Subject>, OpError> {
        let Some(claims) = self.check(jwt) else {
            return Ok(None);
        };
        match claims.iss.as_str() {
            ISSUER_API_KEY => {
                let id = ApiKeyId::new(claims.sub);
                let key = api_key::find(self.store.reader(), &id).await?;
                match key.filter(|key| key.is_good(self.clock.now())) {
                    Some(key) => Ok(Some(self.subject_of_key(&key).await?)),
                    None => Ok(None),
                }
            }
            ISSUER_RUN => match (claims.phase, claims.version) {
                (Some(phase), Some(version)) => {
                    self.subject_of_run(&claims.sub, phase, version).await
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    pub(crate) async fn subject_of_key(&self, key: &ApiKey) -> Result<Subject, OpError> {
        // Whoever administers `root` administers the account.
        let root = |given: &SpaceAccess| given.space.as_str() == ROOT && given.role == Role::Admin;
        let who = Who::ApiKey {
            id: key.id.clone(),
            admin: key.admin || key.access.iter().any(root),
        };
        let everywhere = matches!(who, Who::ApiKey { admin: true, .. });
        let subject = Subject::new(who, &key.name);
        if everywhere || key.access.is_empty() {
            return Ok(subject);
        }
        let given: Vec<Given> = key
            .access
            .iter()
            .map(|access| Given {
                space: access.space.clone(),
                role: access.role,
                below: true,
            })
            .collect();
        self.in_tree(subject, &given).await
    }

    /// The subject with these roles, in the tree as it is now.
    pub(crate) async fn in_tree(
        &self,
        subject: Subject,
        given: &[Given],
    ) -> Result<Subject, OpError> {
        let spaces = space::list(self.store.reader()).await?;
        Ok(subject.with_roles(&spaces, given))
    }

    fn sign(&self, claims: &Claims) -> Result<SecretString, OpError> {
        let key = EncodingKey::from_secret(&*self.signing);
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
            .map(SecretString::from)
            .map_err(|error| OpError::internal("sign a token", error))
    }

    fn check(&self, jwt: &str) -> Option<Claims> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[&self.settings.public_url]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        rules.validate_exp = false;
        let key = DecodingKey::from_secret(&*self.signing);
        let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &rules)
            .ok()?
            .claims;
        // Our own clock decides, not the library's.
        (claims.exp > self.clock.now() / 1000).then_some(claims)
    }
}

/// 256 random bits as text, for a secret that only two processes share.
pub fn random_token() -> String {
    hex::encode(crate::keyring::random::<32>())
}

pub(crate) fn hash_secret(secret: &SecretString) -> Vec<u8> {
    Sha256::digest(secret.expose_secret().as_bytes()).to_vec()
}

/// What a run token says about itself.
pub struct RunTokenFor<'a> {
    pub run: &'a RunId,
    pub stack: &'a StackId,
    pub space: &'a SpaceId,
    pub phase: Phase,
    /// The run's version when the phase began: another version, another phase, a dead token.
    pub version: i64,
    /// Seconds.
    pub lifetime: i64,
}

impl App {
    /// The token that a phase's child may use, dead with its phase.
    pub fn run_token(&self, token: &RunTokenFor<'_>) -> Result<SecretString, OpError> {
        let issued = self.clock.now() / 1000;
        self.sign(&Claims {
            iss: ISSUER_RUN.into(),
            sub: format!("{}/{}", token.stack, token.run),
            aud: self.settings.public_url.clone(),
            iat: issued,
            exp: issued + token.lifetime,
            phase: Some(token.phase),
            space: Some(token.space.clone()),
            version: Some(token.version),
            fence: None,
            purpose: None,
        })
    }

    /// The token by which the same child reaches its stack's state: dead with the phase, and with the
    /// lease under which it began.
    pub(crate) fn state_token(
        &self,
        token: &RunTokenFor<'_>,
        fence: i64,
    ) -> Result<SecretString, OpError> {
        let issued = self.clock.now() / 1000;
        self.sign(&Claims {
            iss: ISSUER_STATE.into(),
            sub: format!("{}/{}", token.stack, token.run),
            aud: self.settings.public_url.clone(),
            iat: issued,
            exp: issued + token.lifetime,
            phase: Some(token.phase),
            space: None,
            version: Some(token.version),
            fence: Some(fence),
            purpose: None,
        })
    }

    pub(crate) fn check_state_token(&self, jwt: &str) -> Option<StateClaim> {
        let claims = self
            .check(jwt)
            .filter(|claims| claims.iss == ISSUER_STATE)?;
        Some(StateClaim {
            sub: claims.sub,
            phase: claims.phase?,
            version: claims.version?,
            fence: claims.fence?,
        })
    }

    /// Signs a link for one purpose and one thing.
    pub(crate) fn link_token(
        &self,
        purpose: LinkPurpose,
        of: &str,
        lifetime: i64,
    ) -> Result<String, OpError> {
        let issued = self.clock.now() / 1000;
        let token = self.sign(&Claims {
            iss: ISSUER_LINK.into(),
            sub: of.into(),
            aud: self.settings.public_url.clone(),
            iat: issued,
            exp: issued + lifetime,
            phase: None,
            space: None,
            version: None,
            fence: None,
            purpose: Some(purpose),
        })?;
        Ok(token.expose_secret().into())
    }

    /// What a link is about; `None` when it is forged, too old, or for something else.
    pub(crate) fn check_link(&self, purpose: LinkPurpose, token: &str) -> Option<String> {
        let claims = self.check(token)?;
        let good = claims.iss == ISSUER_LINK && claims.purpose == Some(purpose);
        good.then_some(claims.sub)
    }
}
