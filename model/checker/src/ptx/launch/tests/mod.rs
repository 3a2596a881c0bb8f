//! LAUNCH.toml: meaning, layout, mistakes, drafts, the published examples, and files that nobody would write.

mod drafts;
mod errors;
mod expressions;
mod fuzz;
mod parameters;
mod steps;
mod zoo;

use super::{Description, Launch, Overrides, Parameter, parse};

/// A file that has everything, on two ranks.
const FILE: &str = r#"
kernel = "oneshot"
ranks = 2
grid = [2, 1, 1]
block = "4 * ranks"
launches = 3
shared_bytes = "block * 4"

[[buffer]]
name = "input"
bytes = 64
dtype = "f16"
init = "random"
refresh = true

[[buffer]]
name = "comm"
bytes = "32 * ranks"
dtype = "u32"
init = { value = 0x8000_0000 }

[[buffer]]
name = "output"
bytes = 64
dtype = "f16"
init = "poison"

[[arg]]
ptr = "input"

[[arg]]
table = "comm"
slots = 8

[[arg]]
u32 = "launch + 1"

[[arg]]
struct = [ { u8 = 7 }, { ptr = "comm", offset = "rank * 16", rank = "(rank + 1) % ranks" }, { ptrs = "output", slots = 3 }, { i32 = "rank - 1" } ]

[expect]
buffer = "output"
equals = "sum"
of = "input"
order = "same-on-all-ranks"
"#;

fn description(text: &str) -> Description {
    parse("launch.toml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn launch(text: &str) -> Launch {
    Launch::new(&description(text), &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A parameter of a kernel.
fn parameter(declared: &str, bytes: u64, alignment: u64) -> Parameter {
    Parameter { name: format!("p{bytes}"), bytes, alignment, declared: declared.to_owned() }
}

/// What the kernel of [`FILE`] takes.
fn parameters() -> Vec<Parameter> {
    vec![
        parameter(".u64", 8, 8),
        parameter(".u64", 8, 8),
        parameter(".u32", 4, 4),
        parameter(".align 8 .b8[48]", 48, 8),
    ]
}
