//! What must be possible without the API: access to the data directory and the database is the
//! permission.

mod backup;
mod master_key;
mod worker_token;

use clap::Subcommand;
use gantry_app::Clock;
use gantry_app::api_key::{self, ApiKeyDraft};
use gantry_core::api_key::SpaceAccess;
use gantry_core::authz::Role;
use gantry_core::ids::SpaceId;
use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::installation;

#[derive(Subcommand)]
pub enum Admin {
    #[command(flatten)]
    Whole(backup::BackupCommand),
    #[command(flatten)]
    Inside(AdminCommand),
}

#[derive(Subcommand)]
pub enum AdminCommand {
    /// Make an API key and print it; the secret is shown once.
    CreateKey {
        /// A name for people.
        #[arg(long)]
        name: String,
        /// A role in a space and those below it, such as `root=reader`; may be repeated. Roles are
        /// reader, writer and admin. Without any, the key is an administrator of the account.
        #[arg(long = "role", value_name = "SPACE=ROLE", value_parser = role)]
        roles: Vec<SpaceAccess>,
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
    /// Make a token by which shared workers elsewhere join, and print what they join by, once. With
    /// --list or --revoke: show the tokens there are, or end one.
    WorkerToken {
        /// A name for people.
        #[arg(long, default_value = "worker")]
        name: String,
        /// Print the tokens there are, without their secrets.
        #[arg(long, conflicts_with = "name")]
        list: bool,
        /// Refuse workers with this token from their next request on: they end their runs in order.
        #[arg(long, value_name = "ID", conflicts_with_all = ["name", "list"])]
        revoke: Option<String>,
    },
    /// Revoke every API key and make a new one for an administrator.
    ResetAccess {
        /// Print JSON instead of sentences.
        #[arg(long)]
        json: bool,
    },
    /// Change the master key while servers run; or, with --data-keys, begin to seal with another
    /// data key.
    RotateMasterKey(master_key::RotateMasterKey),
}

pub async fn main(config: Config, command: Admin) -> anyhow::Result<()> {
    match command {
        Admin::Whole(command) => backup::main(&config, command).await,
        Admin::Inside(command) => inside(config, command).await,
    }
}

async fn inside(config: Config, command: AdminCommand) -> anyhow::Result<()> {
    installation::make_data_dir(&config)?;
    let store = installation::open_store(&config).await?;
    let now = Clock::system().now();
    let (name, access, json) = match command {
        AdminCommand::CreateKey { name, roles, json } => (name, roles, json),
        AdminCommand::WorkerToken { name, list, revoke } => {
            let done = match revoke {
                Some(id) => worker_token::revoke(&store, &id, now).await,
                None if list => worker_token::list(&store).await,
                None => worker_token::create(&config, &store, &name, now).await,
            };
            store.close().await;
            return done;
        }
        AdminCommand::ResetAccess { json } => {
            let revoked = api_key::revoke_all(&store, now).await?;
            eprintln!("{revoked} API keys were revoked: their tokens are refused from now on.");
            ("administrator".to_owned(), vec![], json)
        }
        AdminCommand::RotateMasterKey(wanted) => {
            let said = master_key::rotate(&config, &store, wanted).await;
            store.close().await;
            for sentence in said? {
                println!("{sentence}");
            }
            return Ok(());
        }
    };
    let draft = ApiKeyDraft {
        name,
        admin: access.is_empty(),
        access,
        ..ApiKeyDraft::default()
    };
    let made = api_key::create(&store, draft, "command line", now).await?;
    print_key(&made, json);
    store.close().await;
    Ok(())
}

fn role(text: &str) -> Result<SpaceAccess, String> {
    let (space, role) = text
        .split_once('=')
        .ok_or_else(|| format!("write SPACE=ROLE, such as `root={text}`"))?;
    let role = Role::parse(role)
        .ok_or_else(|| format!("`{role}` is no role: `reader`, `writer` and `admin` are"))?;
    Ok(SpaceAccess {
        space: SpaceId::new(space),
        role,
    })
}

/// The one time that a secret is shown.
pub fn print_key(made: &api_key::NewApiKey, json: bool) {
    let (id, secret) = (made.key.id.as_str(), made.secret.expose_secret());
    if json {
        println!("{}", serde_json::json!({ "id": id, "secret": secret }));
    } else {
        let whose = match made.key.admin {
            true => "of an administrator".to_owned(),
            false => {
                let roles = made.key.access.iter();
                let roles: Vec<String> = roles
                    .map(|given| format!("{} in {}", given.role.as_str(), given.space))
                    .collect();
                format!("with the roles {}", roles.join(", "))
            }
        };
        println!("API key {whose}, shown this once:");
        println!("  SPACELIFT_API_KEY_ID={id}");
        println!("  SPACELIFT_API_KEY_SECRET={secret}");
    }
}
