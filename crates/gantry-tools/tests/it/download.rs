use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use gantry_core::engine::Engine;
use gantry_core::proxy::ProxyAddress;
use gantry_testkit::file_server::FileServer;
use gantry_testkit::release_server::stand_in;
use gantry_tools::{Network, Releases, Settings};

use crate::world::{BOTH, World, fetch, range};

#[tokio::test]
async fn a_version_is_downloaded_once_and_kept_out_of_reach() {
    let world = World::with(&["1.9.8"]).await;
    let cache = world.cache();
    for engine in BOTH {
        assert_eq!(cache.newest(engine, None).await, None);
        let cached = fetch(&cache, engine, "1.9.8").await.unwrap();
        assert_eq!(std::fs::read(&cached.path).unwrap(), stand_in("1.9.8"));
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&cached.path), 0o555);
        assert_eq!(mode(cached.path.parent().unwrap()), 0o555);
        // One version needs no list.
        let asked = world.server.files.asked();
        assert_eq!(asked.len(), 3, "{asked:?}");

        assert_eq!(fetch(&cache, engine, "1.9.8").await.unwrap(), cached);
        assert_eq!(cache.newest(engine, None).await, Some(cached.clone()));
        // Nor does another process ask anybody.
        let later = world.cache();
        assert_eq!(
            later.newest(engine, Some(&range("~> 1.9"))).await,
            Some(cached)
        );
        assert_eq!(world.server.files.asked(), Vec::<String>::new());
    }
    assert_eq!(
        world.kept(),
        [
            "opentofu/1.9.8/sha256",
            "opentofu/1.9.8/tofu",
            "terraform/1.9.8/sha256",
            "terraform/1.9.8/terraform"
        ]
    );
}

#[tokio::test]
async fn the_newest_release_that_fits_is_taken() {
    let world = World::with(&["1.9.8", "1.10.0-rc1", "1.9.10", "1.10.3", "2.0.0-beta1"]).await;
    let cache = world.cache();
    for engine in BOTH {
        for (text, found) in [
            ("~> 1.9.0", "1.9.10"),
            (">= 1.5", "1.10.3"),
            ("1.10.0-rc1", "1.10.0-rc1"),
            (">= 2.0.0-alpha1", "2.0.0-beta1"),
        ] {
            let cached = fetch(&cache, engine, text).await.unwrap();
            assert_eq!(cached.version.to_string(), found, "{text}");
        }
        let newest = cache.fetch(engine, None).await.unwrap().unwrap();
        assert_eq!(newest.version.to_string(), "1.10.3");
        let all = cache.releases().versions(engine).await.unwrap();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            ["2.0.0-beta1", "1.10.3", "1.10.0-rc1", "1.9.10", "1.9.8"]
        );
        // The list is believed for a while.
        let asked = world.server.files.asked();
        let lists = asked.iter().filter(|path| path.ends_with(".json"));
        assert_eq!(lists.count(), 1, "{asked:?}");
    }
}

#[tokio::test]
async fn whoever_wants_the_same_at_once_waits_for_one_download() {
    let world = World::with(&["1.9.8", "1.9.9"]).await;
    let cache = Arc::new(world.cache());
    let wanted = (0..16).map(|n| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let text = if n % 2 == 0 { "1.9.8" } else { "1.9.9" };
            fetch(&cache, Engine::Terraform, text).await.unwrap()
        })
    });
    for one in wanted.collect::<Vec<_>>() {
        assert!(one.await.unwrap().path.is_file());
    }
    let asked = world.server.files.asked();
    assert_eq!(asked.len(), 6, "{asked:?}");
}

#[tokio::test]
async fn what_a_process_before_this_one_left_unfinished_is_removed() {
    let world = World::with(&["1.9.8"]).await;
    std::fs::create_dir_all(world.store().join("new-abc")).unwrap();
    std::fs::write(world.store().join("new-abc/terraform"), "half").unwrap();
    let cache = world.cache();
    assert_eq!(world.kept(), Vec::<String>::new());
    // A download that nobody waits for any more leaves nothing either.
    let dropped = fetch(&cache, Engine::Terraform, "1.9.8");
    let cut = tokio::time::timeout(std::time::Duration::from_micros(300), dropped).await;
    if cut.is_err() {
        assert_eq!(world.kept(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_executable_that_was_changed_is_downloaded_again() {
    let world = World::with(&["1.9.8"]).await;
    let cached = fetch(&world.cache(), Engine::Terraform, "1.9.8")
        .await
        .unwrap();
    let writable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&cached.path, writable).unwrap();
    std::fs::write(&cached.path, "#!/bin/sh\necho hostile\n").unwrap();
    world.server.files.asked();
    let later = world.cache();
    assert_eq!(later.newest(Engine::Terraform, None).await, None);
    let again = fetch(&later, Engine::Terraform, "1.9.8").await.unwrap();
    assert_eq!(std::fs::read(&again.path).unwrap(), stand_in("1.9.8"));
    assert_eq!(world.server.files.asked().len(), 3);
}

#[tokio::test]
async fn nothing_is_downloaded_where_it_is_turned_off() {
    let world = World::with(&["1.9.8"]).await;
    let cache = world.cache_of(Settings::default());
    let range = range("1.9.8");
    for range in [None, Some(&range)] {
        let fetched = cache.fetch(Engine::Terraform, range).await.unwrap();
        assert_eq!(fetched, None);
    }
    assert_eq!(cache.releases().place(Engine::Terraform), None);
    let none = cache.releases().versions(Engine::Terraform).await.unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn files_may_be_somewhere_else() {
    let world = World::with(&["1.9.8"]).await;
    let elsewhere = FileServer::start().await.unwrap();
    let archive = world.server.archive(Engine::OpenTofu, "1.9.8");
    elsewhere.put("/there", world.server.files.file(&archive).unwrap());
    let to = format!("{}/there", elsewhere.address());
    world.server.files.send_on(&archive, &to);
    fetch(&world.cache(), Engine::OpenTofu, "1.9.8")
        .await
        .unwrap();
    assert_eq!(elsewhere.asked(), ["/there"]);
}

#[tokio::test]
async fn tls_is_checked_against_the_bundle_of_the_installation() {
    let world = World::with(&["1.9.8"]).await;
    let (tls, certificate) = FileServer::start_tls(world.directory.path()).await.unwrap();
    for path in [
        world.server.sums(Engine::Terraform, "1.9.8"),
        world.server.signature(Engine::Terraform, "1.9.8"),
        world.server.archive(Engine::Terraform, "1.9.8"),
    ] {
        tls.put(&path, world.server.files.file(&path).unwrap());
    }
    let mut settings = world.settings();
    settings.terraform = Some(tls.address().to_owned());
    let unknown = world.cache_of(settings.clone());
    let said = fetch(&unknown, Engine::Terraform, "1.9.8")
        .await
        .unwrap_err();
    assert!(said.to_string().contains("certificate"), "{said}");
    settings.network.ca_bundle = Some(certificate);
    let known = world.cache_of(settings);
    fetch(&known, Engine::Terraform, "1.9.8").await.unwrap();
}

#[tokio::test]
async fn a_proxy_is_used_but_for_what_goes_without() {
    let world = World::with(&["1.9.8"]).await;
    // A proxy is asked for whole addresses; this one has the same files.
    let proxy = &world.server;
    let far = Settings {
        terraform: Some("http://releases.example".into()),
        keys: world.settings().keys,
        network: Network {
            http_proxy: Some(ProxyAddress::parse(proxy.files.address()).unwrap()),
            ..Network::default()
        },
        ..Settings::default()
    };
    fetch(&world.cache_of(far.clone()), Engine::Terraform, "1.9.8")
        .await
        .unwrap();
    let mut around = far;
    around.network.no_proxy = Some("releases.example".into());
    let releases = Releases::new(around);
    let said = releases.versions(Engine::Terraform).await.unwrap_err();
    assert!(
        said.to_string()
            .starts_with("http://releases.example/terraform/index.json can't be reached"),
        "{said}"
    );
}
