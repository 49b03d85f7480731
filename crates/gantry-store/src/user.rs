//! People who logged in by single sign-on, and their sessions. Only a hash of a session's secret is
//! stored.

use gantry_core::ids::UserId;

use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str = "SELECT person.id, person.issuer, person.subject, person.name, person.member_of \
                       FROM person";

/// Somebody as the identity provider described them last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub id: UserId,
    pub issuer: String,
    /// What the provider calls them; never given to anybody else.
    pub subject: String,
    pub name: String,
    pub groups: Vec<String>,
}

/// The same for whoever administers the account. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub login: Login,
    pub last_login_at: i64,
    pub sessions: i64,
}

/// Remembers a login; answers with the ID that the same somebody has had from the first one on.
pub async fn put(tx: &Tx, login: &Login, now: i64) -> Result<UserId, StoreError> {
    tx.execute(
        "INSERT INTO person (id, issuer, subject, name, member_of, created_at, last_login_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (issuer, subject) DO UPDATE SET
         name = excluded.name, member_of = excluded.member_of, last_login_at = excluded.last_login_at",
        vec![
            login.id.as_str().into(),
            login.issuer.as_str().into(),
            login.subject.as_str().into(),
            login.name.as_str().into(),
            Value::json(&login.groups),
            now.into(),
        ],
    )
    .await?;
    let row = tx
        .reader()
        .one(
            "SELECT id FROM person WHERE issuer = $1 AND subject = $2",
            vec![login.issuer.as_str().into(), login.subject.as_str().into()],
        )
        .await?;
    row.map_or(Ok(login.id.clone()), |row| Ok(UserId::new(row.text("id")?)))
}

pub async fn find(reader: Reader<'_>, id: &UserId) -> Result<Option<Login>, StoreError> {
    let sql = format!("{COLUMNS} WHERE person.id = $1");
    let rows = reader.all_built(sql, vec![id.as_str().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// By name, with how many of their sessions are good now.
pub async fn list(reader: Reader<'_>, now: i64) -> Result<Vec<Known>, StoreError> {
    let rows = reader
        .all(
            "SELECT person.id, person.issuer, person.subject, person.name, person.member_of,
             person.last_login_at,
             (SELECT COUNT(*) FROM person_session
              WHERE person_session.person_id = person.id AND expires_at > $1) AS sessions
             FROM person ORDER BY person.name, person.id",
            vec![now.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Known {
                login: from_row(row)?,
                last_login_at: row.int("last_login_at")?,
                sessions: row.int("sessions")?,
            })
        })
        .collect()
}

pub async fn begin_session(
    tx: &Tx,
    secret_hash: Vec<u8>,
    user: &UserId,
    now: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO person_session (secret_hash, person_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4)",
        vec![
            secret_hash.into(),
            user.as_str().into(),
            now.into(),
            expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Whose session it is; `None` when it was ended, or has expired.
pub async fn of_session(
    reader: Reader<'_>,
    secret_hash: Vec<u8>,
    now: i64,
) -> Result<Option<Login>, StoreError> {
    let sql = format!(
        "{COLUMNS} JOIN person_session ON person_session.person_id = person.id
         WHERE person_session.secret_hash = $1 AND person_session.expires_at > $2"
    );
    let rows = reader
        .all_built(sql, vec![secret_hash.into(), now.into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// Answers how many there were.
pub async fn end_session(tx: &Tx, secret_hash: Vec<u8>) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM person_session WHERE secret_hash = $1",
        vec![secret_hash.into()],
    )
    .await
}

/// All of somebody's; answers how many there were.
pub async fn end_sessions(tx: &Tx, user: &UserId) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM person_session WHERE person_id = $1",
        vec![user.as_str().into()],
    )
    .await
}

/// Everybody's.
pub async fn end_all(tx: &Tx) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM person_session", vec![]).await
}

/// Takes out what has expired.
pub async fn sweep(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM person_session WHERE expires_at <= $1",
        vec![now.into()],
    )
    .await
}

fn from_row(row: &Row) -> Result<Login, StoreError> {
    Ok(Login {
        id: UserId::new(row.text("id")?),
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        name: row.text("name")?,
        groups: row.json("member_of")?,
    })
}
