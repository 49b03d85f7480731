//! What the worker listens for in the output of a phase's children: sentences of the tool that mean
//! more than its exit status says.

use gantry_core::backend_lock::{self, BackendLock};

/// What Terraform and OpenTofu say about a plan whose state has moved.
const STALE: &[u8] = b"Saved plan is stale";

#[derive(Default)]
pub(in crate::phase) struct Heard {
    stale: Window,
    complaint: Window,
    /// What was said after the complaint about a lock.
    description: Vec<u8>,
}

impl Heard {
    pub(super) fn listen(&mut self, chunk: &[u8]) {
        self.stale.look(STALE, chunk);
        let described = match self.complaint.found {
            true => chunk,
            false => match self
                .complaint
                .look(backend_lock::COMPLAINT.as_bytes(), chunk)
            {
                Some(rest) => rest,
                None => return,
            },
        };
        let room = backend_lock::LONGEST - self.description.len();
        self.description
            .extend_from_slice(&described[..described.len().min(room)]);
    }

    /// Another child may follow: what it says does not go on where this one has ended.
    pub(super) fn pause(&mut self) {
        self.stale.tail.clear();
        self.complaint.tail.clear();
    }

    /// The saved plan is older than the state.
    pub(in crate::phase) fn stale(&self) -> bool {
        self.stale.found
    }

    /// The state is locked in its own backend.
    pub(in crate::phase) fn backend_lock(&self) -> Option<BackendLock> {
        BackendLock::parse(&String::from_utf8_lossy(&self.description))
    }
}

/// Looks for a sentence in a stream, over the borders of chunks.
#[derive(Default)]
struct Window {
    tail: Vec<u8>,
    found: bool,
}

impl Window {
    /// What follows the sentence, when it ends in this chunk.
    fn look<'a>(&mut self, sentence: &[u8], chunk: &'a [u8]) -> Option<&'a [u8]> {
        if self.found {
            return None;
        }
        let before = self.tail.len();
        self.tail.extend_from_slice(chunk);
        let place = self
            .tail
            .windows(sentence.len())
            .position(|window| window == sentence);
        self.found = place.is_some();
        let keep = self.tail.len().saturating_sub(sentence.len() - 1);
        self.tail.drain(..keep);
        place.map(|place| &chunk[place + sentence.len() - before..])
    }
}

#[cfg(test)]
mod tests;
