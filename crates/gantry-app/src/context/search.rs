use gantry_core::context::Context;
use gantry_core::quoted::Quoted;
use gantry_store::context::search::{self, Condition, OrderBy, place_of};

use crate::search::{Page, Predicate, Search};
use crate::{App, OpError, Subject};

impl App {
    /// Every context that the subject sees, by name.
    pub async fn contexts(&self, subject: &Subject) -> Result<Vec<Context>, OpError> {
        let search = search::Search {
            spaces: subject.visible_shared_spaces(),
            predicates: vec![],
            terms: vec![],
            order: OrderBy::Name,
            descending: false,
            after: None,
            limit: i64::MAX,
        };
        Ok(search::search(self.store.reader(), &search).await?)
    }

    /// One page of the contexts that the subject sees and that fit; newest first unless asked
    /// otherwise.
    pub async fn context_search(
        &self,
        subject: &Subject,
        wanted: &Search,
    ) -> Result<Page<Context>, OpError> {
        wanted.check_size()?;
        let (order, descending) = wanted.order_by("contexts", (OrderBy::CreatedAt, true))?;
        let asked = wanted.ask(
            format!("context {order:?} {descending}"),
            (order, descending),
            subject.visible_shared_spaces(),
            condition,
        )?;
        let read = search::search(self.store.reader(), &asked.question).await?;
        Ok(asked.page(read, |context| place_of(context, order)))
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    Ok(match predicate.field.as_str() {
        "label" | "labels" => Condition::Label(predicate.strings()?),
        "name" => Condition::Name(predicate.strings()?),
        "space" => Condition::Space(predicate.strings()?),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: contexts can't be searched by {}; possible are `label`, `name` and \
                 `space`",
                Quoted(other)
            )));
        }
    })
}
