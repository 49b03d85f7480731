//! A stack that begins with a state: from the upload to its first version.

use gantry_core::ids::StackId;
use gantry_core::quoted::Quoted;
use gantry_core::state::{Origin, StateVersion};
use gantry_store::{Tx, state};

use super::NewVersion;
use super::link::upload_object;
use crate::{App, OpError, Subject};

/// The first version of a stack that does not exist yet, its object in place.
pub(crate) struct Imported {
    upload: String,
    version: StateVersion,
}

impl App {
    /// Reads what the subject uploaded, and refuses what is no state.
    pub(crate) async fn state_import(
        &self,
        subject: &Subject,
        upload: String,
        stack: &StackId,
    ) -> Result<Imported, OpError> {
        let refused =
            |why: &str| OpError::invalid(format!("stackObjectID {}: {why}", Quoted(&upload)));
        let reader = self.store.reader();
        let owner = state::upload::owner(reader, &upload, self.clock.now()).await?;
        if owner.is_none_or(|owner| owner != subject.id()) {
            return Err(refused(
                "there is no such upload of yours, or its time is over; ask `stateUploadUrl` for a \
                 new one, and upload the state again",
            ));
        }
        let content = self.get_sealed(&upload_object(&upload)).await?;
        let content = content.ok_or_else(|| {
            refused("nothing was uploaded to it; send the state to its `url` with PUT first")
        })?;
        let copy = bytes::Bytes::copy_from_slice(&content);
        let (head, digest) = match self.state_head(stack, copy).await.map_err(OpError::from) {
            Ok(read) => read,
            Err(OpError::Invalid(why)) => return Err(refused(&why)),
            Err(error) => return Err(error),
        };
        let new = NewVersion {
            stack,
            head,
            bytes: content.len() as i64,
            digest,
            origin: Origin::Import,
            author: &subject.name,
            author_id: &subject.id(),
        };
        let version = self.state_put(new, &content).await?;
        Ok(Imported { upload, version })
    }

    /// In the transaction that adds the stack: its state is there with it, and the upload is used
    /// up.
    pub(crate) async fn state_imported(&self, tx: &Tx, imported: &Imported) -> Result<(), OpError> {
        if !state::upload::delete(tx, &imported.upload).await? {
            return Err(OpError::conflict(format!(
                "stackObjectID {}: another stack was made with this upload just now",
                Quoted(&imported.upload)
            )));
        }
        Ok(state::store(tx, &imported.version).await?)
    }

    /// Once the stack is there.
    pub(crate) fn state_import_done(self: &std::sync::Arc<Self>, imported: Imported) {
        let app = self.clone();
        self.afterwards.spawn(async move {
            let object = upload_object(&imported.upload);
            if let Err(error) = app.objects.remove(&object).await {
                tracing::warn!(object, %error, "an object that nothing refers to is left");
            }
        });
        self.state_count_soon(imported.version);
    }

    /// The stack could not be made after all.
    pub(crate) async fn state_import_undone(&self, imported: &Imported) {
        self.state_unput(&imported.version).await;
    }
}
