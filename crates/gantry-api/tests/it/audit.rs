//! The audit trail as clients read it, and whether every mutation is accounted for.

use std::collections::BTreeSet;

use gantry_testkit::golden::repository;

use crate::sdl::parse;

/// `docs/audit.md` says of each mutation which event it leaves. A new one needs a row, and a row
/// needs a mutation.
#[test]
fn the_document_names_the_event_of_every_mutation() {
    let text = std::fs::read_to_string(repository().join("docs/audit.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<String> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let schema = parse(&gantry_api::graphql::sdl());
    let mutations: BTreeSet<String> = schema["Mutation"].members.keys().cloned().collect();
    assert_eq!(documented, mutations);
}
