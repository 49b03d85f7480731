use super::*;

#[test]
fn a_refusal_of_the_system_is_told_from_a_broken_sandbox() {
    for said in [
        "bwrap: setting up uid map: Permission denied",
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow \
         non-privileged user namespaces.",
        "bwrap: Creating new namespace failed: Operation not permitted",
    ] {
        let SandboxError::NamespacesRefused { .. } = classify(said.to_owned()) else {
            panic!("{said}")
        };
    }
    let said = "bwrap: Can't find source path /srv/mirror: No such file or directory";
    let SandboxError::Broken { .. } = classify(said.to_owned()) else {
        panic!()
    };
}

#[test]
fn the_pool_is_finite_for_root() {
    let pool = user_pool::UserPool::new(UserRange {
        first: 700_000,
        count: 1,
    });
    let one = pool.take();
    assert!(one.is_some());
    if nix::unistd::geteuid().is_root() {
        assert!(pool.take().is_none());
        drop(one);
        assert_eq!(pool.take().and_then(|user| user.uid()), Some(700_000));
    }
}

#[test]
fn an_older_bubblewrap_is_asked_for_less() {
    let of = |said| {
        let abilities = root::Abilities::of(said);
        (abilities.disable_userns, abilities.size)
    };
    assert_eq!(of("bubblewrap 0.6.1\n"), (false, false));
    assert_eq!(of("bubblewrap 0.7.0"), (false, true));
    assert_eq!(of("bubblewrap 0.8.0\n"), (true, true));
    assert_eq!(of("bubblewrap 1.0"), (true, true));
    assert_eq!(of(""), (true, true));
}
