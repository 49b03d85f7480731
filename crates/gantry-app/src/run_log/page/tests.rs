use super::*;

#[test]
fn a_character_is_never_cut() {
    let text = "aé€😀".as_bytes();
    for cut in 0..=text.len() {
        let page = page(text[..cut].to_vec(), 0, text.len() as u64 + 9, false);
        assert!("aé€😀".starts_with(&page.text), "{cut}: {}", page.text);
        assert_eq!(page.next_token, page.text.len().to_string(), "{cut}");
        assert!(page.has_more, "{cut}");
        assert!(!page.finished, "{cut}");
    }
}

#[test]
fn half_a_character_at_the_end_of_a_growing_log_waits() {
    let page = page(vec![b'a', 0xC3], 10, 12, false);
    assert_eq!((page.text.as_str(), page.next_token.as_str()), ("a", "11"));
    assert!(
        !page.has_more,
        "there is nothing to read before more was written"
    );
}

#[test]
fn a_complete_log_ends_whatever_its_last_byte_is() {
    let page = page(vec![b'a', 0xC3], 10, 12, true);
    assert_eq!(
        (page.text.as_str(), page.next_token.as_str()),
        ("a\u{FFFD}", "12")
    );
    assert!(page.finished && !page.has_more);
}

#[test]
fn bytes_that_are_no_text_do_not_stop_the_reader() {
    let page = page(vec![0xFF, 0x80, 0x80, 0x80, 0x80, b'a'], 0, 100, false);
    assert!(page.text.ends_with('a'));
    assert_eq!(page.next_token, "6");
}

#[test]
fn an_empty_page_says_where_to_go_on() {
    let page = page(vec![], 7, 7, false);
    assert_eq!(page.next_token, "7");
    assert!(!page.has_more && !page.finished);
}
