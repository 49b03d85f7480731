use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Config, daemon};

type Step = fn(&Config) -> Result<()>;

/// In the order in which they are done.
pub const ALL: &[(&str, Step)] = &[
    ("binary", binary),
    ("binary-beside", binary_beside),
    ("data-directory", data_directory),
    ("modules", modules),
    ("backend", backend),
    ("hook", hook),
    ("tf", tf),
    ("tf-json", |_| new("poisoned.tf.json", &poisonous_json())),
    ("override", |_| {
        new("zz_override.tf.json", &poisonous_json())
    }),
    ("tfvars", |_| {
        new("zz.auto.tfvars", "text = \"POISONED-tfvars\"\n")
    }),
    ("terraformrc", terraformrc),
    ("lock-file", lock_file),
    ("plugins", plugins),
    ("python", |_| new("boto3.py", "print('POISONED-python')\n")),
    ("path", path),
    ("git", git),
    ("zip", |_| new("build/carried.zip", "what plan built\n")),
    ("zip-executable", zip_executable),
    ("zip-link", |_| link("/etc/passwd", "build/link.zip")),
    ("zip-link-directory", |_| link("/etc", "build/etc.zip")),
    ("zip-hard-link", |_| {
        Ok(fs::hard_link("main.tf", beside("build/hard.zip")?)?)
    }),
    ("zip-pipe", zip_pipe),
    ("zip-hidden", |_| new(".hidden/some.zip", "hidden\n")),
    ("zip-changed", |_| {
        append("reviewed.zip", "POISONED-zip-changed\n")
    }),
    ("zip-huge", zip_huge),
    ("tmp", |_| anywhere(Path::new("/tmp/left-by-poison"))),
    ("home", home),
    ("outside", outside),
    ("daemon", |config| daemon::start(config, false)),
    ("plan", |config| daemon::start(config, true)),
    ("errored-state", errored_state),
];

/// Those that make the run fail, or its stack wait.
pub const LOUD: &[&str] = &["plan", "zip-huge", "errored-state"];

/// Our own binary, where apply would start it: by every way to write it.
fn binary(_: &Config) -> Result<()> {
    let own = std::env::current_exe()?;
    let evil = b"#!/bin/sh\necho POISONED-binary >&2\n";
    let mut failures = Vec::new();
    let mut attempt = |how: &str, done: std::io::Result<()>| match done {
        Ok(()) => true,
        Err(error) => {
            failures.push(format!("{how}: {error}"));
            false
        }
    };
    let beside = own.with_extension("new");
    let done = attempt(
        "remove",
        fs::remove_file(&own).and_then(|()| fs::write(&own, evil)),
    ) | attempt("write", fs::write(&own, evil))
        | attempt(
            "rename",
            fs::write(&beside, evil).and_then(|()| fs::rename(&beside, &own)),
        )
        | attempt(
            "mode",
            fs::set_permissions(&own, fs::Permissions::from_mode(0o777)),
        )
        | attempt("remount", remount(Path::new(".terraform")));
    let _ = fs::set_permissions(&own, fs::Permissions::from_mode(0o755));
    anyhow::ensure!(done, "{}", failures.join("; "));
    Ok(())
}

/// Another file in the package's directory changes its hash.
fn binary_beside(_: &Config) -> Result<()> {
    let own = std::env::current_exe()?;
    Ok(fs::write(
        own.with_file_name("terraform-provider-probe_v0.0.0_x5"),
        "POISONED-binary",
    )?)
}

/// `.terraform` as a whole, and what it lies in.
fn data_directory(_: &Config) -> Result<()> {
    fs::rename(".terraform", ".terraform.old").or_else(|_| {
        let here = std::env::current_dir()?;
        let moved = here.with_extension("old");
        fs::rename(&here, &moved)?;
        fs::rename(&moved, &here)
    })?;
    Ok(())
}

fn modules(_: &Config) -> Result<()> {
    let text = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"evil","Source":"/tmp","Dir":"/tmp"}]}"#;
    new(".terraform/modules/modules.json", text)
}

fn backend(_: &Config) -> Result<()> {
    let text = r#"{"version":3,"backend":{"type":"local","config":{"path":"/tmp/POISONED-backend"},"hash":1}}"#;
    new(".terraform/terraform.tfstate", text)
}

/// Scripts of the repository that hooks run.
fn hook(_: &Config) -> Result<()> {
    for entry in fs::read_dir("scripts")? {
        append(entry?.path(), "\necho POISONED-hook\n")?;
    }
    Ok(())
}

fn tf(_: &Config) -> Result<()> {
    let text = fs::read_to_string("main.tf")?;
    let poisoned = text.replace("echo GENUINE", "echo POISONED-tf");
    fs::write(
        "main.tf",
        poisoned + "\noutput \"poisoned\" {\n  value = \"POISONED-tf\"\n}\n",
    )?;
    Ok(())
}

fn poisonous_json() -> String {
    r#"{"resource":{"terraform_data":{"poisoned":{"provisioner":{"local-exec":{"command":"echo POISONED-tf-json"}}}}}}"#.to_owned()
}

fn terraformrc(_: &Config) -> Result<()> {
    let own = std::env::current_exe()?;
    let own = own.parent().context("no directory")?.display();
    let text = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"gantry/probe\" = \"{own}\"\n  }}\n}}\n"
    );
    let home = std::env::var("HOME").unwrap_or_default();
    new(".terraformrc", &text)?;
    new(&format!("{home}/.terraformrc"), &text)?;
    new("terraform.rc", &text)
}

fn lock_file(_: &Config) -> Result<()> {
    let name = ".terraform.lock.hcl";
    let text = fs::read_to_string(name)?;
    fs::write(name, text.replace("h1:", "h1:POISONED"))?;
    Ok(())
}

/// A provider where the tools look for one unless they are told where to.
fn plugins(_: &Config) -> Result<()> {
    let place = "terraform.d/plugins/registry.terraform.io/gantry/probe/1.0.1/linux_amd64/terraform-provider-probe_v1.0.1";
    new(place, "#!/bin/sh\necho POISONED-plugins\n")?;
    Ok(fs::set_permissions(
        place,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// Programs under names that hooks call, in places that a search path may have.
fn path(_: &Config) -> Result<()> {
    let home = std::env::var("HOME").unwrap_or_default();
    let mut done = false;
    for directory in [
        ".",
        "bin",
        &format!("{home}/bin"),
        &format!("{home}/.local/bin"),
        "/usr/local/bin",
        "/opt/gantry/bin",
    ] {
        for name in ["terraform", "aws", "python3", "sh"] {
            let path = Path::new(directory).join(name);
            let _ = path.parent().map(fs::create_dir_all);
            if !path.exists() && fs::write(&path, "#!/bin/sh\necho POISONED-path\n").is_ok() {
                done |= fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).is_ok();
            }
        }
    }
    anyhow::ensure!(done, "no directory can be written");
    Ok(())
}

/// Hooks and configuration of git, for whoever runs git there later.
fn git(_: &Config) -> Result<()> {
    let config = "[core]\n\tfsmonitor = echo POISONED-git\n\tsshCommand = echo POISONED-git\n";
    new(".git/config", config)?;
    new(".git/hooks/post-checkout", "#!/bin/sh\necho POISONED-git\n")?;
    new(".gitattributes", "* filter=poisoned\n")
}

fn zip_executable(_: &Config) -> Result<()> {
    new("build/program.zip", "#!/bin/sh\necho POISONED-zip\n")?;
    Ok(fs::set_permissions(
        "build/program.zip",
        fs::Permissions::from_mode(0o755),
    )?)
}

fn zip_pipe(_: &Config) -> Result<()> {
    let path = CString::new(
        beside("build/pipe.zip")?
            .into_os_string()
            .into_encoded_bytes(),
    )?;
    // SAFETY: a path that ends with NUL, and a mode.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o644) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().into()),
    }
}

/// A terabyte that takes no room.
fn zip_huge(_: &Config) -> Result<()> {
    Ok(fs::File::create(beside("build/huge.zip")?)?.set_len(2 << 30)?)
}

/// What looks like a state that could not be stored, for somebody with more rights to store.
fn errored_state(_: &Config) -> Result<()> {
    let state = r#"{"version":4,"terraform_version":"1.11.4","serial":99,"lineage":"POISONED-state","outputs":{},"resources":[]}"#;
    new("errored.tfstate", state)
}

fn home(_: &Config) -> Result<()> {
    let home = PathBuf::from(std::env::var("HOME")?);
    anywhere(&home.join(".profile"))?;
    anywhere(&home.join(".bashrc"))?;
    new(
        &home.join(".aws/config").display().to_string(),
        "[default]\nendpoint_url = http://127.0.0.1:9\n",
    )
}

/// Wherever else a later phase, or somebody else, would look.
fn outside(_: &Config) -> Result<()> {
    let mut done = Vec::new();
    let places = [
        "/mnt/workspace",
        "/mnt",
        "/",
        "/etc",
        "/usr/local/bin",
        "/opt/gantry",
        "/opt/gantry/bin",
        "/opt/gantry/mirrors/0",
        "/mnt/workspace/clean",
        "/var/tmp",
        "/home",
        "..",
        "../..",
        "/dev/shm",
    ];
    for place in places {
        let path = Path::new(place).join("left-by-poison");
        if fs::write(&path, "POISONED-outside\n").is_ok() {
            done.push(place);
        }
    }
    anyhow::ensure!(!done.is_empty(), "nowhere");
    Ok(())
}

fn anywhere(path: &Path) -> Result<()> {
    Ok(fs::write(path, "echo POISONED-left\n")?)
}

/// A new file, or a new content, below the working directory.
fn new(path: &str, content: &str) -> Result<()> {
    Ok(fs::write(beside(path)?, content)?)
}

fn beside(path: &str) -> Result<PathBuf> {
    let path = PathBuf::from(path);
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent)?;
    }
    Ok(path)
}

fn append(path: impl AsRef<Path>, text: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn link(target: &str, path: &str) -> Result<()> {
    Ok(symlink(target, beside(path)?)?)
}

fn remount(path: &Path) -> std::io::Result<()> {
    let path = CString::new(path.as_os_str().as_encoded_bytes())?;
    let flags = libc::MS_REMOUNT | libc::MS_BIND;
    // SAFETY: strings that end with NUL; the other pointers may be null for a remount.
    let done = unsafe {
        libc::mount(
            std::ptr::null(),
            path.as_ptr(),
            std::ptr::null(),
            flags,
            std::ptr::null(),
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
