//! What the states of stacks contain, as much of it as somebody may see.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use gantry_core::state::StateVersion;
use gantry_core::state::contents::{Contents, Reveal, contents};
use gantry_store::state;

use crate::config_element::hmac;
use crate::{App, OpError, Subject, Who};

/// A stack's state, and how much of it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateView {
    pub stack: StackId,
    pub reveal: Reveal,
}

impl App {
    /// How the subject may look at a stack's state; `None` when there is none of ours to look at.
    ///
    /// Whoever may download the state sees what it does not mark as secret. A reader sees what the
    /// tool prints at the end of each apply. A run's token never reads state.
    pub fn state_view(&self, subject: &Subject, stack: &Stack) -> Option<StateView> {
        let role = subject.role_in(&stack.settings.space);
        let reveal = match &subject.who {
            Who::Run { .. } => Reveal::Names,
            _ if role.is_some_and(|role| role.may(Action::Operate)) => Reveal::Unmarked,
            _ => Reveal::Outputs,
        };
        stack.manages_state.then(|| StateView {
            stack: stack.id.clone(),
            reveal,
        })
    }

    /// Reads states: one query for all of them, and each state once. Those that can't be read, since
    /// the tool encrypted them, are missing.
    pub async fn state_contents(
        &self,
        views: &[StateView],
    ) -> Result<HashMap<StateView, Arc<Contents>>, OpError> {
        let mut stacks: Vec<StackId> = views.iter().map(|view| view.stack.clone()).collect();
        stacks.sort();
        stacks.dedup();
        let mut found = HashMap::new();
        for version in state::current_of(self.store.reader(), &stacks).await? {
            let wanted = views.iter().filter(|view| view.stack == version.stack);
            let wanted: Vec<StateView> = wanted.cloned().collect();
            found.extend(self.contents_of(version, wanted).await?);
        }
        Ok(found)
    }

    async fn contents_of(
        &self,
        version: StateVersion,
        views: Vec<StateView>,
    ) -> Result<Vec<(StateView, Arc<Contents>)>, OpError> {
        let bytes = self.state_bytes(&version).await?;
        let key = self.state_key(&version.stack);
        let reading = tokio::task::spawn_blocking(move || {
            let fingerprint = |value: &[u8]| hex::encode(hmac(&*key, value));
            let read = views.into_iter().filter_map(|view| {
                let contents = contents(&bytes, view.reveal, fingerprint)?;
                Some((view, Arc::new(contents)))
            });
            read.collect()
        });
        reading
            .await
            .map_err(|error| OpError::internal("read a state", error))
    }
}
