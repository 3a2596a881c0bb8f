//! Protocols of multi-GPU collectives as plain data.
//!
//! A protocol is written in a small language (`.arp`, module `language`), resolved under a choice of its knobs into
//! an [`ir::Protocol`], and executed one thread at a time by a [`cursor::Cursor`], which yields concrete operations.
//! The checker, the CPU back end and the code generator all start from the same [`ir::Protocol`], so that what is
//! checked is what is run and what is emitted.
//!
//! This crate holds no solver and no engine.

pub mod catalogue;
pub mod certificate;
pub mod code;
pub mod cursor;
pub mod data;
pub mod evaluate;
mod formula;
pub mod ids;
pub mod ir;
pub mod language;
pub mod topology;
pub mod verdict;
