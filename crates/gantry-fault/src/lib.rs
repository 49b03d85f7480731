//! Points at which a test lets a process die: before and after whatever lasts, and whatever somebody
//! else hears of.
//!
//! Without the feature `armed` there is nothing here: no variable is read, no name is made, and a server
//! can't be told to kill itself. The feature is turned on by the tests of the binary and by nothing else.

use std::fmt::Display;
use std::panic::Location;
use std::path::PathBuf;

#[cfg(feature = "armed")]
mod armed;

/// What follows lasts, or is heard of.
#[inline]
pub fn before(what: impl Display) {
    #[cfg(feature = "armed")]
    armed::pass(&format!("before {what}"));
    #[cfg(not(feature = "armed"))]
    drop(what);
}

/// It does, or somebody has answered, whatever the answer is.
#[inline]
pub fn after(what: impl Display) {
    #[cfg(feature = "armed")]
    armed::pass(&format!("after {what}"));
    #[cfg(not(feature = "armed"))]
    drop(what);
}

/// A line of the source: it names a point better than the function that all lines share.
pub fn line(at: &'static Location<'static>) -> impl Display {
    std::fmt::from_fn(move |f| write!(f, "{}:{}", at.file(), at.line()))
}

/// The variable that a process has to hand on whose children get an environment from nothing.
#[inline]
pub fn variable() -> Option<(&'static str, PathBuf)> {
    #[cfg(feature = "armed")]
    return armed::directory().map(|directory| (armed::VARIABLE, directory.clone()));
    #[cfg(not(feature = "armed"))]
    None
}
