//! Who signals whom: which wait a store or read-modify-write of a pad's slot can satisfy, by place and value.
//!
//! Two launches are gone through, thread by thread: a load has what the launch before left in memory, a read-modify-write what it
//! finds, and every wait is taken for satisfied. So values that depend on what peers send are not known, and nothing is said of
//! interleavings: that is what `check` is for. Not looked at: events and transfers of host programs, whose words say it themselves.

use super::listing::{words, wrapped};
use super::{BLOCKS, LONGEST};
use arverify_protocol::code::{Code, SiteId};
use arverify_protocol::cursor::{Address, Cursor, Operation, Position};
use arverify_protocol::ir::{AtomicOperation, Compare, Initially, Protocol};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// Launches that are gone through: a signal may be for the next one.
const LAUNCHES: u32 = 2;

/// Rank, block, thread.
type Who = (u32, u32, u32);

/// A store or read-modify-write of a slot.
struct Signal {
    site: SiteId,
    who: Who,
    launch: u32,
    /// What the slot holds then; none where others add to it, too.
    value: Option<u32>,
}

/// A wait for a slot.
struct Wait {
    site: SiteId,
    who: Who,
    launch: u32,
    address: Address,
    compare: Compare,
    value: u32,
}

/// What the threads do to slots.
#[derive(Default)]
struct Slots {
    signals: HashMap<Address, Vec<Signal>>,
    waits: Vec<Wait>,
    /// Memory at the beginning of the launch, and now.
    before: HashMap<Address, u32>,
    now: HashMap<Address, u32>,
}

/// Which signal satisfies which wait.
#[derive(Default)]
struct Pair {
    who: BTreeSet<(Who, Who)>,
    /// The signal is one of the launch before.
    is_late: bool,
    adds: bool,
}

/// Everything there is to say, in sentences.
pub(super) fn signals(protocol: &Protocol, code: &Code) -> Result<String, Box<dyn std::error::Error>> {
    let mut slots = Slots::default();
    for launch in 0..LAUNCHES {
        for rank in 0..code.sizes.ranks {
            let grid = protocol.grid_of(&code.sizes, rank)?;
            let arguments = protocol.argument_values(&code.sizes, rank, launch)?;
            for block in 0..grid {
                for thread in 0..code.sizes.threads {
                    let position = Position { rank, block, thread, launch, grid, arguments: &arguments };
                    slots.go_through(protocol, code, &position)?;
                }
            }
        }
        slots.before.clone_from(&slots.now);
    }
    Ok(described(protocol, code, &slots))
}

impl Slots {
    fn go_through(
        &mut self,
        protocol: &Protocol,
        code: &Code,
        position: &Position<'_>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let mut cursor = Cursor::start(code);
        let who = (position.rank, position.block, position.thread);
        let launch = position.launch;
        for _ in 0..LONGEST {
            let (operation, site) = cursor.next(code, position).map_err(|(fault, _)| fault)?;
            match operation {
                Operation::Exit => return Ok(()),
                Operation::Load { address, .. } => {
                    let value = self.before.get(&address).copied().unwrap_or_else(|| initial(protocol, address));
                    cursor.supply(code, u64::from(value));
                }
                Operation::Store { address, value, .. } => {
                    self.now.insert(address, value);
                    self.signal(protocol, address, Signal { site, who, launch, value: Some(value) });
                }
                Operation::Atomic { address, operation, operand, expected, returns, .. } => {
                    let old = self.now.get(&address).copied().unwrap_or_else(|| initial(protocol, address));
                    let new = operation.apply(old, operand, expected);
                    self.now.insert(address, new);
                    if returns {
                        cursor.supply(code, u64::from(old));
                    }
                    let value = (operation == AtomicOperation::Exchange).then_some(new);
                    self.signal(protocol, address, Signal { site, who, launch, value });
                }
                Operation::Await { address, compare, value, .. } => {
                    self.waits.push(Wait { site, who, launch, address, compare, value });
                }
                _ => {}
            }
        }
        Err("a thread executes too many operations to be shown".into())
    }

    fn signal(&mut self, protocol: &Protocol, address: Address, signal: Signal) {
        if protocol.buffer(address.buffer).pad {
            self.signals.entry(address).or_default().push(signal);
        }
    }

    /// Signals of the wait's own launch, or where there are none, of the launch before; of a wait for a count those of the launch
    /// before, where they satisfy it: it counts up.
    fn of(&self, wait: &Wait) -> (Vec<&Signal>, bool) {
        let all = self.signals.get(&wait.address).map_or(&[][..], Vec::as_slice);
        let fits = |signal: &&Signal| signal.value.is_none_or(|value| wait.compare.holds(value, wait.value));
        let of = |launch: u32| all.iter().filter(|signal| signal.launch == launch).filter(fits).collect::<Vec<_>>();
        let own = of(wait.launch);
        let before = wait.launch.checked_sub(1).map(of).unwrap_or_default();
        let is_exact = matches!(wait.compare, Compare::Equal | Compare::NotEqual);
        let counts = before.iter().any(|signal| signal.value.is_none());
        if !before.is_empty() && (own.is_empty() || !is_exact && !counts) { (before, true) } else { (own, false) }
    }
}

fn initial(protocol: &Protocol, address: Address) -> u32 {
    match protocol.buffer(address.buffer).initially {
        Initially::Word(value) => value,
        Initially::Poison | Initially::Random => 0,
    }
}

fn described(protocol: &Protocol, code: &Code, slots: &Slots) -> String {
    let mut pairs: BTreeMap<(SiteId, SiteId), Pair> = BTreeMap::new();
    let mut unsatisfied: BTreeMap<SiteId, bool> = BTreeMap::new();
    for wait in &slots.waits {
        let (signals, is_late) = slots.of(wait);
        for signal in &signals {
            let pair = pairs.entry((signal.site, wait.site)).or_default();
            pair.who.insert((signal.who, wait.who));
            pair.is_late |= is_late;
            pair.adds |= signal.value.is_none();
        }
        if signals.is_empty() {
            let holds = wait.compare.holds(initial(protocol, wait.address), wait.value);
            *unsatisfied.entry(wait.site).or_insert(true) &= holds;
        }
    }
    let place = |site: SiteId| place(protocol, code, site);
    let mut text = String::new();
    let all: BTreeSet<SiteId> = slots.signals.values().flatten().map(|signal| signal.site).collect();
    for site in all {
        let own: Vec<_> = pairs.iter().filter(|((signal, _), _)| *signal == site).collect();
        let _ = writeln!(text, "  {}", place(site));
        for ((_, wait), pair) in &own {
            let verb = if pair.adds { "counts for" } else { "satisfies" };
            text.push_str(&wrapped("    ", &format!("{verb} {}", place(*wait))));
            text.push_str(&wrapped("      ", &sentence(code, pair)));
        }
        if own.is_empty() {
            text.push_str("    nobody waits for this value\n");
        }
    }
    for (site, holds) in unsatisfied {
        if pairs.keys().any(|(_, wait)| *wait == site) {
            continue;
        }
        let what =
            if holds { "what the pad holds at first satisfies it" } else { "nothing in two launches satisfies it" };
        let _ = writeln!(text, "  {}\n    {what}", place(site));
    }
    text
}

/// `line 62, called at 85: store …`
fn place(protocol: &Protocol, code: &Code, site: SiteId) -> String {
    let site = code.site(site);
    let line = |start: u32| protocol.source.line_column(start).0;
    let calls: String = site.calls.last().map_or(String::new(), |call| format!(", called at {}", line(call.start)));
    let mut words = words(protocol, &site.span);
    if words.chars().count() > 60 {
        words = words.chars().take(59).chain(['…']).collect();
    }
    format!("line {}{calls}: `{words}`", line(site.span.start))
}

/// `every rank tells every rank, itself included, block by block; so thread 1 of rank 0 tells thread 0 of rank 1`
fn sentence(code: &Code, pair: &Pair) -> String {
    let ranks = ranks(pair, code.sizes.ranks);
    let blocks = match () {
        () if pair.who.iter().any(|(from, to)| from.1 != to.1) => ", across blocks",
        () if pair.who.iter().any(|(from, _)| from.1 != 0) && BLOCKS > 1 => ", block by block",
        () => ", from block 0 to block 0",
    };
    let late = if pair.is_late { "in the next launch, " } else { "" };
    // Two different ranks say more than one and the same.
    let example = pair.who.iter().find(|(from, to)| from.0 != to.0).or(pair.who.first());
    let example = example.map_or(String::new(), |(from, to)| {
        let same = from.1 == to.1;
        let block = if same { String::new() } else { format!(" of block {}", from.1) };
        let other = if same { String::new() } else { format!(" of block {}", to.1) };
        format!("; so thread {}{block} of rank {} tells thread {}{other} of rank {}", from.2, from.0, to.2, to.0)
    });
    format!("{late}{ranks}{blocks}{example}")
}

/// Which ranks tell which.
fn ranks(pair: &Pair, all: u32) -> String {
    let mut told: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (from, to) in &pair.who {
        told.entry(from.0).or_default().insert(to.0);
    }
    let who = match told.len() as u32 {
        number if number == all => "every rank".to_owned(),
        1 => format!("rank {}", told.keys().next().copied().unwrap_or_default()),
        _ => format!("ranks {}", listed(told.keys())),
    };
    let verb = if who.starts_with("ranks") { "tell" } else { "tells" };
    let every = |wanted: &dyn Fn(u32) -> BTreeSet<u32>| told.iter().all(|(from, to)| *to == wanted(*from));
    let whom = if every(&|from| BTreeSet::from([from])) {
        "itself".to_owned()
    } else if every(&|_| (0..all).collect()) {
        "every rank, itself included".to_owned()
    } else if every(&|from| (0..all).filter(|rank| *rank != from).collect()) {
        if all == 2 { "the other rank".to_owned() } else { "every other rank".to_owned() }
    } else if every(&|from| BTreeSet::from([(from + 1) % all])) {
        "the next rank".to_owned()
    } else if every(&|from| BTreeSet::from([(from + all - 1) % all])) {
        "the rank before it".to_owned()
    } else {
        let whom: BTreeSet<u32> = told.values().flatten().copied().collect();
        match whom.len() {
            1 => format!("rank {}", listed(whom.iter())),
            number if number as u32 == all => "others, each its own".to_owned(),
            _ => format!("ranks {}", listed(whom.iter())),
        }
    };
    format!("{who} {verb} {whom}")
}

fn listed<'r>(ranks: impl Iterator<Item = &'r u32>) -> String {
    ranks.map(u32::to_string).collect::<Vec<_>>().join(", ")
}
