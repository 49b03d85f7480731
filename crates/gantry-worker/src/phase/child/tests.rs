use super::*;

#[test]
fn a_moment_is_written_as_people_read_it() {
    assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
    assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
    assert_eq!(utc(1_795_416_300_123), "2026-11-23 06:45:00 UTC");
    assert_eq!(utc(4_107_542_399_000), "2100-02-28 23:59:59 UTC");
    assert_eq!(utc(4_107_542_400_000), "2100-03-01 00:00:00 UTC");
}

#[test]
fn a_stale_plan_is_heard_of_over_the_borders_of_chunks() {
    for border in 0..STALE.len() {
        let mut window = Window::default();
        window.look(b"Error: ");
        window.look(&STALE[..border]);
        window.look(&STALE[border..]);
        assert!(window.found, "{border}");
    }
    let mut window = Window::default();
    window.look(b"Saved plan is not stale");
    assert!(!window.found);
}
