use std::fs;
use std::time::{Duration, Instant};

use gantry_git::{Git, GitError};

use crate::repository::{Repository, listing};

#[tokio::test]
async fn a_branch_resolves_to_its_commit() {
    let (repository, hash) = Repository::with_commit();
    let commit = repository.mirror().resolve("main").await.unwrap();
    assert_eq!(commit.hash, hash);
    assert_eq!(commit.message, "Change things\n\nA lot.");
    assert_eq!(commit.author_name, "Ada L");
    assert_eq!(commit.author_login.as_deref(), Some("ada"));
    assert_eq!(commit.timestamp, 1_700_000_000);
    assert_eq!(commit.url, repository.path.display().to_string());
}

#[tokio::test]
async fn a_commit_is_checked_out_without_its_repository() {
    let (repository, hash) = Repository::with_commit();
    let dest = repository.dest("a");
    repository
        .mirror()
        .checkout(&hash, &dest, &[])
        .await
        .unwrap();
    assert_eq!(listing(&dest), ["main.tf", "modules/a/a.tf"]);
    assert_eq!(fs::read_to_string(dest.join("main.tf")).unwrap(), "# one\n");
}

#[tokio::test]
async fn a_new_commit_is_seen_at_once_and_the_old_one_stays() {
    let (repository, first) = Repository::with_commit();
    let mirror = repository.mirror();
    mirror.resolve("main").await.unwrap();
    let second = repository.commit(&[("main.tf", "# two\n")]);
    assert_eq!(mirror.resolve("main").await.unwrap().hash, second);

    repository.git(&["reset", "--quiet", "--hard", &first]);
    assert_eq!(mirror.resolve("main").await.unwrap().hash, first);
    mirror
        .checkout(&second, &repository.dest("second"), &[])
        .await
        .unwrap();
    let text = fs::read_to_string(repository.dest("second").join("main.tf")).unwrap();
    assert_eq!(text, "# two\n");
}

#[tokio::test]
async fn branches_are_found_loose_packed_nested_and_symbolic() {
    let (repository, hash) = Repository::with_commit();
    repository.git(&["branch", "feature/x"]);
    repository.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let mirror = repository.mirror();
    for pack in [false, true] {
        if pack {
            repository.git(&["pack-refs", "--all"]);
        }
        for branch in ["main", "feature/x", "alias"] {
            assert_eq!(
                mirror.resolve(branch).await.unwrap().hash,
                hash,
                "{branch} {pack}"
            );
        }
        for branch in ["feature", "none", "ain"] {
            let error = mirror.resolve(branch).await.unwrap_err();
            assert!(
                matches!(error, GitError::BranchNotFound { .. }),
                "{branch}: {error}"
            );
        }
    }
    let second = repository.commit(&[("x", "")]);
    assert_eq!(
        mirror.resolve("main").await.unwrap().hash,
        second,
        "loose wins over packed"
    );
}

#[tokio::test]
async fn a_bare_repository_works_too() {
    let (repository, hash) = Repository::with_commit();
    let bare = repository.root.join("bare.git");
    repository.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let git = Git::open(repository.settings()).unwrap();
    let mirror = git
        .mirror(&git.source(bare.to_str().unwrap()).unwrap())
        .unwrap();
    assert_eq!(mirror.resolve("main").await.unwrap().hash, hash);
}

#[tokio::test]
async fn parts_of_a_tree_can_be_checked_out() {
    let (repository, _) = Repository::with_commit();
    let hash = repository.commit(&[("b/x.tf", ""), ("*/odd.tf", ""), ("c.tf", "")]);
    let mirror = repository.mirror();
    let dest = repository.dest("a");
    let paths = ["modules".to_owned(), "*".to_owned()];
    mirror.checkout(&hash, &dest, &paths).await.unwrap();
    assert_eq!(
        listing(&dest),
        ["*/odd.tf", "modules/a/a.tf"],
        "a path is no pattern"
    );

    let error = mirror
        .checkout(&hash, &repository.dest("b"), &["none".to_owned()])
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with("has nothing at `none`"),
        "{error}"
    );
    for outside in ["../x", "/etc/passwd"] {
        let paths = [outside.to_owned()];
        assert!(
            mirror
                .checkout(&hash, &repository.dest(outside), &paths)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (repository, hash) = Repository::with_commit();
    let mirror = repository.mirror();
    let none = "0123456789012345678901234567890123456789";
    for error in [
        mirror.commit(none).await.unwrap_err(),
        mirror
            .checkout(none, &repository.dest("a"), &[])
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, GitError::CommitNotFound { .. }), "{error}");
        assert!(error.to_string().contains(none), "{error}");
    }
    let tree = repository.git(&["rev-parse", &format!("{hash}^{{tree}}")]);
    assert!(mirror.commit(&tree).await.is_err(), "a tree is no commit");
    assert!(
        mirror
            .checkout(&tree, &repository.dest("tree"), &[])
            .await
            .is_err()
    );

    let git = Git::open(repository.settings()).unwrap();
    fs::create_dir_all(repository.root.join("plain")).unwrap();
    let source = git
        .source(repository.root.join("plain").to_str().unwrap())
        .unwrap();
    let error = git.mirror(&source).err().unwrap();
    assert!(
        matches!(error, GitError::RepositoryNotFound { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_checked_out_over_something() {
    let (repository, hash) = Repository::with_commit();
    let dest = repository.dest("a");
    fs::create_dir_all(&dest).unwrap();
    fs::write(dest.join("main.tf"), "mine").unwrap();
    let error = repository
        .mirror()
        .checkout(&hash, &dest, &[])
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_to_string(dest.join("main.tf")).unwrap(), "mine");
}

#[tokio::test]
async fn many_checkouts_at_once_do_not_meet() {
    let (repository, hash) = Repository::with_commit();
    let mirror = repository.mirror();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (mirror, hash) = (mirror.clone(), hash.clone());
        let dest = repository.dest(&number.to_string());
        tasks.spawn(async move { mirror.checkout(&hash, &dest, &[]).await.map(|()| dest) });
    }
    while let Some(done) = tasks.join_next().await {
        assert_eq!(listing(&done.unwrap().unwrap()).len(), 2);
    }
    let tmp = repository.dir.path().join("cache/mirrors");
    let leftovers = listing(&tmp)
        .into_iter()
        .filter(|name| name.contains("/tmp/"))
        .count();
    assert_eq!(leftovers, 0);
}

#[tokio::test]
async fn two_processes_may_share_the_cache() {
    let (repository, hash) = Repository::with_commit();
    let (one, other) = (repository.mirror(), repository.mirror());
    let (a, b) = tokio::join!(one.resolve("main"), other.resolve("main"));
    assert_eq!((a.unwrap().hash, b.unwrap().hash), (hash.clone(), hash));
}

#[tokio::test]
async fn git_has_a_version_and_its_absence_a_sentence() {
    let (repository, _) = Repository::with_commit();
    let version = Git::open(repository.settings())
        .unwrap()
        .version()
        .await
        .unwrap();
    assert!(
        version.starts_with(|c: char| c.is_ascii_digit()),
        "{version}"
    );
    let mut settings = repository.settings();
    settings.search_path = "/nowhere:/none".into();
    let error = Git::open(settings).err().unwrap();
    assert_eq!(
        error.to_string(),
        "there is no `git` in /nowhere:/none; install it, or name the binary in the configuration"
    );
}

/// Prints what the path of a run costs; the bound is generous, since other tests run beside it.
#[tokio::test]
async fn a_small_repository_takes_milliseconds() {
    let (repository, hash) = Repository::with_commit();
    let mirror = repository.mirror();
    mirror.resolve("main").await.unwrap();
    let (mut resolve, mut checkout) = (Vec::new(), Vec::new());
    for round in 0..20 {
        let begin = Instant::now();
        assert_eq!(mirror.resolve("main").await.unwrap().hash, hash);
        resolve.push(begin.elapsed());
        let begin = Instant::now();
        mirror
            .checkout(&hash, &repository.dest(&round.to_string()), &[])
            .await
            .unwrap();
        checkout.push(begin.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (resolve, checkout) = (median(&mut resolve), median(&mut checkout));
    println!("resolve={resolve:?} checkout={checkout:?}");
    assert!(
        resolve + checkout < Duration::from_millis(120),
        "{resolve:?} {checkout:?}"
    );
}
