/// A part of a log as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Ends where a character ends. Bytes that are no UTF-8 are shown as U+FFFD.
    pub text: String,
    /// Where to go on; always set, also on an empty page.
    pub next_token: String,
    pub has_more: bool,
    /// Everything was read and nothing will come.
    pub finished: bool,
}

/// `end` is where the log ends for now; `complete` says that it stays so.
pub(super) fn page(mut bytes: Vec<u8>, offset: u64, end: u64, complete: bool) -> LogPage {
    let last = offset + bytes.len() as u64 >= end;
    if !(last && complete) {
        bytes.truncate(whole_characters(&bytes));
    }
    let next = offset + bytes.len() as u64;
    // A first half of a character that its log has not got yet is no more to read.
    let has_more = next < end && !last;
    LogPage {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        next_token: next.to_string(),
        has_more,
        finished: complete && next >= end,
    }
}

/// The length without a character that is cut off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let length = bytes.len();
    for back in 1..=length.min(3) {
        let byte = bytes[length - back];
        let wanted = match byte {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            // In the middle of a character: its head is further to the left.
            0x80..=0xBF => continue,
            _ => return length,
        };
        return if wanted > back { length - back } else { length };
    }
    length
}

#[cfg(test)]
mod tests;
