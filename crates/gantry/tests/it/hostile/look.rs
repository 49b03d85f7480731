//! Looking around: from a data source and from hooks, in every phase.

use std::collections::BTreeSet;
use std::process::Command;

use gantry_testkit::provider::{self, reports};
use serde_json::{Value, json};

use super::apart::{apart, root};
use super::scene::{self, FIND};
use super::search::Search;

#[test]
fn a_look_around_finds_nothing() {
    apart(|| async {
        let search = Search::set(scene::builder()).await;
        let client = &search.world.client;
        let run = client
            .trigger(&search.stack, "TRACKED", None)
            .await
            .unwrap();
        let view = client
            .wait_for(&search.stack, &run, "UNCONFIRMED")
            .await
            .unwrap();
        search
            .world
            .expect(&search.stack, &view, "UNCONFIRMED")
            .await;
        client.confirm(&search.stack, &run).await.unwrap();
        let view = client.wait_for_end(&search.stack, &run).await.unwrap();
        search.world.expect(&search.stack, &view, "FINISHED").await;
        for (state, reports, role) in [
            ("INITIALIZING", 1, "look-reader"),
            ("PLANNING", 2, "look-reader"),
            ("APPLYING", 1, "look-writer"),
        ] {
            let found = search.reports(&run, state).await;
            assert!(found.len() >= reports, "{state}: {} reports", found.len());
            // At its end apply shows the outputs, with what plan has seen.
            for report in found.iter().take(reports) {
                check(&search, state, report, role);
            }
        }

        let run = client
            .trigger(&search.stack, "PROPOSED", None)
            .await
            .unwrap();
        let view = client.wait_for_end(&search.stack, &run).await.unwrap();
        search.world.expect(&search.stack, &view, "FINISHED").await;
        for report in search.reports(&run, "PLANNING").await {
            check(&search, "proposed", &report, "look-reader");
        }

        let look = format!("\"{FIND}\" look \"$(cat look.json)\"");
        let run = client
            .create_task(&search.stack, &look, false)
            .await
            .unwrap();
        let view = client.wait_for_end(&search.stack, &run).await.unwrap();
        search.world.expect(&search.stack, &view, "FINISHED").await;
        for report in search.reports(&run, "PERFORMING").await {
            check(&search, "task", &report, "look-writer");
        }
    });
}

/// Without this the test above would prove nothing: what is not there can't be found.
#[test]
fn without_the_sandbox_the_same_look_finds_the_canaries() {
    apart(|| async {
        let builder = scene::builder().set("worker.insecure_no_sandbox", "true");
        let search = Search::set(builder).await;
        let client = &search.world.client;
        let run = client
            .trigger(&search.stack, "TRACKED", None)
            .await
            .unwrap();
        let view = client
            .wait_for(&search.stack, &run, "UNCONFIRMED")
            .await
            .unwrap();
        search
            .world
            .expect(&search.stack, &view, "UNCONFIRMED")
            .await;
        let mut there = vec![
            "tmp",
            "var-tmp",
            "home-aws",
            "home-ssh",
            "home-wide",
            "arguments",
        ];
        // Not abstract ones: children are kept from those without a sandbox too.
        there.extend(["path-socket", "stranger"]);
        if root() {
            there.extend(["run", "var", "home", "opt", "etc"]);
        }
        let log = client.log(&search.stack, &run, "PREPARING").await.unwrap();
        assert!(log.contains("without a sandbox"), "{log}");
        for state in ["INITIALIZING", "PLANNING"] {
            for report in search.reports(&run, state).await {
                let found = search.found(&report);
                let missed: Vec<_> = there
                    .iter()
                    .filter(|place| !found.contains(**place))
                    .collect();
                assert!(
                    missed.is_empty(),
                    "{state}: not found: {missed:?}, unfinished: {}",
                    report["unfinished"]
                );
            }
        }
    });
}

/// The same search by somebody with the rights of the server finds everything that was put there.
#[test]
fn the_search_finds_everything_for_who_may_see_it() {
    apart(|| async {
        let search = Search::set(scene::builder()).await;
        let output = Command::new(provider::executable().unwrap())
            .args(["look", &search.config.to_string()])
            .current_dir(search.world.server.home())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        let report = reports(&log).pop().unwrap_or_else(|| panic!("{output:?}"));
        let found = search.found(&report);
        // Neither is kept in a readable form, and whether memory still has it is chance.
        let maybe = ["a token", "the API key"];
        let missed: Vec<String> = search
            .everything()
            .difference(&found)
            .filter(|name| !maybe.contains(&name.as_str()))
            .cloned()
            .collect();
        assert!(
            missed.is_empty(),
            "not found: {missed:?}; {}",
            report["unfinished"]
        );
        let server = &search.world.server.identity().arn;
        let arns: Vec<&Value> = report["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["arn"])
            .collect();
        assert!(arns.iter().any(|arn| *arn == server), "{arns:?}");
    });
}

/// What a report may say, from inside the sandbox; `role` is all that it may find.
fn check(search: &Search, what: &str, report: &Value, role: &str) {
    let list = |key: &str| report[key].as_array().unwrap().clone();
    let found = search.found(report);
    assert_eq!(
        found,
        BTreeSet::from(["stranger".to_owned()]),
        "{what}: {}",
        report["finds"]
    );

    let role = format!(":assumed-role/{}/", search.world.role_name(role));
    let arns: Vec<Value> = list("keys")
        .iter()
        .map(|key| key["arn"].clone())
        .filter(|arn| !arn.is_null())
        .collect();
    let of_role = |arn: &Value| arn.as_str().unwrap().contains(&role);
    assert!(
        !arns.is_empty() && arns.iter().all(of_role),
        "{what}: {}",
        report["keys"]
    );
    let own = &list("keys")[0]["id"];
    assert!(
        list("key_ids").iter().all(|id| id == own),
        "{what}: {}",
        report["key_ids"]
    );

    for (kind, answers) in [
        ("socket", list("unix_sockets")),
        ("address", list("metadata")),
    ] {
        assert!(!answers.is_empty(), "{what}: no {kind} was looked at");
        for answer in answers {
            assert_ne!(answer["outcome"], "connected", "{what}: {kind} {answer}");
        }
    }
    for port in list("ports") {
        let own = search
            .world
            .server
            .url()
            .ends_with(port["address"].as_str().unwrap());
        for said in port["said"].as_array().unwrap().iter().filter(|_| own) {
            let said = said.as_str().unwrap();
            let nothing = [
                " 404 ",
                " 400 ",
                " 401 ",
                "unauthorized",
                "\"__schema\":null",
            ];
            assert!(
                nothing.iter().any(|nothing| said.contains(nothing)),
                "{what}: {said}"
            );
        }
    }
    assert!(
        list("ports")
            .iter()
            .any(|port| port["outcome"] == "connected"),
        "{what}"
    );

    for process in list("processes") {
        let command = process["command"].as_str().unwrap();
        let ours = ["/usr/bin/bwrap ", "/bin/sh ", "sh ", "find ", "head "];
        let tool = command.starts_with("terraform ") || command.contains("/terraform ");
        assert!(
            tool || command.is_empty() || ours.iter().any(|ours| command.starts_with(ours)),
            "{what}: {process}"
        );
        assert_eq!(process["foreign_root"], false, "{what}: {process}");
    }
    for name in list("variables") {
        let name = name.as_str().unwrap();
        let prefixes = ["TF_", "AWS_", "ARM_", "SPACELIFT_", "PLUGIN_"];
        let names = [
            "CHECKPOINT_DISABLE",
            "HOME",
            "LANG",
            "PATH",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "MIRROR",
        ];
        let known = names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix));
        assert!(known, "{what}: the variable {name}");
    }
    for directory in list("writable") {
        let directory = directory.as_str().unwrap();
        let own = ["/dev", "/dev/shm", "/home/gantry", "/mnt/workspace", "/tmp"];
        let workspace = ["/mnt/workspace/plan", "/mnt/workspace/source"];
        let own =
            own.contains(&directory) || workspace.iter().any(|own| directory.starts_with(own));
        assert!(own, "{what}: {directory} can be written");
    }
    assert_eq!(report["unfinished"], json!([]), "{what}");
    assert!(
        report["files"].as_u64() > Some(20),
        "{what}: {}",
        report["files"]
    );
}
