//! What the whole installation has at the moment: read from the database when it is asked for, and so
//! the same on each of several servers.

use gantry_store::{Store, census};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::{Labels, Registering};
use crate::OpError;

#[derive(Default)]
pub(super) struct Census {
    runs: Family<Labels<2>, Gauge>,
    queue: Gauge,
    queue_oldest: Gauge,
    locks: Family<Labels<1>, Gauge>,
    workers: Family<Labels<2>, Gauge>,
}

impl Census {
    pub(super) fn register(all: &mut Registering) -> Self {
        let census = Census::default();
        let help =
            "Runs that have not ended. Of the installation: the same on each of its servers.";
        all.add("gantry_runs", "kind, state", help, census.runs.clone());
        let help = "Runs that wait for a worker. Of the installation.";
        all.add("gantry_queue_runs", "", help, census.queue.clone());
        let help =
            "Seconds that the one of them has waited which waits longest. Of the installation.";
        all.add(
            "gantry_queue_oldest_seconds",
            "",
            help,
            census.queue_oldest.clone(),
        );
        let help = "Locked stacks, by who holds the lock: a `user`, or nobody since a run left the \
                    stack so (`lost_worker`, `errored_state`). Of the installation.";
        all.add("gantry_stacks_locked", "lock", help, census.locks.clone());
        let help = "Workers that said hello and are not known to be gone: `shared` or of a `private` \
                    pool; `idle`, `busy` with a run, or `drained`. Of the installation.";
        all.add(
            "gantry_workers",
            "pool, state",
            help,
            census.workers.clone(),
        );
        census
    }

    pub(super) async fn take(&self, store: &Store, now: i64) -> Result<(), OpError> {
        let reader = store.reader();
        let runs = census::runs(reader).await?;
        let locks = census::locks(reader).await?;
        let workers = census::workers(reader).await?;
        self.runs.clear();
        let (mut queue, mut oldest) = (0, now);
        for group in runs {
            let labels = [
                ("kind", group.kind.as_str()),
                ("state", group.state.as_str()),
            ];
            self.runs.get_or_create(&labels).set(group.count);
            if group.state.waits_for_worker() {
                queue += group.count;
                oldest = oldest.min(group.oldest);
            }
        }
        self.queue.set(queue);
        self.queue_oldest.set((now - oldest) / 1000);
        for (lock, count) in [
            ("user", locks.user),
            ("lost_worker", locks.lost_worker),
            ("errored_state", locks.errored_state),
        ] {
            self.locks.get_or_create(&[("lock", lock)]).set(count);
        }
        self.workers.clear();
        for group in workers {
            let pool = if group.private { "private" } else { "shared" };
            let state = match (group.drained, group.busy) {
                (true, _) => "drained",
                (false, true) => "busy",
                (false, false) => "idle",
            };
            let labels = [("pool", pool), ("state", state)];
            self.workers.get_or_create(&labels).inc_by(group.count);
        }
        Ok(())
    }
}
