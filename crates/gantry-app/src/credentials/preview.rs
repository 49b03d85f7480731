use gantry_core::credentials::access::{Access, required};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::select::{Candidates, Choice, Selection, select};
use gantry_core::ids::IntegrationId;
use gantry_core::run::{Phase, RunKind};
use gantry_core::stack::Stack;

use super::CLOUDS;
use super::by_worker::in_private_pool;
use super::candidates::Found;
use crate::{App, OpError};

/// What a phase of a run kind would get if it started now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPreview {
    pub kind: RunKind,
    pub phase: Phase,
    pub access: Access,
    pub cloud: Cloud,
    /// The sentence that a run would show.
    pub explanation: String,
    /// The phase would fail instead of starting without.
    pub fails: bool,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
    /// `None` also for the stack's own role.
    pub integration: Option<IntegrationId>,
}

impl App {
    /// Which credentials each phase of a run of this stack would get: the decision that runs use,
    /// on what is configured now. Overrides of a single run are not known here.
    pub async fn credentials_preview(&self, stack: &Stack) -> Result<Vec<AccessPreview>, OpError> {
        let mut previews = self.credentials_previews(&[stack]).await?;
        Ok(previews.pop().unwrap_or_default())
    }

    /// The same of several stacks, in their order.
    pub async fn credentials_previews(
        &self,
        stacks: &[&Stack],
    ) -> Result<Vec<Vec<AccessPreview>>, OpError> {
        let reader = self.store.reader();
        let layers = self.layers_of(reader, stacks).await?;
        let mut previews = vec![vec![]; stacks.len()];
        for cloud in CLOUDS {
            let found = Found::of_stacks(reader, cloud, stacks).await?;
            let of_stacks = stacks.iter().zip(&found).zip(&layers);
            for (((stack, found), layers), previews) in of_stacks.zip(&mut previews) {
                let variables = layers.variable_names();
                let candidates = found.candidates(&variables, in_private_pool(stack));
                self.preview(stack, cloud, &candidates, previews);
            }
        }
        Ok(previews)
    }

    fn preview(
        &self,
        stack: &Stack,
        cloud: Cloud,
        candidates: &Candidates<'_>,
        previews: &mut Vec<AccessPreview>,
    ) {
        for kind in RunKind::ALL {
            for phase in Phase::ALL {
                let Some(access) = required(kind, phase) else {
                    continue;
                };
                let selection = select(candidates, kind, phase);
                let explanation = selection.explain(cloud, phase);
                let choice = match &selection {
                    Selection::Chosen(choice) => Some(choice),
                    _ => None,
                };
                previews.push(AccessPreview {
                    kind,
                    phase,
                    access,
                    cloud,
                    explanation,
                    fails: selection.fails_phase(),
                    role_arn: choice.map(|choice| choice.role.arn.to_string()),
                    external_id: choice.and_then(|choice| self.external_id(choice, stack)),
                    integration: choice.and_then(|choice| choice.source.integration().cloned()),
                });
            }
        }
    }

    fn external_id(&self, choice: &Choice<'_>, stack: &Stack) -> Option<String> {
        let id = choice.external_id(&self.account, &stack.id);
        id.ok().map(|id| id.to_string())
    }
}
