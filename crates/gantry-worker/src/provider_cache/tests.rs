use std::os::unix::fs::symlink;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const ADDRESS: &str = "registry.terraform.io/gantry/probe";

struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Stage {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn cache(&self, limit: u64) -> ProviderCache {
        let directory = self.directory.path().join("providers");
        ProviderCache::open(directory, limit, ProviderInstallation::default()).unwrap()
    }

    /// What an initialisation has left; answers with the lock file that names it.
    fn installed(&self, version: &str, content: &str) -> (Installed, String) {
        let installed = Installed {
            workspace: self.directory.path().to_owned(),
            below: "installed".into(),
        };
        let package = self.package(version);
        let _ = std::fs::remove_dir_all(&package);
        std::fs::create_dir_all(package.join("docs")).unwrap();
        std::fs::write(package.join("terraform-provider-probe"), content).unwrap();
        std::fs::write(package.join("docs/LICENSE"), "None.").unwrap();
        let hash = hex::decode(package::hash(&package).unwrap()).unwrap();
        let hash = format!("h1:{}", STANDARD.encode(hash));
        (installed, lock(ADDRESS, version, &[&hash]))
    }

    fn package(&self, version: &str) -> PathBuf {
        let locked = Locked::all(lock(ADDRESS, version, &[NONE]).as_bytes());
        self.directory
            .path()
            .join("installed")
            .join(locked[0].below())
    }

    fn unfinished(&self) -> usize {
        let entries = std::fs::read_dir(self.directory.path().join("providers")).unwrap();
        entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED))
            .count()
    }
}

/// A hash of nothing that exists.
const NONE: &str = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn lock(address: &str, version: &str, hashes: &[&str]) -> String {
    format!("provider \"{address}\" {{\n version = \"{version}\"\n hashes = {hashes:?}\n}}\n")
}

fn stack() -> StackId {
    StackId::new("stack")
}

fn offered(cache: &ProviderCache, lock: &str) -> usize {
    cache.offer(&stack(), lock.as_bytes()).mounts().len()
}

#[test]
fn what_was_installed_is_offered_to_whoever_names_it() {
    let stage = Stage::new();
    let cache = stage.cache(1 << 20);
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    assert_eq!(offered(&cache, &lock_file), 0);
    cache.keep(&stack(), lock_file.as_bytes(), &installed);
    assert_eq!(offered(&cache, &lock_file), 1);
    assert_eq!(offered(&cache, &lock(ADDRESS, "1.0.0", &[NONE])), 0);
    let other = StackId::new("other");
    assert_eq!(cache.offer(&other, lock_file.as_bytes()).mounts().len(), 0);
    // A later process has it as well, and a changed installation starts anew.
    assert_eq!(offered(&stage.cache(1 << 20), &lock_file), 1);
    let elsewhere = ProviderInstallation {
        direct: None,
        ..ProviderInstallation::default()
    };
    let directory = stage.directory.path().join("providers");
    let cache = ProviderCache::open(directory, 1 << 20, elsewhere).unwrap();
    assert_eq!(offered(&cache, &lock_file), 0);
}

#[test]
fn the_hash_is_that_of_the_tool() {
    let stage = Stage::new();
    stage.installed("1.0.0", "the provider");
    let package = stage.package("1.0.0");
    // As `sha256sum` makes it, of a list that is sorted by name.
    let list = Command::new("sh")
        .args([
            "-c",
            "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum",
        ])
        .current_dir(&package)
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert_eq!(
        list.split(' ').next().unwrap(),
        package::hash(&package).unwrap()
    );
}

#[test]
fn what_is_not_what_the_commit_names_is_not_kept() {
    let stage = Stage::new();
    let cache = stage.cache(1 << 20);
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    stage.installed("1.0.0", "something else");
    cache.keep(&stack(), lock_file.as_bytes(), &installed);
    assert_eq!(offered(&cache, &lock_file), 0);
    assert_eq!(stage.unfinished(), 0);
}

#[test]
fn what_is_no_plain_package_is_not_kept() {
    let stage = Stage::new();
    let cache = stage.cache(1 << 10);
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    let package = stage.package("1.0.0");
    let spoilers: [&dyn Fn(); 5] = [
        &|| symlink("/etc/passwd", package.join("link")).unwrap(),
        &|| nix::unistd::mkfifo(&package.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap(),
        &|| std::fs::write(package.join("large"), vec![0; 4 << 10]).unwrap(),
        &|| {
            let elsewhere = stage.directory.path().join("elsewhere");
            std::fs::rename(&package, &elsewhere).unwrap();
            symlink(&elsewhere, &package).unwrap();
        },
        &|| {
            let whole = stage.directory.path().join("installed");
            let elsewhere = stage.directory.path().join("another run's");
            std::fs::rename(&whole, &elsewhere).unwrap();
            symlink(&elsewhere, &whole).unwrap();
        },
    ];
    for spoil in spoilers {
        let _ = std::fs::remove_file(&package);
        stage.installed("1.0.0", "the provider");
        spoil();
        cache.keep(&stack(), lock_file.as_bytes(), &installed);
        assert_eq!(offered(&cache, &lock_file), 0);
        assert_eq!(stage.unfinished(), 0);
    }
}

#[test]
fn a_changed_package_is_refused_and_goes() {
    let stage = Stage::new();
    let cache = stage.cache(1 << 20);
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    let spoil = |name: &str| {
        let offer = cache.offer(&stack(), lock_file.as_bytes());
        let package = offer.mounts()[0].source.clone();
        std::fs::set_permissions(&package, Permissions::from_mode(0o755)).unwrap();
        let _ = std::fs::remove_file(package.join(name));
        std::fs::write(package.join(name), "the Provider").unwrap();
    };
    for name in ["terraform-provider-probe", "another"] {
        cache.keep(&stack(), lock_file.as_bytes(), &installed);
        spoil(name);
        let offer = cache.offer(&stack(), lock_file.as_bytes());
        assert!(offer.is_empty());
        assert_eq!(offer.refused.len(), 1, "{:?}", offer.refused);
        assert_eq!(offered(&cache, &lock_file), 0);
    }
}

#[test]
fn what_was_used_longest_ago_gives_way_but_nothing_that_is_in_use() {
    let stage = Stage::new();
    let cache = stage.cache(250);
    let large = "x".repeat(90);
    let mut locks = Vec::new();
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        let (installed, lock_file) = stage.installed(version, &format!("{large}{version}"));
        cache.keep(&stack(), lock_file.as_bytes(), &installed);
        locks.push((installed, lock_file));
    }
    let there = || {
        locks
            .iter()
            .map(|(_, lock)| offered(&cache, lock))
            .collect::<Vec<_>>()
    };
    assert_eq!(there(), [0, 1, 1]);
    // A run holds the second; the first comes back, and the third has to go.
    let held = cache.offer(&stack(), locks[1].1.as_bytes());
    cache.keep(&stack(), locks[0].1.as_bytes(), &locks[0].0);
    assert_eq!(there(), [1, 1, 0]);
    let both = cache.offer(&stack(), locks[0].1.as_bytes());
    cache.keep(&stack(), locks[2].1.as_bytes(), &locks[2].0);
    assert_eq!(there(), [1, 1, 0]);
    assert!(held.mounts()[0].source.is_dir() && both.mounts()[0].source.is_dir());
    drop((held, both));
    // A smaller limit at the next start counts at once.
    drop(stage.cache(100));
    let left = locks
        .iter()
        .filter(|(_, lock)| offered(&stage.cache(100), lock) == 1);
    assert_eq!(left.count(), 1);
}

#[test]
fn nothing_is_kept_where_it_is_turned_off() {
    let stage = Stage::new();
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    stage
        .cache(1 << 20)
        .keep(&stack(), lock_file.as_bytes(), &installed);
    let cache = stage.cache(0);
    cache.keep(&stack(), lock_file.as_bytes(), &installed);
    assert_eq!(offered(&cache, &lock_file), 0);
    assert_eq!(offered(&stage.cache(1 << 20), &lock_file), 0);
}

#[test]
fn a_hostile_lock_file_names_nothing_outside() {
    for (address, version) in [
        ("../../etc/x", "1.0.0"),
        ("registry.terraform.io/../x", "1.0.0"),
        ("a/b", "1.0.0"),
        ("a/b/c/d", "1.0.0"),
        ("a//c", "1.0.0"),
        ("/b/c", "1.0.0"),
        ("a/b/.c", "1.0.0"),
        ("a/b/c d", "1.0.0"),
        ("a/b/c", "../1.0.0"),
        ("a/b/c", "latest"),
    ] {
        let text = lock(address, version, &[NONE]);
        assert!(
            Locked::all(text.as_bytes()).is_empty(),
            "{address} {version}"
        );
    }
    for hash in ["h1:", "h1:AAAA", "zh:00", "h1:../../../etc", "h2:AAAA"] {
        let text = lock("a/b/c", "1.0.0", &[hash]);
        assert!(Locked::all(text.as_bytes()).is_empty(), "{hash}");
    }
    assert!(Locked::all(b"\xff\xfe").is_empty());
    let one = Locked::all(lock("host.example:8443/b/c", "1.0.0-rc1", &[NONE]).as_bytes());
    assert!(
        one[0]
            .below()
            .starts_with("host.example:8443/b/c/1.0.0-rc1")
    );
}

#[test]
fn the_configuration_of_an_initialisation_names_nobody_else_for_what_is_here() {
    let stage = Stage::new();
    let cache = stage.cache(1 << 20);
    let (installed, lock_file) = stage.installed("1.0.0", "the provider");
    cache.keep(&stack(), lock_file.as_bytes(), &installed);
    let offer = cache.offer(&stack(), lock_file.as_bytes());
    let directory = tempfile::tempdir().unwrap();
    let inside = |n: usize, _: &Path| PathBuf::from(format!("/m/{n}"));
    let installation = ProviderInstallation::default();
    offer
        .write(&installation, inside, directory.path())
        .unwrap();
    let text = std::fs::read_to_string(directory.path().join("initialize.rc")).unwrap();
    assert_eq!(
        text,
        "disable_checkpoint = true\n\nprovider_installation {\n  filesystem_mirror {\n    \
         path = \"/opt/gantry/providers\"\n    include = [\"registry.terraform.io/gantry/probe\"]\n  \
         }\n  direct {\n    exclude = [\"registry.terraform.io/gantry/probe\"]\n  }\n}\n"
    );
    assert_eq!(
        std::fs::read_to_string(directory.path().join("lock.hcl")).unwrap(),
        lock_file
    );
}
