//! Generators that know what goes wrong: random programs made of the idioms by which threads communicate, and mutants of
//! compiled kernels, each asked of two that should agree.
//!
//! | module | what |
//! |---|---|
//! | `random` | numbers that a seed gives again |
//! | `layout` | the threads that communicate |
//! | `place` | words, values, comparisons, orders |
//! | `writer`, `loops` | accesses, ways to publish and to wait, in PTX and in the language |
//! | `steps` | an idiom as steps of its threads |
//! | `signals`, `packets`, `counters`, `orders`, `blocks`, `host` | the idioms |
//! | `program` | a program of several idioms |
//! | `damage` | one line changed |
//! | `render` | a program as text |
//! | `mutants` | compiled kernels with lines changed |
//! | `compare` | two answers to one program |
//! | `shrink` | as little as still differs |
//! | `session`, `report` | many cases |
//!
//! Decision: kernels rather than litmus tests, because what went wrong went wrong between the loops, launches, barriers
//! and hosts of kernels. The road not taken is a grammar of random instructions: nearly all it gives hangs, races at once,
//! or does not communicate.
//! Not made: bulk copies, mbarriers, clusters, floating-point data, and programs of several kernels.

pub(crate) mod blocks;
pub(crate) mod compare;
pub(crate) mod counters;
pub(crate) mod damage;
pub(crate) mod host;
pub(crate) mod layout;
pub(crate) mod loops;
pub(crate) mod mutants;
pub(crate) mod orders;
pub(crate) mod packets;
pub(crate) mod place;
pub(crate) mod program;
pub(crate) mod random;
pub(crate) mod render;
pub(crate) mod report;
pub(crate) mod session;
pub(crate) mod shrink;
pub(crate) mod signals;
pub(crate) mod steps;
pub(crate) mod writer;
