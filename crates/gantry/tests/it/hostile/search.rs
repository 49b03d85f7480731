//! A machine full of canaries, a run that looks for them, and what it said.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use gantry_testkit::client::StackInput;
use gantry_testkit::provider::{needle, reports};
use gantry_testkit::server::Builder;
use serde_json::{Value, json};

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

pub struct Search {
    pub world: World,
    canaries: Canaries,
    /// The stack with the attacker.
    pub stack: String,
    /// What the attacker was told.
    pub config: Value,
}

impl Search {
    pub async fn set(builder: Builder) -> Self {
        let mut canaries = Canaries::new();
        // Before the server starts, which inherits it.
        canaries.in_the_keyring();
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
        let input = StackInput::new(&name, repository.path());
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
    pub fn found(&self, report: &Value) -> BTreeSet<String> {
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
    pub fn everything(&self) -> BTreeSet<String> {
        let canaries = self.canaries.places().map(|(place, _)| place.to_owned());
        canaries
            .chain(
                needles(&self.world)
                    .into_iter()
                    .map(|(name, _)| name.to_owned()),
            )
            .collect()
    }

    pub async fn reports(&self, run: &str, state: &str) -> Vec<Value> {
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
}
