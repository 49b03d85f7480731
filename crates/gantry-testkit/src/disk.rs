//! A small disk, which a test can fill.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// Gone with its value. Only root can make one.
pub struct Disk {
    place: PathBuf,
}

impl Disk {
    pub fn mount(place: &Path, bytes: u64) -> Result<Self> {
        let room = format!("size={bytes}");
        let none = MsFlags::empty();
        mount(
            Some("none"),
            place,
            Some("tmpfs"),
            none,
            Some(room.as_str()),
        )
        .context("only root can mount a disk: run this test as root")?;
        Ok(Self {
            place: place.to_owned(),
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = umount2(&self.place, MntFlags::MNT_DETACH);
    }
}
