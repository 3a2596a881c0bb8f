//! Runs certified kernels of collectives: on GPUs, or on the CPU where there is none.
//!
//! ```text
//! Kernels (a verified certificate) ──► Plan (sizes) ──► Group ──► Ledger (who calls what) ──► Backend: Cpu, Cuda
//! ```
//!
//! What runs is what `argen` emitted for a protocol that `arverify` verified; anything else is refused. Nothing hangs:
//! a peer that died or asks for something else is an error that says who waited for what. All `unsafe` code of the
//! project is in this crate, each block with the argument why it is sound.
//!
//! ```
//! use arverify_runtime::{Cpu, DataType, Group, Kernels, Settings};
//!
//! let group = Group::<Cpu>::new(&Kernels::bundled()?, &Settings::new(2, DataType::F32, 1024))?;
//! std::thread::scope(|scope| {
//!     for rank in 0..2 {
//!         let mut handle = group.rank(rank).expect("there are two");
//!         scope.spawn(move || {
//!             let mut sum = [0.0_f32; 3];
//!             handle.all_reduce(&[1.0, 2.0, rank as f32], &mut sum).expect("the peer is alive");
//!             assert_eq!(sum, [2.0, 4.0, 1.0]);
//!         });
//!     }
//! });
//! # Ok::<(), arverify_runtime::Error>(())
//! ```
//!
//! Collectives are calls of all ranks; [`RankHandle::send`] and [`RankHandle::recv`] are of two, which run the protocol of
//! a pair on buffers of their own.
//!
//! Not modelled: ranks in other processes or on other machines.

mod algorithm;
mod backend;
mod collective;
mod cpu;
mod cuda;
mod error;
mod group;
mod kernels;
mod ledger;
mod number;
mod plan;
mod transfer;

pub use algorithm::{Algorithm, Thresholds};
pub use backend::{Backend, Call};
pub use collective::Collective;
pub use cpu::Cpu;
pub use cuda::Cuda;
pub use error::{Error, Expired};
pub use group::{Group, Kill, RankHandle};
pub use kernels::Kernels;
pub use number::Number;
pub use plan::{Plan, Settings};

pub use arverify_protocol::data::{Accumulate, DataType};

#[cfg(test)]
extern crate self as arverify_runtime;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod test_certificates;
