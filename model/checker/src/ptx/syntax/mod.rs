//! PTX as text.

pub mod tree;
