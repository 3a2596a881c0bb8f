//! Damage: one line is deleted, weakened, narrowed, moved to another slot, given another constant or comparison, or
//! swapped with its neighbour.
//!
//! Decision: it is done to the text of one line, so that it serves generated programs of both notations and kernels that
//! a compiler wrote. What the text then means is for the checker to say; a text that cannot be read is tried again with
//! other damage.

use super::program::Generated;
use super::random::Random;

/// A change of one line: what it is called, and the line after it.
pub(crate) struct Change {
    /// For reports.
    pub(crate) name: &'static str,
    /// The line as it is now.
    pub(crate) line: String,
}

/// Scopes by pairs: narrowed, and now and then widened.
const SCOPES: [(&str, &str, &str); 6] = [
    (".sys", ".gpu", "narrow"),
    (".sys", ".cta", "narrow"),
    (".gpu", ".cta", "narrow"),
    (".gpu", ".sys", "widen"),
    (".cta", ".gpu", "widen"),
    (".cta", ".sys", "widen"),
];

/// Orders as they are weakened, in both notations.
const ORDERS: [(&str, &str); 12] = [
    (".acquire.", ".relaxed."),
    (".release.", ".relaxed."),
    (".acq_rel.", ".acquire."),
    (".acq_rel.", ".release."),
    (".acq_rel.", ".relaxed."),
    ("fence.sc", "fence.acq_rel"),
    ("fence sc", "fence acq_rel"),
    (" acquire.", " relaxed."),
    (" release.", " relaxed."),
    (" acq_rel.", " relaxed."),
    ("membar.sys", "membar.gl"),
    ("membar.gl", "membar.cta"),
];

/// Comparisons, in both notations.
const COMPARISONS: [(&str, &str); 12] = [
    ("setp.lt", "setp.le"),
    ("setp.ne", "setp.lt"),
    ("setp.eq", "setp.ne"),
    ("setp.ge", "setp.gt"),
    ("setp.le", "setp.lt"),
    ("setp.gt", "setp.ge"),
    ("setp.lt", "setp.ne"),
    (" >= ", " == "),
    (" == ", " >= "),
    (" >= ", " != "),
    (" != ", " == "),
    (" == ", " != "),
];

/// Other operations of one form.
const OPERATIONS: [(&str, &str); 10] = [
    (".add.u32", ".max.u32"),
    (".max.u32", ".min.u32"),
    (".min.u32", ".add.u32"),
    ("vote.sync.all", "vote.sync.any"),
    ("vote.sync.any", "vote.sync.all"),
    ("barrier.sync", "barrier.arrive"),
    ("bar.sync", "barrier.sync"),
    ("barrier.sync", "bar.sync"),
    ("atomic add", "atomic max"),
    ("barrier_sync", "barrier_arrive"),
];

/// Everything that can be done to one line by itself, deletion excepted.
pub(crate) fn changes(line: &str) -> Vec<Change> {
    let mut found = Vec::new();
    let mut add = |name, line: String| found.push(Change { name, line });
    for (from, to, name) in SCOPES {
        if line.contains(from) && !line.contains("bar.sync") {
            add(name, line.replacen(from, to, 1));
        }
    }
    for (from, to) in ORDERS {
        if line.contains(from) && !(from == ".acq_rel." && line.contains("fence")) {
            add("weaken", line.replacen(from, to, 1));
        }
    }
    let access = line.starts_with("ld.") || line.starts_with("st.");
    for order in [".acquire", ".release", ".relaxed"] {
        for scope in [".sys", ".gpu", ".cta"] {
            let strong = format!("{order}{scope}");
            if access && line.contains(&strong) {
                add("volatile", line.replacen(&strong, ".volatile", 1));
                add("weak", line.replacen(&strong, "", 1));
            }
        }
    }
    if access && line.contains(".volatile") {
        add("weak", line.replacen(".volatile", "", 1));
    }
    if line.starts_with("ld.global.") && !line.contains(".nc.") {
        add("nc", line.replacen("ld.global.", "ld.global.nc.", 1));
    }
    for (from, to) in COMPARISONS {
        if line.contains(from) {
            add("compare", line.replacen(from, to, 1));
        }
    }
    for (from, to) in OPERATIONS {
        if line.contains(from) {
            add("operation", line.replacen(from, to, 1));
        }
    }
    found.extend(other_slot(line).into_iter().map(|line| Change { name: "slot", line }));
    found.extend(other_constant(line).into_iter().map(|line| Change { name: "constant", line }));
    found
}

/// The access in `[…]` goes to the next word, or to the one before.
fn other_slot(line: &str) -> Vec<String> {
    let Some((before, rest)) = line.split_once('[') else { return Vec::new() };
    let Some((inside, after)) = rest.split_once(']') else { return Vec::new() };
    if line.contains("ld.param") {
        return Vec::new();
    }
    let put = |inside: String| format!("{before}[{inside}]{after}");
    if let Ok(index) = inside.parse::<u32>() {
        return [Some(index + 1), index.checked_sub(1)]
            .into_iter()
            .flatten()
            .map(|index| put(index.to_string()))
            .collect();
    }
    let (base, offset) = match inside.split_once('+') {
        Some((base, offset)) => (base, offset.parse::<i64>()),
        None => (inside, Ok(0)),
    };
    let Ok(offset) = offset else { return Vec::new() };
    [offset + 4, offset - 4]
        .into_iter()
        .filter(|offset| *offset >= 0)
        .map(|offset| put(format!("{base}+{offset}")))
        .collect()
}

/// The last number of the line is another: one more, one less, or 0.
fn other_constant(line: &str) -> Vec<String> {
    let body = line.trim_end_matches(';');
    let (Some(start), end) = (body.rfind([' ', '\t']), body.len()) else { return Vec::new() };
    let last = &body[start + 1..end];
    let ending = &line[end..];
    // In the language the order comes last, and the value before it.
    let (start, last, tail) = match (last.parse::<i64>(), body[..start].rfind(' ')) {
        (Ok(_), _) => (start, last, ""),
        (Err(_), Some(earlier)) => (earlier, &body[earlier + 1..start], &body[start..end]),
        (Err(_), None) => return Vec::new(),
    };
    let Ok(number) = last.trim_end_matches(',').parse::<i64>() else { return Vec::new() };
    let comma = if last.ends_with(',') { "," } else { "" };
    let put = |number: i64| format!("{}{number}{comma}{tail}{ending}", &body[..=start]);
    [number + 1, number - 1, 0].into_iter().filter(|other| *other >= 0 && *other != number).map(put).collect()
}

/// Whether a line synchronises, so that damage to it tells the most.
pub(crate) fn synchronises(line: &str) -> bool {
    const WORDS: [&str; 14] = [
        "acquire",
        "release",
        "relaxed",
        "volatile",
        "acq_rel",
        "fence",
        "membar",
        "bar",
        "atom",
        "red.",
        "vote",
        "shfl",
        "await",
        "block_sync",
    ];
    WORDS.iter().any(|word| line.contains(word))
}

/// Damages a program in one place.
pub(crate) fn damaged(generated: &mut Generated, random: &mut Random) {
    let places = generated.removable();
    for _ in 0..20 {
        if places.is_empty() {
            return;
        }
        let (section, thread, index) = random.pick(&places);
        let mut threads = generated.sections[section].threads();
        let lines = &mut threads[thread];
        if index >= lines.len() || !synchronises(&lines[index].text) && random.chance(50) {
            continue;
        }
        let text = lines[index].text.clone();
        let name = match random.below(10) {
            0..=1 => {
                lines.remove(index);
                "delete"
            }
            2 if index + 1 < lines.len() && !lines[index].is_label() && !lines[index + 1].is_label() => {
                lines.swap(index, index + 1);
                "swap"
            }
            2 => continue,
            _ => {
                let mut changes = changes(&text);
                if changes.is_empty() {
                    continue;
                }
                let change = changes.swap_remove(random.below(changes.len()));
                lines[index].text = change.line;
                change.name
            }
        };
        generated.damage.push(format!("{name}: {text}"));
        return;
    }
}
