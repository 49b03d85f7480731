//! Looking around: from a data source and from hooks, in every phase.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gantry_testkit::provider::{self, needle, reports};
use serde_json::{Value, json};

use super::apart::{apart, root};
use super::canaries::Canaries;
use super::scene::{self, FIND, PROVIDER};
use crate::world::World;

const CODE: &str = r#"
data "probe_look" "around" {
  config = file("${path.module}/look.json")
}

output "report" {
  value = data.probe_look.around.report
}
"#;

/// What the test knows and a run must not: the n-th needle of the search.
fn needles(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    let server = &world.server;
    let master = std::fs::read(server.data_dir().join("master.key")).unwrap();
    let token = world.client.token().unwrap();
    vec![
        (
            "the server's cloud key",
            server
                .identity()
                .keys
                .secret_access_key
                .clone()
                .into_bytes(),
        ),
        ("the API key", server.key().secret.clone().into_bytes()),
        ("a token", token.as_bytes().to_vec()),
        ("the master key", master),
    ]
}

struct Scene {
    world: World,
    canaries: Canaries,
    stack: String,
    config: Value,
}

impl Scene {
    async fn set(builder: gantry_testkit::server::Builder) -> Self {
        let mut canaries = Canaries::new();
        let builder = builder.env("CANARY", canaries.at("server-environment"));
        let world = scene::world(builder).await;
        // Whoever may walk there at all can read what everybody may read.
        let folder = world.server.home();
        for directory in [folder.parent().unwrap(), &folder] {
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(directory, open).unwrap();
        }
        canaries.in_home(&world.server.home());
        canaries.on_the_machine();
        canaries.in_processes();
        canaries.in_sockets();

        // Another stack and its run, whose workspace is on the machine meanwhile.
        let code = format!(
            "{PROVIDER}\nresource \"probe_thing\" \"x\" {{}}\n# {}\n",
            canaries.at("other-run")
        );
        let files = [("main.tf", code.as_str())];
        let name = canaries.at("database");
        let repository = world.repository("other", &files);
        let input = gantry_testkit::client::StackInput::new(&name, repository.path());
        let other = world.stack(&input).await;
        let run = world.client.trigger(&other, "TRACKED", None).await.unwrap();
        let view = world
            .client
            .wait_for(&other, &run, "UNCONFIRMED")
            .await
            .unwrap();
        world.expect(&other, &view, "UNCONFIRMED").await;

        let mut places = canaries.known_places();
        places.extend([
            world.server.home(),
            world.server.data_dir(),
            world.server.repositories(),
        ]);
        let needles: Vec<String> = needles(&world)
            .iter()
            .map(|(_, secret)| needle(secret))
            .collect();
        let config = json!({
            "needles": needles,
            "sts": world.ministack().endpoint(),
            "seconds": 15,
            "places": places,
        });
        let look = format!("\"{FIND}\" look \"$(cat look.json)\"");
        let files = [
            ("main.tf", format!("{PROVIDER}{CODE}")),
            ("look.json", config.to_string()),
        ];
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let hooks = [
            ("beforeInit", look.as_str()),
            ("afterPlan", &look),
            ("beforeApply", &look),
        ];
        let stack = scene::stack(&world, "look", &files, &hooks).await;
        Self {
            world,
            canaries,
            stack,
            config,
        }
    }

    /// What was found, by the name of the place or of the needle.
    fn found(&self, report: &Value) -> BTreeSet<String> {
        let needles = needles(&self.world);
        let name = |what: &str| {
            let number = what
                .strip_prefix("needle ")
                .and_then(|number| number.parse::<usize>().ok());
            match number {
                Some(number) => needles[number].0.to_owned(),
                None => what
                    .strip_prefix("CANARY-")
                    .and_then(|rest| rest.rsplit_once('-'))
                    .map_or(what, |(place, _)| place)
                    .to_owned(),
            }
        };
        let finds = report["finds"].as_array().unwrap();
        finds
            .iter()
            .map(|find| name(find["what"].as_str().unwrap()))
            .collect()
    }

    /// Everything that is there to be found.
    fn everything(&self) -> BTreeSet<String> {
        let canaries = self.canaries.places().map(|(place, _)| place.to_owned());
        canaries
            .chain(
                needles(&self.world)
                    .into_iter()
                    .map(|(name, _)| name.to_owned()),
            )
            .collect()
    }

    async fn reports(&self, run: &str, state: &str) -> Vec<Value> {
        let log = self
            .world
            .client
            .log(&self.stack, run, state)
            .await
            .unwrap();
        let reports = reports(&log);
        assert!(!reports.is_empty(), "no report in {state}: {log}");
        reports
    }

    /// What a report may say, from inside the sandbox; `role` is all that it may find.
    fn check(&self, what: &str, report: &Value, role: &str) {
        let list = |key: &str| report[key].as_array().unwrap().clone();
        let found = self.found(report);
        assert_eq!(
            found,
            BTreeSet::from(["stranger".to_owned()]),
            "{what}: {}",
            report["finds"]
        );

        let role = format!(":assumed-role/{}/", self.world.role_name(role));
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
            let own = self
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
            let known =
                names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix));
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
}

#[test]
fn a_look_around_finds_nothing() {
    apart(|| async {
        let scene = Scene::set(scene::builder()).await;
        let client = &scene.world.client;
        let run = client.trigger(&scene.stack, "TRACKED", None).await.unwrap();
        let view = client
            .wait_for(&scene.stack, &run, "UNCONFIRMED")
            .await
            .unwrap();
        scene.world.expect(&scene.stack, &view, "UNCONFIRMED").await;
        client.confirm(&scene.stack, &run).await.unwrap();
        let view = client.wait_for_end(&scene.stack, &run).await.unwrap();
        scene.world.expect(&scene.stack, &view, "FINISHED").await;
        for (state, reports, role) in [
            ("INITIALIZING", 1, "look-reader"),
            ("PLANNING", 2, "look-reader"),
            ("APPLYING", 1, "look-writer"),
        ] {
            let found = scene.reports(&run, state).await;
            assert!(found.len() >= reports, "{state}: {} reports", found.len());
            // At its end apply shows the outputs, with what plan has seen.
            for report in found.iter().take(reports) {
                scene.check(state, report, role);
            }
        }

        let run = client
            .trigger(&scene.stack, "PROPOSED", None)
            .await
            .unwrap();
        let view = client.wait_for_end(&scene.stack, &run).await.unwrap();
        scene.world.expect(&scene.stack, &view, "FINISHED").await;
        for report in scene.reports(&run, "PLANNING").await {
            scene.check("proposed", &report, "look-reader");
        }

        let look = format!("\"{FIND}\" look \"$(cat look.json)\"");
        let run = client
            .create_task(&scene.stack, &look, false)
            .await
            .unwrap();
        let view = client.wait_for_end(&scene.stack, &run).await.unwrap();
        scene.world.expect(&scene.stack, &view, "FINISHED").await;
        for report in scene.reports(&run, "PERFORMING").await {
            scene.check("task", &report, "look-writer");
        }
    });
}

/// Without this the test above would prove nothing: what is not there can't be found.
#[test]
fn without_the_sandbox_the_same_look_finds_the_canaries() {
    apart(|| async {
        let builder = scene::builder().set("worker.insecure_no_sandbox", "true");
        let scene = Scene::set(builder).await;
        let client = &scene.world.client;
        let run = client.trigger(&scene.stack, "TRACKED", None).await.unwrap();
        let view = client
            .wait_for(&scene.stack, &run, "UNCONFIRMED")
            .await
            .unwrap();
        scene.world.expect(&scene.stack, &view, "UNCONFIRMED").await;
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
        for state in ["INITIALIZING", "PLANNING"] {
            for report in scene.reports(&run, state).await {
                let found = scene.found(&report);
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
        let scene = Scene::set(scene::builder()).await;
        let output = Command::new(provider::executable().unwrap())
            .args(["look", &scene.config.to_string()])
            .current_dir(scene.world.server.home())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        let report = reports(&log).pop().unwrap_or_else(|| panic!("{output:?}"));
        let found = scene.found(&report);
        // Neither is kept in a readable form, and whether memory still has it is chance.
        let maybe = ["a token", "the API key"];
        let missed: Vec<String> = scene
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
        let server = &scene.world.server.identity().arn;
        let arns: Vec<&Value> = report["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["arn"])
            .collect();
        assert!(arns.iter().any(|arn| *arn == server), "{arns:?}");
    });
}
