//! The server's disk is full: changes are refused with the reason, reads go on, and when there is room again
//! all goes on without a restart.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::looped::{Looped, Wish};
use super::{Database, Stage};
use crate::world::{World, eventually};

const DISK: u64 = 24 << 20;

/// More than the lease, and than what a worker waits for.
const FULL: Duration = Duration::from_secs(9);

/// Prints and prints, and says so.
const FLOOD: &str = r#"
resource "terraform_data" "flood" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    interpreter = ["bash", "-c"]
    command     = "for i in $(seq 1 60); do head -c 50000 /dev/zero | base64; sleep 0.1; done"
  }
}
"#;

async fn stage() -> Stage {
    Stage::of(World::builder().with_disk(DISK), Database::Sqlite).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_and_answers_questions() {
    let mut stage = stage().await;
    let looped = Looped::create(&stage, "full", true).await;
    looped.fulfil(Wish::Apply).await;
    let pid = stage.world.server.pid();
    let ballast = stage.fill();
    let client = stage.world.client.clone();
    let refused = client.trigger(&looped.stack, "TRACKED", None).await;
    let why = refused.unwrap_err().to_string();
    assert!(
        why.contains("is full") && why.contains("no restart"),
        "{why}"
    );
    let all = looped.standing().await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    std::fs::remove_file(ballast).unwrap();
    let (run, all) = looped.fulfil(Wish::Apply).await;
    let last = all.iter().find(|one| one.run == run).unwrap();
    assert_eq!(last.state, "FINISHED", "{last:?}");
    assert_eq!(stage.world.server.pid(), pid);
    stage.revive();
    stage.expect_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_during_an_apply_that_floods_its_log_doubles_nothing() {
    let mut stage = stage().await;
    let looped = Looped::with_files(&stage, "flood", &[("main.tf", FLOOD)], true).await;
    let flooding = tokio::spawn({
        let looped = looped.clone();
        async move { looped.fulfil(Wish::Apply).await }
    });
    let client = stage.world.client.clone();
    eventually("it floods its log", async || {
        let run = looped.standing().await.ok()?.first()?.run.clone();
        let page = client.log_page(&looped.stack, &run, "APPLYING", None).await;
        page.ok()?.text.contains("AAAAAAAA").then_some(())
    })
    .await;
    let pid = stage.world.server.pid();
    let ballast = stage.fill();
    tokio::time::sleep(FULL).await;
    assert!(looped.standing().await.is_ok(), "reads go on");
    std::fs::remove_file(ballast).unwrap();
    let (run, all) = flooding.await.unwrap();
    let last = all.iter().find(|one| one.run == run).unwrap();
    println!("{last:?}");
    assert_eq!(last.state, "FAILED", "{last:?}");
    let log = client.log(&looped.stack, &run, "APPLYING").await.unwrap();
    assert_eq!(log.matches("Provisioning with").count(), 1, "{log}");
    let (run, all) = looped.fulfil(Wish::Task).await;
    let last = all.iter().find(|one| one.run == run).unwrap();
    assert_eq!(last.state, "FINISHED", "{last:?}");
    assert_eq!(stage.world.server.pid(), pid);
    stage.revive();
    stage.expect_sound();
}

impl Stage {
    /// Leaves no room on the server's disk.
    fn fill(&self) -> PathBuf {
        let path = self.world.server.data_dir().join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [1 << 16, 1 << 12] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}
