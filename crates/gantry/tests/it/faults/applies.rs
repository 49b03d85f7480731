use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Hears of every apply from inside its child, for as long as that lives: what the server says of it
/// does not count.
#[derive(Clone)]
pub struct Applies {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// How often each run's apply has begun.
    begun: BTreeMap<String, usize>,
    /// The run whose apply is at work on each stack.
    at_work: BTreeMap<String, String>,
    /// Two at once.
    overlaps: Vec<String>,
}

impl Applies {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let applies = Applies {
            port,
            heard: Arc::default(),
        };
        let all = applies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let applies = all.clone();
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream).lines();
                    let Some(Ok(line)) = lines.next() else { return };
                    let Some((stack, run)) = line.split_once(' ') else {
                        return;
                    };
                    applies.begin(stack, run);
                    // The end of the connection is the end of the process.
                    for _ in lines.map_while(Result::ok) {}
                    applies.end(stack, run);
                });
            }
        });
        applies
    }

    /// Something to apply each time, that takes so many seconds.
    pub fn code(&self, host: &str, seconds: &str) -> String {
        let tell = format!(
            "exec 3<>/dev/tcp/{host}/{}; \
             echo $TF_VAR_spacelift_stack_id $TF_VAR_spacelift_run_id >&3; sleep {seconds}",
            self.port
        );
        format!(
            r#"
resource "terraform_data" "moment" {{
  triggers_replace = timestamp()
  provisioner "local-exec" {{
    interpreter = ["bash", "-c"]
    command     = "{tell}"
  }}
}}
"#
        )
    }

    fn begin(&self, stack: &str, run: &str) {
        let mut heard = self.all();
        *heard.begun.entry(run.to_owned()).or_default() += 1;
        if let Some(other) = heard.at_work.insert(stack.to_owned(), run.to_owned()) {
            heard.overlaps.push(format!("{other} and {run} on {stack}"));
        }
    }

    fn end(&self, stack: &str, run: &str) {
        let mut heard = self.all();
        if heard.at_work.get(stack).is_some_and(|other| other == run) {
            heard.at_work.remove(stack);
        }
    }

    /// How many runs were applied, none of them twice, and no two at once on one stack.
    pub fn expect_once_each(&self) -> usize {
        let heard = self.all();
        let twice: Vec<_> = heard
            .begun
            .iter()
            .filter(|(_, times)| **times > 1)
            .collect();
        assert!(twice.is_empty(), "applied more than once: {twice:?}");
        assert!(heard.overlaps.is_empty(), "at once: {:?}", heard.overlaps);
        heard.begun.len()
    }

    /// Whether the apply of a run has begun.
    pub fn has(&self, run: &str) -> bool {
        self.all().begun.contains_key(run)
    }

    fn all(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
