use gantry_core::ids::RunId;

use super::*;

fn worker(directory: &std::path::Path) -> Worker {
    let config = serde_json::json!({
        "data_dir": directory,
        "server": { "socket": { "path": directory.join("nobody-listens"), "token": "the-token" } },
        "insecure_no_sandbox": true,
        "users": { "first": 900_000, "count": 200 },
    });
    Worker::start(&serde_json::from_value(config).unwrap()).unwrap()
}

fn place(worker: &Worker, run: &RunId) -> Arc<Workspace> {
    let user = worker.sandbox.take_user().unwrap();
    Arc::new(Workspace::create(&worker.sandbox, user, run.as_str()).unwrap())
}

fn kept(run: RunId, workspace: Arc<Workspace>) -> Kept {
    Kept {
        run,
        commit: Commit {
            hash: String::new(),
            message: String::new(),
            author_name: String::new(),
            author_login: None,
            timestamp: 0,
            url: String::new(),
        },
        workspace,
        exports: Exports::default(),
        since: Instant::now(),
    }
}

/// A run may be claimed again while the workspace that had to give way is still being removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_gives_way_leaves_its_place_to_the_next_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let worker = worker(directory.path());
    let first = RunId::new("01FIRST");
    let workspace = place(&worker, &first);
    for n in 0..2_000 {
        std::fs::create_dir_all(workspace.checkout().join(format!("{n}/old"))).unwrap();
    }
    worker.keep(kept(first.clone(), workspace));
    for n in 0..KEPT {
        let run = RunId::new(format!("01OTHER{n}"));
        let workspace = place(&worker, &run);
        worker.keep(kept(run, workspace));
    }
    assert!(worker.take_kept(&first).is_none(), "it gave way");

    let again = place(&worker, &first);
    assert_eq!(std::fs::read_dir(again.checkout()).unwrap().count(), 0);
    let file = again.checkout().join("new");
    std::fs::write(&file, "new").unwrap();
    let runs = worker.sandbox.runs();
    let until = Instant::now() + Duration::from_secs(30);
    while std::fs::read_dir(runs).unwrap().count() > KEPT + 1 {
        assert!(Instant::now() < until, "it is never removed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
}
