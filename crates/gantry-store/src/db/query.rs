use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr, Sqlite, Transaction};
use tokio::sync::Mutex;

use super::{Counted, Pools, Row, Store, Value};
use crate::{Dialect, StoreError};

/// Where a read runs: straight on the pool, or inside a transaction that must see its own writes.
#[derive(Clone, Copy)]
pub struct Reader<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    Pool(&'a Store),
    Tx(&'a Tx),
}

impl<'a> Reader<'a> {
    pub(super) fn pool(store: &'a Store) -> Self {
        Reader(Place::Pool(store))
    }

    pub(crate) async fn all(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(sql.into_sql_str(), values).await
    }

    pub(crate) async fn one(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// For text that was put together at run time: from literals of ours only, values are bound.
    pub(crate) async fn all_built(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(AssertSqlSafe(sql).into_sql_str(), values).await
    }

    /// For text that ends in `IN`: the list follows, then `rest`. The places of `given` come first.
    /// Where there is nothing to look for, nothing is asked.
    pub(crate) async fn among<'v>(
        &self,
        select: &str,
        given: Vec<Value>,
        list: impl Iterator<Item = &'v str>,
        rest: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut values = given;
        let first = values.len() + 1;
        values.extend(list.map(Value::from));
        if values.len() < first {
            return Ok(vec![]);
        }
        let places: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
        let sql = format!("{select} ({}) {rest}", places.join(", "));
        self.all_built(sql, values).await
    }

    async fn run(&self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self.0 {
            Place::Tx(tx) => tx.run(sql, values).await,
            Place::Pool(store) => match store.read() {
                Pools::Sqlite { read, .. } => {
                    let rows = bind_sqlite(sql, values).fetch_all(read).await?;
                    Ok(rows.into_iter().map(Row::Sqlite).collect())
                }
                Pools::Postgres(pool) => {
                    let rows = bind_postgres(sql, values).fetch_all(pool).await?;
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            },
        }
    }
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A write transaction. Never held over input or output other than the database's own.
pub struct Tx {
    // Statements of one transaction run one after the other; the mutex makes that the type's
    // business, so that readers can share the transaction by reference.
    open: Mutex<Open>,
    dialect: Dialect,
    counted: Arc<Counted>,
    after: std::sync::Mutex<Vec<AfterCommit>>,
}

/// What is to be done once a transaction is durable.
type AfterCommit = Box<dyn FnOnce() + Send>;

impl Tx {
    pub(super) async fn begin(store: &Store) -> Result<Self, StoreError> {
        let dialect = store.dialect();
        let open = match &store.pools {
            Pools::Sqlite { write, .. } => Open::Sqlite(write.begin_with(dialect.begin()).await?),
            Pools::Postgres(pool) => Open::Postgres(pool.begin_with(dialect.begin()).await?),
        };
        Ok(Tx {
            open: Mutex::new(open),
            dialect,
            counted: store.counted.clone(),
            after: std::sync::Mutex::default(),
        })
    }

    pub(super) async fn snapshot(store: &Store) -> Result<(Self, String), StoreError> {
        let Pools::Postgres(pool) = &store.pools else {
            return Err(StoreError::Open(
                "only PostgreSQL gives its snapshots names".into(),
            ));
        };
        let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        let tx = Tx {
            open: Mutex::new(Open::Postgres(begun.await?)),
            dialect: store.dialect(),
            counted: store.counted.clone(),
            after: std::sync::Mutex::default(),
        };
        let row = tx
            .reader()
            .one("SELECT pg_export_snapshot() AS name", vec![])
            .await?;
        let name = row.map_or(Ok(String::new()), |row| row.text("name"))?;
        Ok((tx, name))
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads inside this transaction.
    pub fn reader(&self) -> Reader<'_> {
        Reader(Place::Tx(self))
    }

    /// Done right after the commit, in the order given; never when there is none. Must not wait.
    pub fn after_commit(&self, what: impl FnOnce() + Send + 'static) {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        after.push(Box::new(what));
    }

    /// Returns once the change is durable.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send {
        let by = std::panic::Location::caller();
        async move {
            gantry_fault::before(gantry_fault::line(by));
            match self.open.into_inner() {
                Open::Sqlite(tx) => tx.commit().await?,
                Open::Postgres(tx) => tx.commit().await?,
            }
            gantry_fault::after(gantry_fault::line(by));
            self.counted.commits.fetch_add(1, Ordering::Relaxed);
            let after = self.after.into_inner();
            for what in after.unwrap_or_else(PoisonError::into_inner) {
                what();
            }
            Ok(())
        }
    }

    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.open.into_inner() {
            Open::Sqlite(tx) => tx.rollback().await?,
            Open::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// Runs a statement that changes something; answers how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let sql = sql.into_sql_str();
        self.counted.statements.fetch_add(1, Ordering::Relaxed);
        match &mut *self.open.lock().await {
            Open::Sqlite(tx) => Ok(bind_sqlite(sql, values)
                .execute(&mut **tx)
                .await?
                .rows_affected()),
            Open::Postgres(tx) => Ok(bind_postgres(sql, values)
                .execute(&mut **tx)
                .await?
                .rows_affected()),
        }
    }

    /// For a statement or a migration whose text was put together at run time.
    pub(crate) async fn execute_built(&self, sql: String) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        match &mut *self.open.lock().await {
            Open::Sqlite(tx) => {
                sqlx::raw_sql(sql).execute(&mut **tx).await?;
            }
            Open::Postgres(tx) => {
                sqlx::raw_sql(sql).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    async fn run(&self, sql: SqlStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.counted.statements.fetch_add(1, Ordering::Relaxed);
        match &mut *self.open.lock().await {
            Open::Sqlite(tx) => {
                let rows = bind_sqlite(sql, values).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Open::Postgres(tx) => {
                let rows = bind_postgres(sql, values).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments>;
type PostgresQuery = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

fn bind_sqlite(sql: SqlStr, values: Vec<Value>) -> SqliteQuery {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
            Value::Blob(bytes) => query.bind(bytes),
            Value::NullText => query.bind(None::<String>),
            Value::NullInt => query.bind(None::<i64>),
            Value::NullBlob => query.bind(None::<Vec<u8>>),
        })
}

fn bind_postgres(sql: SqlStr, values: Vec<Value>) -> PostgresQuery {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
            Value::Blob(bytes) => query.bind(bytes),
            Value::NullText => query.bind(None::<String>),
            Value::NullInt => query.bind(None::<i64>),
            Value::NullBlob => query.bind(None::<Vec<u8>>),
        })
}
