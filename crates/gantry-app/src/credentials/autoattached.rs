//! The stacks that integrations attach themselves to, for the pages of the integrations: by the same
//! selection that runs use, as things stand.

use std::collections::HashMap;

use gantry_core::credentials::access::Access;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::grant::Source;
use gantry_core::credentials::select::{Choice, Selection, select};
use gantry_core::ids::{IntegrationId, StackId};
use gantry_core::run::{Phase, RunKind};
use gantry_core::stack::Stack;
use gantry_store::cloud_integration;

use super::by_worker::in_private_pool;
use super::candidates::Found;
use crate::{App, OpError, Subject};

/// One stack that carries a label of an integration, and does not get its credentials elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoattachedStack {
    pub stack: StackId,
    pub name: String,
    pub read: bool,
    pub write: bool,
    /// Why phases of this stack fail instead.
    pub problems: Vec<String>,
}

/// One phase stands for all with the same access: selection looks at nothing else of it.
const PHASES: [(Access, Phase); 2] = [(Access::Read, Phase::Plan), (Access::Write, Phase::Apply)];

impl App {
    /// Of those among `integrations` that attach themselves anywhere: the stacks that the subject
    /// sees, by ID.
    pub async fn autoattached_stacks(
        &self,
        subject: &Subject,
        cloud: Cloud,
        integrations: &[IntegrationId],
    ) -> Result<HashMap<IntegrationId, Vec<AutoattachedStack>>, OpError> {
        let reader = self.store.reader();
        let mut own = cloud_integration::list_autoattach(reader, cloud).await?;
        own.retain(|integration| integrations.contains(&integration.id));
        if own.is_empty() {
            return Ok(HashMap::new());
        }
        let mut stacks = self.stacks(subject).await?;
        stacks.retain(|stack| {
            let labels = &stack.settings.labels;
            own.iter().any(|one| one.auto_attaches_to(labels))
        });
        stacks.sort_by(|one, other| one.id.cmp(&other.id));
        let stacks: Vec<&Stack> = stacks.iter().collect();
        let layers = self.layers_of(reader, &stacks).await?;
        let found = Found::of_stacks(reader, cloud, &stacks).await?;
        let mut answer: HashMap<IntegrationId, Vec<AutoattachedStack>> = HashMap::new();
        for ((stack, found), layers) in stacks.iter().zip(&found).zip(&layers) {
            let variables = layers.variable_names();
            let candidates = found.candidates(&variables, in_private_pool(stack));
            for (access, phase) in PHASES {
                let selection = select(&candidates, RunKind::Tracked, phase);
                let problem = selection
                    .fails_phase()
                    .then(|| selection.explain(cloud, phase));
                for integration in named(&selection) {
                    if !integrations.contains(integration) {
                        continue;
                    }
                    let of_integration = answer.entry(integration.clone()).or_default();
                    let of_stack = of_stack(of_integration, stack);
                    match (&problem, access) {
                        (Some(problem), _) => of_stack.problems.push(problem.clone()),
                        (None, Access::Read) => of_stack.read = true,
                        (None, Access::Write) => of_stack.write = true,
                    }
                }
            }
        }
        Ok(answer)
    }
}

/// The integrations that attach themselves and that the selection is about.
fn named<'a>(selection: &'a Selection<'_>) -> Vec<&'a IntegrationId> {
    let sources: Vec<&Source> = match selection {
        Selection::Chosen(Choice { source, .. })
        | Selection::WorkerSideUnavailable { source, .. } => vec![source],
        Selection::Conflict { between, .. } => between.iter().collect(),
        Selection::NothingAttached { .. }
        | Selection::SetByUser { .. }
        | Selection::NoSuchPhase => vec![],
    };
    sources
        .into_iter()
        .filter_map(|source| match source {
            Source::AutoAttach { integration, .. } => Some(integration),
            Source::Attachment { .. } | Source::LegacyRole => None,
        })
        .collect()
}

/// Stacks come one after the other, so it is the last or a new one.
fn of_stack<'a>(found: &'a mut Vec<AutoattachedStack>, stack: &Stack) -> &'a mut AutoattachedStack {
    if found.last().is_none_or(|last| last.stack != stack.id) {
        found.push(AutoattachedStack {
            stack: stack.id.clone(),
            name: stack.settings.name.clone(),
            read: false,
            write: false,
            problems: vec![],
        });
    }
    let last = found.len() - 1;
    &mut found[last]
}
