//! What an initialisation has downloaded is there for the next one of its stack, and only for those
//! whose commit names it.

use std::path::{Path, PathBuf};

use gantry_testkit::client::{RunView, StackInput};
use gantry_testkit::provider_mirror::{ProviderMirror, package_hash};
use gantry_testkit::repository::Repository;

use crate::world::{World, eventually};

const CODE: &str = r#"
terraform {
  required_providers {
    probe = {
      source = "gantry/probe"
    }
  }
}

resource "probe_thing" "one" {
  input = timestamp()
}
"#;

/// What a download costs: the tool asks for the archive's head, and then for all of it; and for two
/// lists in front.
const DOWNLOADED: (usize, usize) = (2, 4);

struct Stage {
    world: World,
    mirror: ProviderMirror,
    _directory: tempfile::TempDir,
}

impl Stage {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mirror = ProviderMirror::start(directory.path()).await.unwrap();
        let builder = World::builder()
            .set("worker.provider_mirrors", mirror.address())
            .set("child.ca_bundle", mirror.certificate.display().to_string());
        Stage {
            world: World::of(builder).await,
            mirror,
            _directory: directory,
        }
    }

    /// A stack on a repository of its own with this lock file.
    async fn stack(
        &self,
        name: &str,
        lock: Option<&str>,
        hooks: &[(&'static str, &str)],
    ) -> String {
        let mut files = vec![("main.tf", CODE)];
        files.extend(lock.map(|lock| (".terraform.lock.hcl", lock)));
        let repository = self.world.repository(name, &files);
        let mut input = StackInput::new(name, repository.path());
        for (place, hook) in hooks {
            input = input.hook(place, hook);
        }
        self.world.client.create_stack(&input).await.unwrap()
    }

    fn lock(&self) -> String {
        self.mirror.lock_file(&[&self.mirror.hash])
    }

    async fn proposed(&self, stack: &str, commit: Option<&str>) -> (RunView, String) {
        let client = &self.world.client;
        let run = client.trigger(stack, "PROPOSED", commit).await.unwrap();
        let view = client.wait_for_end(stack, &run).await.unwrap();
        let log = client.whole_log(stack, &run).await.unwrap();
        (view, log)
    }

    /// Runs a proposed run that succeeds; answers with its log.
    async fn plan(&self, stack: &str) -> String {
        let (view, log) = self.proposed(stack, None).await;
        self.world.expect(stack, &view, "FINISHED").await;
        log
    }

    fn store(&self) -> PathBuf {
        self.world.server.data_dir().join("worker/providers")
    }

    /// The directories of all packages that are kept.
    fn kept(&self) -> Vec<PathBuf> {
        let directories = |path: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let paths = entries.map(|entry| entry.path());
            paths.filter(|path| path.is_dir()).collect()
        };
        let stacks = directories(&self.store()).into_iter();
        let stacks = stacks.filter(|path| {
            !path
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("new-")
        });
        stacks.flat_map(|stack| directories(&stack)).collect()
    }

    /// Copying goes on beside the run.
    async fn until_kept(&self, count: usize) {
        eventually("providers are kept", || async {
            (self.kept().len() == count).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_initialisation_asks_nobody() {
    let stage = Stage::start().await;
    // Nobody but the worker writes to the cache, in no phase.
    let closed = "test -z \"$(find /opt/gantry/providers -writable 2>/dev/null)\"";
    let hooks = [
        ("beforeInit", closed),
        ("beforePlan", closed),
        ("beforeApply", closed),
    ];
    let stack = stage.stack("first", Some(&stage.lock()), &hooks).await;
    stage.plan(&stack).await;
    assert_eq!(stage.mirror.asked(), DOWNLOADED);
    stage.until_kept(1).await;

    let log = stage.plan(&stack).await;
    assert_eq!(stage.mirror.asked(), (0, 0), "{log}");
    assert!(log.contains("Installed gantry/probe v1.0.0"), "{log}");
    stage.world.apply(&stack).await;
    assert_eq!(stage.mirror.asked(), (0, 0));

    // After a restart, with the clean workspace gone in the middle of a run.
    let mut stage = stage;
    let client = &stage.world.client;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    stage.world.expect(&stack, &view, "UNCONFIRMED").await;
    stage.world.server.restart().unwrap();
    stage.world.client = stage.world.server.client().await;
    let client = &stage.world.client;
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    stage.world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(stage.mirror.asked(), (0, 0));

    // Another stack has a cache of its own, and sees none of this one.
    let blind = [("beforeInit", "! test -e /opt/gantry/providers")];
    let other = stage.stack("second", Some(&stage.lock()), &blind).await;
    stage.plan(&other).await;
    assert_eq!(stage.mirror.asked(), DOWNLOADED);
    stage.until_kept(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_commit_names_is_used() {
    let stage = Stage::start().await;
    let stack = stage.stack("strict", Some(&stage.lock()), &[]).await;
    stage.plan(&stack).await;
    stage.until_kept(1).await;
    assert_eq!(stage.mirror.asked(), DOWNLOADED);

    // Without a lock file in the commit.
    let repository = Repository::at(&stage.world.server.repositories().join("strict"));
    repository
        .git(&["checkout", "-q", "-b", "unlocked"])
        .unwrap();
    repository
        .git(&["rm", "-q", ".terraform.lock.hcl"])
        .unwrap();
    repository.git(&["commit", "-q", "-m", "Unlock"]).unwrap();
    let unlocked = repository.git(&["rev-parse", "HEAD"]).unwrap();
    let (view, _) = stage.proposed(&stack, Some(unlocked.trim())).await;
    stage.world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(stage.mirror.asked(), DOWNLOADED);
    repository.git(&["checkout", "-q", "main"]).unwrap();

    // A run that asks for newer versions, or that has another lock file by then, asks the mirror.
    for hook in [
        "export TF_CLI_ARGS_init=-upgrade",
        "echo '# mine' >> .terraform.lock.hcl",
        "printf 'provider_installation {\\n  network_mirror {\\n    url = \"'$URL'\"\\n  }\\n}\\n' \
         > $HOME/own.rc; export TF_CLI_CONFIG_FILE=$HOME/own.rc",
    ] {
        let mut input = StackInput::new("strict", repository.path());
        let hook = format!("URL={}; {hook}", stage.mirror.address());
        input = input.hook("beforeInit", &hook);
        stage
            .world
            .client
            .update_stack(&stack, &input)
            .await
            .unwrap();
        let log = stage.plan(&stack).await;
        let (_, all) = stage.mirror.asked();
        assert!(all > 0, "{hook}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_cache_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::start().await;
    let stack = stage.stack("poisoned", Some(&stage.lock()), &[]).await;
    stage.plan(&stack).await;
    stage.until_kept(1).await;
    stage.mirror.asked();

    let package = stage.kept().remove(0);
    let file = package.join("terraform-provider-probe_v1.0.0");
    let mut content = std::fs::read(&file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&file, content).unwrap();

    let log = stage.plan(&stack).await;
    assert!(
        log.contains(
            "the cached package of registry.terraform.io/gantry/probe 1.0.0 was changed on this \
             machine: it is not used, and downloaded again"
        ),
        "{log}"
    );
    assert_eq!(stage.mirror.asked(), DOWNLOADED);
    stage.until_kept(1).await;
    stage.plan(&stack).await;
    assert_eq!(stage.mirror.asked(), (0, 0));
}

/// A proposed run may do what it likes with its own workspace: what it leaves there is executed by
/// no run whose commit does not ask for exactly that.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposed_run_plants_nothing_for_a_tracked_one() {
    let stage = Stage::start().await;
    let stack = stage.stack("planted", Some(&stage.lock()), &[]).await;
    let repository = Repository::at(&stage.world.server.repositories().join("planted"));

    // The attacker's own binary, named by the lock file of the attacker's own commit.
    let hostile = "#!/bin/sh\necho it was executed >&2\nexit 1\n";
    let name = "terraform-provider-probe_v1.0.0";
    let evil = package_hash(&[(name, hostile.as_bytes())]);
    let lock = stage.mirror.lock_file(&[&stage.mirror.hash, &evil]);
    // Hooks are the stack's; a module's code is the commit's. Both are the attacker here.
    let plant = format!(
        "place=.terraform/providers/registry.terraform.io/gantry/probe/1.0.0/linux_*; \
         if test -e evil; then place=$(echo $place); rm -rf $place; mkdir $place; \
         printf '%b' '{}' > $place/{name}; chmod 755 $place/{name}; fi",
        hostile.replace('\n', "\\n")
    );
    let mut input = StackInput::new("planted", repository.path());
    input = input.hook("afterInit", &plant);
    stage
        .world
        .client
        .update_stack(&stack, &input)
        .await
        .unwrap();
    let files = [(".terraform.lock.hcl", lock.as_str()), ("evil", "")];
    let commit = repository.commit_on("attack", "Attack", &files).unwrap();
    let (view, log) = stage.proposed(&stack, Some(&commit)).await;
    assert_eq!(view.state, "FAILED", "{log}");
    // It is kept, under its own hash.
    stage.until_kept(1).await;

    // The same with a lock file that does not name it: not even that.
    let good = stage.lock();
    let files = [(".terraform.lock.hcl", good.as_str()), ("evil", "")];
    let commit = repository.commit_on("attack-2", "Attack", &files).unwrap();
    let (view, log) = stage.proposed(&stack, Some(&commit)).await;
    assert_eq!(view.state, "FAILED", "{log}");

    // The branch that people look at gets what it names.
    stage.mirror.asked();
    let log = stage.plan(&stack).await;
    assert_eq!(stage.mirror.asked(), DOWNLOADED);
    assert!(!log.contains("it was executed"), "{log}");
    stage.until_kept(2).await;
    stage.world.apply(&stack).await;
    assert_eq!(stage.mirror.asked(), (0, 0));
}
