//! Contexts: variables, mounted files and hooks that stacks share.

use crate::hooks::Hooks;
use crate::ids::{ContextAttachmentId, ContextId, SpaceId};
use crate::quoted::Quoted;
use crate::slug;

/// A context as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub id: ContextId,
    pub name: String,
    pub description: Option<String>,
    pub space: SpaceId,
    pub labels: Vec<String>,
    pub hooks: Hooks,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A label that begins so attaches its context to the stacks that carry the rest of it.
const AUTOATTACH: &str = "autoattach:";

/// As that rest: every stack.
const EVERY_STACK: &str = "*";

impl Context {
    /// The labels by which it attaches itself.
    fn wanted(&self) -> impl Iterator<Item = &str> {
        self.labels
            .iter()
            .filter_map(|label| label.strip_prefix(AUTOATTACH))
            .filter(|wanted| !wanted.is_empty())
    }

    /// Whether it attaches itself to anything at all.
    pub fn auto_attaches(&self) -> bool {
        self.wanted().next().is_some()
    }

    /// Whether it attaches itself to a stack that carries these labels and sees it. Computed
    /// whenever somebody asks and never stored. Visibility is the caller's part.
    pub fn auto_attaches_to(&self, stack_labels: &[String]) -> bool {
        self.wanted()
            .any(|wanted| wanted == EVERY_STACK || stack_labels.iter().any(|l| l == wanted))
    }
}

/// A context as one stack has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedContext {
    pub context: Context,
    pub by: AttachedBy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachedBy {
    Person {
        attachment: ContextAttachmentId,
        /// The lowest wins.
        priority: i64,
    },
    Label,
}

/// Puts the strongest first: those that somebody attached, by priority and then by ID, before those
/// that a label attaches, by ID.
pub fn by_strength(contexts: &mut [AttachedContext]) {
    contexts.sort_by(|one, other| {
        let key = |attached: &AttachedContext| match attached.by {
            AttachedBy::Person { priority, .. } => (0, priority),
            AttachedBy::Label => (1, 0),
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| one.context.id.cmp(&other.context.id))
    });
}

/// The hooks of a run: the contexts', which come with the strongest first, then the stack's own.
///
/// Before a command, contexts that somebody attached come first, by priority, then those of labels
/// in reverse order of their IDs; after it, contexts run in the opposite order.
pub fn hooks(contexts: &[AttachedContext], own: &Hooks) -> Hooks {
    let (attached, labelled): (Vec<_>, Vec<_>) = contexts
        .iter()
        .partition(|context| context.by != AttachedBy::Label);
    let order: Vec<&AttachedContext> = attached
        .into_iter()
        .chain(labelled.into_iter().rev())
        .collect();
    let mut all = Hooks::default();
    for attached in &order {
        all.extend_before(&attached.context.hooks);
    }
    for attached in order.iter().rev() {
        all.extend_after(&attached.context.hooks);
    }
    all.extend_before(own);
    all.extend_after(own);
    all
}

/// The ID of a context that is called so.
pub fn id_from_name(name: &str) -> Result<ContextId, NoContextId> {
    match slug::from_characters(name) {
        slug if slug.is_empty() => Err(NoContextId(name.to_owned())),
        slug => Ok(ContextId::new(slug)),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`name` {} has no letter a-z or digit that the context's ID could be made of: choose another \
     name",
    Quoted(.0)
)]
pub struct NoContextId(String);

#[cfg(test)]
mod tests;
