//! How an emitted kernel is launched, as LAUNCH.toml: so that its PTX is checked by the front end that checks anybody's.
//!
//! Decision: text, not the front end's own structures. A user gets the same file to check a changed kernel with, and
//! what is checked passes through the same parser and the same checks of sizes. The road not taken is to hand over the
//! protocol's values directly, which would check the kernel against the generator's own idea of its parameters.

use arverify_model::program::lengths::Lengths;
use arverify_protocol::certificate::{BufferEntry, KernelEntry, Parameter};
use arverify_protocol::evaluate::{EvaluationError, Sizes};
use arverify_protocol::ir::{Collective, Element, Expectation, Initially, Protocol, Reduction};
use std::fmt::Write;

/// The launch of a kernel with `blocks` blocks, and on each rank a capacity and launches of these lengths in turn. Every
/// buffer must have a byte.
pub fn render_launch(
    entry: &KernelEntry,
    protocol: &Protocol,
    blocks: u32,
    (capacity, lengths): (u64, &Lengths),
    launches: u32,
) -> Result<String, EvaluationError> {
    let sizes = entry.sizes(blocks, capacity);
    let by_launch: Vec<Sizes> = (0..launches).map(|launch| Sizes { elements: lengths.at(launch), ..sizes }).collect();
    let mut text = format!("# {}: written by argen from {}\n", entry.entry, entry.protocol_file);
    let grids = (0..entry.ranks).map(|rank| protocol.grid_of(&sizes, rank)).collect::<Result<Vec<_>, _>>()?;
    let grid = by_rank_and_launch(entry.ranks, 1, |rank, _| u64::from(grids[rank as usize]));
    let Sizes { threads, .. } = sizes;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "kernel = \"{}\"\nranks = {}\ngrid = \"{grid}\"\nblock = {threads}\nlaunches = {launches}\n",
        entry.entry, entry.ranks
    );
    let shapes = protocol.shapes(&sizes)?;
    for buffer in &entry.buffers {
        let elements: u64 = shapes[buffer.id as usize].iter().product();
        text.push_str(&buffer_text(buffer, elements, &sizes));
        text.push_str(&used(entry, protocol, buffer, elements, &by_launch)?);
        let is_output = |expected: &Expectation| protocol.buffer(expected.output).name == buffer.name;
        if protocol.expectation.as_ref().is_some_and(|expected| is_output(expected) && word(expected).is_none()) {
            text.push_str("read = true\n");
        }
    }
    text.push_str(&arguments(entry, protocol, &sizes, &by_launch)?);
    text.push_str(&expectation(protocol));
    Ok(text)
}

fn buffer_text(buffer: &BufferEntry, elements: u64, sizes: &Sizes) -> String {
    let (dtype, size) = element(buffer, sizes);
    let initial = match buffer.initially {
        Initially::Poison => "\"poison\"".to_owned(),
        Initially::Random => "\"random\"".to_owned(),
        Initially::Word(value) => format!("{{ value = {value} }}"),
    };
    let refresh = if buffer.refreshed { "refresh = true\n" } else { "" };
    let bytes = elements.saturating_mul(size);
    format!(
        "\n[[buffer]]\nname = \"{}\"\nbytes = {bytes}\ndtype = \"{dtype}\"\ninit = {initial}\n{refresh}",
        buffer.name
    )
}

/// Name and bytes of a buffer's elements.
fn element(buffer: &BufferEntry, sizes: &Sizes) -> (&'static str, u64) {
    match buffer.element {
        Element::Data => (sizes.data.name(), u64::from(sizes.data.bytes())),
        Element::Word => ("u32", 4),
        Element::Packet => ("u64", 8),
    }
}

/// How much of a buffer each launch uses, where it is less than all.
fn used(
    entry: &KernelEntry,
    protocol: &Protocol,
    buffer: &BufferEntry,
    all: u64,
    by_launch: &[Sizes],
) -> Result<String, EvaluationError> {
    let elements = |sizes: &Sizes| Ok(protocol.shapes(sizes)?[buffer.id as usize].iter().product());
    let used = by_launch.iter().map(elements).collect::<Result<Vec<u64>, EvaluationError>>()?;
    if used.iter().all(|elements| *elements == all) {
        return Ok(String::new());
    }
    let bytes = |_, launch: u32| {
        let (_, size) = element(buffer, &by_launch[launch as usize]);
        used[launch as usize].saturating_mul(size)
    };
    Ok(format!("used = \"{}\"\n", by_rank_and_launch(entry.ranks, used.len() as u32, bytes)))
}

fn arguments(
    entry: &KernelEntry,
    protocol: &Protocol,
    sizes: &Sizes,
    by_launch: &[Sizes],
) -> Result<String, EvaluationError> {
    let launches = by_launch.len() as u32;
    let mut text = String::new();
    for parameter in &entry.parameters {
        let argument = match parameter {
            Parameter::Own { buffer } => format!("ptr = \"{buffer}\""),
            Parameter::Instances { buffer } => {
                format!("struct = [ {{ ptrs = \"{buffer}\", slots = {} }} ]", entry.ranks)
            }
            Parameter::Rank => "u32 = \"rank\"".to_owned(),
            Parameter::Blocks => format!("u32 = \"{}\"", sizes.blocks),
            Parameter::Capacity => format!("u64 = \"{}\"", sizes.capacity),
            Parameter::Elements => {
                let length = |_, launch: u32| by_launch[launch as usize].elements;
                format!("u64 = \"{}\"", by_rank_and_launch(entry.ranks, launches, length))
            }
            // It waits for ever, and has nowhere to write that it did not.
            Parameter::Deadline | Parameter::Status => "u64 = \"0\"".to_owned(),
            Parameter::Argument { name } => {
                let index = protocol.arguments.iter().position(|argument| argument.name == *name).unwrap_or(0);
                let mut values = Vec::new();
                for rank in 0..entry.ranks {
                    for (launch, sizes) in (0..).zip(by_launch) {
                        values.push(protocol.argument_values(sizes, rank, launch)?[index]);
                    }
                }
                let value = |rank: u32, launch: u32| u64::from(values[(rank * launches + launch) as usize]);
                format!("u32 = \"{}\"", by_rank_and_launch(entry.ranks, launches, value))
            }
        };
        let _ = write!(text, "\n[[arg]]\n{argument}\n");
    }
    Ok(text)
}

/// What `[expect]` calls it; for what it has no word for, synchronisation alone is checked.
fn word(expectation: &Expectation) -> Option<&'static str> {
    Some(match expectation.collective {
        Collective::AllReduce(Reduction::Sum) => "sum",
        Collective::AllReduce(Reduction::Max) => "max",
        Collective::AllReduce(Reduction::Min) => "min",
        Collective::AllGather => "gather",
        Collective::ReduceScatter(Reduction::Sum) => "reduce-scatter",
        Collective::Broadcast => "broadcast",
        Collective::ReduceScatter(_) | Collective::Shift | Collective::Transfer => return None,
    })
}

fn expectation(protocol: &Protocol) -> String {
    let Some(expectation) = &protocol.expectation else { return String::new() };
    let Some(equals) = word(expectation) else { return String::new() };
    let order = if expectation.same_on_all_ranks { "same-on-all-ranks" } else { "any" };
    let name = |buffer: arverify_protocol::ids::BufferId| &protocol.buffer(buffer).name;
    format!(
        "\n[expect]\nbuffer = \"{}\"\nequals = \"{equals}\"\nof = \"{}\"\norder = \"{order}\"\n",
        name(expectation.output),
        name(expectation.input)
    )
}

/// An expression over `rank` and `launch` that has these values: a chain of conditions, or one number.
fn by_rank_and_launch(ranks: u32, launches: u32, value: impl Fn(u32, u32) -> u64) -> String {
    let last = value(ranks - 1, launches - 1);
    let cells = (0..ranks).flat_map(|rank| (0..launches).map(move |launch| (rank, launch)));
    let same_on_ranks = (0..launches).all(|launch| (0..ranks).all(|rank| value(rank, launch) == value(0, launch)));
    let mut text = String::new();
    for (rank, launch) in cells {
        let value = value(rank, launch);
        if value == last || (same_on_ranks && rank > 0) {
            continue;
        }
        let condition = match (same_on_ranks, launches) {
            (true, _) => format!("launch == {launch}"),
            (false, 1) => format!("rank == {rank}"),
            (false, _) => format!("rank == {rank} && launch == {launch}"),
        };
        let _ = write!(text, "{condition} ? {value} : ");
    }
    text + &last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_the_shortest_chain() {
        assert_eq!(by_rank_and_launch(4, 3, |_, _| 7), "7");
        assert_eq!(
            by_rank_and_launch(2, 3, |_, launch| u64::from(launch) + 1),
            "launch == 0 ? 1 : launch == 1 ? 2 : 3"
        );
        assert_eq!(by_rank_and_launch(3, 1, |rank, _| u64::from(2 - rank)), "rank == 0 ? 2 : rank == 1 ? 1 : 0");
    }
}
