//! `registry.terraform.io/gantry/probe`: what tests put into a run where a stranger's provider would
//! be. One harmless resource, and two data sources that attack: `probe_look` searches everything it
//! can reach for what it should not see, `probe_poison` tries to have an effect after its own phase.
//!
//! A data source is read while Terraform plans. The same attacks are commands of the binary too, so
//! that a hook can start them.

mod attack;
mod look;
mod poison;
mod provider;
mod report;
mod thing;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] => serve(),
        ["look", config] => print(look::run(config)),
        ["poison", config] => print(poison::run(config)),
        ["rewrite", plan, from, to] => poison::rewrite(plan.as_ref(), from, to),
        ["daemon", config] => poison::daemon(config),
        _ => Err(anyhow::anyhow!("unknown arguments: {arguments:?}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("terraform-provider-probe: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The daemon forks, so nothing may start threads before it is known who we are.
fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(tf_provider::serve("probe", provider::Probe))
}

fn print(report: anyhow::Result<String>) -> anyhow::Result<()> {
    println!("{}", report?);
    Ok(())
}
