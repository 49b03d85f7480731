//! What must be possible without the API: access to the data directory and the database is the
//! permission.

use clap::Subcommand;
use gantry_app::{Clock, api_key};
use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::installation;

#[derive(Subcommand)]
pub enum AdminCommand {
    /// Make an API key and print it; the secret is shown once.
    CreateKey {
        /// A name for people.
        #[arg(long)]
        name: String,
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
    /// Revoke every API key and make a new one for an administrator.
    ResetAccess {
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
}

pub async fn main(config: Config, command: AdminCommand) -> anyhow::Result<()> {
    installation::make_data_dir(&config)?;
    let store = installation::open_store(&config).await?;
    let now = Clock::system().now();
    let (name, json) = match command {
        AdminCommand::CreateKey { name, json } => (name, json),
        AdminCommand::ResetAccess { json } => {
            let revoked = api_key::revoke_all(&store, now).await?;
            eprintln!("{revoked} API keys were revoked: their tokens are refused from now on.");
            ("administrator".to_owned(), json)
        }
    };
    let made = api_key::create(&store, &name, true, vec![], "command line", now).await?;
    print_key(&made, json);
    store.close().await;
    Ok(())
}

/// The one time that a secret is shown.
pub fn print_key(made: &api_key::NewApiKey, json: bool) {
    let (id, secret) = (made.key.id.as_str(), made.secret.expose_secret());
    if json {
        println!("{}", serde_json::json!({ "id": id, "secret": secret }));
    } else {
        println!("API key of an administrator, shown this once:");
        println!("  SPACELIFT_API_KEY_ID={id}");
        println!("  SPACELIFT_API_KEY_SECRET={secret}");
    }
}
