//! Tokens that join shared workers elsewhere. Made, listed and revoked on the command line, where
//! access to the data directory and the database is the permission.

use gantry_core::audit::Target;
use gantry_core::ids::WorkerTokenId;
use gantry_core::worker_token::WorkerToken;
use gantry_store::{Store, worker_token};
use secrecy::SecretString;
use ulid::Ulid;

use crate::OpError;
use crate::audit::{Deed, by_command_line};
use crate::login::{hash_secret, random_token};

const NAME_MAX: usize = 255;

/// A token at the only moment at which its secret is known.
pub struct NewWorkerToken {
    pub token: WorkerToken,
    pub secret: SecretString,
}

pub async fn create(store: &Store, name: &str, now: i64) -> Result<NewWorkerToken, OpError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(OpError::invalid(format!(
            "name: a worker token needs a name of 1 to {NAME_MAX} characters"
        )));
    }
    let token = WorkerToken {
        id: WorkerTokenId::new(Ulid::generate().to_string()),
        name: name.to_owned(),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    let secret = SecretString::from(random_token());
    let tx = store.begin().await?;
    worker_token::insert(&tx, &token, hash_secret(&secret)).await?;
    by_command_line(&tx, now, deed("worker_token.create", &token)).await?;
    tx.commit().await?;
    Ok(NewWorkerToken { token, secret })
}

/// Oldest first, the revoked ones too.
pub async fn list(store: &Store) -> Result<Vec<WorkerToken>, OpError> {
    Ok(worker_token::list(store.reader()).await?)
}

/// The next request of a worker with this token is refused; it ends its runs in order and goes.
pub async fn revoke(store: &Store, id: &WorkerTokenId, now: i64) -> Result<WorkerToken, OpError> {
    let tx = store.begin().await?;
    let token = worker_token::find(tx.reader(), id)
        .await?
        .ok_or_else(|| OpError::missing("worker token", id))?;
    if worker_token::revoke(&tx, id, now).await? {
        by_command_line(&tx, now, deed("worker_token.revoke", &token)).await?;
    }
    tx.commit().await?;
    Ok(token)
}

fn deed(action: &'static str, token: &WorkerToken) -> Deed {
    Deed::new(
        action,
        Target::named("worker token", &token.id, &token.name),
    )
}
