//! What goes wrong is one sentence, and leaves nothing behind.

use gantry_core::engine::Engine;
use gantry_core::proxy::ProxyAddress;
use gantry_testkit::release_server::{Signer, stand_in};
use gantry_tools::Settings;

use crate::world::{BOTH, World, fetch};

/// Breaks the release 1.9.8, asks for it, and expects the sentence to say these things.
async fn broken(engine: Engine, text: &str, with: impl Fn(&World), parts: &[&str]) {
    let world = World::with(&["1.9.8", "1.8.0"]).await;
    with(&world);
    let cache = world.cache();
    let said = fetch(&cache, engine, text).await.unwrap_err().to_string();
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("not found"), "{said}");
    assert!(!said.contains('\n'), "{said}");
    assert_eq!(world.kept(), Vec::<String>::new());
    // Made well again, it is there.
    world.server.files.mend();
    world.publish(engine, "1.9.8");
    fetch(&cache, engine, "1.9.8").await.unwrap();
}

#[tokio::test]
async fn a_version_that_was_never_released() {
    for engine in BOTH {
        let none = |_: &World| {};
        broken(
            engine,
            "9.9.9",
            none,
            &[&format!(
                "there is no {} 9.9.9 for this machine at http://",
                engine.as_str()
            )],
        )
        .await;
        broken(
            engine,
            "~> 7.0",
            none,
            &["fits `~> 7.0`: the newest there is 1.9.8"],
        )
        .await;
    }
}

#[tokio::test]
async fn an_archive_that_is_not_what_was_signed() {
    for engine in BOTH {
        let with = |world: &World| {
            let path = world.server.archive(engine, "1.9.8");
            let mut content = world.server.files.file(&path).unwrap().to_vec();
            let last = content.len() - 1;
            content[last] ^= 1;
            world.server.files.put(&path, content);
        };
        broken(
            engine,
            "1.9.8",
            with,
            &["is not what was released: its SHA-256 is"],
        )
        .await;
    }
}

#[tokio::test]
async fn sums_that_nobody_trusted_has_signed() {
    for engine in BOTH {
        let stranger = |world: &World| {
            let sums = world.server.files.file(&world.server.sums(engine, "1.9.8"));
            let signature = Signer::new().unwrap().sign(&sums.unwrap()).unwrap();
            let path = world.server.signature(engine, "1.9.8");
            world.server.files.put(&path, signature);
        };
        let parts = [
            "are not to be trusted (none of the trusted keys has signed them)",
            "worker.tools_keys",
        ];
        broken(engine, "1.9.8", stranger, &parts).await;
        let none = |world: &World| {
            let path = world.server.signature(engine, "1.9.8");
            world.server.files.remove(&path);
        };
        broken(engine, "1.9.8", none, &["(there is no signature)"]).await;
        let page = |world: &World| {
            let path = world.server.signature(engine, "1.9.8");
            world.server.files.put(&path, "<html>Welcome</html>");
        };
        broken(engine, "1.9.8", page, &["(the signature can't be read"]).await;
        // The sums of another version, signed and all.
        let older = |world: &World| {
            for path in [
                (
                    world.server.sums(engine, "1.8.0"),
                    world.server.sums(engine, "1.9.8"),
                ),
                (
                    world.server.signature(engine, "1.8.0"),
                    world.server.signature(engine, "1.9.8"),
                ),
            ] {
                let content = world.server.files.file(&path.0).unwrap();
                world.server.files.put(&path.1, content);
            }
        };
        broken(engine, "1.9.8", older, &["1.9.8 for this machine at"]).await;
    }
}

#[tokio::test]
async fn the_real_projects_have_not_signed_our_releases() {
    let world = World::with(&["1.9.8"]).await;
    let cache = world.cache_of(Settings {
        keys: None,
        ..world.settings()
    });
    // The key of one project is in the binary, the other's is not, and nothing is trusted instead.
    for (engine, why) in [
        (
            Engine::Terraform,
            "none of the trusted keys has signed them",
        ),
        (Engine::OpenTofu, "is not in the binary"),
    ] {
        let said = fetch(&cache, engine, "1.9.8")
            .await
            .unwrap_err()
            .to_string();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(world.kept(), Vec::<String>::new());
}

#[tokio::test]
async fn a_download_that_breaks_off() {
    for engine in BOTH {
        let archive = |world: &World| {
            world
                .server
                .files
                .cut(&world.server.archive(engine, "1.9.8"))
        };
        broken(
            engine,
            "1.9.8",
            archive,
            &["the download of http://", "broke off"],
        )
        .await;
        let sums = |world: &World| world.server.files.cut(&world.server.sums(engine, "1.9.8"));
        broken(
            engine,
            "1.9.8",
            sums,
            &["the download of http://", "broke off"],
        )
        .await;
    }
}

#[tokio::test]
async fn an_archive_that_is_none() {
    for engine in BOTH {
        let with = |world: &World| {
            let path = world.server.archive(engine, "1.9.8");
            world.server.files.put(&path, "signed, and no archive");
            world.server.sum_up(engine, "1.9.8").unwrap();
        };
        broken(engine, "1.9.8", with, &["can't be unpacked"]).await;
    }
    // A truncated one whose sum is right.
    let with = |world: &World| {
        let path = world.server.archive(Engine::Terraform, "1.9.8");
        let content = world.server.files.file(&path).unwrap();
        world
            .server
            .files
            .put(&path, content.slice(..content.len() / 2));
        world.server.sum_up(Engine::Terraform, "1.9.8").unwrap();
    };
    broken(Engine::Terraform, "1.9.8", with, &["can't be unpacked"]).await;
    // And one of something else.
    let with = |world: &World| {
        let other = world
            .server
            .publish(Engine::OpenTofu, "7.0.0", &stand_in("7.0.0"));
        other.unwrap();
        let tofu = world.server.archive(Engine::OpenTofu, "7.0.0");
        let path = world.server.archive(Engine::Terraform, "1.9.8");
        let content = world.server.files.file(&tofu).unwrap();
        world.server.files.put(&path, content);
        world.server.sum_up(Engine::Terraform, "1.9.8").unwrap();
    };
    broken(Engine::Terraform, "1.9.8", with, &["can't be unpacked"]).await;
}

#[tokio::test]
async fn a_list_that_is_none() {
    let with = |world: &World| world.server.files.put("/terraform/index.json", "[]");
    broken(
        Engine::Terraform,
        ">= 1.5",
        with,
        &["/terraform/index.json is no list of releases"],
    )
    .await;
    let with = |world: &World| world.server.files.remove("/tofu/api.json");
    broken(
        Engine::OpenTofu,
        ">= 1.5",
        with,
        &["/tofu/api.json was answered with 404"],
    )
    .await;
}

#[tokio::test]
async fn nobody_is_there() {
    let world = World::start().await;
    // A port that was free a moment ago.
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut settings = world.settings();
    settings.terraform = Some(address.clone());
    let cache = world.cache_of(settings);
    for text in ["1.9.8", ">= 1.5"] {
        let said = fetch(&cache, Engine::Terraform, text).await.unwrap_err();
        let said = said.to_string();
        assert!(said.starts_with(&address), "{said}");
        assert!(
            said.contains("can't be reached: Connection refused"),
            "{said}"
        );
    }
    assert_eq!(world.kept(), Vec::<String>::new());
}

#[tokio::test]
async fn settings_that_can_not_be_used() {
    let world = World::with(&["1.9.8"]).await;
    let refused = async |change: &dyn Fn(&mut Settings)| {
        let mut settings = world.settings();
        change(&mut settings);
        let cache = world.cache_of(settings);
        let refused = fetch(&cache, Engine::Terraform, "1.9.8").await;
        refused.unwrap_err().to_string()
    };
    let said = refused(&|s| s.keys = Some("/nowhere/keys.asc".into())).await;
    assert!(said.contains("/nowhere/keys.asc can't be used"), "{said}");
    let said = refused(&|s| s.network.ca_bundle = Some("/nowhere/ca.pem".into())).await;
    assert!(
        said.contains("child.ca_bundle /nowhere/ca.pem can't be used"),
        "{said}"
    );
    let proxy = |s: &mut Settings| {
        s.network.http_proxy = Some(ProxyAddress::parse("http://user:hunter2@[bad").unwrap());
    };
    let said = refused(&proxy).await;
    assert!(said.contains("child.http_proxy is no address"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // Nor does the sentence about a proxy that is not there say its password.
    let proxy = |s: &mut Settings| {
        let address = ProxyAddress::parse("http://user:hunter2@127.0.0.1:1");
        s.network.http_proxy = Some(address.unwrap());
    };
    let said = refused(&proxy).await;
    assert!(said.contains("can't be reached"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
