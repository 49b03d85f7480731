//! Attachments as pages list them: those of integrations, those of stacks, and what the last trial of
//! each role showed.

use std::collections::HashMap;

use gantry_cloud::provider::Patience;
use gantry_core::authz::Action;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::select::Attached;
use gantry_core::credentials::verification::Verification;
use gantry_core::ids::{IntegrationId, StackId};
use gantry_store::{attachment, cloud_integration, stack, verification};

use crate::role::assumed_in_worker;
use crate::{App, OpError, Subject};

/// An attachment, and what its stack is called.
#[derive(Clone)]
pub struct Listed {
    pub attached: Attached,
    pub stack_name: String,
}

impl App {
    /// Attachments of these integrations to stacks that the subject sees, by stack.
    pub async fn attachments_of_integrations(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integrations: &[IntegrationId],
    ) -> Result<Vec<Listed>, OpError> {
        let reader = self.store.reader();
        let found = attachment::of_integrations(reader, cloud, integrations).await?;
        self.listed(subject, found).await
    }

    /// Attachments of these stacks, which the subject was given; oldest first.
    pub async fn attachments_of_stacks(
        &self,
        subject: &Subject,
        cloud: Cloud,
        stacks: &[StackId],
    ) -> Result<Vec<Listed>, OpError> {
        let found = attachment::of_stacks(self.store.reader(), cloud, stacks).await?;
        self.listed(subject, found).await
    }

    async fn listed(
        &self,
        subject: &Subject,
        found: Vec<Attached>,
    ) -> Result<Vec<Listed>, OpError> {
        let mut ids: Vec<StackId> = found.iter().map(|a| a.attachment.stack.clone()).collect();
        ids.sort();
        ids.dedup();
        let mut names = HashMap::new();
        for (id, name, space) in stack::names(self.store.reader(), &ids).await? {
            if subject.sees(&space) {
                names.insert(id, name);
            }
        }
        let seen = found.into_iter().filter_map(|attached| {
            let stack_name = names.get(&attached.attachment.stack)?.clone();
            Some(Listed {
                attached,
                stack_name,
            })
        });
        Ok(seen.collect())
    }

    /// What the newest trials of these stacks' roles showed, mixed.
    pub async fn verifications_of_stacks(
        &self,
        stacks: &[StackId],
    ) -> Result<Vec<Verification>, OpError> {
        Ok(verification::of_stacks(self.store.reader(), stacks).await?)
    }

    /// Tries now what attaching tries, attached or not, and answers with what came back, whatever it
    /// was. What is attached is remembered.
    pub async fn integration_verify(
        &self,
        subject: &Subject,
        cloud: Cloud,
        id: &IntegrationId,
        stack: &StackId,
        (read, write): (bool, bool),
    ) -> Result<Vec<Verification>, OpError> {
        let serves =
            Serves::from_flags(read, write).map_err(|error| OpError::invalid(error.to_string()))?;
        let reader = self.store.reader();
        let stack = self
            .stack_for(reader, subject, stack, Action::Administer)
            .await?;
        let found = cloud_integration::find(reader, cloud, id).await?;
        let integration = self.attachable(reader, subject, &stack, id, found).await?;
        if assumed_in_worker(&integration.role) {
            return Err(OpError::conflict(format!(
                "the role of {:?} is assumed by the workers of a pool, which try it before its first \
                 use; this server can't try it",
                integration.name
            )));
        }
        let trials = self.trials(&integration, &stack, serves)?;
        let records = self.try_roles(cloud, &trials, Patience::Attach).await?;
        let tx = self.store.begin().await?;
        self.stack_for_update(&tx, subject, &stack.id, Action::Administer)
            .await?;
        let now = cloud_integration::find_for_update(&tx, cloud, id).await?;
        let attached = attachment::of_stack(tx.reader(), cloud, &stack.id).await?;
        let serves_now = attached
            .iter()
            .find(|attached| attached.integration.id == *id);
        if now.is_some_and(|now| now.role == integration.role) {
            for record in &records {
                let serves = serves_now.map(|attached| attached.attachment.serves);
                let access = record.access.zip(serves);
                if access.is_some_and(|(access, serves)| serves.covers(access)) {
                    verification::put(&tx, record).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(records)
    }
}
