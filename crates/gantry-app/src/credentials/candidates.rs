use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::select::{Attached, Candidates};
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
        Ok(Found {
            cloud,
            attached: attachment::of_stack(reader, cloud, &stack.id).await?,
            legacy_role: match cloud {
                Cloud::Aws => legacy_role::find(reader, &stack.id).await?,
                Cloud::Azure => None,
            },
            auto_attach: auto_attach(reader, cloud, stack).await?,
        })
    }

    pub(super) fn candidates<'a>(&'a self, user_variables: &'a [&'a str]) -> Candidates<'a> {
        Candidates {
            cloud: self.cloud,
            attached: &self.attached,
            legacy_role: self.legacy_role.as_ref(),
            auto_attach: &self.auto_attach,
            user_variables,
        }
    }

    /// The integration that attaches itself under this ID.
    pub(super) fn auto_attached(
        &self,
        id: &gantry_core::ids::IntegrationId,
    ) -> Option<&Integration> {
        self.auto_attach
            .iter()
            .find(|integration| integration.id == *id)
    }
}

/// Those that name one of the stack's labels and that the stack sees.
async fn auto_attach(
    reader: Reader<'_>,
    cloud: Cloud,
    stack: &Stack,
) -> Result<Vec<Integration>, OpError> {
    let labels = &stack.settings.labels;
    if labels.is_empty() {
        return Ok(vec![]);
    }
    let mut found = cloud_integration::list_autoattach(reader, cloud).await?;
    found.retain(|integration| integration.auto_attaches_to(labels));
    if found.is_empty() {
        return Ok(found);
    }
    let spaces = space::list(reader).await?;
    let seen = seen_from(&spaces, &stack.settings.space);
    found.retain(|integration| seen.contains(&&integration.space));
    Ok(found)
}
