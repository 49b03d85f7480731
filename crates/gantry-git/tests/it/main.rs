//! Real repositories, real git: ordinary ones, and ones made by somebody who means harm.

mod hostile;
mod https;
mod local;
mod repository;
