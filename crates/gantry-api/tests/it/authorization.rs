//! Who may do what: every field of the root, asked by everybody, against a prepared installation.
//!
//! What came out stands in `docs/generated/authorization.md`; a change there is a change of the
//! product. A new field fails the test until it has a row in `rows.rs`.

mod outcome;
mod rows;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use gantry_testkit::golden::assert_golden;

use crate::sdl::parse;
use outcome::Outcome;
use rows::{Row, rows};
use world::World;

const PAGE: &str = "docs/generated/authorization.md";

const HEAD: &str = "# Who may do what

Every field of the schema's root, asked by everybody. Written by `BLESS=1 cargo test -p gantry-api`, \
which really asks; a change of this page is a change of who may do what.

The thing that is asked about lives in the space `team`, which stands below `root` and inherits from \
it. Below `team` stands `inner`, which inherits; beside it stands `apart`, which does not.

* **yes**: it is done, or shown.
* **refused**: the answer says which role is needed.
* **unseen**: the answer is the same as if there were no such thing.
* **login**: the answer says that somebody has to log in.
* **–**: this installation does not do that for anybody.

";

/// Fields of `Query` and `Mutation`.
fn roots() -> BTreeSet<String> {
    let schema = parse(&gantry_api::graphql::sdl());
    ["Query", "Mutation"]
        .iter()
        .flat_map(|root| schema[*root].members.keys().cloned())
        .collect()
}

#[test]
fn every_root_field_has_a_row() {
    let with_row: BTreeSet<String> = rows().into_iter().map(|row| row.field.into()).collect();
    let roots = roots();
    let without: Vec<&String> = roots.difference(&with_row).collect();
    assert!(
        without.is_empty(),
        "these fields have no row in tests/it/authorization/rows.rs: {without:?}"
    );
    let gone: Vec<&String> = with_row.difference(&roots).collect();
    assert!(gone.is_empty(), "these rows are about no field: {gone:?}");
}

#[tokio::test]
async fn everybody_may_do_what_the_page_says() {
    let world = World::start().await;
    let mut page = HEAD.to_owned();
    let mut odd = Vec::new();
    for (number, column) in world.columns.iter().enumerate() {
        let _ = writeln!(page, "{}. **{}**: {}", number + 1, column.name, column.what);
    }
    for (title, mutation) in [("Queries", false), ("Mutations", true)] {
        let _ = writeln!(page, "\n## {title}\n");
        let names: Vec<&str> = world.columns.iter().map(|column| column.name).collect();
        let _ = writeln!(page, "| | {} |", names.join(" | "));
        let _ = writeln!(page, "|---|{}", "---|".repeat(names.len()));
        for row in rows() {
            if row.document.starts_with("mutation") == mutation {
                page.push_str(&line(&world, &row, &mut odd).await);
            }
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
    assert_golden(PAGE, &page);
}

async fn line(world: &World, row: &Row, odd: &mut Vec<String>) -> String {
    let mut cells = Vec::new();
    for column in &world.columns {
        let filled = world.fill(row).await;
        let shown = row.shows.map(|placeholder| filled.value(placeholder));
        let answer = world
            .client
            .send_as(&column.token, &filled.text, serde_json::Value::Null)
            .await;
        match outcome::of(row, shown, &answer) {
            Outcome::Odd(said) => odd.push(format!("{} for {}: {said}", row.field, column.name)),
            other => cells.push(other.to_string()),
        }
    }
    let about = match row.about {
        Some(about) => format!(": {about}"),
        None => String::new(),
    };
    format!("| `{}`{about} | {} |\n", row.field, cells.join(" | "))
}
