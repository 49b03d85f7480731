//! The schema against the contract, and documents of the known clients against the operations.

mod contract;
mod sdl;
