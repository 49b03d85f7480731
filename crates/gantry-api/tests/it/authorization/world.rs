//! The installation that is asked, everybody who asks, and the things that are asked about.

mod things;

use std::cell::Cell;

use gantry_core::protocol::PhaseStart;
use gantry_testkit::repository::Repository;
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::Worker;

pub struct Column {
    pub name: &'static str,
    pub what: &'static str,
    pub token: String,
}

pub struct World {
    pub client: Client,
    pub columns: Vec<Column>,
    worker: Worker,
    team: String,
    inner: String,
    commit: String,
    made: Cell<usize>,
}

/// A document whose placeholders have become things.
pub struct Filled {
    pub text: String,
    /// The placeholder that the answer is searched for.
    shows: &'static str,
    values: Vec<(String, String)>,
}

impl Filled {
    /// What a placeholder has become; any other text stands for itself.
    pub fn value<'a>(&'a self, placeholder: &'a str) -> &'a str {
        let found = self.values.iter().find(|(name, _)| name == placeholder);
        found.map_or(placeholder, |(_, value)| value)
    }
}

impl World {
    pub async fn start() -> Self {
        let client = Client::with_clouds(things::trusting_cloud()).await;
        let folder = client.folder.path().join("repositories");
        let files = [("main.tf", "# nothing")];
        let repository = Repository::create(&folder, "infra", &files).unwrap();
        let mut world = World {
            worker: Worker::hello(&client).await,
            columns: vec![],
            team: String::new(),
            inner: String::new(),
            commit: repository.git(&["rev-parse", "HEAD"]).unwrap(),
            made: Cell::new(0),
            client,
        };
        world.team = world.space("team", "root", true).await;
        world.inner = world.space("inner", &world.team, true).await;
        let apart = world.space("apart", "root", false).await;
        let (team, inner) = (world.team.clone(), world.inner.clone());
        let keys = [
            ("outsider", "a key without any role", None),
            (
                "apart",
                "a key with the role admin in `apart`",
                Some((&apart, "ADMIN")),
            ),
            (
                "inner",
                "a key with the role admin in `inner`",
                Some((&inner, "ADMIN")),
            ),
            (
                "reader",
                "a key with the role reader in `team`",
                Some((&team, "READ")),
            ),
            (
                "writer",
                "a key with the role writer in `team`",
                Some((&team, "WRITE")),
            ),
            (
                "admin",
                "a key with the role admin in `team`",
                Some((&team, "ADMIN")),
            ),
        ];
        let mut columns = vec![Column {
            name: "nobody",
            what: "without a token",
            token: String::new(),
        }];
        for (name, what, rule) in keys {
            let (id, secret) = world.key(rule).await;
            let token = world.client.log_in(&id, &secret).await;
            columns.push(Column { name, what, token });
        }
        columns.push(Column {
            name: "account",
            what: "an administrator of the account",
            token: world.client.token().to_owned(),
        });
        for (name, what, space, administrative, writes) in [
            (
                "plan",
                "the token of a run of a stack of `team`, in a read phase",
                "team",
                false,
                false,
            ),
            ("apply", "the same in a write phase", "team", false, true),
            (
                "plan of admin",
                "the token of a tracked run of an administrative stack of `team`, in a read phase",
                "team",
                true,
                false,
            ),
            (
                "apply of admin",
                "the same in a write phase",
                "team",
                true,
                true,
            ),
            (
                "apply of root",
                "the token of a run of an administrative stack of `root`, in a write phase",
                "root",
                true,
                true,
            ),
        ] {
            let space = if space == "team" { &team } else { space };
            let token = world.run_token(space, administrative, writes).await;
            columns.push(Column { name, what, token });
        }
        world.columns = columns;
        world
    }

    fn number(&self) -> usize {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// Sends a document of the administrator's that has to work; answers with its one field.
    async fn made(&self, document: &str) -> Value {
        let mut data = self.client.data(document, Value::Null).await;
        let field = data.as_object().unwrap().keys().next().unwrap().clone();
        data[&field].take()
    }

    async fn made_id(&self, document: &str) -> String {
        let made = self.made(document).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn space(&self, name: &str, parent: &str, inherits: bool) -> String {
        self.made_id(&format!(
            r#"mutation{{spaceCreate(input: {{name: "{name}", description: "",
               inheritEntities: {inherits}, parentSpace: "{parent}"}}){{id}}}}"#
        ))
        .await
    }

    async fn key(&self, rule: Option<(&String, &str)>) -> (String, String) {
        let rules: Vec<Value> = rule
            .into_iter()
            .map(|(space, level)| json!({ "space": space, "spaceAccessLevel": level }))
            .collect();
        let create = "mutation($rules:[SpaceAccessRuleInput!]){apiKeyCreate(input: {admin: false, \
                      name: \"k\", teams: [], accessRules: $rules}){id secret}}";
        let made = self.client.data(create, json!({ "rules": rules })).await;
        let text = |field: &str| made["apiKeyCreate"][field].as_str().unwrap().to_owned();
        (text("id"), text("secret"))
    }

    /// The token of a run that stays in a phase for ever: in initialize of a tracked run, or in
    /// perform of a task.
    async fn run_token(&self, space: &str, administrative: bool, writes: bool) -> String {
        let stack = self.stack_in(space, administrative).await;
        let run = match writes {
            false => format!(r#"mutation{{runTrigger(stack: "{stack}"){{id}}}}"#),
            true => format!(
                r#"mutation{{taskCreate(stack: "{stack}", command: "true",
                   skipInitialization: true){{id}}}}"#
            ),
        };
        self.made_id(&run).await;
        let job = self.worker.claim().await.unwrap();
        let phase = self.worker.prepared(&job).await;
        assert_eq!(phase.phase.writes(), writes);
        token_of(&phase)
    }
}

fn token_of(phase: &PhaseStart) -> String {
    let token = phase.env.iter().find(|v| v.name == "SPACELIFT_API_TOKEN");
    let json = serde_json::to_value(&token.unwrap().value).unwrap();
    json.as_str().unwrap().to_owned()
}
