use super::*;

const HYBRID: &str = "\
24 1 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
25 24 0:23 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
26 24 0:24 /docker/abc /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
27 24 0:25 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
28 24 0:26 / /proc rw - proc proc rw
";

#[test]
fn hierarchies_are_found_among_the_mounts() {
    let found = mounted(HYBRID);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].version, Version::One);
    assert_eq!(found[0].options, "rw,memory");
    assert_eq!(found[2].version, Version::Two);
    assert_eq!(
        inside(&found[0], "/a/b"),
        Path::new("/sys/fs/cgroup/memory/a/b")
    );
    assert_eq!(
        inside(&found[1], "/docker/abc/x"),
        Path::new("/sys/fs/cgroup/pids/x")
    );
    assert_eq!(
        inside(&found[1], "/docker/abc"),
        Path::new("/sys/fs/cgroup/pids/")
    );
}

#[test]
fn our_own_group_is_read_for_each_controller() {
    let own = "5:cpu,cpuacct:/one\n4:memory:/two:three\n0::/system.slice/gantry.service\n";
    assert_eq!(own_path(own, "memory").as_deref(), Some("/two:three"));
    assert_eq!(own_path(own, "cpuacct").as_deref(), Some("/one"));
    assert_eq!(
        own_path(own, "").as_deref(),
        Some("/system.slice/gantry.service")
    );
    assert_eq!(own_path(own, "pids"), None);
}

#[test]
fn a_setting_that_names_no_group_is_said() {
    assert_eq!(find("off", "x"), Err("worker.cgroup is off".into()));
    for wrong in ["gantry", "/a/../b"] {
        let said = find(wrong, "x").unwrap_err();
        assert!(said.contains(wrong), "{said}");
    }
}
