//! A stranger's code in a run: the testkit's provider looks for what it should not see and tries to
//! have an effect after its phase; so do hooks.
//!
//! As root each test has a network of its own, so that metadata addresses can be had and no listener
//! of the machine is disturbed.

mod apart;
mod canaries;
mod look;
mod poison;
mod scene;
mod search;
mod vendored;
