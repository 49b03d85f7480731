use std::path::Path;
use std::process::Command;

use gantry_app::OpError;

use crate::world::World;

/// Runs git in `dir` and answers with what it says.
fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("the tests need git: install it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_stack_is_pinned_to_a_commit_and_synced_again() {
    let world = World::sqlite().await;
    let draft = world.draft("Infra");
    let repository = draft.source.repository_url.clone().unwrap();
    let repository = Path::new(&repository);
    git(repository, &["init", "--quiet", "--initial-branch=main"]);
    git(
        repository,
        &["commit", "--quiet", "--allow-empty", "-m", "First"],
    );
    let first = git(repository, &["rev-parse", "HEAD"]);
    git(
        repository,
        &["commit", "--quiet", "--allow-empty", "-m", "Second"],
    );
    let id = world.stack_of(draft).await;
    let (app, admin) = (&world.app, &world.admin);

    let upper = first.to_ascii_uppercase();
    let pinned = app
        .stack_set_current_commit(admin, &id, &upper)
        .await
        .unwrap();
    let commit = pinned.tracked_commit.unwrap();
    assert_eq!(
        (commit.hash.as_str(), commit.message.as_str()),
        (&*first, "First")
    );
    let stored = world.read_stack(&id).await;
    assert_eq!(stored.tracked_commit, Some(commit));
    assert_eq!(stored.tracked_commit_set_by.as_deref(), Some("admin"));

    for (sha, part) in [
        ("main", "`main` is not a commit"),
        ("0123456789abcdef0123456789abcdef01234567", "has no commit"),
    ] {
        let refused = app.stack_set_current_commit(admin, &id, sha).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
    }
    assert!(world.read_stack(&id).await.tracked_commit.is_some());

    let synced = app.stack_sync_commit(admin, &id).await.unwrap();
    let head = synced.tracked_commit.clone().unwrap();
    assert_eq!(
        (head.message.as_str(), synced.pinned_commit()),
        ("Second", None)
    );
    assert_eq!(world.read_stack(&id).await.tracked_commit, Some(head));

    // Another branch has another head, another repository has other commits.
    app.stack_set_current_commit(admin, &id, &first)
        .await
        .unwrap();
    let mut other = world.draft("Infra");
    other.source.branch = "other".into();
    app.stack_update(admin, &id, other.clone()).await.unwrap();
    assert!(world.read_stack(&id).await.pinned_commit().is_some());
    other.source.repository_url = Some("https://git.example.com/acme/other".into());
    app.stack_update(admin, &id, other).await.unwrap();
    let moved = world.read_stack(&id).await;
    assert_eq!(
        (moved.tracked_commit, moved.tracked_commit_set_by),
        (None, None)
    );
}

#[tokio::test]
async fn a_repository_without_the_branch_is_named() {
    let world = World::sqlite().await;
    let mut draft = world.draft("Infra");
    let repository = draft.source.repository_url.clone().unwrap();
    git(Path::new(&repository), &["init", "--quiet"]);
    draft.source.branch = "nowhere".into();
    let id = world.stack_of(draft).await;
    let refused = world.app.stack_sync_commit(&world.admin, &id).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, OpError::Invalid(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("has no branch `nowhere`"),
        "{refused}"
    );
}
