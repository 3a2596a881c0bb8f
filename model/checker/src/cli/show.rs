//! `arverify show`: a protocol as readable pseudo-code, one column for each role.
//!
//! A role is a set of threads that execute the same statements. They are found by running every thread of a small
//! configuration, not by reading conditions: what is shown is what is executed.

use super::arguments::ShowArguments;
use super::target::{document, ranks_of};
use super::{InputError, print};
use arverify_protocol::code::{Code, SiteId};
use arverify_protocol::cursor::{Cursor, HostOperation, Operation, Position};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Protocol, Span};
use std::collections::BTreeMap;
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
    let protocol = document
        .resolve_at(&chosen, arguments.topology.as_ref())
        .map_err(|errors| InputError::Rendered(errors.to_string()))?;
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
    print(&render(&protocol, &code, &roles))?;
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

/// Ranges for people: `threads 0–3 of block 0`.
fn heading(role: &Role, sizes: &Sizes) -> String {
    let mut ranks: Vec<u32> = role.threads.iter().map(|at| at.0).collect();
    let mut blocks: Vec<u32> = role.threads.iter().map(|at| at.1).collect();
    let mut threads: Vec<u32> = role.threads.iter().map(|at| at.2).collect();
    for list in [&mut ranks, &mut blocks, &mut threads] {
        list.sort_unstable();
        list.dedup();
    }
    let span = |word: &str, list: &[u32], all: u32| match list {
        _ if list.len() as u32 == all => format!("every {word}"),
        [one] => format!("{word} {one}"),
        [first, .., last] if last - first + 1 == list.len() as u32 => format!("{word}s {first}–{last}"),
        list => format!("{word}s {}", list.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    };
    if role.host {
        let actor = match blocks[0].checked_sub(1) {
            None => "host thread".to_owned(),
            Some(0) => "stream 0 (the caller's)".to_owned(),
            Some(stream) => format!("stream {stream}"),
        };
        return format!("{}, {actor}", span("rank", &ranks, sizes.ranks));
    }
    format!(
        "{}, {}, {}",
        span("rank", &ranks, sizes.ranks),
        span("block", &blocks, BLOCKS),
        span("thread", &threads, sizes.threads)
    )
}

fn render(protocol: &Protocol, code: &Code, roles: &[Role]) -> String {
    // The order of the text, a procedure's statements where it is called.
    let mut order: Vec<&Step> = roles.iter().flat_map(|role| &role.steps).collect();
    order.sort_by_key(|(calls, own)| (calls.first().map_or(own.start, |call| call.start), own.start));
    order.dedup();
    let words = |step: &Step| {
        let text = protocol.source.text.get(step.1.start as usize..step.1.end as usize).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let headings: Vec<String> = roles.iter().map(|role| heading(role, &code.sizes)).collect();
    let width = |column: usize| {
        let cells = roles[column].steps.iter().map(|step| words(step).chars().count());
        (cells.max().unwrap_or(0) + 2).max(headings[column].chars().count())
    };
    let widths: Vec<usize> = (0..roles.len()).map(width).collect();
    let mut text = format!("{}: {}\n\n", protocol.name, protocol.summary);
    let mut line = |line: &str, cells: Vec<String>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        let _ = writeln!(text, "{}", format!("{line:>4}  {}", padded.join("  |  ")).trim_end());
    };
    line("line", headings.clone());
    line("", widths.iter().map(|width| "-".repeat(*width)).collect());
    let mut within: &[Span] = &[];
    for step in order {
        if step.0 != within {
            within = &step.0;
            if let Some(call) = within.first() {
                let number = protocol.source.line_column(call.start).0.to_string();
                line(&number, vec![format!("{}:", words(&(Vec::new(), call.clone())))]);
            }
        }
        let number = protocol.source.line_column(step.1.start).0.to_string();
        let indent = if step.0.is_empty() { "" } else { "  " };
        let cells = roles
            .iter()
            .map(|role| if role.steps.contains(step) { format!("{indent}{}", words(step)) } else { String::new() })
            .collect();
        line(&number, cells);
    }
    text
}
