//! `make demo`: the main job, for real, on one machine and without a cloud account.

mod cloud;
mod identities;
mod managed;
mod run;
mod sample;
mod scenario;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use gantry_testkit::client::Client;
use gantry_testkit::ministack::Ministack;
use gantry_testkit::server::{TestServer, beside};
use gantry_testkit::venv;

use terminal::Terminal;

const USAGE: &str = "usage: demo [--once]\n\n  --once  end after the last step; the exit status says \
                     whether each went as it should";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--once"] => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match demo(once).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo did not go as it should: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(once: bool) -> Result<()> {
    let terminal = Terminal::new();
    let program = find_parts()?;
    let installed = on_path("terraform").is_some();
    terminal.step("The AWS command line and the AWS stand-in are there");
    venv::venv()?;
    terminal.done();

    terminal.step("An AWS stand-in runs on loopback and enforces trust policies");
    let ministack = Ministack::start()?;
    let ministack: &'static Ministack = Box::leak(Box::new(ministack));
    terminal.done();

    terminal.step("Gantry serves, on SQLite, with one embedded worker");
    let mut builder = TestServer::builder(program)
        .account("demo")
        .set("log.level", "info")
        .set("run.silence_limit", "60");
    if !installed {
        builder = builder.downloads_tools();
    }
    let server = builder.start(ministack).await?;
    terminal.done();

    if !installed {
        terminal.step("There is no terraform on PATH: Gantry will download one, and verify it");
        let newest = newest_terraform(&server).await?;
        terminal.done_with(&newest);
    }

    let result = scenario::play(&terminal, &server).await;
    if let Err(error) = result {
        // Without this the server's own words would go with its folder.
        let log = server.log();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("\nWhat the server said last:");
        for line in &lines[lines.len().saturating_sub(25)..] {
            eprintln!("  {line}");
        }
        return Err(error.context(terminal.under_way()));
    }
    if !once {
        stay(&server).await?;
    }
    Ok(())
}

/// What can't be built by cargo, with a plain sentence for what is missing.
fn find_parts() -> Result<PathBuf> {
    for (name, remedy) in [
        ("git", "install git: apt-get install git"),
        (
            "bwrap",
            "install bubblewrap, which isolates every run: apt-get install bubblewrap",
        ),
        ("bash", "install bash: apt-get install bash"),
    ] {
        ensure!(
            on_path(name).is_some(),
            "there is no `{name}` on PATH; {remedy}"
        );
    }
    let program = beside(&std::env::current_exe().context("where the demo is")?);
    if !program.is_file() {
        bail!("there is no {}: `make demo` builds it", program.display());
    }
    Ok(program)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|p| p.is_file())
}

/// What the first run will be given.
async fn newest_terraform(server: &TestServer) -> Result<String> {
    let client = Client::login(&server.url(), server.key()).await?;
    let known = client.query("{terraformVersions}", serde_json::json!({}));
    let remedy = "put the terraform binary (1.5 or newer) into a directory on PATH";
    let known = known.await.with_context(|| {
        format!("there is no `terraform` on PATH, and none can be downloaded; {remedy}")
    })?;
    let newest = known["terraformVersions"][0].as_str();
    Ok(newest
        .context("no Terraform is released for this machine")?
        .to_owned())
}

async fn stay(server: &TestServer) -> Result<()> {
    println!("\nGantry stays up until Ctrl-C. For its API and its clients:\n");
    println!("  export SPACELIFT_API_KEY_ENDPOINT={}", server.url());
    println!("  export SPACELIFT_API_KEY_ID={}", server.key().id);
    println!("  export SPACELIFT_API_KEY_SECRET={}", server.key().secret);
    println!(
        "\nGraphQL is at {}/graphql. STS, S3 and IAM are at {}.",
        server.url(),
        server.ministack().endpoint()
    );
    println!(
        "Stacks may use repositories below {}.",
        server.repositories().display()
    );
    tokio::signal::ctrl_c().await?;
    println!("\nEnding in order.");
    Ok(())
}
