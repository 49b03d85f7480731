use super::*;

#[test]
fn a_moment_is_written_as_people_read_it() {
    assert_eq!(show(0), "1970-01-01 00:00:00 UTC");
    assert_eq!(show(951_782_400_000), "2000-02-29 00:00:00 UTC");
    assert_eq!(show(1_795_416_300_123), "2026-11-23 06:45:00 UTC");
    assert_eq!(show(4_107_542_399_000), "2100-02-28 23:59:59 UTC");
    assert_eq!(show(4_107_542_400_000), "2100-03-01 00:00:00 UTC");
}

#[test]
fn what_was_written_is_read() {
    for at in [0, 951_782_400_000, 1_795_416_300_000, 4_107_542_399_000] {
        let text = show(at).replace(" UTC", " +0000 UTC");
        assert_eq!(parse(&text), Some(at), "{text}");
    }
    let text = "2026-11-23 06:45:00.12 +0000 UTC";
    assert_eq!(parse(text), Some(1_795_416_300_120));
    let text = "2026-11-23 06:45:00.123456789 +0000 UTC m=+0.5";
    assert_eq!(parse(text), Some(1_795_416_300_123));
}

#[test]
fn anything_else_is_no_moment() {
    for text in [
        "",
        "2026-11-23",
        "2026-11-23 06:45:00",
        "2026-11-23 06:45:00 +0100 CET",
        "2026-13-23 06:45:00 +0000 UTC",
        "2026-11-23 26:45:00 +0000 UTC",
        "2026-11-23 06:45 +0000 UTC",
        "2026-11-23 06:45:00.+1 +0000 UTC",
        "-026-11-23 06:45:00 +0000 UTC",
        "99999999999-11-23 06:45:00 +0000 UTC",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}
