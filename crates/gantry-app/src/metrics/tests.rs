use super::*;

#[test]
fn the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let written = std::fs::read_to_string(path).unwrap();
    let (text, _) = written.split_once("| Metric |").unwrap();
    let current = format!("{text}{}", Metrics::default().table());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &current).unwrap();
        return;
    }
    assert_eq!(written, current, "run `make bless` and look at the change");
}

#[test]
fn a_process_looks_at_itself() {
    let process = Process::default();
    process.look();
    assert!(process.memory.get() > 1 << 20);
    assert!(process.files.get() > 2 && process.most_files.get() >= process.files.get());
    assert!(process.threads.get() >= 1);
}
