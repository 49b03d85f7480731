//! Our schema against the contract of the public clients, `tests/fixtures/contract.graphql`.
//!
//! What exists must be the contract's to the letter: types, arguments, nullability, values. What is
//! missing stands in `docs/generated/contract-missing.md`, which can only shrink; what we add stands
//! in `docs/generated/schema-additions.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gantry_testkit::golden::{assert_golden, repository};

use crate::sdl::{Schema, Type, parse};

const MISSING: &str = "docs/generated/contract-missing.md";
const ADDITIONS: &str = "docs/generated/schema-additions.md";

fn contract() -> Schema {
    parse(include_str!("../fixtures/contract.graphql"))
}

fn ours() -> Schema {
    parse(&gantry_api::graphql::sdl())
}

#[test]
fn what_exists_is_as_the_contract_says() {
    let (contract, ours) = (contract(), ours());
    let mut wrong = vec![];
    for (name, expected) in &contract {
        if let Some(found) = ours.get(name) {
            compare(name, expected, found, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(name: &str, expected: &Type, found: &Type, wrong: &mut Vec<String>) {
    if expected.kind != found.kind {
        wrong.push(format!(
            "{name} is {} and should be {}",
            found.kind, expected.kind
        ));
        return;
    }
    for (member, expected) in &expected.members {
        let Some(found) = found.members.get(member) else {
            continue;
        };
        let place = format!("{name}.{member}");
        if expected.ty != found.ty {
            wrong.push(format!(
                "{place}: {} and should be {}",
                found.ty, expected.ty
            ));
        }
        for (argument, expected) in &expected.arguments {
            match found.arguments.get(argument) {
                None => wrong.push(format!("{place} has no argument {argument}")),
                Some(found) if found.ty != expected.ty => wrong.push(format!(
                    "{place}({argument}): {} and should be {}",
                    found.ty, expected.ty
                )),
                Some(_) => {}
            }
        }
        for (argument, found) in &found.arguments {
            if found.required && !expected.arguments.contains_key(argument) {
                wrong.push(format!(
                    "{place}({argument}) is required, and clients don't send it"
                ));
            }
        }
    }
    // Clients send every member of an input; one of ours must not be needed.
    if found.kind == "input" {
        for (member, found) in &found.members {
            if !expected.members.contains_key(member) && found.ty.ends_with('!') {
                wrong.push(format!(
                    "{name}.{member} is required, and clients don't send it"
                ));
            }
        }
    }
}

/// `Type.member` for everything of the contract that our schema has not.
fn missing() -> BTreeMap<String, BTreeSet<String>> {
    let ours = ours();
    contract()
        .into_iter()
        .filter_map(|(name, expected)| {
            let found = ours.get(&name);
            let missing: BTreeSet<String> = expected
                .members
                .into_keys()
                .filter(|member| found.is_none_or(|found| !found.members.contains_key(member)))
                .collect();
            (!missing.is_empty()).then_some((name, missing))
        })
        .collect()
}

#[test]
fn what_is_missing_only_shrinks() {
    let missing = missing();
    let text = std::fs::read_to_string(repository().join(MISSING)).unwrap_or_default();
    if !text.is_empty() {
        let listed = listed(&text);
        let mut lost = vec![];
        for (name, members) in &missing {
            let known = listed.get(name);
            lost.extend(
                members
                    .iter()
                    .filter(|member| known.is_none_or(|known| !known.contains(*member)))
                    .map(|member| format!("{name}.{member}")),
            );
        }
        assert!(
            lost.is_empty(),
            "the contract has these, and so had we: {}. BLESS=1 does not help here",
            lost.join(", ")
        );
    }
    assert_golden(MISSING, &page_of_missing(&missing));
}

fn page_of_missing(missing: &BTreeMap<String, BTreeSet<String>>) -> String {
    let ours = ours();
    let mut page = String::from(
        "# What is missing of the contract\n\n\
         Of the types, fields and values that the public clients know, these do not exist yet. The \
         list can only get shorter: a test fails when something on it exists, and when something \
         that is missing is not on it. `BLESS=1 cargo test -p gantry-api` takes out what exists by \
         now.\n",
    );
    for (title, whole) in [("Types", true), ("Members of types that exist", false)] {
        let _ = write!(page, "\n## {title}\n\n");
        for (name, members) in missing {
            if ours.contains_key(name) != whole {
                let members: Vec<String> =
                    members.iter().map(|member| format!("`{member}`")).collect();
                let _ = writeln!(page, "- `{name}`: {}", members.join(", "));
            }
        }
    }
    page
}

fn listed(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    page.lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .map(|(name, members)| {
            let members = members
                .split(", ")
                .map(|member| member.trim_matches('`').to_owned());
            (name.to_owned(), members.collect())
        })
        .collect()
}

#[test]
fn additions_are_listed() {
    let (contract, ours) = (contract(), ours());
    let mut page = String::from(
        "# Additions to the contract\n\n\
         Types, fields and values of Gantry's own schema that the public clients do not know. They \
         never change what the contract says. Written by `BLESS=1 cargo test -p gantry-api`.\n",
    );
    let mut types = String::new();
    let mut members = String::new();
    for (name, found) in &ours {
        match contract.get(name) {
            None if found.kind == "scalar" => {}
            None => {
                let _ = write!(types, "\n### {} `{name}`\n\n", found.kind);
                if let Some(text) = &found.description {
                    let _ = write!(types, "{text}\n\n");
                }
                for (member, found) in &found.members {
                    types.push_str(&line(member, found));
                }
            }
            Some(expected) => {
                for (member, found) in &found.members {
                    match expected.members.get(member) {
                        None => members.push_str(&line(&format!("{name}.{member}"), found)),
                        Some(expected) => {
                            for argument in found.arguments.keys() {
                                if !expected.arguments.contains_key(argument) {
                                    let _ = writeln!(members, "- `{name}.{member}({argument}:)`");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    let _ = write!(page, "\n## Members of the contract's types\n\n{members}");
    let _ = write!(page, "\n## Types\n{types}");
    assert_golden(ADDITIONS, &page);
}

fn line(name: &str, member: &crate::sdl::Member) -> String {
    let arguments: Vec<String> = member
        .arguments
        .iter()
        .map(|(name, argument)| format!("{name}: {}", argument.ty))
        .collect();
    let arguments = match arguments.is_empty() {
        true => String::new(),
        false => format!("({})", arguments.join(", ")),
    };
    let ty = match member.ty.is_empty() {
        true => String::new(),
        false => format!(": {}", member.ty),
    };
    let text = match &member.description {
        Some(text) => format!(": {}", text.replace('\n', " ")),
        None => String::new(),
    };
    format!("- `{name}{arguments}{ty}`{text}\n")
}

/// The console's types are made from it.
#[test]
fn the_console_knows_this_schema() {
    assert_golden("console/schema.graphql", &gantry_api::graphql::sdl());
}
