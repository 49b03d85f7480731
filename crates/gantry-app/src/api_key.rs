//! API keys: for machines, and for people until there is single sign-on. Administrators of the
//! account make and revoke them, and see them.

mod access;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_core::api_key::{ApiKey, SpaceAccess};
use gantry_core::audit::Target;
use gantry_core::ids::ApiKeyId;
use gantry_store::{Store, Tx, api_key, data_key};
use secrecy::SecretString;
use ulid::Ulid;

use crate::audit::{Deed, by_command_line};
use crate::login::hash_secret;
use crate::{App, OpError, Subject};

const NAME_MAX: usize = 255;

/// What a new key is to be.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyDraft {
    pub name: String,
    /// An administrator of the account.
    pub admin: bool,
    pub teams: Vec<String>,
    pub access: Vec<SpaceAccess>,
    /// Epoch milliseconds; `None` lasts until it is revoked.
    pub expires_at: Option<i64>,
}

impl ApiKeyDraft {
    /// An administrator of the account.
    pub fn admin(name: impl Into<String>) -> Self {
        ApiKeyDraft {
            name: name.into(),
            admin: true,
            ..ApiKeyDraft::default()
        }
    }
}

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
        draft: ApiKeyDraft,
    ) -> Result<NewApiKey, OpError> {
        subject.require_account_admin()?;
        access::within_own(subject, &draft.access)?;
        let new = new_key(draft, &subject.name, self.clock.now())?;
        let tx = self.store.begin().await?;
        insert(&tx, &new).await?;
        self.audit(&tx, subject, created(&new.key)).await?;
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

impl App {
    /// The administrator's key of a new installation; `None` where a key was ever made. Of servers
    /// that start together one makes it, and one that was killed before leaves it to the next.
    pub async fn api_key_create_first(&self) -> Result<Option<NewApiKey>, OpError> {
        if api_key::any(self.store.reader()).await? {
            return Ok(None);
        }
        let now = self.clock.now();
        let new = new_key(ApiKeyDraft::admin("administrator"), "first start", now)?;
        let tx = self.store.begin().await?;
        data_key::lock(&tx).await?;
        if api_key::any(tx.reader()).await? {
            return Ok(None);
        }
        insert(&tx, &new).await?;
        by_command_line(&tx, now, created(&new.key)).await?;
        tx.commit().await?;
        Ok(Some(new))
    }
}

/// Makes a key without asking who may: for the command line, where access to the data directory
/// is the permission.
pub async fn create(
    store: &Store,
    draft: ApiKeyDraft,
    creator: &str,
    now: i64,
) -> Result<NewApiKey, OpError> {
    let new = new_key(draft, creator, now)?;
    let tx = store.begin().await?;
    insert(&tx, &new).await?;
    by_command_line(&tx, now, created(&new.key)).await?;
    tx.commit().await?;
    Ok(new)
}

async fn insert(tx: &Tx, new: &NewApiKey) -> Result<(), OpError> {
    access::refuse_unknown_spaces(tx, &new.key.access).await?;
    api_key::insert(tx, &new.key, hash_secret(&new.secret)).await?;
    Ok(())
}

fn created(key: &ApiKey) -> Deed {
    deed("api_key.create", key)
        .with("admin", key.admin)
        .with("access", access::listed(&key.access))
}

fn new_key(draft: ApiKeyDraft, creator: &str, now: i64) -> Result<NewApiKey, OpError> {
    let secret = SecretString::from(URL_SAFE_NO_PAD.encode(crate::keyring::random::<32>()));
    if draft.expires_at.is_some_and(|end| end <= now) {
        return Err(OpError::invalid(
            "expiresAt: that moment has passed; give one to come, in Unix seconds, or leave it out",
        ));
    }
    let key = ApiKey {
        id: ApiKeyId::new(Ulid::generate().to_string()),
        name: checked_name(&draft.name)?,
        description: None,
        admin: draft.admin,
        access: access::checked(draft.admin, draft.access)?,
        teams: draft.teams,
        creator: creator.to_owned(),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
        expires_at: draft.expires_at,
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
