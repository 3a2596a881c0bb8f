//! Memory under the PTX model: causality clocks, races per byte range, and what a flag may be read as.
//!
//! * [`assumed`]: what is handed on beyond causality, under assumptions.
//! * [`clock`]: who has seen whose operations, hierarchically.
//! * `retired`: messages that nobody can read any more.
//! * [`scope`]: which operations are morally strong.
//! * [`shadow`]: the last weak accesses to every byte range.
//! * [`shared`]: parts of a state that states share.
//! * [`slot`]: the messages of strongly accessed words; [`slots`]: all those words, by place.
//! * `stretch`: long rows at whose vectors threads take turns.

pub mod assumed;
pub mod clock;
mod retired;
pub mod scope;
pub mod shadow;
pub mod shared;
pub mod slot;
pub mod slots;
mod stretch;
