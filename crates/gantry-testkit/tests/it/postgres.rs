use gantry_testkit::postgres::Postgres;

#[test]
fn each_database_is_empty_and_of_its_own() {
    let postgres = Postgres::shared();
    let (one, two) = (postgres.database().unwrap(), postgres.database().unwrap());
    one.run_sql("CREATE TABLE t (n int)").unwrap();
    two.run_sql("CREATE TABLE t (n int)").unwrap();
    one.run_sql("INSERT INTO t VALUES (7)").unwrap();
    assert_eq!(one.run_sql("SELECT n FROM t").unwrap(), "7");
    assert_eq!(two.run_sql("SELECT count(*) FROM t").unwrap(), "0");
    assert!(one.url().starts_with("postgres://gantry@127.0.0.1:"));
}

#[test]
fn a_failing_statement_is_an_error_with_its_reason() {
    let database = Postgres::shared().database().unwrap();
    let error = database.run_sql("SELECT nonsense").unwrap_err().to_string();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn the_durable_one_waits_for_the_disk() {
    let postgres = Postgres::start_durable().unwrap();
    assert_eq!(postgres.run_sql("postgres", "SHOW fsync").unwrap(), "on");
    assert_eq!(
        postgres
            .run_sql("postgres", "SHOW synchronous_commit")
            .unwrap(),
        "on"
    );
}
