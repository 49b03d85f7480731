use std::time::Duration;

use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, expected) in [
        (0, "19700101T000000"),
        (951_782_399, "20000228T235959"),
        (951_782_400, "20000229T000000"),
        (1_709_251_199, "20240229T235959"),
        (4_102_444_800, "21000101T000000"),
    ] {
        let (day, time) = timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(format!("{day}T{time}"), expected);
    }
}
