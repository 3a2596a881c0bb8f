//! Front end: kernels in PTX.

pub mod launch;
