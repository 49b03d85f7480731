//! Links that carry a state in or out without a login: signed, for one purpose, good for minutes.

use bytes::Bytes;
use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::ids::{StackId, StateVersionId};
use gantry_store::state;
use zeroize::Zeroizing;

use super::require_managed;
use crate::audit::Deed;
use crate::login::LinkPurpose;
use crate::{App, OpError, Subject};

/// From asking for the link to the last byte.
const DOWNLOAD_SECONDS: i64 = 5 * 60;
/// From asking for the link to the stack that is made with the state.
const UPLOAD_SECONDS: i64 = 30 * 60;

/// Of one subject at a time. Each may be as large as a state.
const MOST_UPLOADS: i64 = 50;

/// A place for a state that a new stack is going to begin with.
pub struct StateUpload {
    pub object_id: String,
    pub url: String,
}

/// A state on its way out.
pub struct StateDownload {
    pub stack: StackId,
    pub serial: i64,
    pub content: Zeroizing<Vec<u8>>,
}

impl App {
    /// Where a state can be uploaded, for the stack that is then made by the same subject.
    pub async fn state_upload_url(&self, subject: &Subject) -> Result<StateUpload, OpError> {
        if subject
            .administered_spaces()
            .is_some_and(|spaces| spaces.is_empty())
        {
            return Err(OpError::Forbidden(format!(
                "{} makes no stacks, and so uploads no state for one: that takes the role admin in \
                 a space",
                subject.name
            )));
        }
        let now = self.clock.now();
        let id = self.runs.new_id(now).into_string();
        let expires_at = now + UPLOAD_SECONDS * 1000;
        let tx = self.store.begin().await?;
        let open = state::upload::count(tx.reader(), &subject.id(), now).await?;
        if open >= MOST_UPLOADS {
            return Err(OpError::conflict(format!(
                "{} has {open} uploads that no stack was made with: make the stacks, or wait until \
                 the oldest link ends",
                subject.name
            )));
        }
        state::upload::insert(&tx, &id, &subject.id(), expires_at).await?;
        let deed = Deed::new("state.upload", Target::new("state_upload", &id));
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        self.runs.ends_at(expires_at);
        let token = self.link_token(LinkPurpose::StateUpload, &id, UPLOAD_SECONDS)?;
        Ok(StateUpload {
            url: format!(
                "{}/state-uploads/{id}?token={token}",
                self.settings.public_url
            ),
            object_id: id,
        })
    }

    /// Whether the link is good for this upload.
    pub async fn state_upload_open(&self, id: &str, token: &str) -> Result<bool, OpError> {
        if self.check_link(LinkPurpose::StateUpload, token).as_deref() != Some(id) {
            return Ok(false);
        }
        let now = self.clock.now();
        let owner = state::upload::owner(self.store.reader(), id, now).await?;
        Ok(owner.is_some())
    }

    /// Keeps what was uploaded, whatever it is: it is read when a stack is made with it.
    pub async fn state_upload_put(&self, id: &str, content: Bytes) -> Result<(), OpError> {
        self.put_sealed(&upload_object(id), &content).await?;
        Ok(())
    }

    /// Where the current state of a stack can be downloaded, or an older version of it. For writers:
    /// a state holds secrets.
    pub async fn state_download_url(
        &self,
        subject: &Subject,
        id: &StackId,
        version: Option<&StateVersionId>,
    ) -> Result<String, OpError> {
        subject.require_not_run()?;
        let reader = self.store.reader();
        let stack = self.stack_for(reader, subject, id, Action::Operate).await?;
        require_managed(&stack)?;
        let version = match version {
            Some(version) => state::find(reader, id, version)
                .await?
                .ok_or_else(|| OpError::missing("version of the state", version))?,
            None => state::current(reader, id).await?.ok_or_else(|| {
                OpError::invalid(format!(
                    "the stack `{id}` has no state yet: its first apply makes one"
                ))
            })?,
        };
        let deed = Deed::to_stack("state.download", &stack).with("serial", version.serial);
        let tx = self.store.begin().await?;
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        let of = format!("{id}/{}", version.id);
        let token = self.link_token(LinkPurpose::StateDownload, &of, DOWNLOAD_SECONDS)?;
        Ok(format!(
            "{}/state-downloads/{}?token={token}",
            self.settings.public_url, version.id
        ))
    }

    /// The state that a link leads to; `None` when the link is not good, or not any more.
    pub async fn state_download(
        &self,
        id: &StateVersionId,
        token: &str,
    ) -> Result<Option<StateDownload>, OpError> {
        let Some(of) = self.check_link(LinkPurpose::StateDownload, token) else {
            return Ok(None);
        };
        let Some((stack, version)) = of.split_once('/') else {
            return Ok(None);
        };
        if version != id.as_str() {
            return Ok(None);
        }
        let stack = StackId::new(stack);
        let Some(version) = state::find(self.store.reader(), &stack, id).await? else {
            return Ok(None);
        };
        Ok(Some(StateDownload {
            content: self.state_bytes(&version).await?,
            serial: version.serial,
            stack,
        }))
    }

    /// Removes uploads that nobody made a stack with. Answers when the next one's time is over.
    pub(crate) async fn state_uploads_expire(&self, now: i64) -> Result<Option<i64>, OpError> {
        for id in state::upload::expired(self.store.reader(), now).await? {
            // The object first: without its row nobody would look for it again.
            self.objects.remove(&upload_object(&id)).await?;
            let tx = self.store.begin().await?;
            state::upload::delete(&tx, &id).await?;
            tx.commit().await?;
        }
        Ok(state::upload::next_expiry(self.store.reader()).await?)
    }
}

pub(super) fn upload_object(id: &str) -> String {
    format!("state-uploads/{id}")
}
