use std::collections::HashMap;

use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::select::{Attached, Candidates};
use gantry_core::ids::StackId;
use gantry_core::space::seen_from;
use gantry_core::stack::Stack;
use gantry_store::{Reader, attachment, cloud_integration, legacy_role, space};

use crate::OpError;

/// Everything of one cloud that could serve a stack, whatever the phase.
pub(super) struct Found {
    cloud: Cloud,
    attached: Vec<Attached>,
    legacy_role: Option<LegacyRole>,
    auto_attach: Vec<Integration>,
}

impl Found {
    pub(super) async fn of_stack(
        reader: Reader<'_>,
        cloud: Cloud,
        stack: &Stack,
    ) -> Result<Self, OpError> {
        let mut found = Self::of_stacks(reader, cloud, &[stack]).await?;
        found
            .pop()
            .ok_or_else(|| OpError::internal("find candidates", "one stack gives one answer"))
    }

    /// In the order of the stacks, with as many queries as for one of them.
    pub(super) async fn of_stacks(
        reader: Reader<'_>,
        cloud: Cloud,
        stacks: &[&Stack],
    ) -> Result<Vec<Self>, OpError> {
        let ids: Vec<StackId> = stacks.iter().map(|stack| stack.id.clone()).collect();
        let mut attached: HashMap<StackId, Vec<Attached>> = HashMap::new();
        for found in attachment::of_stacks(reader, cloud, &ids).await? {
            let of_stack = attached.entry(found.attachment.stack.clone());
            of_stack.or_default().push(found);
        }
        let legacy_roles = match cloud {
            Cloud::Aws => legacy_role::of_stacks(reader, &ids).await?,
            Cloud::Azure => vec![],
        };
        let mut legacy_roles: HashMap<StackId, LegacyRole> = legacy_roles
            .into_iter()
            .map(|legacy| (legacy.stack.clone(), legacy))
            .collect();
        let auto_attach = auto_attach(reader, cloud, stacks).await?;
        let found = stacks.iter().zip(auto_attach);
        Ok(found
            .map(|(stack, auto_attach)| Found {
                cloud,
                attached: attached.remove(&stack.id).unwrap_or_default(),
                legacy_role: legacy_roles.remove(&stack.id),
                auto_attach,
            })
            .collect())
    }

    /// `private_worker`: the phase runs on a worker of a pool.
    pub(super) fn candidates<'a>(
        &'a self,
        user_variables: &'a [&'a str],
        private_worker: bool,
    ) -> Candidates<'a> {
        Candidates {
            cloud: self.cloud,
            attached: &self.attached,
            legacy_role: self.legacy_role.as_ref(),
            auto_attach: &self.auto_attach,
            user_variables,
            private_worker,
        }
    }
}

/// Those that name one of a stack's labels and that the stack sees, for each of the stacks.
async fn auto_attach(
    reader: Reader<'_>,
    cloud: Cloud,
    stacks: &[&Stack],
) -> Result<Vec<Vec<Integration>>, OpError> {
    let mut found = vec![vec![]; stacks.len()];
    if stacks.iter().all(|stack| stack.settings.labels.is_empty()) {
        return Ok(found);
    }
    let all = cloud_integration::list_autoattach(reader, cloud).await?;
    let mut named = false;
    for (stack, found) in stacks.iter().zip(&mut found) {
        let labels = &stack.settings.labels;
        let of_stack = all.iter().filter(|one| one.auto_attaches_to(labels));
        *found = of_stack.cloned().collect();
        named |= !found.is_empty();
    }
    if !named {
        return Ok(found);
    }
    let spaces = space::list(reader).await?;
    for (stack, found) in stacks.iter().zip(&mut found) {
        let seen = seen_from(&spaces, &stack.settings.space);
        found.retain(|integration| seen.contains(&&integration.space));
    }
    Ok(found)
}
