//! Texts in places that a run must not see, one for each place.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::apart::{METADATA, root};

/// Removed, and ended, on drop; the listeners end with the test.
pub struct Canaries {
    digits: String,
    places: BTreeMap<&'static str, String>,
    directories: Vec<tempfile::TempDir>,
    processes: Vec<Child>,
    /// The port of a stranger on this machine, which is reachable by design.
    pub stranger: u16,
}

impl Canaries {
    pub fn new() -> Self {
        use std::hash::{BuildHasher, Hasher};
        let number = std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish();
        Self {
            digits: format!("{number:016x}"),
            places: BTreeMap::new(),
            directories: Vec::new(),
            processes: Vec::new(),
            stranger: 0,
        }
    }

    /// The text for a place, and that it is there from now on.
    pub fn at(&mut self, place: &'static str) -> String {
        let text = format!("CANARY-{place}-{}", self.digits);
        self.places.insert(place, text.clone());
        text
    }

    pub fn places(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.places
            .iter()
            .map(|(place, text)| (*place, text.as_str()))
    }

    /// Directories with canaries: where somebody who knows the machine looks first.
    pub fn known_places(&self) -> Vec<PathBuf> {
        self.directories
            .iter()
            .map(|directory| directory.path().to_owned())
            .collect()
    }

    /// In the home of whoever runs the server.
    pub fn in_home(&mut self, home: &Path) {
        let credentials = format!(
            "[default]\naws_access_key_id = AKIAIOSFODNN7CANARY0\naws_secret_access_key = {}\n",
            self.at("home-aws")
        );
        write(&home.join(".aws/credentials"), credentials.as_bytes());
        write(&home.join(".ssh/id_rsa"), self.at("home-ssh").as_bytes());
        // Twice as many bytes, each with a zero.
        let wide: Vec<u8> = self
            .at("home-wide")
            .bytes()
            .flat_map(|byte| [byte, 0])
            .collect();
        write(&home.join(".config/wide"), &wide);
    }

    /// In directories that everybody on the machine shares, readable for all.
    pub fn on_the_machine(&mut self) {
        let mut directories = vec![("tmp", "/tmp"), ("var-tmp", "/var/tmp")];
        if root() {
            directories.extend([
                ("run", "/run"),
                ("home", "/home"),
                ("root", "/root"),
                ("var", "/var"),
                ("opt", "/opt"),
                ("etc", "/etc"),
            ]);
        }
        for (place, directory) in directories {
            let directory = tempfile::Builder::new()
                .prefix("gantry-canary-")
                .tempdir_in(directory)
                .unwrap();
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(directory.path(), open).unwrap();
            write(&directory.path().join("file"), self.at(place).as_bytes());
            self.directories.push(directory);
        }
    }

    /// In the keyring that processes inherit from whoever logged in.
    pub fn in_the_keyring(&mut self) {
        const OF_THE_SESSION: libc::c_long = -3;
        let text = self.at("keyring");
        // SAFETY: strings that end with zero, and a content as long as is said.
        let id = unsafe {
            libc::syscall(
                libc::SYS_add_key,
                c"user".as_ptr(),
                c"gantry-canary".as_ptr(),
                text.as_ptr(),
                text.len(),
                OF_THE_SESSION,
            )
        };
        assert!(id > 0, "no key: {}", std::io::Error::last_os_error());
    }

    pub fn in_processes(&mut self) {
        let child = Command::new("sleep")
            .arg0(self.at("arguments"))
            .arg("600")
            .env_clear()
            .env("SECRET", self.at("environment"))
            .stdin(Stdio::null())
            .spawn();
        self.processes.push(child.unwrap());
    }

    pub fn in_sockets(&mut self) {
        let path = self.directories[0].path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        let text = self.at("path-socket");
        std::thread::spawn(move || answer(listener.incoming().flatten(), &text));

        let name = SocketAddr::from_abstract_name(format!("gantry-{}", self.digits)).unwrap();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let text = self.at("abstract-socket");
        std::thread::spawn(move || answer(listener.incoming().flatten(), &text));

        let text = self.at("stranger");
        self.stranger = listen(("127.0.0.1", 0), text);
        if root() {
            let places = ["metadata", "metadata-of-containers", "metadata-by-six"];
            for (place, address) in places.into_iter().zip(METADATA) {
                let text = self.at(place);
                listen((address, 80), text);
            }
        }
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn listen(address: (&str, u16), text: String) -> u16 {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || answer(listener.incoming().flatten(), &text));
    port
}

fn answer<S: Write>(incoming: impl Iterator<Item = S>, text: &str) {
    for mut stream in incoming {
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{text}\n"
        );
    }
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
