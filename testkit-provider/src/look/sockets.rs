//! Listeners: unix sockets by path and by abstract name, and TCP ports of this machine. Each is
//! spoken to a little, and what it answers is searched.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::Look;

const PATIENCE: Duration = Duration::from_millis(300);
const MOST: usize = 300;

/// A word, not a sentence: `connected`, or the kind of error; then the first line of each answer.
#[derive(Serialize)]
pub struct Answer {
    address: String,
    outcome: String,
    said: Vec<String>,
}

/// What a stranger says to a listener to make it talk.
fn openings() -> Vec<String> {
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let post = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let claim = r#"{"worker":"probe","wait_ms":0}"#;
    vec![
        get("/"),
        get("/metrics"),
        get("/debug/pprof/"),
        post(
            "/graphql",
            r#"{"query":"{stacks{id name} apiKeys{id name} awsIntegrations{id roleArn}}"}"#,
        ),
        post("/graphql", r#"{"query":"{__schema{queryType{name}}}"}"#),
        post("/v1/hello", claim),
        post("/v1/claim", claim),
        post("/worker/v1/hello", claim),
        post("/worker/v1/claim", claim),
        "INFO\r\n".to_owned(),
    ]
}

impl Look {
    pub(super) fn unix_sockets(&mut self) {
        let table = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
        let names = table
            .lines()
            .skip(1)
            .filter_map(|line| line.split_ascii_whitespace().nth(7));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        for name in names.iter().take(MOST) {
            match name.strip_prefix('@') {
                Some(name) => self.abstract_socket(name),
                None => self.path_socket(Path::new(name)),
            }
        }
    }

    fn abstract_socket(&mut self, name: &str) {
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name);
        let connect = || UnixStream::connect_addr(address.as_ref().map_err(|error| error.kind())?);
        let answer = self.converse(format!("@{name}"), || -> std::io::Result<_> {
            let stream = connect()?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        self.report.unix_sockets.push(answer);
    }

    pub(super) fn path_socket(&mut self, path: &Path) {
        let address = path.display().to_string();
        if self
            .report
            .unix_sockets
            .iter()
            .any(|known| known.address == address)
        {
            return;
        }
        let answer = self.converse(address, || {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        self.report.unix_sockets.push(answer);
    }

    pub(super) fn ports(&mut self) {
        let mut ports: Vec<(bool, u16)> = Vec::new();
        for (v6, table) in [(false, "/proc/net/tcp"), (true, "/proc/net/tcp6")] {
            let table = std::fs::read_to_string(table).unwrap_or_default();
            ports.extend(
                table
                    .lines()
                    .skip(1)
                    .filter_map(listener)
                    .map(|port| (v6, port)),
            );
        }
        ports.sort_unstable();
        ports.dedup();
        for (v6, port) in ports.into_iter().take(MOST) {
            let ip: IpAddr = match v6 {
                true => Ipv6Addr::LOCALHOST.into(),
                false => Ipv4Addr::LOCALHOST.into(),
            };
            let address = SocketAddr::new(ip, port);
            let answer = self.converse(address.to_string(), || {
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(stream)
            });
            self.report.ports.push(answer);
        }
    }

    /// Says every opening on a connection of its own.
    pub(super) fn converse<S: Read + Write>(
        &mut self,
        address: String,
        connect: impl Fn() -> std::io::Result<S>,
    ) -> Answer {
        let mut said = Vec::new();
        for opening in openings() {
            let mut stream = match connect() {
                Ok(stream) => stream,
                Err(error) if said.is_empty() => {
                    return Answer {
                        address,
                        outcome: format!("{:?}", error.kind()),
                        said,
                    };
                }
                Err(_) => break,
            };
            let _ = stream.write_all(opening.as_bytes());
            let mut answer = Vec::new();
            let mut piece = [0; 16 << 10];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                answer.extend_from_slice(&piece[..count]);
                if answer.len() > 1 << 20 {
                    break;
                }
            }
            self.read_closely(&address, &answer);
            let first = opening
                .lines()
                .next()
                .unwrap_or_default()
                .trim_end_matches(" HTTP/1.1");
            said.push(format!("{first}: {}", shown(&answer)));
            // A listener that says nothing to the first will say nothing to the rest.
            if answer.is_empty() {
                break;
            }
        }
        Answer {
            address,
            outcome: "connected".to_owned(),
            said,
        }
    }
}

/// The status line and the beginning of the body.
fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let head = text.lines().next().unwrap_or_default();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    format!("{head} {body}")
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

/// `0: 0100007F:1F90 00000000:0000 0A …`
fn listener(line: &str) -> Option<u16> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    (*words.get(3)? == "0A").then_some(())?;
    u16::from_str_radix(words.get(1)?.rsplit(':').next()?, 16).ok()
}
