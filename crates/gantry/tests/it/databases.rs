//! The same body on both databases.

/// Each of these functions takes what a server is built from, and becomes a test on SQLite and one
/// on PostgreSQL.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::world::World::builder()).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let database = gantry_testkit::postgres::Postgres::shared().database().unwrap();
                super::$name(crate::world::World::builder().database_url(&database.url())).await;
            })+
        }
    };
}
