//! Operations on a real database, with clouds and workers that the tests play themselves.

#[macro_use]
mod world;

mod config_element;
mod run;
mod stack;
