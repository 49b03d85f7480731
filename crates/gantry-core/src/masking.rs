//! Secrets are replaced in output before any buffer, file or socket sees it.
//!
//! [`Masks`] is made of the secrets of a phase; each stream of the child (stdout, stderr) passes
//! through a [`Masker`] of its own. What is looked for is the value itself and the forms that tools
//! commonly print it in: see the private module `forms` for the list.
//!
//! This stops accidents, not an attacker: a child that wants to show a secret can reverse it, or put
//! a colour code into its middle. What protects against that is that a read phase has short-lived
//! read credentials and nothing else.
//!
//! What a masker holds back is exactly the longest end of the stream that could still become a
//! secret. It is never given out early, so there is nothing to flush on a timer: after each
//! [`Masker::push`] everything that may be shown has been returned.

mod forms;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use secrecy::{ExposeSecret, SecretString};

pub use forms::SHORTEST;

/// What stands in the output instead of a secret; as long for every one of them.
pub const REPLACEMENT: &str = "*****";

/// When a stream ends in the middle of a secret, as a killed child's does, a beginning of this many
/// bytes is masked too.
const TELLING: u64 = 8;

/// The secrets of a phase, ready to be looked for. Cheap to clone. There is no way back from it to
/// a secret, and no `Debug`.
#[derive(Clone)]
pub struct Masks {
    /// `None`: there is nothing to mask.
    automaton: Option<Arc<Forms>>,
}

struct Forms {
    nfa: NFA,
    start: StateID,
    /// By state: how many of the latest bytes may be the beginning of a form.
    depth: Vec<u32>,
}

impl Masks {
    /// Values shorter than [`SHORTEST`] bytes are not masked: they would turn up everywhere.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut all = forms::Set::default();
        for secret in secrets {
            forms::derive(secret.expose_secret(), &mut all);
        }
        if all.is_empty() {
            return Self::none();
        }
        let forms: Vec<Vec<u8>> = all.into_iter().collect();
        // Only more than four gigabytes of secrets make this fail.
        let nfa = NFA::builder().match_kind(MatchKind::Standard).build(&forms);
        Self {
            automaton: nfa
                .ok()
                .and_then(|nfa| Forms::measure(nfa, &forms))
                .map(Arc::new),
        }
    }

    /// Masks nothing.
    pub fn none() -> Self {
        Self { automaton: None }
    }

    /// A masker for one stream.
    pub fn stream(&self) -> Masker {
        let state = self.automaton.as_ref().map(|forms| forms.start);
        Masker {
            automaton: self.automaton.clone(),
            state: state.unwrap_or(StateID::ZERO),
            position: 0,
            held: Vec::new(),
            found: VecDeque::new(),
            covered_to: 0,
        }
    }

    /// Masks a text that is there as a whole.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masker = self.stream();
        let (head, tail) = (masker.push(text.as_bytes()), masker.finish());
        match head {
            Cow::Borrowed(head) if head.len() == text.len() => Cow::Borrowed(text),
            head => {
                let mut bytes = head.into_owned();
                bytes.extend_from_slice(&tail);
                if bytes == text.as_bytes() {
                    return Cow::Borrowed(text);
                }
                Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }
}

impl Forms {
    /// Walking along a form visits the states that stand for its beginnings, one byte deeper each.
    fn measure(nfa: NFA, forms: &[Vec<u8>]) -> Option<Self> {
        let start = nfa.start_state(Anchored::No).ok()?;
        let mut depth = Vec::new();
        for form in forms {
            let mut state = start;
            for (index, byte) in form.iter().enumerate() {
                state = nfa.next_state(Anchored::No, state, *byte);
                if depth.len() <= state.as_usize() {
                    depth.resize(state.as_usize() + 1, 0);
                }
                depth[state.as_usize()] = index as u32 + 1;
            }
        }
        Some(Self { nfa, start, depth })
    }

    fn depth(&self, state: StateID) -> usize {
        self.depth
            .get(state.as_usize())
            .map_or(0, |depth| *depth as usize)
    }

    /// The longest form that ends here.
    fn longest_match(&self, state: StateID) -> usize {
        (0..self.nfa.match_len(state))
            .map(|index| self.nfa.pattern_len(self.nfa.match_pattern(state, index)))
            .max()
            .unwrap_or(0)
    }
}

/// One stream on its way through the masks. What comes out depends on the bytes alone, not on how
/// they were cut into chunks.
pub struct Masker {
    automaton: Option<Arc<Forms>>,
    state: StateID,
    /// Bytes taken in; the ranges below count from the beginning of the stream too.
    position: u64,
    /// The latest bytes, which may be the beginning of a secret.
    held: Vec<u8>,
    /// What was found and not yet replaced: in order, merged where it overlaps.
    found: VecDeque<(u64, u64)>,
    /// Up to here a replacement has been written already.
    covered_to: u64,
}

impl Masker {
    /// Takes in a chunk and returns everything that may be shown by now. Borrowed from the chunk
    /// unless something was replaced or had been held back.
    pub fn push<'c>(&mut self, chunk: &'c [u8]) -> Cow<'c, [u8]> {
        let Some(forms) = self.automaton.clone() else {
            return Cow::Borrowed(chunk);
        };
        let begin = self.position;
        for byte in chunk {
            self.state = forms.nfa.next_state(Anchored::No, self.state, *byte);
            self.position += 1;
            if forms.nfa.is_special(self.state) && forms.nfa.is_match(self.state) {
                self.note(forms.longest_match(self.state) as u64);
            }
        }
        let hold = forms.depth(self.state);
        if self.held.is_empty() && self.found.is_empty() && self.covered_to <= begin {
            let (shown, held) = chunk.split_at(chunk.len() - hold);
            self.held.extend_from_slice(held);
            return Cow::Borrowed(shown);
        }
        Cow::Owned(self.emit(chunk, self.position - hold as u64))
    }

    /// The stream has ended: returns the rest. The masker may be used for another stream.
    pub fn finish(&mut self) -> Vec<u8> {
        let Some(forms) = self.automaton.clone() else {
            return Vec::new();
        };
        let begun = forms.depth(self.state) as u64;
        if begun >= TELLING {
            self.note(begun);
        }
        let rest = self.emit(&[], self.position);
        self.state = forms.start;
        rest
    }

    /// A form of `length` bytes ends at the current position.
    fn note(&mut self, length: u64) {
        let mut begin = self.position - length;
        while let Some(&(earlier, end)) = self.found.back() {
            if begin >= end {
                break;
            }
            begin = begin.min(earlier);
            self.found.pop_back();
        }
        if self.found.is_empty() && begin < self.covered_to {
            self.covered_to = self.covered_to.max(self.position);
        } else {
            self.found.push_back((begin, self.position));
        }
    }

    /// Gives out everything before `limit`: what was held, then `chunk`, with replacements. The rest
    /// is held.
    fn emit(&mut self, chunk: &[u8], limit: u64) -> Vec<u8> {
        let chunk_begin = self.position - chunk.len() as u64;
        let begin = chunk_begin - self.held.len() as u64;
        let mut out = Vec::with_capacity((limit - begin) as usize + REPLACEMENT.len());
        let mut cursor = begin;
        while cursor < limit {
            if cursor < self.covered_to {
                cursor = self.covered_to.min(limit);
                continue;
            }
            let until = match self.found.front() {
                Some(&(found, end)) if found == cursor => {
                    out.extend_from_slice(REPLACEMENT.as_bytes());
                    self.covered_to = end;
                    self.found.pop_front();
                    continue;
                }
                Some(&(found, _)) => found.min(limit),
                None => limit,
            };
            copy(&mut out, &self.held, chunk, cursor - begin, until - begin);
            cursor = until;
        }
        let mut held = Vec::new();
        copy(
            &mut held,
            &self.held,
            chunk,
            limit - begin,
            self.position - begin,
        );
        self.held = held;
        out
    }
}

/// Appends a range of `head` followed by `tail`.
fn copy(out: &mut Vec<u8>, head: &[u8], tail: &[u8], from: u64, to: u64) {
    let (from, to) = (from as usize, to as usize);
    if from < head.len() {
        out.extend_from_slice(&head[from..to.min(head.len())]);
    }
    if to > head.len() {
        out.extend_from_slice(&tail[from.saturating_sub(head.len())..to - head.len()]);
    }
}

#[cfg(test)]
mod tests;
