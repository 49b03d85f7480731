use gantry_core::credentials::cloud::Cloud;
use gantry_core::quoted::Quoted;
use gantry_store::cloud_integration::search::{self, Condition, OrderBy, place_of};

pub use gantry_store::cloud_integration::search::Found;

use crate::search::{Page, Predicate, Search, place};
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
        let (order, descending) = order(wanted)?;
        let order_name = format!("integration {order:?} {descending}");
        let after = place(&order_name, wanted.after.as_deref())?;
        let limit = wanted.limit()?;
        let mut predicates = Vec::with_capacity(wanted.predicates.len());
        for predicate in &wanted.predicates {
            predicates.push(search::Predicate {
                condition: condition(predicate)?,
                exclude: predicate.exclude,
            });
        }
        let has_previous = after.is_some();
        let search = search::Search {
            spaces: subject.visible_shared_spaces(),
            predicates,
            terms: wanted.terms(),
            order,
            descending,
            after,
            limit: limit + 1,
        };
        let read = search::search(self.store.reader(), &search).await?;
        Ok(Page::cut(read, limit, &order_name, has_previous, |found| {
            place_of(found, order)
        }))
    }
}

fn order(wanted: &Search) -> Result<(OrderBy, bool), OpError> {
    let Some(order) = &wanted.order else {
        return Ok((OrderBy::Name, false));
    };
    let by = match order.field.as_str() {
        "createdAt" => OrderBy::CreatedAt,
        "name" => OrderBy::Name,
        other => {
            return Err(OpError::invalid(format!(
                "orderBy: integrations can't be ordered by {}; `createdAt` and `name` are possible",
                Quoted(other)
            )));
        }
    };
    Ok((by, order.descending))
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
