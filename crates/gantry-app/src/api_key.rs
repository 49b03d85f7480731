//! API keys: for machines, and for people until there is single sign-on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_core::api_key::ApiKey;
use gantry_core::audit::Target;
use gantry_core::ids::ApiKeyId;
use gantry_store::{Store, api_key};
use secrecy::SecretString;
use ulid::Ulid;

use crate::audit::{Deed, by_command_line};
use crate::login::hash_secret;
use crate::{App, OpError, Subject};

const NAME_MAX: usize = 255;

/// A key at the only moment at which its secret is known.
pub struct NewApiKey {
    pub key: ApiKey,
    pub secret: SecretString,
}

impl App {
    pub async fn api_keys(&self, subject: &Subject) -> Result<Vec<ApiKey>, OpError> {
        subject.require_account_admin()?;
        Ok(api_key::list(self.store.reader()).await?)
    }

    /// `None` when there is none, or it was revoked.
    pub async fn api_key(
        &self,
        subject: &Subject,
        id: &ApiKeyId,
    ) -> Result<Option<ApiKey>, OpError> {
        subject.require_account_admin()?;
        let key = api_key::find(self.store.reader(), id).await?;
        Ok(key.filter(|key| key.revoked_at.is_none()))
    }

    pub async fn api_key_create(
        &self,
        subject: &Subject,
        name: &str,
        admin: bool,
        teams: Vec<String>,
    ) -> Result<NewApiKey, OpError> {
        subject.require_account_admin()?;
        let new = new_key(name, admin, teams, &subject.name, self.clock.now())?;
        let tx = self.store.begin().await?;
        api_key::insert(&tx, &new.key, hash_secret(&new.secret)).await?;
        let deed = deed("api_key.create", &new.key).with("admin", admin);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        Ok(new)
    }

    pub async fn api_key_update(
        &self,
        subject: &Subject,
        id: &ApiKeyId,
        name: Option<String>,
        description: Option<Option<String>>,
        teams: Option<Vec<String>>,
    ) -> Result<ApiKey, OpError> {
        subject.require_account_admin()?;
        let tx = self.store.begin().await?;
        let mut key = api_key::find(tx.reader(), id)
            .await?
            .filter(|key| key.revoked_at.is_none())
            .ok_or_else(|| OpError::missing("API key", id))?;
        if let Some(name) = name {
            key.name = checked_name(&name)?;
        }
        if let Some(description) = description {
            key.description = description;
        }
        if let Some(teams) = teams {
            key.teams = teams;
        }
        api_key::update(&tx, &key).await?;
        self.audit(&tx, subject, deed("api_key.update", &key))
            .await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Answers with the key as it was, or `None` when there was none. Locks that it holds on stacks
    /// stay, visible and removable.
    pub async fn api_key_delete(
        &self,
        subject: &Subject,
        id: &ApiKeyId,
    ) -> Result<Option<ApiKey>, OpError> {
        subject.require_account_admin()?;
        let tx = self.store.begin().await?;
        let Some(key) = api_key::find(tx.reader(), id).await? else {
            return Ok(None);
        };
        if !api_key::revoke(&tx, id, self.clock.now()).await? {
            return Ok(None);
        }
        self.audit(&tx, subject, deed("api_key.delete", &key))
            .await?;
        tx.commit().await?;
        Ok(Some(key))
    }
}

/// Makes a key without asking who may: for the first start and for the command line, where access
/// to the data directory is the permission.
pub async fn create(
    store: &Store,
    name: &str,
    admin: bool,
    teams: Vec<String>,
    creator: &str,
    now: i64,
) -> Result<NewApiKey, OpError> {
    let new = new_key(name, admin, teams, creator, now)?;
    let tx = store.begin().await?;
    api_key::insert(&tx, &new.key, hash_secret(&new.secret)).await?;
    let deed = deed("api_key.create", &new.key).with("admin", admin);
    by_command_line(&tx, now, deed).await?;
    tx.commit().await?;
    Ok(new)
}

fn new_key(
    name: &str,
    admin: bool,
    teams: Vec<String>,
    creator: &str,
    now: i64,
) -> Result<NewApiKey, OpError> {
    let secret = SecretString::from(URL_SAFE_NO_PAD.encode(crate::keyring::random::<32>()));
    let key = ApiKey {
        id: ApiKeyId::new(Ulid::generate().to_string()),
        name: checked_name(name)?,
        description: None,
        admin,
        teams,
        creator: creator.to_owned(),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    Ok(NewApiKey { key, secret })
}

fn deed(action: &'static str, key: &ApiKey) -> Deed {
    Deed::new(action, Target::named("api key", &key.id, &key.name))
}

/// Revokes every key: for an operator who has lost track of who holds one.
pub async fn revoke_all(store: &Store, now: i64) -> Result<u64, OpError> {
    let tx = store.begin().await?;
    let revoked = api_key::revoke_all(&tx, now).await?;
    let deed = Deed::new("api_key.revoke_all", Target::new("api key", "*")).with("keys", revoked);
    by_command_line(&tx, now, deed).await?;
    tx.commit().await?;
    Ok(revoked)
}

fn checked_name(name: &str) -> Result<String, OpError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(OpError::invalid(format!(
            "name: an API key needs a name of 1 to {NAME_MAX} characters"
        )));
    }
    Ok(name.to_owned())
}
