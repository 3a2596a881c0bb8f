//! Who stands where in a picture: a lane for each thread of a trace, and which threads share one.
//!
//! Threads of a block that do the same, step for step, share a lane: their operations differ in numbers only, and what each of
//! them read was written before the first of them reads. What begins and ends launches has a lane of its own, the rank's stream.

use arverify_protocol::verdict::{Role, StepKind, ThreadName, TraceStep};

/// Who a lane belongs to. The order is that of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) rank: u32,
    /// Of a thread; `None` for what begins and ends a rank's launches.
    pub(super) thread: Option<(Role, u32, u32)>,
}

impl Key {
    fn of(step: &TraceStep) -> Key {
        let ThreadName { rank, block, thread, role, .. } = step.thread;
        let is_of_stream = matches!(step.kind, StepKind::Launch | StepKind::End);
        Key { rank, thread: (!is_of_stream).then_some((role, block, thread)) }
    }
}

/// A lane.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) key: Key,
    /// Numbers of the threads that share it.
    pub(super) threads: Vec<u32>,
    /// Indices of the steps of its first thread.
    pub(super) steps: Vec<usize>,
}

/// The lanes of a trace, in order; and of each step the lane, and the step that stands for it.
pub(super) struct Lanes {
    pub(super) all: Vec<Lane>,
    pub(super) of: Vec<(usize, usize)>,
}

impl Lanes {
    pub(super) fn new(trace: &[TraceStep]) -> Lanes {
        let mut own: Vec<(Key, Vec<usize>)> = Vec::new();
        for (index, step) in trace.iter().enumerate() {
            let key = Key::of(step);
            match own.iter_mut().find(|(known, _)| *known == key) {
                Some((_, steps)) => steps.push(index),
                None => own.push((key, vec![index])),
            }
        }
        own.sort_by_key(|(key, _)| *key);
        let mut all: Vec<Lane> = Vec::new();
        let mut of = vec![(0, 0); trace.len()];
        for (key, mut steps) in own {
            let number = key.thread.map_or(0, |(_, _, thread)| thread);
            let same = all.iter().position(|lane| is_alike(trace, (lane.key, &lane.steps), (key, &steps)));
            let lane = same.unwrap_or(all.len());
            match same {
                Some(lane) => all[lane].threads.push(number),
                None => all.push(Lane { key, threads: vec![number], steps: steps.clone() }),
            }
            for (index, first) in steps.drain(..).zip(&all[lane].steps) {
                of[index] = (lane, *first);
            }
        }
        Lanes { all, of }
    }

    /// The lane of a thread that has steps.
    pub(super) fn of_thread(&self, name: &ThreadName) -> Option<usize> {
        let is_its = |lane: &Lane| {
            lane.key.rank == name.rank
                && lane.key.thread.is_some_and(|(role, block, _)| (role, block) == (name.role, name.block))
                && lane.threads.contains(&name.thread)
        };
        self.all.iter().position(is_its)
    }
}

/// Whether a thread does what the first of a lane does.
fn is_alike(trace: &[TraceStep], (lane, first): (Key, &[usize]), (key, steps): (Key, &[usize])) -> bool {
    let group = |key: Key| key.thread.map(|(role, block, _)| (key.rank, role, block));
    group(lane).is_some()
        && group(lane) == group(key)
        && first.len() == steps.len()
        && first.iter().zip(steps).all(|(first, own)| {
            let (one, other) = (&trace[*first], &trace[*own]);
            let what = |step: &TraceStep| {
                let meeting = step.meeting.as_ref().map(|meeting| meeting.number);
                (step.kind, step.line, step.call, step.thread.launch, meeting, step.racing)
            };
            // The step that stands for both comes first: what either read must stand before it.
            let written = other.reads_from.is_none_or(|write| (write as usize) <= *first);
            what(one) == what(other)
                && !one.racing
                && one.reads_from.is_some() == other.reads_from.is_some()
                && written
                && without_numbers(&one.operation) == without_numbers(&other.operation)
        })
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}

impl Lane {
    /// What stands above it, in two lines, and in full.
    pub(super) fn heading(&self, is_narrow: bool) -> ([String; 2], String) {
        let rank = self.key.rank;
        let Some((role, block, _)) = self.key.thread else {
            return (["stream".to_owned(), String::new()], format!("the stream of rank {rank}"));
        };
        let threads = numbers(&self.threads);
        let several = if self.threads.len() > 1 { "s" } else { "" };
        let (long, short) = (format!("thread{several} {threads}"), format!("t{threads}"));
        let thread = if is_narrow { short } else { long.clone() };
        let blocks = if is_narrow { format!("b{block}") } else { format!("block {block}") };
        let full = format!("rank {rank} block {block} {long}");
        match role {
            Role::Thread => ([blocks, thread], full),
            Role::Kernel { step, name } => {
                let first = if is_narrow { format!("s{step} b{block}") } else { format!("step {step} block {block}") };
                ([first, thread], format!("{full} of step {step}, `{name}`"))
            }
            Role::Copy => (["copy of".to_owned(), format!("b{block} t{threads}")], format!("a copy of {full}")),
            Role::Host => (["host".to_owned(), String::new()], format!("the host of rank {rank}")),
            Role::Stream(stream) => {
                (["stream".to_owned(), stream.to_string()], format!("stream {stream} of rank {rank}"))
            }
            Role::Helper(stream) => {
                (["group of".to_owned(), format!("s{stream}")], format!("the group of stream {stream} of rank {rank}"))
            }
        }
    }
}

/// `0–3`, or `0, 2, 5`, or `0, 2, …`.
fn numbers(all: &[u32]) -> String {
    let mut all = all.to_vec();
    all.sort_unstable();
    match all[..] {
        [one] => one.to_string(),
        [first, .., last] if last - first + 1 == all.len() as u32 => format!("{first}–{last}"),
        [first, second] => format!("{first}, {second}"),
        [first, second, ..] => format!("{first}, {second}, …"),
        [] => String::new(),
    }
}
