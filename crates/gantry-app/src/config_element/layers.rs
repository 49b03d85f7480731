//! Which elements surround the runs of a stack, and which of several of one name wins. Runs, the
//! preview of credentials and everything that is shown of a stack ask here.

use std::collections::{HashMap, HashSet};

use gantry_core::config_element::{ConfigKind, ConfigOwner, Effective, effective};
use gantry_core::context::{AttachedBy, AttachedContext};
use gantry_core::ids::{ContextId, SpaceId, StackId};
use gantry_core::stack::Stack;
use gantry_store::config_element::ConfigElement as Stored;
use gantry_store::{Reader, config_element};

use super::{ConfigElement, OpenElement};
use crate::{App, OpError, Subject};

/// What people set for the runs of a stack: the strongest first, overrides of a run apart.
pub(crate) struct Layers {
    /// The strongest first.
    pub contexts: Vec<AttachedContext>,
    elements: Vec<Effective<Stored>>,
}

/// An element of a stack, and where it comes from.
#[derive(Clone, Debug)]
pub struct Placed {
    /// `None` is the stack itself.
    pub context: Option<AttachedContext>,
    pub element: ConfigElement,
}

impl Placed {
    /// Whether it is of a context that a label attached: clients show those apart.
    pub fn by_label(&self) -> bool {
        self.context
            .as_ref()
            .is_some_and(|attached| attached.by == AttachedBy::Label)
    }
}

/// A context of a stack, with all of its elements.
pub type WithElements = (AttachedContext, Vec<ConfigElement>);

impl Layers {
    /// The variables that runs get, by name.
    pub(crate) fn variable_names(&self) -> Vec<&str> {
        self.elements
            .iter()
            .map(|element| &element.wins)
            .filter(|element| element.kind == ConfigKind::EnvironmentVariable)
            .map(|element| element.name.as_str())
            .collect()
    }

    fn context(&self, id: &ContextId) -> Option<&AttachedContext> {
        self.contexts
            .iter()
            .find(|attached| attached.context.id == *id)
    }
}

impl App {
    pub(crate) async fn layers(
        &self,
        reader: Reader<'_>,
        stack: &Stack,
    ) -> Result<Layers, OpError> {
        let mut layers = self.layers_of(reader, &[stack]).await?;
        layers
            .pop()
            .ok_or_else(|| OpError::internal("read layers", "one stack gives one answer"))
    }

    /// In the order of the stacks, with as many queries as for one of them.
    pub(crate) async fn layers_of(
        &self,
        reader: Reader<'_>,
        stacks: &[&Stack],
    ) -> Result<Vec<Layers>, OpError> {
        let contexts = self.contexts_of(reader, stacks).await?;
        let ids: HashSet<&ContextId> = contexts
            .iter()
            .flatten()
            .map(|attached| &attached.context.id)
            .collect();
        let ids: Vec<&ContextId> = ids.into_iter().collect();
        let own: Vec<&StackId> = stacks.iter().map(|stack| &stack.id).collect();
        let elements = config_element::list_together(reader, &own, &ids).await?;
        let mut of_owner: HashMap<ConfigOwner, Vec<Stored>> = HashMap::new();
        for element in elements {
            let elements = of_owner.entry(element.owner.clone());
            elements.or_default().push(element);
        }
        let layers = stacks.iter().zip(contexts).map(|(stack, contexts)| {
            let shared = contexts
                .iter()
                .map(|attached| ConfigOwner::Context(attached.context.id.clone()));
            let strongest_first = [ConfigOwner::Stack(stack.id.clone())]
                .into_iter()
                .chain(shared);
            let elements: Vec<Stored> = strongest_first
                .filter_map(|owner| of_owner.get(&owner))
                .flatten()
                .cloned()
                .collect();
            let elements = effective(elements, |element| (element.kind, element.name.clone()));
            Layers { contexts, elements }
        });
        Ok(layers.collect())
    }

    /// What runs get of those, with its values.
    pub(crate) async fn open_layers(&self, layers: &Layers) -> Result<Vec<OpenElement>, OpError> {
        let mut open = Vec::with_capacity(layers.elements.len());
        for element in &layers.elements {
            open.push(self.open_element(&element.wins).await?);
        }
        Ok(open)
    }

    /// For each variable and file that a run of the stack would get if it started now: where it comes
    /// from, and what of the same name it hides. Overrides of a single run are not known here.
    pub async fn stack_effective_config(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<Effective<Placed>>, OpError> {
        let mut found = self.stack_effective_configs(subject, &[stack]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// The same of several stacks, in their order.
    pub async fn stack_effective_configs(
        &self,
        subject: &Subject,
        stacks: &[&Stack],
    ) -> Result<Vec<Vec<Effective<Placed>>>, OpError> {
        let layers = self.layers_of(self.store.reader(), stacks).await?;
        let mut all = Vec::with_capacity(stacks.len());
        for (stack, layers) in stacks.iter().zip(&layers) {
            all.push(self.all_placed(subject, stack, layers).await?);
        }
        Ok(all)
    }

    async fn all_placed(
        &self,
        subject: &Subject,
        stack: &Stack,
        layers: &Layers,
    ) -> Result<Vec<Effective<Placed>>, OpError> {
        let mut all = Vec::with_capacity(layers.elements.len());
        for element in &layers.elements {
            let mut hides = Vec::with_capacity(element.hides.len());
            for hidden in &element.hides {
                hides.push(self.placed(subject, stack, layers, hidden).await?);
            }
            let wins = self.placed(subject, stack, layers, &element.wins).await?;
            all.push(Effective { wins, hides });
        }
        Ok(all)
    }

    /// The contexts of a stack, the strongest first, each with all of its elements.
    pub async fn stack_contexts(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<WithElements>, OpError> {
        let mut found = self.contexts_of_stacks(subject, &[stack]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// The same of several stacks, in their order.
    pub async fn contexts_of_stacks(
        &self,
        subject: &Subject,
        stacks: &[&Stack],
    ) -> Result<Vec<Vec<WithElements>>, OpError> {
        let reader = self.store.reader();
        let found = self.contexts_of(reader, stacks).await?;
        let contexts: HashMap<&ContextId, &SpaceId> = found
            .iter()
            .flatten()
            .map(|attached| (&attached.context.id, &attached.context.space))
            .collect();
        let elements = self.context_configs(subject, &contexts).await?;
        let of_stacks = found.into_iter().map(|contexts| {
            let with_elements = contexts.into_iter().map(|attached| {
                let elements = elements.get(&attached.context.id).cloned();
                (attached, elements.unwrap_or_default())
            });
            with_elements.collect()
        });
        Ok(of_stacks.collect())
    }

    /// The elements of contexts that the subject was given, each with its space.
    pub async fn context_configs(
        &self,
        subject: &Subject,
        contexts: &HashMap<&ContextId, &SpaceId>,
    ) -> Result<HashMap<ContextId, Vec<ConfigElement>>, OpError> {
        let mut found: HashMap<ContextId, Vec<ConfigElement>> = HashMap::new();
        if contexts.is_empty() {
            return Ok(found);
        }
        let ids: Vec<&ContextId> = contexts.keys().copied().collect();
        for element in config_element::list_of_contexts(self.store.reader(), &ids).await? {
            if let ConfigOwner::Context(id) = &element.owner
                && let Some(space) = contexts.get(id)
            {
                let id = id.clone();
                let shown = self.shown(subject, space, element).await?;
                found.entry(id).or_default().push(shown);
            }
        }
        Ok(found)
    }

    async fn placed(
        &self,
        subject: &Subject,
        stack: &Stack,
        layers: &Layers,
        element: &Stored,
    ) -> Result<Placed, OpError> {
        let context = match &element.owner {
            ConfigOwner::Stack(_) => None,
            ConfigOwner::Context(id) => layers.context(id).cloned(),
        };
        let space = match &context {
            Some(attached) => &attached.context.space,
            None => &stack.settings.space,
        };
        Ok(Placed {
            element: self.shown(subject, space, element.clone()).await?,
            context,
        })
    }
}
