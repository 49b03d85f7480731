//! Another time of day for one process: a small library, loaded before all others, that moves what the
//! C library answers. The machine's own clock is left alone, and so is every clock that only goes on.

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *ahead;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("GANTRY_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *place = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (place != MAP_FAILED) ahead = place;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (!failed && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += *ahead;
    return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *place) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
"#;

/// The time of day of the processes that are started with [`MachineClock::environment`].
pub struct MachineClock {
    folder: TempDir,
}

impl MachineClock {
    /// One that is right.
    pub fn start() -> Result<Self> {
        let clock = Self {
            folder: tempfile::Builder::new().prefix("gantry-clock-").tempdir()?,
        };
        std::fs::write(clock.file(), 0_i64.to_ne_bytes())?;
        Ok(clock)
    }

    pub fn environment(&self) -> Result<[(&'static str, String); 2]> {
        Ok([
            ("LD_PRELOAD", library()?.display().to_string()),
            ("GANTRY_TEST_CLOCK", self.file().display().to_string()),
        ])
    }

    /// Lets it jump, to so many hours before or after what is right.
    pub fn jump_to(&self, hours: i64) -> Result<()> {
        let file = std::fs::File::options().write(true).open(self.file())?;
        Ok(file.write_all_at(&(hours * 3600).to_ne_bytes(), 0)?)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ahead")
    }
}

/// Made once in the life of a test binary; what links the tests can make it.
fn library() -> Result<PathBuf> {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let folder = tempfile::Builder::new().prefix("gantry-clock-").tempdir()?;
    let (source, made) = (
        folder.path().join("clock.c"),
        folder.path().join("clock.so"),
    );
    std::fs::write(&source, LIBRARY)?;
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&made, &source])
        .output()
        .context("the tests need a C compiler (cc); on Debian: apt-get install gcc")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cc failed: {said}");
    drop(folder.keep());
    Ok(MADE.get_or_init(|| made).clone())
}
