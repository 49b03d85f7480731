//! The worker against real things: bubblewrap, shells, `terraform`.

mod child;
mod hooks;
mod sandbox;
mod sandbox_of_a_normal_user;
mod stage;
