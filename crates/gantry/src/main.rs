//! The binary: reads the configuration and puts the parts together. Decides nothing itself.

mod admin;
mod cli;
mod config;
mod doctor;
mod embedded_worker;
mod installation;
mod logging;
mod memory;
mod metrics;
mod notify;
mod server;
mod traces;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    memory::hold_little();
    // One TLS provider, named before the first handshake could choose.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = cli::Cli::parse();
    match cli::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gantry: {error:#}");
            ExitCode::FAILURE
        }
    }
}
