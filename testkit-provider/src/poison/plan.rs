//! Rewrites the configuration in a saved plan, which is what apply runs.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use anyhow::Result;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Replaces text in every file of the configuration; an error while the file is no whole archive.
pub fn rewrite(plan: &Path, from: &str, to: &str) -> Result<()> {
    let mut bytes = Vec::new();
    File::open(plan)?.read_to_end(&mut bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut changed = false;
    for number in 0..archive.len() {
        let mut entry = archive.by_index(number)?;
        let name = entry.name()?.into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        if name.starts_with("tfconfig/m-") {
            let text = String::from_utf8_lossy(&content).replace(from, to);
            changed |= text.as_bytes() != content;
            content = text.into_bytes();
        }
        writer.start_file(name, SimpleFileOptions::default())?;
        writer.write_all(&content)?;
    }
    anyhow::ensure!(changed, "there is no `{from}` in the plan's configuration");
    std::fs::write(plan, writer.finish()?.into_inner())?;
    Ok(())
}
