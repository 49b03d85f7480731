use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{PlanFileError, PlanLimits};

/// The entries of a plan file, by their meaning.
#[derive(Default)]
pub(super) struct Entries {
    pub plan: Option<Vec<u8>>,
    pub state: Option<Vec<u8>>,
    pub previous_state: Option<Vec<u8>>,
    pub manifest: Option<Vec<u8>>,
    pub lock: Option<Vec<u8>>,
    /// By module key and file name.
    pub files: BTreeMap<(String, String), Vec<u8>>,
}

const MODULES: &str = "tfconfig/m-";

pub(super) fn read(plan: &[u8], limits: PlanLimits) -> Result<Entries, PlanFileError> {
    let unreadable = |error: zip::result::ZipError| PlanFileError::NoArchive(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(plan)).map_err(unreadable)?;
    if archive.has_duplicate_names() {
        return Err(PlanFileError::Duplicate("an entry".to_owned()));
    }
    if archive.len() > limits.entries {
        return Err(PlanFileError::TooLarge(format!(
            "{} entries",
            limits.entries
        )));
    }
    let mut entries = Entries::default();
    let mut left = limits.bytes;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(unreadable)?;
        let name = std::str::from_utf8(entry.name_raw())
            .map_err(|_| PlanFileError::UnknownEntry("a name that is not UTF-8".to_owned()))?
            .to_owned();
        if entry.encrypted() || !entry.is_file() {
            return Err(PlanFileError::UnknownEntry(name));
        }
        let mut content = Vec::new();
        // The declared size is only a claim.
        entry
            .take(left + 1)
            .read_to_end(&mut content)
            .map_err(|error| PlanFileError::NoArchive(error.to_string()))?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            PlanFileError::TooLarge(format!("{} MiB inflated", limits.bytes >> 20))
        })?;
        entries.put(name, content)?;
    }
    Ok(entries)
}

impl Entries {
    fn put(&mut self, name: String, content: Vec<u8>) -> Result<(), PlanFileError> {
        let place = match name.as_str() {
            "tfplan" => &mut self.plan,
            "tfstate" => &mut self.state,
            "tfstate-prev" => &mut self.previous_state,
            "tfconfig/modules.json" => &mut self.manifest,
            ".terraform.lock.hcl" => &mut self.lock,
            // Only for showing, and optional.
            "tfschemas" => return Ok(()),
            _ => {
                let key = name
                    .strip_prefix(MODULES)
                    .and_then(|rest| rest.rsplit_once('/'));
                let Some((module, file)) = key.filter(|(module, file)| is_plain(module, file))
                else {
                    return Err(PlanFileError::UnknownEntry(name));
                };
                let key = (module.to_owned(), file.to_owned());
                return match self.files.insert(key, content) {
                    Some(_) => Err(PlanFileError::Duplicate(name)),
                    None => Ok(()),
                };
            }
        };
        match place.replace(content) {
            Some(_) => Err(PlanFileError::Duplicate(name)),
            None => Ok(()),
        }
    }
}

/// A module key (`a.b`, empty for the root) and a file name, neither of which is a path.
fn is_plain(module: &str, file: &str) -> bool {
    let odd = |c: char| matches!(c, '/' | '\\') || c.is_control();
    !module.contains(odd) && !file.contains(odd) && !matches!(file, "" | "." | "..")
}

pub(super) struct Writer(ZipWriter<Cursor<Vec<u8>>>);

impl Writer {
    pub(super) fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), PlanFileError> {
        // Fast rather than small: it is written and read once.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1));
        self.0.start_file(name, options).map_err(unwritable)?;
        self.0
            .write_all(content)
            .map_err(|error| unwritable(error.into()))
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, PlanFileError> {
        self.0.finish().map(Cursor::into_inner).map_err(unwritable)
    }
}

fn unwritable(error: zip::result::ZipError) -> PlanFileError {
    PlanFileError::NoArchive(error.to_string())
}
