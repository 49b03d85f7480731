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

mod stage;
mod table;
mod watch;

use std::collections::HashMap;

use gantry_testkit::server::Builder;
use gantry_testkit::witness::{Testimony, Witness};

use crate::private_pool::PrivatePool;
use crate::world::World;
use stage::Stage;
use table::{Cell, Table};
use watch::{Seen, Watch};

on_both_databases!(
    every_phase_has_the_identity_of_the_spec,
    every_phase_of_a_private_worker_has_the_identity_of_the_spec,
);

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
    measure(&world, None).await;
}

/// The same table: who assumes a role changes nothing of what a phase may have.
async fn every_phase_of_a_private_worker_has_the_identity_of_the_spec(builder: Builder) {
    let world = World::of(builder.with_gateway()).await;
    let pool = PrivatePool::start(&world, 8).await;
    measure(&world, Some(&pool)).await;
    // It asked itself, and the server did not ask.
    let own = Some(pool.identity.keys.access_key_id.clone());
    let calls = pool.proxy.calls();
    assert!(calls.iter().all(|call| call.access_key_id == own));
    let by_server = world.server.proxy().calls();
    let asked = by_server.iter().filter(|call| call.action == "AssumeRole");
    assert_eq!(asked.count(), 0);
}

/// Plays everything, on a private pool whose workers assume the roles or on the server's own worker.
async fn measure(world: &World, pool: Option<&PrivatePool>) {
    let proxy = match pool {
        Some(pool) => &pool.proxy,
        None => world.server.proxy(),
    };
    let watch = Watch::over(world, proxy);
    let witness = Witness::start().unwrap();
    let bucket = world.bucket();
    world.ministack().create_bucket(&bucket).await.unwrap();
    let stage = Stage {
        world,
        pool,
        witness: &witness,
    };
    let play = SETS.map(|(set, slug)| stage.play(set, slug));
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
