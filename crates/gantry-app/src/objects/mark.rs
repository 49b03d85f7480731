//! Object storage and database belong together. Each carries the same mark, so that a server which was
//! given the one without the other is told so before it loses a log or a state.

use gantry_store::Store;
use gantry_store::object_storage::{self, MARK};
use ulid::Ulid;

use super::Objects;
use crate::OpError;

impl Objects {
    /// Marks both when they are new; refuses objects of another installation.
    pub(crate) async fn expect_to_belong_to(&self, store: &Store) -> Result<(), OpError> {
        let known = match object_storage::mark(store.reader()).await? {
            Some(known) => known,
            None => {
                // Of servers that start together the first marks the objects, and one the database.
                let new = Ulid::generate().to_string();
                self.put_if_none(MARK, new.clone().into_bytes()).await?;
                let mark = self.mark().await?.unwrap_or(new);
                let tx = store.begin().await?;
                object_storage::set_mark(&tx, &mark).await?;
                tx.commit().await?;
                object_storage::mark(store.reader()).await?.unwrap_or(mark)
            }
        };
        let found = self.mark().await?;
        if found.as_ref() == Some(&known) {
            return Ok(());
        }
        let found = match found {
            Some(found) => format!("carries the mark `{found}` of another installation"),
            None => "carries no mark".to_owned(),
        };
        Err(OpError::invalid(format!(
            "the object storage {} {found}, and the database belongs to the one with the mark \
             `{known}`. All servers of a database need the same objects: set `objects` to the \
             bucket or the shared directory of the others, or put back the objects that belong to \
             this database",
            self.place
        )))
    }

    pub(crate) async fn mark(&self) -> Result<Option<String>, OpError> {
        let found = self.get(MARK).await?;
        Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
    }
}
