//! Many initialisations of one stack at once, by the real tool.

use std::sync::Arc;

use gantry_core::ids::StackId;
use gantry_testkit::provider_mirror::ProviderMirror;
use gantry_worker::child::{Command, Outcome};
use gantry_worker::cli_config::{Mirror, Patterns, ProviderInstallation};
use gantry_worker::provider_cache::ProviderCache;
use gantry_worker::sandbox::SandboxMode;
use secrecy::SecretString;

use crate::stage::{SHOWN, Stage, tool};

const CODE: &str = r#"
terraform {
  required_providers {
    probe = {
      source = "gantry/probe"
    }
  }
}
"#;

const ROUNDS: usize = 6;
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn initialisations_at_once_never_break_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let mirror = ProviderMirror::start(directory.path()).await.unwrap();
    let installation = ProviderInstallation {
        filesystem_mirrors: vec![],
        network_mirrors: vec![Mirror {
            place: mirror.address(),
            patterns: Patterns::default(),
        }],
        direct: None,
    };
    let stage = Stage::with(SandboxMode::Bubblewrap, installation.clone());
    let kept = stage.directory.path().join(SHOWN).join("providers");
    let cache = ProviderCache::open(kept.clone(), 1 << 30, installation.clone());
    let cache = Arc::new(cache.unwrap());
    let certificate = std::fs::read_to_string(&mirror.certificate).unwrap();
    let lock = mirror.lock_file(&[&mirror.hash]);
    let files = [
        ("main.tf", CODE),
        ("ca.pem", &certificate),
        (".terraform.lock.hcl", &lock),
    ];
    let stack = StackId::new("crowd");
    for round in 0..ROUNDS {
        let initialisations = (0..AT_ONCE).map(|_| async {
            let workspace = stage.run(&files);
            let lock = workspace.committed_lock().unwrap();
            let offer = cache.offer(&stack, lock);
            let text = offer.command("terraform init -input=false");
            let beside = workspace.offer(offer, &installation).unwrap();
            let mut launch = tool(&stage, workspace.initialize().and(beside), &[]);
            launch.command = Command::Shell(text);
            let bundle = SecretString::from("/mnt/workspace/source/ca.pem");
            launch.environment.push(("SSL_CERT_FILE".into(), bundle));
            let (ended, said) = stage.child(launch).await;
            assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{said}");
            workspace.seal().unwrap();
            let keeping = tokio::task::spawn_blocking({
                let (cache, stack, lock) = (cache.clone(), stack.clone(), lock.to_vec());
                let installed = workspace.installed_providers();
                move || cache.keep(&stack, &lock, &installed)
            });
            keeping.await.unwrap();
            // What was installed is executed: the tool asks the provider for its schema.
            let shown = tool(
                &stage,
                workspace.perform(),
                &["providers", "schema", "-json"],
            );
            let (ended, said) = stage.child(shown).await;
            assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{said}");
            assert!(said.contains("probe_thing"), "{said}");
            workspace.remove().unwrap();
        });
        futures::future::join_all(initialisations).await;
        let (archives, all) = mirror.asked();
        match round {
            // Nothing was there yet. Each asks for the archive's head first.
            0 => assert_eq!(archives, 2 * AT_ONCE),
            _ => assert_eq!((archives, all), (0, 0), "round {round}"),
        }
    }
    // One package of one stack, and the note where the providers are from.
    let stacks = std::fs::read_dir(&kept).unwrap().flatten();
    let stacks: Vec<_> = stacks.filter(|entry| entry.path().is_dir()).collect();
    assert_eq!(stacks.len(), 1, "{stacks:?}");
    assert_eq!(std::fs::read_dir(stacks[0].path()).unwrap().count(), 1);
}
