use std::path::PathBuf;

use anyhow::{Context as _, bail};
use gantry_core::proxy::ProxyAddress;
use gantry_core::quoted::Quoted;
use secrecy::ExposeSecret as _;
use toml::{Table, Value};

use super::keys::{KEYS, Key, Kind, variable};
use super::{Config, Program};

/// Variables that begin like settings but are not: the file's own name, and test harnesses.
const NOT_SETTINGS: [&str; 2] = ["GANTRY_CONFIG", "GANTRY_TEST_"];

/// What may override the defaults, weakest first.
pub struct Overrides {
    pub program: Program,
    pub file: Option<PathBuf>,
    pub env: Vec<(String, String)>,
    pub flags: Vec<(String, String)>,
}

impl Config {
    pub fn load(overrides: Overrides) -> anyhow::Result<Self> {
        let mut table = defaults()?;
        if let Some(path) = &overrides.file {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!("the configuration file {} can't be read", path.display())
            })?;
            let file: Table = text
                .parse()
                .with_context(|| format!("{} is not TOML", path.display()))?;
            merge_file(&mut table, overrides.program, "", file)
                .with_context(|| format!("in the configuration file {}", path.display()))?;
        }
        for (name, text) in overrides.env {
            if !name.starts_with("GANTRY_") || NOT_SETTINGS.iter().any(|not| name.starts_with(not))
            {
                continue;
            }
            let key = KEYS.iter().find(|key| variable(key.path) == name);
            let Some(key) = key else {
                bail!("{name} is no setting of gantry: see `gantry config --reference`")
            };
            read_by(overrides.program, key).with_context(|| format!("in {name}"))?;
            set(
                &mut table,
                key.path,
                parse(key, &text).with_context(|| format!("in {name}"))?,
            );
        }
        for (path, text) in overrides.flags {
            let key = find(overrides.program, &path)?;
            set(
                &mut table,
                key.path,
                parse(key, &text).with_context(|| format!("in {path}"))?,
            );
        }
        let config: Config = Value::Table(table).try_into()?;
        config.checked()
    }

    fn checked(mut self) -> anyhow::Result<Self> {
        if self.server.public_url.is_empty() {
            self.server.public_url = format!("http://{}", self.server.listen);
        }
        let url = &self.server.public_url;
        if !(url.starts_with("http://") || url.starts_with("https://"))
            || url.ends_with('/')
            || url.ends_with("/graphql")
        {
            bail!(
                "server.public_url `{url}`: write http(s)://host, without a trailing slash and \
                 without /graphql, since clients append that themselves"
            );
        }
        self.worker_gateway()?;
        if !matches!(self.log.format.as_str(), "text" | "json") {
            bail!("log.format `{}`: write `text` or `json`", self.log.format);
        }
        self.downloads_and_proxies()?;
        if self.run.lease < 5 {
            bail!(
                "run.lease {}: a lease shorter than 5 seconds is lost by any pause",
                self.run.lease
            );
        }
        Ok(self)
    }
}

impl Config {
    fn worker_gateway(&mut self) -> anyhow::Result<()> {
        let gateway = &mut self.worker_gateway;
        if gateway.listen.is_empty() {
            if !gateway.public_url.is_empty() {
                bail!(
                    "worker_gateway.public_url {}: without `worker_gateway.listen` no worker is \
                     answered there; set both, or neither",
                    Quoted(&gateway.public_url)
                );
            }
            return Ok(());
        }
        let everywhere = ["0.0.0.0:", "[::]:"];
        if gateway.public_url.is_empty()
            && everywhere.iter().any(|any| gateway.listen.starts_with(any))
        {
            bail!(
                "worker_gateway.public_url: set it: no worker can connect to {}",
                gateway.listen
            );
        }
        if gateway.public_url.is_empty() {
            gateway.public_url = format!("https://{}", gateway.listen);
        }
        let url = &gateway.public_url;
        let host = url.strip_prefix("https://").unwrap_or_default();
        let well_formed = !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c));
        if !well_formed {
            bail!(
                "worker_gateway.public_url {}: write https://host:port, without a path",
                Quoted(url)
            );
        }
        Ok(())
    }

    fn downloads_and_proxies(&self) -> anyhow::Result<()> {
        for (key, mirror) in [
            (
                "worker.tools_mirror_terraform",
                &self.worker.tools_mirror_terraform,
            ),
            (
                "worker.tools_mirror_opentofu",
                &self.worker.tools_mirror_opentofu,
            ),
        ] {
            let address = mirror
                .strip_prefix("https://")
                .or_else(|| mirror.strip_prefix("http://"));
            let well_formed = address.is_some_and(|rest| {
                !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && c != '?')
            });
            if address.is_some_and(|rest| rest.contains('@')) {
                bail!("{key}: no password may stand in the address of a mirror");
            }
            if !well_formed && !matches!(mirror.as_str(), "" | "off") {
                bail!(
                    "{key} {}: write http(s)://host/path, or `off`",
                    Quoted(mirror)
                );
            }
        }
        for (key, proxy) in [
            ("child.http_proxy", &self.child.http_proxy),
            ("child.https_proxy", &self.child.https_proxy),
        ] {
            // The value may hold a password, so it is not repeated.
            let proxy = proxy.expose_secret();
            if !proxy.is_empty() {
                ProxyAddress::parse(proxy).map_err(|error| anyhow::anyhow!("{key} {error}"))?;
            }
        }
        Ok(())
    }
}

fn defaults() -> anyhow::Result<Table> {
    let mut table = Table::new();
    for key in KEYS {
        set(&mut table, key.path, parse(key, key.default)?);
    }
    Ok(table)
}

fn merge_file(
    table: &mut Table,
    program: Program,
    prefix: &str,
    file: Table,
) -> anyhow::Result<()> {
    for (name, value) in file {
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => merge_file(table, program, &path, inner)?,
            value => {
                let key = find(program, &path)?;
                let value = checked_type(key, value)?;
                set(table, key.path, value);
            }
        }
    }
    Ok(())
}

fn find(program: Program, path: &str) -> anyhow::Result<&'static Key> {
    let key = KEYS.iter().find(|key| key.path == path);
    let key = key.with_context(|| {
        format!("there is no setting `{path}`: see `gantry config --reference`")
    })?;
    read_by(program, key)?;
    Ok(key)
}

fn read_by(program: Program, key: &Key) -> anyhow::Result<()> {
    if !program.reads(key.path) {
        bail!(
            "`{}` is a setting of {}, and is not read here: take it out",
            key.path,
            program.others()
        );
    }
    Ok(())
}

/// A file may write a list as a list; every other way writes text.
fn checked_type(key: &Key, value: Value) -> anyhow::Result<Value> {
    let wanted = match (&key.kind, &value) {
        (Kind::Text | Kind::Secret, Value::String(_)) => return Ok(value),
        (Kind::Number, Value::Integer(number)) if *number >= 0 => return Ok(value),
        (Kind::Flag, Value::Boolean(_)) => return Ok(value),
        (Kind::List, Value::Array(items)) if items.iter().all(Value::is_str) => return Ok(value),
        (Kind::Text | Kind::Secret, _) => "text in quotes",
        (Kind::Number, _) => "a whole number from 0 up",
        (Kind::Flag, _) => "true or false",
        (Kind::List, _) => "a list of texts",
    };
    bail!("{}: write {wanted}", key.path)
}

fn parse(key: &Key, text: &str) -> anyhow::Result<Value> {
    let text = text.trim();
    Ok(match key.kind {
        Kind::Text | Kind::Secret => Value::String(text.to_owned()),
        Kind::Number => Value::Integer(
            text.parse::<u32>()
                .with_context(|| format!("`{text}` is not a whole number from 0 up"))?
                .into(),
        ),
        Kind::Flag => Value::Boolean(
            text.parse()
                .with_context(|| format!("`{text}` is neither true nor false"))?,
        ),
        Kind::List => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
    })
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((group, rest)) => {
            let inner = table
                .entry(group)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
