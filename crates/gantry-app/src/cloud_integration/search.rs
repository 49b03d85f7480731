use gantry_core::credentials::cloud::Cloud;
use gantry_core::quoted::Quoted;
use gantry_store::cloud_integration::search::{self, Condition, OrderBy, place_of};

pub use gantry_store::cloud_integration::search::Found;

use crate::search::{Page, Predicate, Search};
use crate::{App, OpError, Subject};

impl App {
    /// One page of the integrations, of whatever cloud, that the subject sees and that fit; by name
    /// unless asked otherwise.
    pub async fn integration_search(
        &self,
        subject: &Subject,
        wanted: &Search,
    ) -> Result<Page<Found>, OpError> {
        wanted.check_size()?;
        let (order, descending) = wanted.order_by("integrations", (OrderBy::Name, false))?;
        let asked = wanted.ask(
            format!("integration {order:?} {descending}"),
            (order, descending),
            subject.visible_shared_spaces(),
            condition,
        )?;
        let read = search::search(self.store.reader(), &asked.question).await?;
        Ok(asked.page(read, |found| place_of(found, order)))
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    Ok(match predicate.field.as_str() {
        "autoattachEnabled" => Condition::Autoattach(predicate.booleans()?),
        "cloud" => Condition::Cloud(clouds(predicate)?),
        "label" | "labels" => Condition::Label(predicate.strings()?),
        "name" => Condition::Name(predicate.strings()?),
        "space" => Condition::Space(predicate.strings()?),
        "stack" => Condition::Stack(predicate.strings()?),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: integrations can't be searched by {}; possible are \
                 `autoattachEnabled`, `cloud`, `label`, `name`, `space` and `stack`",
                Quoted(other)
            )));
        }
    })
}

fn clouds(predicate: &Predicate) -> Result<Vec<Cloud>, OpError> {
    let named = predicate.enums()?.into_iter();
    named
        .map(|name| {
            let cloud = Cloud::ALL
                .into_iter()
                .find(|cloud| cloud.as_str().eq_ignore_ascii_case(&name));
            cloud.ok_or_else(|| {
                OpError::invalid(format!(
                    "predicates: {} is no cloud; `AWS` and `AZURE` are",
                    Quoted(&name)
                ))
            })
        })
        .collect()
}
