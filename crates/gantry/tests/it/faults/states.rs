use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// Keeps the states of stacks that have a backend of their own, out of reach of whatever is killed, and
/// notes each serial that is written. It knows no locks and no leases: nothing but Gantry stands between
/// two applies.
#[derive(Clone)]
pub struct States {
    port: u16,
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
}

#[derive(Default)]
struct Kept {
    newest: Vec<u8>,
    /// By lineage and serial.
    written: BTreeMap<(String, u64), Vec<u8>>,
    /// What was written although it, or something newer, was there.
    odd: Vec<String>,
}

impl States {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let states = States {
            port,
            kept: Arc::default(),
        };
        let all = states.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let states = all.clone();
                // Who is killed in the middle of a request says no more.
                std::thread::spawn(move || drop(states.answer(stream)));
            }
        });
        states
    }

    pub fn backend(&self, name: &str) -> String {
        let address = format!("http://127.0.0.1:{}/{name}", self.port);
        format!("terraform {{\n  backend \"http\" {{\n    address = \"{address}\"\n  }}\n}}\n")
    }

    fn answer(&self, stream: TcpStream) -> Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let post = words.next() == Some("POST");
        let name = words
            .next()
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim_end().split_once(": ") {
                Some((key, value)) if key.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap_or_default();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer = match post {
            true => {
                self.write(&name, body);
                Vec::new()
            }
            false => self.all().entry(name).or_default().newest.clone(),
        };
        let status = if answer.is_empty() && !post { 404 } else { 200 };
        let mut stream = reader.into_inner();
        write!(
            stream,
            "HTTP/1.1 {status} .\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            answer.len()
        )?;
        stream.write_all(&answer)
    }

    fn write(&self, name: &str, state: Vec<u8>) {
        let read: Value = serde_json::from_slice(&state).unwrap_or_default();
        let lineage = read["lineage"].as_str().unwrap_or_default().to_owned();
        let serial = read["serial"].as_u64().unwrap_or_default();
        let mut all = self.all();
        let kept = all.entry(name.to_owned()).or_default();
        let key = (lineage, serial);
        let newer = kept
            .written
            .keys()
            .any(|(other, newest)| *other == key.0 && *newest > serial);
        // The same request may be sent again.
        if newer || kept.written.get(&key).is_some_and(|there| *there != state) {
            kept.odd.push(format!("{name}: serial {serial}"));
        }
        kept.written.insert(key, state.clone());
        kept.newest = state;
    }

    /// How many serials were written, none of them twice.
    pub fn expect_once_each(&self) -> usize {
        let all = self.all();
        let odd: Vec<&String> = all.values().flat_map(|kept| &kept.odd).collect();
        assert!(odd.is_empty(), "states that were written twice: {odd:?}");
        all.values().map(|kept| kept.written.len()).sum()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
