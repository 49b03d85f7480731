//! Judges each request for credentials by the state that its run was in when STS heard of it.

use std::sync::{Arc, Mutex};

use gantry_testkit::client::Client;
use gantry_testkit::sts_proxy::{Call, StsProxy};

use crate::world::World;

/// A request for a phase's credentials, and its run at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub stack: String,
    pub run: String,
    /// `PROPOSED` and so on; empty when the server knew no such run.
    pub kind: String,
    pub state: String,
    pub external_id: String,
    pub session_name: String,
}

/// Looks over the shoulder of a server from now on.
pub struct Watch {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Watch {
    /// What the proxy before an STS hears.
    pub fn over(world: &World, proxy: &StsProxy) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (client, sink) = (world.client.clone(), Arc::clone(&seen));
        proxy.break_when(move |call| {
            if is_for_a_phase(call) {
                sink.lock().unwrap().push(look(&client, call));
            }
            None
        });
        Self { seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Verification sends real external IDs too, but under a name of its own, and with a policy that
/// leaves the credentials without any permission.
fn is_for_a_phase(call: &Call) -> bool {
    let name = call.session_name.as_deref().unwrap_or_default();
    let powerless = call
        .policy
        .as_deref()
        .is_some_and(|policy| policy.contains("\"Deny\"") && !policy.contains("\"Allow\""));
    call.action == "AssumeRole" && !(name.starts_with("verify@") && powerless)
}

/// The proxy holds the request back meanwhile, so the state can't be a later one.
fn look(client: &Client, call: &Call) -> Seen {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (external_id, session_name) = (text(&call.external_id), text(&call.session_name));
    // The session name begins with the run, and may be cut in the stack; the external ID is whole.
    let run = session_name
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned();
    let parts: Vec<&str> = external_id.split('@').collect();
    let stack = match parts[..] {
        [_, stack] | [_, _, stack, _] => stack.to_owned(),
        _ => String::new(),
    };
    let view = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                Ok::<_, std::io::Error>(runtime.block_on(client.find_run(&stack, &run)))
            })
            .join()
    });
    let view = view
        .expect("the question does not panic")
        .expect("a runtime starts");
    let view = view.expect("the server answers while it asks STS");
    let (kind, state) = view.map(|view| (view.kind, view.state)).unwrap_or_default();
    Seen {
        stack,
        run,
        kind,
        state,
        external_id,
        session_name,
    }
}

/// What no request may be. A sentence for each that is.
pub fn violations(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .filter_map(|one| Some(format!("{}: {one:?}", violation(one)?)))
        .collect()
}

fn violation(seen: &Seen) -> Option<&'static str> {
    let reads = ["INITIALIZING", "PLANNING"].contains(&seen.state.as_str());
    let writes = ["APPLYING", "PERFORMING", "DESTROYING"].contains(&seen.state.as_str());
    if !reads && !writes {
        return Some("credentials are asked for while no phase works");
    }
    if !seen
        .session_name
        .starts_with(&format!("{}@{}", seen.run, seen.stack))
    {
        return Some("the session does not name its run and stack");
    }
    let parts: Vec<&str> = seen.external_id.split('@').collect();
    match parts[..] {
        // A legacy role has one ID for everything.
        ["acme", _] => None,
        ["acme", _, _, "read"] if writes => Some("a writing phase is given read"),
        ["acme", _, _, "read"] => None,
        ["acme", _, _, "write"] if seen.kind == "PROPOSED" => Some("a proposed run is given write"),
        ["acme", _, _, "write"] if reads => Some("write is asked for before its phase"),
        ["acme", _, _, "write"] => None,
        _ => Some("the external ID is of no known form"),
    }
}

#[cfg(test)]
mod tests;
