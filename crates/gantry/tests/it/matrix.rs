//! The credential matrix, measured where it counts: inside the child, and at STS.
//!
//! For each run kind, phase and set of attachments: who `aws sts get-caller-identity` says the child
//! is, and which external ID STS was sent for it. Both are compared with `matrix/expected.md`, which
//! is written by hand from the spec and is never rewritten by a test.
//!
//! The requests are heard by a proxy in front of STS. At the moment a request arrives, the proxy
//! asks the server for the state of the run that it is for; `watch` judges that pair. So "never
//! `@write` before `applying`" does not depend on comparing clocks.
//!
//! To see it fail, let `required` in `gantry-core/src/credentials/access.rs` answer `Write` for every
//! phase: the table and the watch both object. The unit tests of `watch` keep the second half
//! honest without such a build.

mod table;
mod watch;

use std::collections::HashMap;

use gantry_testkit::client::{Client, IntegrationInput, StackInput};
use gantry_testkit::repository::s3_backend_with_keys;
use gantry_testkit::server::Builder;
use gantry_testkit::trust;
use gantry_testkit::witness::{Testimony, Witness};

use crate::world::{ALWAYS_CHANGES, Access, World, eventually};
use table::{Cell, Table};
use watch::{Seen, Watch};

on_both_databases!(every_phase_has_the_identity_of_the_spec,);

/// What is attached to a stack: the columns of the table, with the stack's slug.
const SETS: [(&str, &str); 8] = [
    ("nothing", "with-nothing"),
    ("A read", "read-only"),
    ("A write", "write-only"),
    ("A both", "both-in-one"),
    ("A read, B write", "two"),
    ("legacy", "legacy"),
    ("legacy, A read", "legacy-beside"),
    ("A automatic", "automatic"),
];

/// The phases of each kind of run: the rows of the table.
const ROWS: [(&str, &[&str]); 7] = [
    ("proposed", &["initialize", "plan"]),
    ("tracked", &["initialize", "plan", "apply"]),
    ("replanned", &["initialize", "plan", "plan again", "apply"]),
    ("autodeployed", &["initialize", "plan", "apply"]),
    ("task", &["initialize", "perform"]),
    ("task, not initialized", &["perform"]),
    ("destroy", &["initialize", "plan", "destroy"]),
];

const EXPECTED: &str = include_str!("matrix/expected.md");

async fn every_phase_has_the_identity_of_the_spec(builder: Builder) {
    // A slot for each column: otherwise those that the queue prefers would keep the others waiting.
    let world = World::of(builder.set("worker.slots", "8")).await;
    // First of all: a cloud that refuses nothing would prove nothing.
    let cloud = world.ministack();
    cloud
        .assume_with_wrong_id_is_refused(world.server.identity())
        .await
        .unwrap();

    let watch = Watch::over(&world);
    let witness = Witness::start().unwrap();
    cloud.create_bucket(&world.bucket()).await.unwrap();
    let play = SETS.map(|(set, slug)| play(&world, &witness, set, slug));
    let runs: Vec<Played> = futures(play).await;

    let heard = witness.heard();
    let seen = watch.seen();
    let mut identities = Table::new("Who the child is", &SETS.map(|(set, _)| set));
    let mut requests = Table::new("What STS was sent", &SETS.map(|(set, _)| set));
    for (kind, phases) in ROWS {
        for (n, phase) in phases.iter().enumerate() {
            let cells = |cell: &dyn Fn(&Played, &str) -> Cell| -> Vec<String> {
                runs.iter()
                    .map(|played| cell(played, &played.runs[kind]).text())
                    .collect()
            };
            identities.row(
                kind,
                phase,
                cells(&|played, run| played.identity(&heard, run, n)),
            );
            requests.row(
                kind,
                phase,
                cells(&|played, run| played.request(&seen, run, phase)),
            );
        }
    }
    let measured = format!("{}\n{}", identities.render(), requests.render());
    // Both judges speak: the table knows what is right, the watch what is dangerous.
    let mut complaints = watch::violations(&seen);
    complaints.extend(table::differences(EXPECTED, &measured));
    assert!(
        complaints.is_empty(),
        "not as in matrix/expected.md:\n{}\n\n{measured}",
        complaints.join("\n")
    );
    // Nothing beside the table: no run asked more often than it has phases.
    let phases: usize = ROWS.iter().map(|(_, phases)| phases.len()).sum();
    for played in &runs {
        let heard = heard.iter().filter(|one| one.stack == played.stack).count();
        assert_eq!(heard, phases, "phases of {}", played.stack);
        let sent = seen.iter().filter(|one| one.stack == played.stack).count();
        let expected = requests.filled(played.set);
        assert_eq!(sent, expected, "requests for {}", played.stack);
    }
}

/// One column, after all its runs.
struct Played {
    set: &'static str,
    stack: String,
    /// By the names of `ROWS`.
    runs: HashMap<&'static str, String>,
    /// Roles and integrations, by what they mean.
    names: HashMap<String, &'static str>,
}

impl Played {
    fn identity(&self, heard: &[Testimony], run: &str, n: usize) -> Cell {
        let mut phases = heard
            .iter()
            .filter(|one| one.stack == self.stack && one.run == run);
        match phases.nth(n) {
            Some(said) => Cell::Identity(self.role(&said.identity)),
            None => Cell::Missing,
        }
    }

    /// `arn:aws:sts::…:assumed-role/<role>/<session>` becomes the role's letter.
    fn role(&self, identity: &str) -> String {
        if identity.contains("Unable to locate credentials") {
            return "none".to_owned();
        }
        let role = identity.split('/').nth(1).unwrap_or(identity);
        self.names
            .get(role)
            .map_or_else(|| identity.to_owned(), |&name| name.to_owned())
    }

    fn request(&self, seen: &[Seen], run: &str, phase: &str) -> Cell {
        let (state, again) = match phase {
            "initialize" => ("INITIALIZING", 0),
            "plan again" => ("PLANNING", 1),
            "plan" => ("PLANNING", 0),
            "apply" => ("APPLYING", 0),
            "perform" => ("PERFORMING", 0),
            _ => ("DESTROYING", 0),
        };
        let mut sent = seen
            .iter()
            .filter(|one| one.run == run && one.state == state);
        match sent.nth(again) {
            Some(one) => Cell::Sent(self.external_id(&one.external_id)),
            None => Cell::Nothing,
        }
    }

    /// `acme@<A's ID>@<stack>@read` becomes `A@read`; the legacy form, `stack`.
    fn external_id(&self, id: &str) -> String {
        let parts: Vec<&str> = id.split('@').collect();
        match parts[..] {
            ["acme", integration, stack, access] if stack == self.stack => {
                format!("{}@{access}", self.names.get(integration).unwrap_or(&"?"))
            }
            ["acme", stack] if stack == self.stack => "stack".to_owned(),
            _ => id.to_owned(),
        }
    }
}

async fn play(world: &World, witness: &Witness, set: &'static str, slug: &str) -> Played {
    let client = &world.client;
    let key = format!("{slug}.tfstate");
    let backend = s3_backend_with_keys(&world.ministack().endpoint(), &world.bucket(), &key);
    let files = [
        ("backend.tf", backend.as_str()),
        ("main.tf", ALWAYS_CHANGES),
    ];
    let repository = world.repository(slug, &files);
    let mut input = StackInput::new(slug, repository.path());
    if set == "A automatic" {
        input.labels = vec!["matrix".to_owned()];
    }
    for (place, phase) in [
        ("beforeInit", "initialize"),
        ("beforePlan", "plan"),
        ("beforeApply", "apply"),
        ("beforePerform", "perform"),
        ("beforeDestroy", "destroy"),
    ] {
        input = input.hook(place, &witness.hook(phase));
    }
    let stack = world.stack(&input).await;
    let names = attach(world, set, &stack).await;
    let mut runs = HashMap::new();

    let run = client.trigger(&stack, "PROPOSED", None).await.unwrap();
    finish(world, &stack, &run).await;
    runs.insert("proposed", run);

    let run = planned(world, &stack).await;
    client.confirm(&stack, &run).await.unwrap();
    finish(world, &stack, &run).await;
    runs.insert("tracked", run);

    let run = planned(world, &stack).await;
    client.replan(&stack, &run).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    client.confirm(&stack, &run).await.unwrap();
    finish(world, &stack, &run).await;
    runs.insert("replanned", run);

    input.autodeploy = true;
    client.update_stack(&stack, &input).await.unwrap();
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    finish(world, &stack, &run).await;
    runs.insert("autodeployed", run);

    for (name, skip) in [("task", false), ("task, not initialized", true)] {
        let run = client.create_task(&stack, "true", skip).await.unwrap();
        finish(world, &stack, &run).await;
        runs.insert(name, run);
    }

    client.delete_stack(&stack, true).await.unwrap();
    client.wait_until_gone(&stack).await.unwrap();
    let run = eventually("the destroy run was heard", || async {
        let heard = witness.heard();
        let mut heard = heard
            .into_iter()
            .filter(|one| one.stack == stack && one.kind == "DESTROY");
        heard.next().map(|one| one.run)
    });
    runs.insert("destroy", run.await);
    Played {
        set,
        stack,
        runs,
        names,
    }
}

/// Attaches what the column says. Answers with the meaning of roles and integrations.
async fn attach(world: &World, set: &str, stack: &str) -> HashMap<String, &'static str> {
    let client = &world.client;
    let mut names = HashMap::new();
    let role = |letter: &str| format!("{}-{stack}", letter.to_lowercase());
    let mut integrations: Vec<(&'static str, bool, bool)> = Vec::new();
    match set {
        "A read" | "legacy, A read" => integrations.push(("A", true, false)),
        "A write" => integrations.push(("A", false, true)),
        "A both" => integrations.push(("A", true, true)),
        "A read, B write" => integrations.extend([("A", true, false), ("B", false, true)]),
        _ => {}
    }
    for (letter, read, write) in integrations {
        let accesses: Vec<Access> = [(read, Access::Read), (write, Access::Write)]
            .into_iter()
            .filter_map(|(on, access)| on.then_some(access))
            .collect();
        let id = world.integration(&role(letter), stack, &accesses).await;
        names.insert(world.role_name(&role(letter)), letter);
        client.attach(&id, stack, read, write).await.unwrap();
        names.insert(id, letter);
    }
    if set.starts_with("legacy") {
        let arn = world.role(&role("L"), &[&format!("acme@{stack}")]).await;
        client.set_legacy_role(stack, &arn).await.unwrap();
        names.insert(world.role_name(&role("L")), "L");
    }
    if set == "A automatic" {
        let input = IntegrationInput {
            autoattach: true,
            labels: vec!["autoattach:matrix".to_owned()],
            ..IntegrationInput::new(&role("A"), &world.role_arn(&role("A")))
        };
        let id = client.create_integration(&input).await.unwrap();
        let ids = both_ids(client, &id, stack).await;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let policy = trust::requires(&world.server.identity().arn, &ids);
        let name = world.role_name(&role("A"));
        world.ministack().create_role(&name, &policy).await.unwrap();
        names.insert(name, "A");
        names.insert(id, "A");
    }
    names
}

async fn both_ids(client: &Client, integration: &str, stack: &str) -> [String; 2] {
    [
        client
            .external_id(integration, stack, true, false)
            .await
            .unwrap(),
        client
            .external_id(integration, stack, false, true)
            .await
            .unwrap(),
    ]
}

async fn planned(world: &World, stack: &str) -> String {
    let run = world.client.trigger(stack, "TRACKED", None).await.unwrap();
    let view = world
        .client
        .wait_for(stack, &run, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(stack, &view, "UNCONFIRMED").await;
    run
}

async fn finish(world: &World, stack: &str, run: &str) {
    let view = world.client.wait_for_end(stack, run).await.unwrap();
    world.expect(stack, &view, "FINISHED").await;
}

/// All of them side by side.
async fn futures<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = all.into_iter().map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}
