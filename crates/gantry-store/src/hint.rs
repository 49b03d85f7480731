//! What one server tells the others who use the same PostgreSQL: that something may be worth a look.
//!
//! A hint travels with the transaction that gives reason for it, so nobody hears of what isn't
//! committed, and nothing that is committed goes untold. With SQLite there is nobody to tell.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{Duration, timeout};

use crate::{Dialect, StoreError, Tx};

const CHANNEL: &str = "gantry";

/// A connection on which nothing was heard for so long is asked whether it is still there: the other
/// end may have gone without a word.
const SILENCE: Duration = Duration::from_secs(20);

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Told when `tx` is committed, and only then.
///
/// PostgreSQL lets transactions that tell something commit one after the other, so what nobody waits
/// for is better not told.
pub async fn tell(tx: &Tx, text: &str) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        let values = vec![CHANNEL.into(), text.into()];
        tx.execute("SELECT pg_notify($1, $2)", values).await?;
    }
    Ok(())
}

/// Hears what is told, over a connection of its own.
pub struct Ear {
    // Outside of the pool for requests: it is held for as long as the server runs.
    pool: PgPool,
    listener: Option<PgListener>,
}

/// What an [`Ear`] heard.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Hint(String),
    /// It hears from now on. Anything may have been told before.
    Anew,
}

impl Ear {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        Ear {
            pool,
            listener: None,
        }
    }

    /// Waits for the next hint. The first answer, and the first after each error, is
    /// [`Heard::Anew`].
    pub async fn hear(&mut self) -> Result<Heard, StoreError> {
        let Some(listener) = &mut self.listener else {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen(CHANNEL).await?;
            self.listener = Some(listener);
            return Ok(Heard::Anew);
        };
        let heard = loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(heard) => break heard,
                Err(_) => {
                    let asked = sqlx::query("SELECT 1").execute(&mut *listener);
                    match timeout(PATIENCE, asked).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) => break Err(error),
                        Err(_) => break Err(sqlx::Error::PoolTimedOut),
                    }
                }
            }
        };
        match heard {
            Ok(Some(hint)) => Ok(Heard::Hint(hint.payload().to_owned())),
            // It is connected again already.
            Ok(None) => Ok(Heard::Anew),
            Err(error) => {
                self.forget();
                Err(error.into())
            }
        }
    }

    fn forget(&mut self) {
        // The pool goes with the broken connection, so that the next attempt waits for nothing.
        let options = (*self.pool.connect_options()).clone();
        *self = Ear::new(options);
    }
}
