//! What is kept of a log that is longer than its limit: the beginning, and the end, where errors are.

/// The end that is kept, where the limit has room for it.
const TAIL: u64 = 256 << 10;

/// How many times its log limit a phase may print before it is ended: what says that much says
/// nothing any more. Far enough from the limit that an apply which only talks a lot is not interrupted.
pub const FLOOD: u64 = 16;

/// Decides for the bytes of one log, in their order, which of them are kept.
pub struct Kept {
    limit: u64,
    /// Bytes of the beginning that there is still room for.
    room: u64,
    /// Once the beginning is full.
    end: Option<End>,
}

struct End {
    /// The last bytes, and some more before them, so that not every chunk moves all of them.
    last: Vec<u8>,
    left_out: u64,
}

impl Kept {
    /// 0: all is kept.
    pub fn of(limit: u64) -> Self {
        Kept {
            limit,
            room: match limit {
                0 => u64::MAX,
                limit => limit - tail(limit),
            },
            end: None,
        }
    }

    /// Everything has been kept, and the next bytes are looked at anew.
    pub fn is_whole(&self) -> bool {
        self.end.is_none()
    }

    /// What of `bytes` goes into the log at once. The answer of the first call that keeps something
    /// back ends at the end of a line where there is one.
    pub fn beginning<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if let Some(end) = &mut self.end {
            end.push(bytes, tail(self.limit));
            return &[];
        }
        if bytes.len() as u64 <= self.room {
            self.room -= bytes.len() as u64;
            return bytes;
        }
        let fits = &bytes[..self.room as usize];
        let place = match fits.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None => whole_characters(fits),
        };
        let (now, later) = bytes.split_at(place);
        self.hold(later);
        now
    }

    /// What was to go into the log at once could not: it is the first of what waits for the end.
    pub fn take_back(&mut self, now: &[u8]) {
        self.hold(&[]).last.splice(..0, now.iter().copied());
    }

    fn hold(&mut self, bytes: &[u8]) -> &mut End {
        let end = self.end.get_or_insert(End {
            last: Vec::new(),
            left_out: 0,
        });
        end.push(bytes, tail(self.limit));
        end
    }

    /// The end of the log, and how many bytes are left out before it.
    pub fn end(&mut self) -> Option<(u64, Vec<u8>)> {
        let mut end = self.end.take()?;
        end.cut(tail(self.limit));
        if end.left_out > 0
            && let Some(newline) = end.last.iter().position(|byte| *byte == b'\n')
            && newline + 1 < end.last.len()
        {
            end.left_out += newline as u64 + 1;
            end.last.drain(..=newline);
        }
        Some((end.left_out, end.last))
    }
}

impl End {
    fn push(&mut self, bytes: &[u8], tail: u64) {
        self.last.extend_from_slice(bytes);
        if self.last.len() as u64 > 2 * tail {
            self.cut(tail);
        }
    }

    fn cut(&mut self, tail: u64) {
        let too_many = (self.last.len() as u64).saturating_sub(tail);
        self.left_out += too_many;
        self.last.drain(..too_many as usize);
    }
}

fn tail(limit: u64) -> u64 {
    match limit {
        0 => TAIL,
        limit => TAIL.min(limit / 2),
    }
}

/// The length without a character that is cut off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Ok(_) | Err(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests;
