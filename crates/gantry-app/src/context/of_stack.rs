use std::collections::HashMap;

use gantry_core::context::{AttachedBy, AttachedContext, Context, by_strength};
use gantry_core::ids::{ContextAttachmentId, ContextId, SpaceId, StackId};
use gantry_core::space::Tree;
use gantry_core::stack::Stack;
use gantry_store::{Reader, context, context_attachment, space};

use crate::{App, OpError};

/// A stack as its context has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextStack {
    pub context: ContextId,
    pub stack: StackId,
    pub name: String,
    pub space: SpaceId,
    pub by: AttachedBy,
}

impl ContextStack {
    pub fn attachment(&self) -> Option<&ContextAttachmentId> {
        match &self.by {
            AttachedBy::Person { attachment, .. } => Some(attachment),
            AttachedBy::Label => None,
        }
    }
}

impl App {
    /// The contexts that surround the runs of each of some stacks: those that somebody attached, and
    /// those that attach themselves to one of its labels and that it sees. The strongest first.
    pub(crate) async fn contexts_of(
        &self,
        reader: Reader<'_>,
        stacks: &[&Stack],
    ) -> Result<Vec<Vec<AttachedContext>>, OpError> {
        let ids: Vec<&StackId> = stacks.iter().map(|stack| &stack.id).collect();
        let mut by_person: HashMap<StackId, Vec<AttachedContext>> = HashMap::new();
        let mut by_label = vec![];
        for (stack, attached) in context::of_stacks(reader, &ids).await? {
            match stack {
                Some(stack) => by_person.entry(stack).or_default().push(attached),
                None => by_label.push(attached),
            }
        }
        let wants = |stack: &Stack, attached: &AttachedContext| {
            attached.context.auto_attaches_to(&stack.settings.labels)
        };
        by_label.retain(|attached| stacks.iter().any(|stack| wants(stack, attached)));
        let spaces = match by_label.is_empty() {
            true => vec![],
            false => space::list(reader).await?,
        };
        let tree = Tree::new(&spaces);
        let contexts = stacks.iter().map(|stack| {
            let mut contexts = by_person.remove(&stack.id).unwrap_or_default();
            for attached in &by_label {
                // What somebody attached stays what it is.
                let new = contexts
                    .iter()
                    .all(|known| known.context.id != attached.context.id);
                let seen = tree.sees(&stack.settings.space, &attached.context.space);
                if new && seen && wants(stack, attached) {
                    contexts.push(attached.clone());
                }
            }
            by_strength(&mut contexts);
            contexts
        });
        Ok(contexts.collect())
    }

    /// The stacks that have each of some contexts, by ID. Whether somebody may see a stack, the
    /// caller asks.
    pub async fn stacks_of_contexts(
        &self,
        contexts: &[Context],
    ) -> Result<HashMap<ContextId, Vec<ContextStack>>, OpError> {
        let reader = self.store.reader();
        let ids: Vec<ContextId> = contexts.iter().map(|context| context.id.clone()).collect();
        let mut found: HashMap<ContextId, Vec<ContextStack>> = HashMap::new();
        for attachment in context_attachment::of_contexts(reader, &ids).await? {
            found
                .entry(attachment.context.clone())
                .or_default()
                .push(ContextStack {
                    context: attachment.context,
                    stack: attachment.stack,
                    name: attachment.stack_name,
                    space: attachment.stack_space,
                    by: AttachedBy::Person {
                        attachment: attachment.id,
                        priority: attachment.priority,
                    },
                });
        }
        let labelled: Vec<&Context> = contexts
            .iter()
            .filter(|context| context.auto_attaches())
            .collect();
        if labelled.is_empty() {
            return Ok(found);
        }
        let spaces = space::list(reader).await?;
        let tree = Tree::new(&spaces);
        for stack in context_attachment::labelled_stacks(reader).await? {
            for context in &labelled {
                if !context.auto_attaches_to(&stack.labels)
                    || !tree.sees(&stack.space, &context.space)
                {
                    continue;
                }
                let stacks = found.entry(context.id.clone()).or_default();
                // What somebody attached stays what it is.
                if stacks.iter().all(|known| known.stack != stack.id) {
                    stacks.push(ContextStack {
                        context: context.id.clone(),
                        stack: stack.id.clone(),
                        name: stack.name.clone(),
                        space: stack.space.clone(),
                        by: AttachedBy::Label,
                    });
                }
            }
        }
        for stacks in found.values_mut() {
            stacks.sort_by(|one, other| one.stack.cmp(&other.stack));
        }
        Ok(found)
    }
}
