//! The one file in an archive that counts.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use gantry_core::engine::Engine;

/// A tool is some 100 MB.
const LARGEST: u64 = 1 << 30;

/// Writes the executable out of the archive to `target`, which must not exist. The error is a part of
/// a sentence.
pub(crate) fn unpack(engine: Engine, mut archive: File, target: &Path) -> Result<(), String> {
    archive.rewind().map_err(|error| error.to_string())?;
    match engine {
        Engine::Terraform => {
            let mut zip = zip::ZipArchive::new(archive).map_err(|error| error.to_string())?;
            let mut file = zip.by_name(engine.binary()).map_err(|_| missing(engine))?;
            write(&mut file, target)
        }
        Engine::OpenTofu => {
            let mut tar = tar::Archive::new(GzDecoder::new(archive));
            for entry in tar.entries().map_err(|error| error.to_string())? {
                let mut entry = entry.map_err(|error| error.to_string())?;
                let named = entry
                    .path()
                    .is_ok_and(|path| path.as_ref() == Path::new(engine.binary()));
                if named && entry.header().entry_type().is_file() {
                    return write(&mut entry, target);
                }
            }
            Err(missing(engine))
        }
    }
}

fn missing(engine: Engine) -> String {
    format!("there is no file `{}` in it", engine.binary())
}

fn write(content: &mut impl Read, target: &Path) -> Result<(), String> {
    let copied = || -> std::io::Result<u64> {
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(target)?;
        let length = std::io::copy(&mut content.take(LARGEST + 1), &mut file)?;
        file.flush()?;
        file.sync_all()?;
        Ok(length)
    };
    let mut copied = copied;
    match copied() {
        Ok(length) if length > LARGEST => Err(format!("it holds more than {LARGEST} bytes")),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
