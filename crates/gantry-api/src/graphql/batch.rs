//! What the things of a list ask for one by one is asked of the database once: all keys that come up
//! at the same time travel together. One per request, so it answers for one subject only.
//!
//! Each noun says beside its type how its part is loaded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use gantry_app::{App, Subject};
use gantry_core::stack::Stack;

use super::cx::subject;

pub struct Batch {
    pub app: Arc<App>,
    pub subject: Subject,
}

impl Batch {
    pub fn loader(app: Arc<App>, subject: Subject) -> DataLoader<Batch> {
        let batch = Batch { app, subject };
        DataLoader::new(batch, TokioSpawner::current(), TokioTimer::default())
    }
}

/// What is known under `key`, asked for together with what others ask for.
pub async fn one<K>(
    ctx: &Context<'_>,
    key: K,
) -> async_graphql::Result<Option<<Batch as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Batch: Loader<K, Error = async_graphql::Error>,
{
    subject(ctx)?;
    let loader = ctx.data_unchecked::<DataLoader<Batch>>();
    loader.load_one(key).await
}

/// A stack that the subject was given, as a key.
#[derive(Clone)]
pub struct StackKey(pub Arc<Stack>);

impl PartialEq for StackKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for StackKey {}

impl Hash for StackKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

/// Puts things in groups, each in the order they came.
pub fn grouped<K: Hash + Eq, V>(things: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, thing) in things {
        groups.entry(key).or_default().push(thing);
    }
    groups
}
