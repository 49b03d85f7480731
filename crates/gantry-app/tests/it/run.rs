//! Runs from trigger to end, with a worker whose phases end as the test says.

mod callers;
mod clock;
mod fences;
mod life;
mod locks;
mod logs;
mod lost;
mod queue;
mod stop;
mod token;

pub use life::variable;
