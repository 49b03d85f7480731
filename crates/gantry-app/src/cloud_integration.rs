//! Cloud integrations: account-level connections, reusable by many stacks.
//!
//! The operations are the same for every cloud; the strict type of what only one cloud knows is
//! parsed when it comes in ([`RoleInput`]).

mod search;

use gantry_cloud::provider::Patience;
use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::credentials::attachment::Attachment;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::{IntegrationId, StackId};
use gantry_store::{StoreError, Tx, attachment, cloud_integration, stack};
use ulid::Ulid;

use crate::audit::Deed;
use crate::role::{RoleInput, assumed_in_worker};
use crate::verification::Verified;
use crate::{App, OpError, Subject, sight};

pub use search::Found;

const NAME_MAX: usize = 255;

/// How often an update begins anew because somebody attached the integration meanwhile.
const ATTEMPTS: usize = 3;

/// What create and update say. Update replaces everything; only a `space` of `None` keeps the one
/// there is.
#[derive(Clone, Debug, Default)]
pub struct IntegrationInput {
    pub name: String,
    pub labels: Vec<String>,
    pub space: Option<String>,
    pub autoattach_enabled: bool,
    pub role: RoleInput,
}

impl App {
    pub async fn integrations(
        &self,
        subject: &Subject,
        cloud: Cloud,
    ) -> Result<Vec<Integration>, OpError> {
        let mut all = cloud_integration::list(self.store.reader(), cloud).await?;
        all.retain(|integration| subject.sees_shared(&integration.space));
        Ok(all)
    }

    pub async fn integration(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, OpError> {
        let found = cloud_integration::find(self.store.reader(), cloud, id).await?;
        Ok(found.filter(|integration| subject.sees_shared(&integration.space)))
    }

    /// Names are unique in a cloud, and compared exactly.
    pub async fn integration_by_name(
        &self,
        subject: &Subject,
        cloud: Cloud,
        name: &str,
    ) -> Result<Option<Integration>, OpError> {
        let found = cloud_integration::find_by_name(self.store.reader(), cloud, name).await?;
        Ok(found.filter(|integration| subject.sees_shared(&integration.space)))
    }

    /// Asks the cloud nothing: what a role has to accept depends on the stack.
    pub async fn integration_create(
        &self,
        subject: &Subject,
        cloud: Cloud,
        input: &IntegrationInput,
    ) -> Result<Integration, OpError> {
        let space = self.space_for_new(subject, input.space.as_deref()).await?;
        subject.require(Action::Administer, &space)?;
        let integration = Integration {
            id: IntegrationId::new(Ulid::generate().to_string()),
            name: checked_name(&input.name)?,
            space,
            labels: checked_labels(&input.labels)?,
            autoattach_enabled: input.autoattach_enabled,
            role: input.role.parse(&self.account)?,
        };
        let tx = self.store.begin().await?;
        cloud_integration::insert(&tx, cloud, &integration, self.clock.now())
            .await
            .map_err(|error| not_stored(error, cloud, &integration))?;
        let deed = deed("integration.create", cloud, &integration);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            integration.id = %integration.id, by = subject.name,
            "the {} integration {:?} was created", cloud.label(), integration.name
        );
        Ok(integration)
    }

    /// A change of what is sent to the cloud is tried first, as every attached stack would send it;
    /// the first refusal refuses the change.
    pub async fn integration_update(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &IntegrationId,
        input: &IntegrationInput,
    ) -> Result<Integration, OpError> {
        let mut verified = Verified::default();
        for _ in 0..ATTEMPTS {
            let reader = self.store.reader();
            let before = cloud_integration::find(reader, cloud, id).await?;
            let before = self.administered(subject, id, before)?;
            let after = self.updated(subject, &before, input).await?;
            let attachments = attachment::of_integration(reader, cloud, id).await?;
            if before.role != after.role && !assumed_in_worker(&after.role) {
                let trials = self.trials_everywhere(&after, &attachments).await?;
                self.verify(cloud, trials, Patience::Update, &mut verified)
                    .await?;
            }

            let tx = self.store.begin().await?;
            if before.space != after.space {
                hold_stacks(&tx, &attachments).await?;
            }
            let current = cloud_integration::find_for_update(&tx, cloud, id).await?;
            let unchanged = current.as_ref() == Some(&before)
                && attachment::of_integration(tx.reader(), cloud, id).await? == attachments;
            if !unchanged {
                continue;
            }
            if before.space != after.space {
                sight::kept_by_integration(&tx, &after, &attachments).await?;
            }
            cloud_integration::update(&tx, &after, self.clock.now())
                .await
                .map_err(|error| not_stored(error, cloud, &after))?;
            verified.save(&tx).await?;
            let deed = deed("integration.update", cloud, &after)
                .with("roleBefore", before.role.arn.as_str())
                .with("spaceBefore", before.space.as_str());
            self.audit(&tx, subject, deed).await?;
            tx.commit().await?;
            tracing::info!(
                integration.id = %id, by = subject.name,
                "the {} integration {:?} was updated", cloud.label(), after.name
            );
            return Ok(after);
        }
        Err(OpError::Unavailable(format!(
            "the integration `{id}` keeps being changed by others at this moment; try again"
        )))
    }

    /// Answers with the integration as it was, or `None` when there was none.
    pub async fn integration_delete(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, OpError> {
        let tx = self.store.begin().await?;
        let found = cloud_integration::find_for_update(&tx, cloud, id).await?;
        let Some(integration) = found.filter(|found| subject.sees_shared(&found.space)) else {
            return Ok(None);
        };
        subject.require(Action::Administer, &integration.space)?;
        let attachments = attachment::of_integration(tx.reader(), cloud, id).await?;
        if !attachments.is_empty() {
            let stacks: Vec<&StackId> = attachments.iter().map(|a| &a.stack).collect();
            return Err(OpError::conflict(format!(
                "the integration {:?} is still attached to {}; detach it there first",
                integration.name,
                named(&stacks)
            )));
        }
        cloud_integration::delete(&tx, id).await?;
        let deed = deed("integration.delete", cloud, &integration);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            integration.id = %id, by = subject.name,
            "the {} integration {:?} was deleted", cloud.label(), integration.name
        );
        Ok(Some(integration))
    }

    fn administered(
        &self,
        subject: &Subject,
        id: &IntegrationId,
        found: Option<Integration>,
    ) -> Result<Integration, OpError> {
        let integration = found
            .filter(|found| subject.sees_shared(&found.space))
            .ok_or_else(|| OpError::missing("integration", id))?;
        subject.require(Action::Administer, &integration.space)?;
        Ok(integration)
    }

    async fn updated(
        &self,
        subject: &Subject,
        before: &Integration,
        input: &IntegrationInput,
    ) -> Result<Integration, OpError> {
        let space = match input.space.as_deref() {
            Some(wanted) if wanted != before.space.as_str() => {
                let space = self.space_for_new(subject, Some(wanted)).await?;
                subject.require(Action::Administer, &space)?;
                space
            }
            _ => before.space.clone(),
        };
        Ok(Integration {
            id: before.id.clone(),
            name: checked_name(&input.name)?,
            space,
            labels: checked_labels(&input.labels)?,
            autoattach_enabled: input.autoattach_enabled,
            role: input.role.parse(&self.account)?,
        })
    }
}

pub(crate) fn deed(action: &'static str, cloud: Cloud, integration: &Integration) -> Deed {
    let target = Target::named("integration", &integration.id, &integration.name);
    Deed::new(action, target)
        .in_space(&integration.space)
        .with("cloud", cloud.as_str())
        .with("role", integration.role.arn.as_str())
        .with("autoattach", integration.autoattach_enabled)
}

/// Stacks before their integration, in the order of their IDs: the order in which attaching takes
/// the same locks.
async fn hold_stacks(tx: &Tx, attachments: &[Attachment]) -> Result<(), OpError> {
    for attachment in attachments {
        stack::find_for_update(tx, &attachment.stack).await?;
    }
    Ok(())
}

fn checked_labels(labels: &[String]) -> Result<Vec<String>, OpError> {
    crate::stack::check_labels(labels)?;
    Ok(labels.to_vec())
}

fn checked_name(name: &str) -> Result<String, OpError> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_MAX {
        return Err(OpError::invalid(format!(
            "name: an integration needs a name of 1 to {NAME_MAX} characters, this one has {length}"
        )));
    }
    if let Some(character) = name.chars().find(|character| character.is_control()) {
        return Err(OpError::invalid(format!(
            "name: contains the control character {character:?}; take it out"
        )));
    }
    Ok(name.to_owned())
}

fn not_stored(error: StoreError, cloud: Cloud, integration: &Integration) -> OpError {
    match error {
        StoreError::Duplicate(_) => OpError::conflict(format!(
            "name: there is an {} integration {:?} already, and names are unique in the account; \
             choose another",
            cloud.label(),
            integration.name
        )),
        // Deleted since it was looked up.
        StoreError::Referenced => OpError::missing("space", &integration.space),
        other => other.into(),
    }
}

/// `the stack a`, `the stacks a and b`, `the stacks a, b and c`.
pub(crate) fn named(stacks: &[&StackId]) -> String {
    match stacks {
        [] => "no stack".to_owned(),
        [one] => format!("the stack {one}"),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(|stack| stack.as_str()).collect();
            format!("the stacks {} and {last}", most.join(", "))
        }
    }
}
