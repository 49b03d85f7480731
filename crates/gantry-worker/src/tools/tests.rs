use std::path::Path;
use std::sync::Arc;

use gantry_testkit::release_server::{ReleaseServer, stand_in};
use gantry_tools::{Releases, Settings};

use super::*;

fn install(dir: &Path, version: &str) {
    let place = installed::place(dir, Engine::Terraform, version);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, "").unwrap();
}

/// A file on PATH that says it is that version.
fn on_path(dir: &Path, version: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("terraform");
    let text = format!("#!/bin/sh\necho '{{\"terraform_version\":\"{version}\"}}'\n");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// With nothing to download from.
fn tools(versions_dir: Option<&Path>, path: Vec<PathBuf>) -> (Tools, tempfile::TempDir) {
    tools_with(versions_dir, path, Settings::default())
}

fn tools_with(
    versions_dir: Option<&Path>,
    path: Vec<PathBuf>,
    settings: Settings,
) -> (Tools, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let releases = Arc::new(Releases::new(settings));
    let cache = Cache::open(directory.path().join("tools"), releases).unwrap();
    (
        Tools::new(versions_dir.map(PathBuf::from), path, cache),
        directory,
    )
}

fn tool(version: Option<&str>) -> Tool {
    Tool {
        engine: Engine::Terraform,
        version: version.map(str::to_owned),
    }
}

#[tokio::test]
async fn the_newest_installed_version_serves_a_stack_without_one() {
    let dir = tempfile::tempdir().unwrap();
    for version in ["1.9.8", "1.10.0", "1.10.0-rc1", "1.11.0-rc1", "junk"] {
        install(dir.path(), version);
    }
    let (tools, _kept) = tools(Some(dir.path()), vec![]);
    for (wanted, found) in [
        (None, "1.10.0"),
        (Some("1.9.8"), "1.9.8"),
        (Some("~> 1.9"), "1.10.0"),
        (Some("< 1.10"), "1.9.8"),
        (Some("1.11.0-rc1"), "1.11.0-rc1"),
    ] {
        let binary = tools.find(&tool(wanted)).await.unwrap();
        assert_eq!(binary.version.to_string(), found, "{wanted:?}");
    }
}

#[tokio::test]
async fn a_candidate_serves_where_there_is_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "1.11.0-rc1");
    let (tools, _kept) = tools(Some(dir.path()), vec![]);
    let binary = tools.find(&tool(None)).await.unwrap();
    assert_eq!(binary.version.to_string(), "1.11.0-rc1");
    assert!(tools.find(&tool(Some(">= 1.5"))).await.is_err());
}

#[tokio::test]
async fn the_versions_directory_goes_before_path() {
    let (dir, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    install(dir.path(), "1.9.8");
    on_path(path.path(), "1.11.4");
    let (tools, _kept) = tools(Some(dir.path()), vec![path.path().into()]);
    for (wanted, found) in [
        (None, "1.9.8"),
        (Some(">= 1.5"), "1.9.8"),
        (Some("~> 1.11.0"), "1.11.4"),
        (Some("1.11.4"), "1.11.4"),
    ] {
        let binary = tools.find(&tool(wanted)).await.unwrap();
        assert_eq!(binary.version.to_string(), found, "{wanted:?}");
    }
    let sentence = tools.find(&tool(Some("~> 1.12.0"))).await.unwrap_err();
    let sentence = sentence.to_string();
    assert!(
        sentence.contains("terraform `~> 1.12.0` is not installed on this worker: PATH has 1.11.4"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_missing_tool_is_named_with_the_place_it_belongs_to() {
    let dir = tempfile::tempdir().unwrap();
    let (tools, _kept) = tools(Some(dir.path()), vec![]);
    let wanted = Tool {
        engine: Engine::OpenTofu,
        version: Some("1.9.0".into()),
    };
    let sentence = tools.find(&wanted).await.unwrap_err().to_string();
    assert!(
        sentence.contains("opentofu 1.9.0 is not installed"),
        "{sentence}"
    );
    assert!(sentence.contains("opentofu/1.9.0/tofu"), "{sentence}");
}

#[tokio::test]
async fn a_tool_that_does_not_say_its_version_is_named() {
    let path = tempfile::tempdir().unwrap();
    on_path(path.path(), "yesterday's");
    let (tools, _kept) = tools(None, vec![path.path().into()]);
    let sentence = tools.find(&tool(None)).await.unwrap_err().to_string();
    assert!(sentence.contains("does not say its version"), "{sentence}");
}

#[tokio::test]
async fn what_is_not_installed_is_downloaded_and_then_kept() {
    let path = tempfile::tempdir().unwrap();
    on_path(path.path(), "1.11.4");
    let server = ReleaseServer::start().await.unwrap();
    for version in ["1.9.8", "1.9.9", "1.12.0"] {
        let published = server.publish(Engine::Terraform, version, &stand_in(version));
        published.unwrap();
    }
    let settings = Settings {
        terraform: Some(server.mirror(Engine::Terraform)),
        keys: Some(server.key_file(path.path()).unwrap()),
        ..Settings::default()
    };
    let (tools, _kept) = tools_with(None, vec![path.path().into()], settings);
    for (wanted, found) in [
        (None, "1.11.4"),
        (Some(">= 1.5"), "1.11.4"),
        (Some("1.9.8"), "1.9.8"),
        // What is there is preferred to what is newer.
        (Some("~> 1.9.0"), "1.9.8"),
        (Some("> 1.9.8, < 1.11"), "1.9.9"),
        (Some("~> 1.9.0"), "1.9.9"),
    ] {
        let binary = tools.find(&tool(wanted)).await.unwrap();
        assert_eq!(binary.version.to_string(), found, "{wanted:?}");
        assert!(binary.path.is_file());
    }
    let sentence = tools.find(&tool(Some("9.9.9"))).await.unwrap_err();
    let sentence = sentence.to_string();
    assert!(
        sentence.starts_with(
            "terraform 9.9.9 is not installed on this worker (PATH has 1.11.4), and can't be \
             downloaded: there is no terraform 9.9.9"
        ),
        "{sentence}"
    );
}
