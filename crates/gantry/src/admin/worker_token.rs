//! `gantry admin worker-token`.

use anyhow::bail;
use gantry_app::worker_authority::WorkerAuthority;
use gantry_app::{Keyring, worker_token};
use gantry_core::ids::WorkerTokenId;
use gantry_core::protocol::{TokenJoin, WireSecret};
use gantry_core::utc;
use gantry_store::Store;
use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::installation;

/// Prints what a worker joins by: the one time that the secret is shown.
pub async fn create(config: &Config, store: &Store, name: &str, now: i64) -> anyhow::Result<()> {
    let url = &config.worker_gateway.public_url;
    if url.is_empty() {
        bail!(
            "no worker could join: set `worker_gateway.listen`, and `worker_gateway.public_url` to \
             what leads there"
        );
    }
    let master = installation::master_key(config, store).await?;
    let keys = Keyring::open(store, &master, now).await?;
    let authority = WorkerAuthority::open(store, &keys, now).await?;
    let made = worker_token::create(store, name, now).await?;
    let join = TokenJoin {
        url: url.clone(),
        authority: authority.certificate().to_owned(),
        token: made.token.id.clone(),
        secret: WireSecret::new(made.secret.expose_secret()),
    };
    eprintln!(
        "Worker token {} ({}), shown this once: give it to `gantry worker` as a file (--join-file) or \
         in GANTRY_WORKER_JOIN.",
        made.token.id, made.token.name
    );
    println!("{}", join.encode());
    Ok(())
}

pub async fn list(store: &Store) -> anyhow::Result<()> {
    for token in worker_token::list(store).await? {
        let standing = match (token.revoked_at, token.last_used_at) {
            (Some(at), _) => format!("revoked {}", utc::show(at)),
            (None, Some(at)) => format!("last used {}", utc::show(at)),
            (None, None) => "never used".to_owned(),
        };
        println!(
            "{}  made {}  {standing}  {}",
            token.id,
            utc::show(token.created_at),
            token.name
        );
    }
    Ok(())
}

pub async fn revoke(store: &Store, id: &str, now: i64) -> anyhow::Result<()> {
    let token = worker_token::revoke(store, &WorkerTokenId::new(id), now).await?;
    println!(
        "The worker token {} ({}) is revoked: its workers are refused from their next request on.",
        token.id, token.name
    );
    Ok(())
}
