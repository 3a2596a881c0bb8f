//! `arverify show`: a protocol as readable pseudo-code, one column for each role, and who signals whom.
//!
//! A role is a set of threads that execute the same statements. They are found by running every thread of a small
//! configuration, not by reading conditions: what is shown is what is executed. Each role has a letter, and a column one letter wide
//! that says which statements are its own; the road not taken is a copy of the statements for each role, which no terminal is wide
//! enough for.

mod listing;
mod signals;

use super::arguments::ShowArguments;
use super::target::{document, ranks_of};
use super::{InputError, print};
use arverify_protocol::code::{Code, SiteId};
use arverify_protocol::cursor::{Cursor, HostOperation, Operation, Position};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Span};
use listing::{letter, listing, wrapped};
use signals::signals;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Operations of one thread that are looked at.
const LONGEST: usize = 100_000;

/// Blocks that are enough to tell the first from the others.
const BLOCKS: u32 = 2;

/// Runs the command.
pub(super) fn run(arguments: &ShowArguments) -> Result<u8, InputError> {
    let document = document(&arguments.target)?;
    let assignments = match &arguments.variant {
        None => Vec::new(),
        Some(name) => {
            let variant = document
                .variant(name)
                .ok_or_else(|| InputError::message(format!("`{}` has no variant `{name}`", arguments.target)))?;
            variant.assignments.clone()
        }
    };
    let chosen: Vec<(&str, &str)> = assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
    let ranks = arguments.topology.as_ref().map_or(Ok(arguments.ranks), ranks_of)?;
    let protocol = document.resolve_at(&chosen, arguments.topology.as_ref())?;
    let threads = (ranks + 2).max(8);
    let vector = u64::from(DataType::F32.vector());
    let (blocks, threads) = if protocol.is_host_program() { (1, 1) } else { (BLOCKS, threads) };
    let sizes = Sizes {
        ranks,
        blocks,
        threads,
        elements: u64::from(blocks * threads * ranks) * vector,
        capacity: u64::from(blocks * threads * ranks) * vector,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let failed = |error: &dyn std::fmt::Display| InputError::message(format!("`{}`: {error}", arguments.target));
    let code = Code::new(&protocol, &sizes, true).map_err(|error| failed(&error))?;
    let found = if protocol.is_host_program() { host_roles(&protocol, &code) } else { roles(&protocol, &code) };
    let roles = found.map_err(|error| failed(&error))?;
    print(&render(&protocol, &code, &roles).map_err(|error| failed(&*error))?)?;
    Ok(0)
}

/// What a host thread does itself, and enqueues on each stream: a role each.
fn host_roles(protocol: &Protocol, code: &Code) -> Result<Vec<Role>, Box<dyn std::error::Error>> {
    let mut roles: BTreeMap<(u32, Vec<SiteId>), Role> = BTreeMap::new();
    for rank in 0..code.sizes.ranks {
        let arguments = protocol.argument_values(&code.sizes, rank, 0)?;
        let position = Position { rank, block: 0, thread: 0, launch: 0, grid: 1, arguments: &arguments };
        for (actor, sites) in host_sites(code, &position)? {
            let steps = || sites.iter().map(|site| step(code, *site)).collect();
            let role = || Role { threads: Vec::new(), steps: steps(), host: true };
            roles.entry((actor, sites.clone())).or_insert_with(role).threads.push((rank, actor, 0));
        }
    }
    let mut roles: Vec<Role> = roles.into_values().collect();
    roles.sort_by_key(|role| (role.threads[0].1, role.threads[0].0));
    Ok(roles)
}

/// The statements of a rank's host thread (0) and of its streams (1 + stream), each run of repetitions once.
fn host_sites(code: &Code, position: &Position<'_>) -> Result<BTreeMap<u32, Vec<SiteId>>, Box<dyn std::error::Error>> {
    let mut cursor = Cursor::start(code);
    let mut sites: BTreeMap<u32, Vec<SiteId>> = BTreeMap::new();
    let mut actor = 0;
    for _ in 0..LONGEST {
        let (operation, site) = cursor.next(code, position).map_err(|(fault, _)| fault)?;
        match operation {
            Operation::Exit => return Ok(sites),
            Operation::Host(HostOperation::Enter { stream }) => actor = 1 + stream,
            Operation::Host(HostOperation::Leave) => actor = 0,
            _ => {
                let known = sites.entry(actor).or_default();
                if !known.contains(&site) {
                    known.push(site);
                }
            }
        }
    }
    Err("a host thread does too much to be shown".into())
}

/// A statement as one thread executes it: its place, and the calls that lead there.
type Step = (Vec<Span>, Span);

/// Threads that execute the same statements.
struct Role {
    threads: Vec<(u32, u32, u32)>,
    steps: Vec<Step>,
    /// Of a host program: block 0 is the host thread, block 1 + s is stream s.
    host: bool,
}

fn roles(protocol: &Protocol, code: &Code) -> Result<Vec<Role>, Box<dyn std::error::Error>> {
    let mut roles: BTreeMap<Vec<SiteId>, Role> = BTreeMap::new();
    for rank in 0..code.sizes.ranks {
        let grid = protocol.grid_of(&code.sizes, rank)?;
        let arguments = protocol.argument_values(&code.sizes, rank, 0)?;
        for block in 0..grid {
            for thread in 0..code.sizes.threads {
                let position = Position { rank, block, thread, launch: 0, grid, arguments: &arguments };
                let sites = sites(code, &position)?;
                let steps = || sites.iter().map(|site| step(code, *site)).collect();
                let role = roles.entry(sites.clone()).or_insert_with(|| Role {
                    threads: Vec::new(),
                    steps: steps(),
                    host: false,
                });
                role.threads.push((rank, block, thread));
            }
        }
    }
    let mut roles: Vec<Role> = roles.into_values().collect();
    roles.sort_by_key(|role| role.threads[0]);
    Ok(roles)
}

fn step(code: &Code, site: SiteId) -> Step {
    let site = code.site(site);
    (site.calls.to_vec(), site.span.clone())
}

/// The statements one thread executes, each run of repetitions once.
fn sites(code: &Code, position: &Position<'_>) -> Result<Vec<SiteId>, Box<dyn std::error::Error>> {
    let mut cursor = Cursor::start(code);
    let mut sites: Vec<SiteId> = Vec::new();
    for _ in 0..LONGEST {
        let (operation, site) = cursor.next(code, position).map_err(|(fault, _)| fault)?;
        if operation == Operation::Exit {
            if !code.site(site).span.is_empty() {
                sites.push(site);
            }
            return Ok(sites);
        }
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
    Err("a thread executes too many operations to be shown".into())
}

/// Who a role is: `every rank, every block, threads 0–3`; `every rank, block 0, threads 1–7 and block 1, every thread`
fn heading(role: &Role, sizes: &Sizes) -> String {
    let [ranks, blocks] = extents(&role.threads);
    if role.host {
        let actor = match blocks[0].checked_sub(1) {
            None => "host thread".to_owned(),
            Some(0) => "stream 0 (the caller's)".to_owned(),
            Some(stream) => format!("stream {stream}"),
        };
        return format!("{}, {actor}", described("rank", &ranks, sizes.ranks));
    }
    // Ranks of which the same threads belong to it, and of those the blocks, stand together.
    let mut of_ranks: BTreeMap<Vec<(u32, u32)>, Vec<u32>> = BTreeMap::new();
    for rank in ranks {
        let own = role.threads.iter().filter(|at| at.0 == rank).map(|at| (at.1, at.2)).collect();
        of_ranks.entry(own).or_default().push(rank);
    }
    let parts = of_ranks.iter().map(|(threads, ranks)| {
        let mut of_blocks: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        for block in threads.iter().map(|at| at.0).collect::<BTreeSet<u32>>() {
            let own = threads.iter().filter(|at| at.0 == block).map(|at| at.1).collect();
            of_blocks.entry(own).or_default().push(block);
        }
        let blocks = of_blocks.iter().map(|(threads, blocks)| {
            format!("{}, {}", described("block", blocks, BLOCKS), described("thread", threads, sizes.threads))
        });
        format!("{}, {}", described("rank", ranks, sizes.ranks), blocks.collect::<Vec<_>>().join(" and "))
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Ranks and blocks, each once and sorted.
fn extents(threads: &[(u32, u32, u32)]) -> [Vec<u32>; 2] {
    let sorted = |list: BTreeSet<u32>| list.into_iter().collect();
    [sorted(threads.iter().map(|at| at.0).collect()), sorted(threads.iter().map(|at| at.1).collect())]
}

/// `every thread`, `thread 3`, `threads 2–7`
fn described(word: &str, list: &[u32], all: u32) -> String {
    match list {
        _ if list.len() as u32 == all => format!("every {word}"),
        [one] => format!("{word} {one}"),
        [first, .., last] if last - first + 1 == list.len() as u32 => format!("{word}s {first}–{last}"),
        list => format!("{word}s {}", list.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn render(protocol: &Protocol, code: &Code, roles: &[Role]) -> Result<String, Box<dyn std::error::Error>> {
    let Sizes { ranks, blocks, threads, .. } = code.sizes;
    let mut text = wrapped("", &format!("{}: {}", protocol.name, protocol.summary));
    let grid =
        if protocol.is_host_program() { String::new() } else { format!(" × {blocks} blocks × {threads} threads") };
    let _ = writeln!(text, "\nwho, of {ranks} ranks{grid}:");
    for (number, role) in roles.iter().enumerate() {
        text.push_str(&wrapped(&format!("  {}  ", letter(number)), &heading(role, &code.sizes)));
    }
    text.push_str("\nline  who\n");
    text.push_str(&listing(protocol, roles));
    if !protocol.is_host_program() {
        let signals = signals(protocol, code)?;
        if !signals.is_empty() {
            let _ = write!(text, "\nsignals, and the waits that they satisfy:\n{signals}");
        }
    }
    Ok(text)
}
