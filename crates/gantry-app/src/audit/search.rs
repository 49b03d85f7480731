use gantry_core::audit::AuditEvent;
use gantry_core::quoted::Quoted;
use gantry_store::audit::{self, Condition, place_of};

use crate::search::{Page, Predicate, Search, place};
use crate::{App, OpError, Subject};

/// A stretch of time, Unix seconds: not before `from`, and before `until`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Period {
    pub from: Option<i64>,
    pub until: Option<i64>,
}

/// What is asked for, and how much of it at once.
pub(super) struct Ask<'a> {
    pub period: Period,
    pub wanted: &'a Search,
    pub limit: i64,
}

impl App {
    /// One page of the events in the spaces that the subject administers, newest first. Those of the
    /// account are for its administrators.
    pub async fn audit_search(
        &self,
        subject: &Subject,
        period: Period,
        wanted: &Search,
    ) -> Result<Page<AuditEvent>, OpError> {
        let ask = Ask {
            period,
            wanted,
            limit: wanted.limit()?,
        };
        self.audit_page(subject, ask).await
    }

    pub(super) async fn audit_page(
        &self,
        subject: &Subject,
        Ask {
            period,
            wanted,
            limit,
        }: Ask<'_>,
    ) -> Result<Page<AuditEvent>, OpError> {
        let spaces = subject.administered_spaces();
        if spaces.as_ref().is_some_and(Vec::is_empty) {
            return Err(OpError::Forbidden(format!(
                "{} administers no space, and the audit trail of a space is for its administrators",
                subject.name
            )));
        }
        wanted.check_size()?;
        if !wanted.terms().is_empty() {
            return Err(OpError::invalid(
                "fullTextSearch: the audit trail is searched by predicates; leave it out",
            ));
        }
        let ascending = ascending(wanted)?;
        let order = if ascending { "at asc" } else { "at desc" };
        let after = place(order, wanted.after.as_deref())?;
        let has_previous = after.is_some();
        let mut predicates = Vec::with_capacity(wanted.predicates.len());
        for predicate in &wanted.predicates {
            predicates.push(audit::Predicate {
                condition: condition(predicate)?,
                exclude: predicate.exclude,
            });
        }
        let search = audit::Search {
            spaces,
            predicates,
            from: milliseconds("from", period.from)?,
            until: milliseconds("until", period.until)?,
            ascending,
            after,
            limit: limit + 1,
        };
        let read = audit::search(self.store.reader(), &search).await?;
        Ok(Page::cut(read, limit, order, has_previous, place_of))
    }
}

fn milliseconds(name: &str, seconds: Option<i64>) -> Result<Option<i64>, OpError> {
    seconds
        .map(|seconds| {
            seconds.checked_mul(1000).ok_or_else(|| {
                OpError::invalid(format!("{name}: {seconds} is no time in Unix seconds"))
            })
        })
        .transpose()
}

fn ascending(wanted: &Search) -> Result<bool, OpError> {
    match &wanted.order {
        None => Ok(false),
        Some(order) if order.field == "at" => Ok(!order.descending),
        Some(order) => Err(OpError::invalid(format!(
            "orderBy: the audit trail can't be ordered by {}; `at` is possible",
            Quoted(&order.field)
        ))),
    }
}

fn condition(predicate: &Predicate) -> Result<Condition, OpError> {
    let values = predicate.strings()?;
    Ok(match predicate.field.as_str() {
        "action" => Condition::Action(values),
        "actor" => Condition::Actor(values),
        "space" => Condition::Space(values),
        "stack" => Condition::Stack(values),
        "run" => Condition::Run(values),
        "targetKind" => Condition::TargetKind(values),
        "targetId" => Condition::TargetId(values),
        other => {
            return Err(OpError::invalid(format!(
                "predicates: the audit trail can't be searched by {}; possible are `action`, \
                 `actor`, `run`, `space`, `stack`, `targetId` and `targetKind`",
                Quoted(other)
            )));
        }
    })
}
