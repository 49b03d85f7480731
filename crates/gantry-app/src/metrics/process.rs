//! This process, as the operating system sees it. The names are those that Prometheus has for them.

use prometheus_client::metrics::gauge::Gauge;

use super::Registering;

#[derive(Default)]
pub(super) struct Process {
    pub(super) memory: Gauge,
    pub(super) files: Gauge,
    pub(super) most_files: Gauge,
    pub(super) threads: Gauge,
}

impl Process {
    pub(super) fn register(all: &mut Registering) -> Self {
        let process = Process::default();
        let help = "Memory of the server process. Its worker and their children are others.";
        all.add(
            "process_resident_memory_bytes",
            "",
            help,
            process.memory.clone(),
        );
        all.add(
            "process_open_fds",
            "",
            "Files it has open.",
            process.files.clone(),
        );
        all.add(
            "process_max_fds",
            "",
            "Files it may have open.",
            process.most_files.clone(),
        );
        all.add(
            "process_threads",
            "",
            "Threads it has.",
            process.threads.clone(),
        );
        process
    }

    pub(super) fn look(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(kib) = number_after(&status, "VmRSS:") {
            self.memory.set(kib * 1024);
        }
        if let Some(threads) = number_after(&status, "Threads:") {
            self.threads.set(threads);
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            // Without the one that is open to count them.
            self.files.set(files.count() as i64 - 1);
        }
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        if let Some(most) = number_after(&limits, "Max open files") {
            self.most_files.set(most);
        }
    }
}

fn number_after(text: &str, name: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
