//! The whole of `select` as a table that a reader can check by hand.

use std::fmt::Write;

use gantry_core::credentials::access::required;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::grant::Source;
use gantry_core::credentials::select::{Selection, select};
use gantry_core::run::{Phase, RunKind};

use super::*;

const INTRODUCTION: &str = "\
# Which credentials each phase gets

Generated from `select` in `gantry-core`; a change of this page is a change of who may do what.
For AWS; the rules are the same for every cloud, counted separately.

## Access by run kind and phase

A phase that a kind of run does not have is shown as `–`: nothing is ever issued for it.

";

const LEGEND: &str = "
## Grants by what is attached

`A`, `B` … are integrations; `A@read` is an assumed role with the external ID
`<account>@<A>@<stack>@read`, `legacy` one with `<account>@<stack>`. `auto` marks an integration
that is attached by label. `none`: the phase starts without credentials and says so. `user's own`:
the environment brings credentials, nothing is issued. `fails`: the phase fails with the reason and
its command is never started.
";

fn setups() -> Vec<(&'static str, Setup)> {
    use Serves::{Both, Read, Write};
    let new = Setup::default;
    vec![
        ("nothing", new()),
        ("A read", new().attach("A", Read)),
        ("A write", new().attach("A", Write)),
        ("A read and write", new().attach("A", Both)),
        (
            "A read, B write",
            new().attach("A", Read).attach("B", Write),
        ),
        ("legacy role", new().legacy()),
        ("A read, legacy role", new().attach("A", Read).legacy()),
        ("A write, legacy role", new().attach("A", Write).legacy()),
        (
            "A read and write, legacy role",
            new().attach("A", Both).legacy(),
        ),
        ("auto D", new().auto("D")),
        ("A read, auto D", new().attach("A", Read).auto("D")),
        ("A write, auto D", new().attach("A", Write).auto("D")),
        (
            "A read and write, auto D",
            new().attach("A", Both).auto("D"),
        ),
        ("legacy role, auto D", new().legacy().auto("D")),
        ("auto D, auto E", new().auto("D").auto("E")),
        (
            "A read, auto D, auto E",
            new().attach("A", Read).auto("D").auto("E"),
        ),
        (
            "A read and write, auto D, auto E",
            new().attach("A", Both).auto("D").auto("E"),
        ),
        (
            "legacy role, auto D, auto E",
            new().legacy().auto("D").auto("E"),
        ),
        (
            "A read and write, user sets `AWS_PROFILE`",
            new().attach("A", Both).variable("AWS_PROFILE"),
        ),
        (
            "auto D, auto E, user sets `AWS_PROFILE`",
            new().auto("D").auto("E").variable("AWS_PROFILE"),
        ),
        (
            "A read and write, generated in the worker",
            new().attach("A", Both).worker_side(),
        ),
        (
            "legacy role, generated in the worker",
            new().legacy().worker_side(),
        ),
        (
            "A read and write, generated in the worker of a private pool",
            new().attach("A", Both).worker_side().in_private_pool(),
        ),
        (
            "legacy role, generated in the worker of a private pool",
            new().legacy().worker_side().in_private_pool(),
        ),
        (
            "A read, in a private pool",
            new().attach("A", Read).in_private_pool(),
        ),
    ]
}

fn cell(setup: &Setup, kind: RunKind, phase: Phase) -> String {
    match select(&setup.candidates(), kind, phase) {
        Selection::Chosen(choice) => {
            let grant = choice
                .grant(&account(), &run(), &stack(), &space(), phase)
                .unwrap();
            let id = grant.request().external_id().as_str();
            let access = id.rsplit('@').next().unwrap_or_default();
            match grant.source() {
                Source::Attachment { name, .. } => format!("{name}@{access}"),
                Source::AutoAttach { name, .. } => format!("auto {name}@{access}"),
                Source::LegacyRole => {
                    assert_eq!(id, "acme@network");
                    "legacy".to_owned()
                }
            }
        }
        Selection::NothingAttached { .. } => "none".to_owned(),
        Selection::SetByUser { .. } => "user's own".to_owned(),
        Selection::Conflict { between, .. } => {
            let names: Vec<&str> = between
                .iter()
                .map(|source| match source {
                    Source::Attachment { name, .. } | Source::AutoAttach { name, .. } => name,
                    Source::LegacyRole => "legacy",
                })
                .collect();
            format!("fails: {}", names.join(" or "))
        }
        Selection::WorkerSideUnavailable { .. } => "fails: worker side".to_owned(),
        Selection::NoSuchPhase => "–".to_owned(),
    }
}

fn header(first: &str, columns: impl IntoIterator<Item = Phase> + Clone) -> String {
    let names: Vec<&str> = columns.clone().into_iter().map(Phase::as_str).collect();
    let rule = "---|".repeat(names.len() + 1);
    format!("| {first} | {} |\n|{rule}\n", names.join(" | "))
}

#[test]
fn credential_matrix() {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(&header("run", Phase::ALL));
    for kind in RunKind::ALL {
        let cells = Phase::ALL.map(|phase| required(kind, phase).map_or("–", |a| a.as_str()));
        writeln!(
            page,
            "| {} | {} |",
            kind.as_str().to_lowercase(),
            cells.join(" | ")
        )
        .unwrap();
    }
    page.push_str(LEGEND);
    for kind in RunKind::ALL {
        let phases: Vec<Phase> = Phase::ALL
            .into_iter()
            .filter(|phase| required(kind, *phase).is_some())
            .collect();
        write!(page, "\n### {}\n\n", kind.as_str().to_lowercase()).unwrap();
        page.push_str(&header("attached", phases.iter().copied()));
        for (name, setup) in setups() {
            let cells: Vec<String> = phases.iter().map(|p| cell(&setup, kind, *p)).collect();
            writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
        }
    }
    crate::golden::check("credential-matrix.md", &page);
}
