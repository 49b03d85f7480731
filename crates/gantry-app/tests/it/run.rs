//! Runs from trigger to end, with a worker whose phases end as the test says.

mod life;
