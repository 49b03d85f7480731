//! An integration attached to a stack, and the rules about how many a stack may have.

use thiserror::Error;

use super::access::Access;
use crate::ids::{AttachmentId, IntegrationId, StackId};

/// Which accesses an attachment serves. "Neither" does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Serves {
    Read,
    Write,
    Both,
}

impl Serves {
    /// From the two flags of the API.
    pub fn from_flags(read: bool, write: bool) -> Result<Self, SlotRefused> {
        match (read, write) {
            (true, false) => Ok(Serves::Read),
            (false, true) => Ok(Serves::Write),
            (true, true) => Ok(Serves::Both),
            (false, false) => Err(SlotRefused::NeitherFlag),
        }
    }

    pub const fn read(self) -> bool {
        matches!(self, Serves::Read | Serves::Both)
    }

    pub const fn write(self) -> bool {
        matches!(self, Serves::Write | Serves::Both)
    }

    pub const fn covers(self, access: Access) -> bool {
        match access {
            Access::Read => self.read(),
            Access::Write => self.write(),
        }
    }

    pub fn accesses(self) -> impl Iterator<Item = Access> {
        Access::ALL
            .into_iter()
            .filter(move |access| self.covers(*access))
    }
}

impl std::fmt::Display for Serves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Serves::Read => "read",
            Serves::Write => "write",
            Serves::Both => "read and write",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    pub integration: IntegrationId,
    /// The integration's name, for sentences.
    pub integration_name: String,
    pub stack: StackId,
    pub serves: Serves,
}

/// What a request to attach comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Placement<'a> {
    /// The slots it needs are free.
    Free,
    /// The same request was carried out before: answer with this one.
    Existing(&'a Attachment),
}

/// Why an attachment can't be made or changed. At most two per stack and cloud: at most one
/// serves read, at most one serves write.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SlotRefused {
    #[error("an attachment needs read, write or both; set at least one of them to true")]
    NeitherFlag,
    #[error(
        "the integration {name:?} is already attached to stack {stack} for {serves}; update attachment {attachment} instead"
    )]
    SameIntegration {
        name: String,
        stack: StackId,
        serves: Serves,
        attachment: AttachmentId,
    },
    #[error(
        "stack {stack} already gets its {access} credentials from the integration {name:?} (attachment {attachment}); detach it or take {access} away from it first"
    )]
    Taken {
        access: Access,
        name: String,
        stack: StackId,
        attachment: AttachmentId,
    },
    #[error(
        "stack {stack} already has two integrations of this cloud attached: {read_name:?} for read (attachment {read}) and {write_name:?} for write (attachment {write}); detach one first"
    )]
    Third {
        stack: StackId,
        read_name: String,
        read: AttachmentId,
        write_name: String,
        write: AttachmentId,
    },
}

impl SlotRefused {
    /// Whether waiting can help: clients replace attachments in parallel, so that the slot may be
    /// given up a moment later.
    pub const fn may_become_free(&self) -> bool {
        matches!(self, SlotRefused::Taken { .. } | SlotRefused::Third { .. })
    }
}

/// Where a new attachment of `integration` would go, given the attachments that the stack has in
/// the same cloud.
pub fn place<'a>(
    existing: &'a [Attachment],
    integration: &IntegrationId,
    serves: Serves,
) -> Result<Placement<'a>, SlotRefused> {
    if let Some(same) = existing.iter().find(|a| a.integration == *integration) {
        if same.serves == serves {
            return Ok(Placement::Existing(same));
        }
        return Err(SlotRefused::SameIntegration {
            name: same.integration_name.clone(),
            stack: same.stack.clone(),
            serves: same.serves,
            attachment: same.id.clone(),
        });
    }
    let read = existing.iter().find(|a| a.serves == Serves::Read);
    let write = existing.iter().find(|a| a.serves == Serves::Write);
    if let (Some(read), Some(write)) = (read, write) {
        return Err(SlotRefused::Third {
            stack: read.stack.clone(),
            read_name: read.integration_name.clone(),
            read: read.id.clone(),
            write_name: write.integration_name.clone(),
            write: write.id.clone(),
        });
    }
    slots_free(existing.iter(), serves).map(|()| Placement::Free)
}

/// Whether the attachment `id` may serve `serves` from now on, given all attachments of its stack
/// in the same cloud, itself included.
pub fn may_change(
    existing: &[Attachment],
    id: &AttachmentId,
    serves: Serves,
) -> Result<(), SlotRefused> {
    slots_free(existing.iter().filter(|a| a.id != *id), serves)
}

fn slots_free<'a>(
    others: impl Iterator<Item = &'a Attachment> + Clone,
    serves: Serves,
) -> Result<(), SlotRefused> {
    for access in serves.accesses() {
        if let Some(holder) = others.clone().find(|a| a.serves.covers(access)) {
            return Err(SlotRefused::Taken {
                access,
                name: holder.integration_name.clone(),
                stack: holder.stack.clone(),
                attachment: holder.id.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
