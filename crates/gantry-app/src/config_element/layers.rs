//! Which elements surround the runs of a stack, and which of several of one name wins. Runs, the
//! preview of credentials and everything that is shown of a stack ask here.

use gantry_core::config_element::{ConfigKind, ConfigOwner, Effective, effective};
use gantry_core::context::{AttachedBy, AttachedContext};
use gantry_core::ids::ContextId;
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
        let contexts = self.contexts_of(reader, stack).await?;
        let ids: Vec<&ContextId> = contexts
            .iter()
            .map(|attached| &attached.context.id)
            .collect();
        let mut elements = config_element::list_together(reader, &stack.id, &ids).await?;
        let strength = |element: &Stored| match &element.owner {
            ConfigOwner::Stack(_) => 0,
            ConfigOwner::Context(id) => ids
                .iter()
                .position(|context| *context == id)
                .map_or(usize::MAX, |place| place + 1),
        };
        elements.sort_by_key(strength);
        let elements = effective(elements, |element| (element.kind, element.name.clone()));
        Ok(Layers { contexts, elements })
    }

    /// What runs get of those, with its values.
    pub(crate) fn open_layers(&self, layers: &Layers) -> Result<Vec<OpenElement>, OpError> {
        layers
            .elements
            .iter()
            .map(|element| self.open_element(&element.wins))
            .collect()
    }

    /// For each variable and file that a run of the stack would get if it started now: where it comes
    /// from, and what of the same name it hides. Overrides of a single run are not known here.
    pub async fn stack_effective_config(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<Effective<Placed>>, OpError> {
        let layers = self.layers(self.store.reader(), stack).await?;
        layers
            .elements
            .iter()
            .map(|element| {
                let hides = element
                    .hides
                    .iter()
                    .map(|hidden| self.placed(subject, stack, &layers, hidden));
                Ok(Effective {
                    wins: self.placed(subject, stack, &layers, &element.wins)?,
                    hides: hides.collect::<Result<_, OpError>>()?,
                })
            })
            .collect()
    }

    /// The same without what contexts add that a label attached, and without what is hidden: clients
    /// show those contexts apart.
    pub async fn stack_runtime_config(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<Placed>, OpError> {
        let all = self.stack_effective_config(subject, stack).await?;
        let by_label = |placed: &Placed| {
            placed
                .context
                .as_ref()
                .is_some_and(|attached| attached.by == AttachedBy::Label)
        };
        Ok(all
            .into_iter()
            .map(|element| element.wins)
            .filter(|placed| !by_label(placed))
            .collect())
    }

    /// The contexts of a stack, the strongest first, each with all of its elements.
    pub async fn stack_contexts(
        &self,
        subject: &Subject,
        stack: &Stack,
    ) -> Result<Vec<(AttachedContext, Vec<ConfigElement>)>, OpError> {
        let reader = self.store.reader();
        let contexts = self.contexts_of(reader, stack).await?;
        if contexts.is_empty() {
            return Ok(vec![]);
        }
        let ids: Vec<&ContextId> = contexts
            .iter()
            .map(|attached| &attached.context.id)
            .collect();
        let elements = config_element::list_of_contexts(reader, &ids).await?;
        contexts
            .iter()
            .map(|attached| {
                let own = ConfigOwner::Context(attached.context.id.clone());
                let elements = elements
                    .iter()
                    .filter(|element| element.owner == own)
                    .map(|element| self.shown(subject, &attached.context.space, element.clone()));
                Ok((attached.clone(), elements.collect::<Result<_, OpError>>()?))
            })
            .collect()
    }

    fn placed(
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
            element: self.shown(subject, space, element.clone())?,
            context,
        })
    }
}
