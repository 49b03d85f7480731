use super::*;

#[test]
fn a_stale_plan_is_heard_of_over_the_borders_of_chunks() {
    for border in 0..STALE.len() {
        let mut heard = Heard::default();
        heard.listen(b"Error: ");
        heard.listen(&STALE[..border]);
        heard.listen(&STALE[border..]);
        assert!(heard.stale(), "{border}");
    }
    let mut heard = Heard::default();
    heard.listen(b"Saved plan is not stale");
    assert!(!heard.stale());
}

#[test]
fn two_children_say_no_sentence_together() {
    let (begin, end) = STALE.split_at(7);
    let mut heard = Heard::default();
    heard.listen(begin);
    heard.pause();
    heard.listen(end);
    assert!(!heard.stale());
}

#[test]
fn a_lock_is_heard_of_wherever_the_chunks_end() {
    let said = "Error: Error acquiring the state lock\n\nLock Info:\n  ID:  abc-1\n  Who: me\n";
    for border in 0..said.len() {
        let (begin, end) = said.as_bytes().split_at(border);
        let mut heard = Heard::default();
        heard.listen(b"ID: before\n");
        heard.listen(begin);
        heard.listen(end);
        let lock = heard.backend_lock().unwrap();
        assert_eq!(
            (lock.id.as_str(), lock.who.as_deref()),
            ("abc-1", Some("me")),
            "{border}"
        );
    }
    let mut heard = Heard::default();
    heard.listen(b"Lock Info:\n  ID: abc-1\n");
    assert_eq!(heard.backend_lock(), None);
}

#[test]
fn no_more_is_kept_than_a_lock_needs() {
    let mut heard = Heard::default();
    heard.listen(backend_lock::COMPLAINT.as_bytes());
    for _ in 0..100 {
        heard.listen(&[b'x'; 1000]);
    }
    assert_eq!(heard.description.len(), backend_lock::LONGEST);
}
