use super::*;

/// What a log of this limit keeps of bytes that come in chunks.
fn kept(limit: u64, chunks: &[&[u8]]) -> (Vec<u8>, Option<(u64, Vec<u8>)>) {
    let mut kept = Kept::of(limit);
    let mut beginning = Vec::new();
    for chunk in chunks {
        beginning.extend_from_slice(kept.beginning(chunk));
    }
    (beginning, kept.end())
}

#[test]
fn nothing_is_left_out_of_a_log_that_fits() {
    let (beginning, end) = kept(1000, &[&[b'a'; 300], &[b'b'; 200]]);
    assert_eq!((beginning.len(), end), (500, None));
    let (beginning, end) = kept(0, &[&[b'a'; 3 << 20]]);
    assert_eq!((beginning.len(), end), (3 << 20, None));
}

#[test]
fn what_has_room_at_the_end_is_kept_as_well() {
    let (beginning, end) = kept(100, &[b"one\ntwo\n", &[b'x'; 60]]);
    assert_eq!(beginning.len(), 50);
    assert_eq!(end, Some((0, vec![b'x'; 18])));
    let (beginning, end) = kept(
        100,
        &[
            b"one\ntwo\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            &[b'y'; 60],
        ],
    );
    assert_eq!(beginning, b"one\ntwo\n");
    assert_eq!(end, Some((60, vec![b'y'; 50])));
    let (beginning, end) = kept(100, &[&[b'x'; 80]]);
    assert_eq!((beginning.len(), end), (50, Some((0, vec![b'x'; 30]))));
}

#[test]
fn every_byte_is_kept_or_counted_and_the_end_begins_with_a_line() {
    let lines: Vec<String> = (0..200_000).map(|n| format!("line {n}\n")).collect();
    let all = lines.concat();
    for size in [1usize << 10, 7, 65_536] {
        let chunks: Vec<&[u8]> = all.as_bytes().chunks(size).collect();
        let (beginning, end) = kept(600 << 10, &chunks);
        let (left_out, last) = end.unwrap();
        assert_eq!(
            beginning.len() as u64 + left_out + last.len() as u64,
            all.len() as u64
        );
        assert!(all.as_bytes().starts_with(&beginning));
        // Where a chunk has no end of a line that fits, it is cut anywhere.
        assert!(beginning.ends_with(b"\n") || size < 2048);
        assert!(all.as_bytes().ends_with(&last) && last.starts_with(b"line "));
        assert!(last.len() as u64 > TAIL - 20, "{}", last.len());
        assert!(beginning.len() as u64 > (600 << 10) - TAIL - 20);
    }
}

#[test]
fn memory_does_not_grow_with_what_is_left_out() {
    let mut kept = Kept::of(1 << 20);
    for _ in 0..1000 {
        kept.beginning(&[b'x'; 16 << 10]);
    }
    let held = kept.end.as_ref().unwrap().last.capacity() as u64;
    assert!(held <= 4 * TAIL, "{held}");
}

#[test]
fn a_character_is_not_cut_in_two() {
    let (beginning, _) = kept(10, &["ääääääää".as_bytes()]);
    assert_eq!(beginning, "ää".as_bytes());
}
