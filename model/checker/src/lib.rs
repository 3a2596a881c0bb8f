//! A model checker for multi-GPU synchronisation under the PTX memory model.
//!
//! [`program`] defines the operations that front ends lower to; [`memory`] is the memory model; [`machine`] performs
//! operations and lists choices; [`check`] explores them with Stateright and decides the verdict; [`suggest`] looks for a change that
//! mends what was found; [`report`] prints;
//! [`ptx`] reads kernels in PTX and how they are launched; [`litmus`] reads litmus tests, which
//! [`axioms`] (the memory model in z3), [`outcomes`] (the machine) and [`liveness`] (progress models) judge; [`prove`]
//! proves what holds of a protocol at all sizes; [`cli`] is the command line, which has [`compiler`] turn CUDA into PTX.
//! Arrows go that way only: a front end never knows the machine, and the machine never
//! knows a front end.

pub mod axioms;
pub mod check;
pub mod cli;
pub mod compiler;
pub mod graphs;
pub mod litmus;
pub mod liveness;
pub mod machine;
pub mod memory;
pub mod outcomes;
pub mod process;
pub mod program;
pub mod prove;
pub mod ptx;
pub mod report;
pub mod suggest;
