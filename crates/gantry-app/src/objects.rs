//! What is too large for a row: logs, plans, states of failed runs. One library behind it, so that
//! a local directory and an S3-compatible bucket are the same to everybody above.

mod mark;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::OpError;

/// Where objects are.
#[derive(Clone, Debug)]
pub enum ObjectsLocation {
    Directory(PathBuf),
    /// A bucket; endpoint, region and keys come from the standard `AWS_*` variables of the server.
    S3 {
        bucket: String,
        prefix: String,
    },
}

/// An object's name without what tells it from its like.
struct Kind<'a>(&'a str);

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (folder, name) = self.0.split_once('/').unwrap_or(("", self.0));
        let last = name.rsplit('/').next().unwrap_or_default();
        let kind = last.split(|c: char| c.is_ascii_digit()).next();
        match kind.unwrap_or_default().trim_end_matches('-') {
            "" => write!(f, "an object: {folder}"),
            kind => write!(f, "an object: {kind}"),
        }
    }
}

/// Another one after each write of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    bytes: u64,
    modified: Option<i64>,
    tag: Option<String>,
}

#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Where the objects are, if they are files.
    directory: Option<PathBuf>,
    /// The same for people.
    place: String,
    written: Arc<Written>,
}

#[derive(Default)]
struct Written {
    objects: AtomicU64,
    bytes: AtomicU64,
}

impl Objects {
    pub fn open(location: &ObjectsLocation) -> Result<Self, OpError> {
        match location {
            ObjectsLocation::Directory(dir) => {
                std::fs::create_dir_all(dir)
                    .map_err(|error| cannot_open(&dir.display().to_string(), &error))?;
                let store = LocalFileSystem::new_with_prefix(dir)
                    .map_err(|error| cannot_open(&dir.display().to_string(), &error))?
                    // What was acknowledged survives a power cut.
                    .with_fsync(true);
                Ok(Objects {
                    store: Arc::new(store),
                    prefix: Path::default(),
                    directory: Some(dir.clone()),
                    place: dir.display().to_string(),
                    written: Arc::default(),
                })
            }
            ObjectsLocation::S3 { bucket, prefix } => {
                let store = object_store::aws::AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .build()
                    .map_err(|error| cannot_open(bucket, &error))?;
                Ok(Objects {
                    store: Arc::new(store),
                    prefix: Path::from(prefix.as_str()),
                    directory: None,
                    place: format!("s3://{bucket}/{prefix}"),
                    written: Arc::default(),
                })
            }
        }
    }

    /// Returns once the object is durable. A second put of the same name replaces the first.
    pub async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), OpError> {
        let payload = object_store::PutPayload::from(bytes.into());
        let length = payload.content_length();
        gantry_fault::before(Kind(name));
        let put = self.store.put(&self.path(name), payload).await;
        gantry_fault::after(Kind(name));
        put.map_err(|error| self.not_written(error))?;
        self.written.objects.fetch_add(1, Ordering::Relaxed);
        self.written
            .bytes
            .fetch_add(length as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Leaves an object alone that is there already.
    async fn put_if_none(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), OpError> {
        let payload = object_store::PutPayload::from(bytes.into());
        let (path, mode) = (self.path(name), object_store::PutMode::Create);
        match self.store.put_opts(&path, payload, mode.into()).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(OpError::internal("write to its object storage", error)),
        }
    }

    /// How many objects were written through this value and its clones.
    pub fn written(&self) -> u64 {
        self.written.objects.load(Ordering::Relaxed)
    }

    pub fn bytes_written(&self) -> u64 {
        self.written.bytes.load(Ordering::Relaxed)
    }

    /// `None` when there is no such object.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, OpError> {
        let reading = |error| OpError::internal("read its object storage", error);
        match self.store.get(&self.path(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(reading)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(reading(error)),
        }
    }

    /// Every object by its name, with what tells whether it is still the same later.
    pub fn list(&self) -> BoxStream<'static, Result<(String, ObjectVersion), OpError>> {
        let prefix = self.prefix.clone();
        let found = self.store.list(Some(&self.prefix));
        found
            .map(move |object| {
                let object =
                    object.map_err(|error| OpError::internal("list its object storage", error))?;
                let parts = object.location.prefix_match(&prefix);
                let parts: Vec<String> = parts
                    .into_iter()
                    .flatten()
                    .map(|part| part.as_ref().to_owned())
                    .collect();
                let version = ObjectVersion {
                    bytes: object.size,
                    modified: object.last_modified.timestamp_nanos_opt(),
                    tag: object.e_tag,
                };
                Ok((parts.join("/"), version))
            })
            .boxed()
    }

    /// Makes room for objects below `folder` before the first of them comes: to make a new directory
    /// durable takes longer than to write a small object. Only a help; what goes wrong here goes
    /// wrong again when the object is written.
    pub async fn expect_folder(&self, folder: &str) {
        let Some(directory) = &self.directory else {
            return;
        };
        let made = directory.join(folder);
        let _ = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&made)?;
            for place in made.ancestors().take(2) {
                std::fs::File::open(place)?.sync_all()?;
            }
            std::io::Result::Ok(())
        })
        .await;
    }

    /// Removes one object; it may be gone already.
    pub async fn remove(&self, name: &str) -> Result<(), OpError> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(OpError::internal("remove from its object storage", error)),
        }
    }

    /// Removes everything whose name begins with `folder/`.
    pub async fn remove_folder(&self, folder: &str) -> Result<(), OpError> {
        let removing = |error| OpError::internal("remove from its object storage", error);
        let mut found = self.store.list(Some(&self.path(folder)));
        while let Some(object) = found.next().await {
            let object = object.map_err(removing)?;
            match self.store.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(removing(error)),
            }
        }
        Ok(())
    }

    /// What is wrong with the disk is for everybody: they can do nothing else about it either.
    fn not_written(&self, error: object_store::Error) -> OpError {
        let (Some(directory), Some(fault)) = (&self.directory, disk_fault(&error)) else {
            return OpError::internal("write to its object storage", error);
        };
        tracing::error!(%error, "the object storage can't be written");
        OpError::Unavailable(format!(
            "the disk of the directory {}, where logs, plans and states are, {fault}, no restart is \
             needed",
            directory.display()
        ))
    }

    fn path(&self, name: &str) -> Path {
        self.prefix
            .parts()
            .chain(Path::from(name).parts())
            .collect()
    }
}

fn disk_fault(error: &object_store::Error) -> Option<&'static str> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        match error
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
        {
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                return Some("is full: nothing can be stored until there is room on it");
            }
            Some(ErrorKind::ReadOnlyFilesystem) => {
                return Some("is read-only: nothing can be stored until it is writable again");
            }
            _ => cause = error.source(),
        }
    }
    None
}

fn cannot_open(place: &str, error: &dyn std::fmt::Display) -> OpError {
    OpError::invalid(format!(
        "the object storage `{place}` can't be opened: {error}"
    ))
}
