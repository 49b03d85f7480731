//! Servers that a test starts, and that end with it however the test ends.

use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the server, and waits for the end of its own standard input. That end comes when the test
/// drops the [`Kept`], and also when the test process is killed: then nobody else could clean up.
///
/// `$1` is the server's own folder, `$2` the signal that ends it, the rest its command line.
const SCRIPT: &str = r#"
dir=$1 signal=$2; shift 2
( sh -c 'echo $$ >"$0/pid"; exec "$@"' "$dir" "$@" </dev/null >"$dir/log" 2>&1; echo $? >"$dir/exited" ) &
cat >/dev/null
# The number of one that has ended may belong to somebody else by now.
if ! [ -e "$dir/exited" ]; then
  kill -"$signal" "$(cat "$dir/pid")" 2>/dev/null
  # A test may have paused it.
  kill -CONT "$(cat "$dir/pid")" 2>/dev/null
fi
wait
rm -rf -- "$dir"
"#;

/// A running server with a folder of its own. Ended and removed on drop.
pub struct Kept {
    keeper: Child,
    folder: PathBuf,
}

impl Kept {
    /// Starts `program` with `folder` (which it owns from now on; it must be a temporary one) as
    /// working directory and exactly the environment given. `user`: uid and gid to run as.
    pub fn start(
        folder: PathBuf,
        signal: &str,
        program: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
        user: Option<(u32, u32)>,
    ) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "keeper"])
            .arg(&folder)
            .arg(signal)
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(
                environment
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            )
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the terminal ends the test; the keeper then sees the end of its input.
            .process_group(0);
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        Ok(Self {
            keeper: command.spawn()?,
            folder,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything the server printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The process ID of the server itself.
    pub fn pid(&self) -> Option<i32> {
        std::fs::read_to_string(self.folder.join("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// The exit status of the server as a shell counts it; `None` while it runs.
    pub fn exit_status(&self) -> Option<i32> {
        std::fs::read_to_string(self.folder.join("exited"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Asks `ready` again and again until it says yes. The error tells the server's last words.
    pub fn wait_until(&self, what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if ready() {
                return Ok(());
            }
            let state = match (self.exit_status().is_some(), Instant::now() > deadline) {
                (true, _) => "ended at once",
                (false, true) => "was not ready within 30 s",
                (false, false) => {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                }
            };
            return Err(Error::other(format!(
                "{what} {state}; it said:\n{}",
                self.log()
            )));
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whether the server at that address answers 200 to a request for `path`.
pub fn answers(address: &str, path: &str) -> bool {
    let ask = || -> Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.split(' ').nth(1) == Some("200"))
    };
    ask().unwrap_or(false)
}
