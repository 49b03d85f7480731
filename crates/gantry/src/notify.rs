//! Tells systemd how far we are, where systemd asks (`Type=notify`).

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Requests are answered.
pub fn ready() {
    say("READY=1");
}

/// No new work is taken.
pub fn stopping() {
    say("STOPPING=1");
}

fn say(what: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let told = || -> std::io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.send_to_addr(what.as_bytes(), &address(&place)?)?;
        Ok(())
    };
    if let Err(error) = told() {
        tracing::warn!(%error, what, "systemd could not be told");
    }
}

/// A path, or after an `@` a name without a file.
fn address(place: &OsStr) -> std::io::Result<SocketAddr> {
    match place.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(place),
    }
}
