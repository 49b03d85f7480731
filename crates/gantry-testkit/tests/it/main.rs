//! The testkit's own promises: the double refuses, the proxy hears, nothing outlives its test.

mod ministack;
mod postgres;
mod sts_proxy;
