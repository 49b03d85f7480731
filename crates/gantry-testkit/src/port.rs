//! Free TCP ports for servers that can't be told to choose one.

use std::fs::{File, TryLockError};
use std::net::TcpListener;

/// Below the range from which the kernel takes ports for outgoing connections and for port 0, so
/// that only another test could want the same one; those ask for the lock first.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port on loopback that no other test takes while this value lives.
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Panics when ten thousand ports are taken, or the system's temporary folder is read-only.
    pub fn reserve() -> Self {
        let folder =
            std::env::temp_dir().join(format!("gantry-testkit-ports-{}", nix::unistd::geteuid()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let start = rand::random_range(0..COUNT);
        for step in 0..COUNT {
            let number = FIRST + (start + step) % COUNT;
            let Ok(lock) = File::create(folder.join(number.to_string())) else {
                continue;
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => panic!("locks do not work: {error}"),
            }
            if TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Self {
                    number,
                    _lock: lock,
                };
            }
        }
        panic!("no free port between {FIRST} and {}", FIRST + COUNT);
    }

    pub const fn number(&self) -> u16 {
        self.number
    }
}
