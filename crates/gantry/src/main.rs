//! The binary: reads the configuration and puts the parts together. Decides nothing itself.

mod admin;
mod cli;
mod config;
mod doctor;
mod embedded_worker;
mod installation;
mod logging;
mod server;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    hold_little_memory();
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

/// An idle installation is to hold little. The allocator keeps a heap for each thread that ever was, and
/// threads come and go here: they wait for files to be synced. Two heaps serve two processors as well.
/// Whatever is large is given back as soon as it is freed.
fn hold_little_memory() {
    // SAFETY: sets numbers of the allocator, before there is a second thread.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 * 1024);
    }
}
