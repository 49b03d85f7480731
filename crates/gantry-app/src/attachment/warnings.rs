//! What is allowed but wants to be known. Computed whenever it is shown, never stored.

use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::select::Attached;
use gantry_store::{legacy_role, stack};

use crate::role::{assumed_in_worker, custom_external_id};
use crate::{App, OpError, Subject};

impl App {
    /// Sentences for the attachment's page and for whoever attaches.
    pub async fn attachment_warnings(&self, attached: &Attached) -> Result<Vec<String>, OpError> {
        let id = &attached.attachment.stack;
        let reader = self.store.reader();
        let legacy = legacy_role::find(reader, id).await?;
        let found = match assumed_in_worker(&attached.integration.role) {
            true => stack::find(reader, id).await?,
            false => None,
        };
        let pool = found.and_then(|stack| stack.settings.worker_pool);
        Ok(warnings(
            attached,
            legacy.is_some(),
            pool.is_some(),
            self.settings.limits.time,
        ))
    }

    pub(super) async fn log_attachment(
        &self,
        subject: &Subject,
        attached: &Attached,
        what: &str,
    ) -> Result<(), OpError> {
        let stack = &attached.attachment.stack;
        let integration = &attached.integration;
        tracing::info!(
            stack.slug = %stack, integration.id = %integration.id, by = subject.name,
            "the integration {:?} was {what} for {}",
            integration.name, attached.attachment.serves
        );
        for warning in self.attachment_warnings(attached).await? {
            tracing::warn!(stack.slug = %stack, integration.id = %integration.id, "{warning}");
        }
        Ok(())
    }
}

fn warnings(
    attached: &Attached,
    legacy_role: bool,
    private_pool: bool,
    phase_time_limit: u64,
) -> Vec<String> {
    let (integration, serves) = (&attached.integration, attached.attachment.serves);
    let role = &integration.role;
    let mut warnings = Vec::new();
    if assumed_in_worker(role) && private_pool {
        warnings.push(format!(
            "{:?} generates its credentials in the worker: nothing was verified here, and a worker \
             tries the role before its first use",
            integration.name
        ));
    } else if assumed_in_worker(role) {
        warnings.push(format!(
            "{:?} generates its credentials in the worker, which works only in a private worker \
             pool; the phases it serves fail until this stack has one. Nothing was verified",
            integration.name
        ));
    }
    if custom_external_id(role).is_some() && serves == Serves::Both {
        warnings.push(format!(
            "{:?} has a custom external ID and serves read and write with it, so the role can't tell \
             a plan from an apply",
            integration.name
        ));
    }
    let seconds = role.duration.seconds();
    if serves.write() && u64::from(seconds) < phase_time_limit {
        warnings.push(format!(
            "credentials of {:?} last {seconds} s, less than the {phase_time_limit} s that an apply \
             may take; raise the duration if applies take long",
            integration.name
        ));
    }
    if legacy_role {
        warnings.push(format!(
            "the stack {} also has an AWS role of its own; it serves only what no attachment covers",
            attached.attachment.stack
        ));
    }
    warnings
}

#[cfg(test)]
mod tests;
