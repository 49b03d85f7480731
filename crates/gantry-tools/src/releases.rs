//! What the tools' projects, or an installation's mirrors of them, have released.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_core::engine::Engine;
use gantry_core::tool_version::{ToolRange, ToolVersion};
use tokio::sync::Mutex;

use crate::http::Http;
use crate::mirror::{self, Mirror};
use crate::signature::Keys;
use crate::{Network, ToolsError, archive, index};

/// How long a list of releases is believed.
const FRESH: Duration = Duration::from_secs(10 * 60);

const LARGEST_INDEX: u64 = 64 << 20;
const LARGEST_SUMS: u64 = 1 << 20;
const LARGEST_SIGNATURE: u64 = 64 << 10;
const LARGEST_ARCHIVE: u64 = 512 << 20;

/// What the installation says about downloads.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Addresses of release servers; without one the tool is not downloaded.
    pub terraform: Option<String>,
    pub opentofu: Option<String>,
    /// Armored public keys that count instead of those of the tools' projects.
    pub keys: Option<PathBuf>,
    pub network: Network,
}

/// Newest first.
type List = Arc<Vec<ToolVersion>>;

pub struct Releases {
    terraform: Option<Mirror>,
    opentofu: Option<Mirror>,
    keys: Option<PathBuf>,
    http: Http,
    /// Held while a list is fetched, so that it is fetched once.
    lists: Mutex<HashMap<Engine, (Instant, List)>>,
}

impl Releases {
    /// Asks nobody anything yet.
    pub fn new(settings: Settings) -> Self {
        let mirror = |engine, base: Option<String>| base.map(|base| Mirror::new(engine, &base));
        Releases {
            terraform: mirror(Engine::Terraform, settings.terraform),
            opentofu: mirror(Engine::OpenTofu, settings.opentofu),
            keys: settings.keys,
            http: Http::new(settings.network),
            lists: Mutex::new(HashMap::new()),
        }
    }

    /// The address that a tool is downloaded from, for people; `None` where it is not.
    pub fn place(&self, engine: Engine) -> Option<&str> {
        self.mirror(engine).map(Mirror::place)
    }

    /// All versions for this machine, newest first; none where the tool is not downloaded. The
    /// list may be some minutes old.
    pub async fn versions(&self, engine: Engine) -> Result<List, ToolsError> {
        let Some(mirror) = self.mirror(engine) else {
            return Ok(Arc::default());
        };
        let mut lists = self.lists.lock().await;
        if let Some((since, list)) = lists.get(&engine)
            && since.elapsed() < FRESH
        {
            return Ok(list.clone());
        }
        let url = mirror.index();
        let text = self.http.get(&url, LARGEST_INDEX).await?;
        let text = text.ok_or_else(|| ToolsError::Answered {
            url: url.clone(),
            status: 404,
        })?;
        let list = index::versions(engine, &text).map_err(|error| ToolsError::Index {
            url,
            detail: error.to_string(),
        })?;
        let list = Arc::new(list);
        lists.insert(engine, (Instant::now(), list.clone()));
        Ok(list)
    }

    /// The newest release that fits; the newest of all without a range.
    pub(crate) async fn newest(
        &self,
        engine: Engine,
        range: Option<&ToolRange>,
    ) -> Result<Option<ToolVersion>, ToolsError> {
        // One version needs no list: whether it exists shows when it is fetched.
        if let Some(exact) = range.and_then(ToolRange::exact) {
            return Ok(self.mirror(engine).map(|_| exact));
        }
        let Some(mirror) = self.mirror(engine) else {
            return Ok(None);
        };
        let all = self.versions(engine).await?;
        let fits = |version: &&ToolVersion| match range {
            Some(range) => range.matches(version),
            None => version.is_release(),
        };
        match all.iter().find(fits) {
            Some(version) => Ok(Some(version.clone())),
            None => Err(ToolsError::NothingFits {
                tool: engine.as_str(),
                range: range.map_or("a release".into(), ToolRange::to_string),
                place: mirror.place().to_owned(),
                newest: all.first().map_or("none".into(), ToolVersion::to_string),
            }),
        }
    }

    /// Fetches and verifies a version, and leaves its executable, and nothing else, in `directory`.
    pub(crate) async fn fetch(
        &self,
        engine: Engine,
        version: &ToolVersion,
        directory: &Path,
    ) -> Result<PathBuf, ToolsError> {
        let missing = || ToolsError::NoVersion {
            tool: engine.as_str(),
            version: version.to_string(),
            place: self.place(engine).unwrap_or("this installation").to_owned(),
        };
        let mirror = self.mirror(engine).ok_or_else(missing)?;
        let sums_url = mirror.file(version, &mirror::sums(engine, version));
        let sums = self.http.get(&sums_url, LARGEST_SUMS).await?;
        let sums = sums.ok_or_else(missing)?;
        let distrust = |detail: String| ToolsError::Signature {
            tool: engine.as_str(),
            version: version.to_string(),
            url: sums_url.clone(),
            detail,
        };
        let signature = mirror.file(version, &mirror::signature(engine, version));
        let signature = self.http.get(&signature, LARGEST_SIGNATURE).await?;
        let signature = signature.ok_or_else(|| distrust("there is no signature".into()))?;
        let keys = match &self.keys {
            Some(path) => Keys::read(path)?,
            None => Keys::built_in(engine).map_err(distrust)?,
        };
        keys.verify(&sums, &signature).map_err(distrust)?;

        let name = mirror::archive(engine, version);
        let wanted = checksum(&sums, &name).ok_or_else(missing)?;
        let url = mirror.file(version, &name);
        // Without a name: whatever becomes of us, it is gone.
        let mut archive = tempfile::tempfile_in(directory).map_err(ToolsError::io(directory))?;
        let found = self.http.save(&url, &mut archive, LARGEST_ARCHIVE).await?;
        let found = found.ok_or_else(missing)?;
        if found != wanted {
            return Err(ToolsError::Checksum { url, found, wanted });
        }
        let target = directory.join(engine.binary());
        unpack(engine, archive, target.clone())
            .await
            .map_err(|detail| ToolsError::Archive { url, detail })?;
        Ok(target)
    }

    fn mirror(&self, engine: Engine) -> Option<&Mirror> {
        match engine {
            Engine::Terraform => self.terraform.as_ref(),
            Engine::OpenTofu => self.opentofu.as_ref(),
        }
    }
}

async fn unpack(engine: Engine, archive: File, target: PathBuf) -> Result<(), String> {
    let unpacking = tokio::task::spawn_blocking(move || archive::unpack(engine, archive, &target));
    unpacking
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
}

/// Of a file, in a list as `sha256sum` writes it.
fn checksum(sums: &[u8], name: &str) -> Option<String> {
    let sums = std::str::from_utf8(sums).ok()?;
    sums.lines().find_map(|line| {
        let (sum, file) = line.trim().split_once(char::is_whitespace)?;
        let sum = sum.to_ascii_lowercase();
        let whole = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        (whole && file.trim_start().trim_start_matches('*') == name).then_some(sum)
    })
}
