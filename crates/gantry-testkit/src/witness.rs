//! Hears from inside the children of a run who they are.
//!
//! A run's log would tell as well, but the log of a destroy run goes with its stack; and what a
//! child says here did not pass through the server that is under test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

/// What one phase of one run said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Testimony {
    pub stack: String,
    pub run: String,
    /// As `spacelift_run_type` has it, such as `TRACKED`.
    pub kind: String,
    /// What the hook was given as the phase's name.
    pub phase: String,
    /// The ARN that `aws sts get-caller-identity` answers with, or what it said instead.
    pub identity: String,
}

/// Listens on loopback until the test process ends.
pub struct Witness {
    port: u16,
    heard: Arc<Mutex<Vec<Testimony>>>,
}

impl Witness {
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One line each, sent at once: a hook can't hold the next one up.
                let mut line = String::new();
                if BufReader::new(stream).read_line(&mut line).is_ok()
                    && let Some(testimony) = parse(&line)
                {
                    sink.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(testimony);
                }
            }
        });
        Ok(Self { port, heard })
    }

    /// A hook that asks STS and tells the answer; it needs bash and the AWS command line.
    pub fn hook(&self, phase: &str) -> String {
        let ask = "aws sts get-caller-identity --query Arn --output text 2>&1 | tail -n 1";
        self.hook_with(phase, &format!("$({ask})"))
    }

    /// A hook that tells the value of a shell expression instead.
    pub fn hook_with(&self, phase: &str, expression: &str) -> String {
        format!(
            "identity=\"{expression}\" bash -c 'echo \"identity: $identity\"; echo \
             \"$TF_VAR_spacelift_stack_id $TF_VAR_spacelift_run_id $TF_VAR_spacelift_run_type \
             {phase} $identity\" >/dev/tcp/127.0.0.1/{port}'",
            port = self.port
        )
    }

    /// Everything heard so far, in order.
    pub fn heard(&self) -> Vec<Testimony> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn parse(line: &str) -> Option<Testimony> {
    let mut words = line.trim_end().splitn(5, ' ').map(str::to_owned);
    Some(Testimony {
        stack: words.next()?,
        run: words.next()?,
        kind: words.next()?,
        phase: words.next()?,
        identity: words.next()?,
    })
}
