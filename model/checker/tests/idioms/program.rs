//! A random program made of idioms: which, on which threads, in which order, with which damage.

use super::damage::damaged;
use super::layout::Layout;
use super::place::Dialect;
use super::random::Random;
use super::steps::{Step, Steps, Who, merged};
use super::writer::Writer;
use super::{blocks, counters, host, orders, packets, signals};

/// Writes the steps of an idiom.
type Write = fn(&mut Writer<'_>, &mut Steps);

/// Who can say an idiom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialects {
    Both,
    Ptx,
    Language,
}

impl Dialects {
    fn include(self, dialect: Dialect) -> bool {
        match self {
            Dialects::Both => true,
            Dialects::Ptx => dialect == Dialect::Ptx,
            Dialects::Language => dialect == Dialect::Language,
        }
    }
}

use Dialects::{Both, Language, Ptx};

/// An idiom: its name, how often it is taken, who can say it, and how it is written.
const IDIOMS: [(&str, usize, Dialects, Write); 28] = [
    ("mailbox", 3, Both, signals::mailbox),
    ("relay", 4, Both, signals::relay),
    ("value-used", 4, Both, signals::value_used),
    ("either", 4, Ptx, signals::either),
    ("packet", 3, Ptx, packets::packet),
    ("seqlock", 1, Ptx, packets::seqlock),
    ("credits", 2, Both, packets::credits),
    ("counter-with-reset", 2, Both, counters::counter_with_reset),
    ("reductions", 3, Both, counters::reductions),
    ("election", 2, Both, counters::election),
    ("queue-of-each-rank", 3, Both, counters::queue_of_each_rank),
    ("swap-lock", 3, Ptx, counters::swap_lock),
    ("ticket-lock", 2, Both, counters::ticket_lock),
    ("last-to-come", 2, Both, counters::last_to_come),
    ("announce-and-look", 2, Both, orders::announce_and_look),
    ("glance", 2, Both, orders::glance),
    ("coherence", 2, Both, orders::coherence),
    ("crossed-copies", 2, Both, orders::crossed_copies),
    ("circle", 3, Ptx, orders::circle),
    ("barrier-between", 2, Both, blocks::barrier_between),
    ("named-barrier", 2, Both, blocks::named_barrier),
    ("divergent-barrier", 2, Ptx, blocks::divergent_barrier),
    ("vote", 4, Ptx, blocks::vote),
    ("shared-mailbox", 2, Ptx, blocks::shared_mailbox),
    ("refreshed", 3, Both, host::refreshed),
    ("push", 2, Ptx, host::push),
    ("send", 3, Language, host::send),
    ("unwritten", 2, Both, host::unwritten),
];

/// The idiom that is never taken for itself.
const NOT_COHERENT: (&str, Write) = ("not-coherent", host::not_coherent);

/// The barrier of all ranks at the end of a launch that is followed by another.
const MEET: &str = "meet";

/// One line of a thread.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// As it is written.
    pub(crate) text: String,
    /// The idiom it comes from, by its number in the program.
    pub(crate) idiom: usize,
}

impl Line {
    /// Whether it is a label, which does nothing.
    pub(crate) fn is_label(&self) -> bool {
        self.text.ends_with(':')
    }
}

/// What happens between two points at which all threads run the same code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Section {
    /// Each member does its own, in order of members.
    Each(Vec<Vec<Line>>),
    /// All threads do this.
    All(Vec<Line>),
}

impl Section {
    /// All its lines, member by member.
    pub(crate) fn threads(&mut self) -> Vec<&mut Vec<Line>> {
        match self {
            Section::Each(members) => members.iter_mut().collect(),
            Section::All(lines) => vec![lines],
        }
    }
}

/// A program of either dialect.
#[derive(Clone, Debug)]
pub(crate) struct Generated {
    /// Its notation.
    pub(crate) dialect: Dialect,
    /// Its threads and launches.
    pub(crate) layout: Layout,
    /// Names of its idioms, by number.
    pub(crate) idioms: Vec<&'static str>,
    /// What it does.
    pub(crate) sections: Vec<Section>,
    /// Whether it is right as it was made.
    pub(crate) right: bool,
    /// What was done to it.
    pub(crate) damage: Vec<String>,
}

impl Generated {
    /// A random one.
    pub(crate) fn random(random: &mut Random, dialect: Dialect, only: &[String]) -> Generated {
        let layout = Layout::random(random, dialect == Dialect::Ptx);
        let (idioms, parts, end, right) = parts(random, &layout, dialect, only);
        let mut steps = merged(parts, random);
        // The barrier at the end comes behind everything.
        steps.extend(end.into_iter().map(|step| (idioms.len() - 1, step)));
        let sections = sections(steps, layout.members.len());
        let mut generated = Generated { dialect, layout, idioms, sections, right, damage: Vec::new() };
        let right = generated.right;
        for _ in 0..random.pick(&[0, 0, 0, 1, 1, 1, 1, 2, 2, 3]) {
            damaged(&mut generated, random);
        }
        generated.right = right && generated.damage.is_empty();
        generated
    }

    /// Places of all lines that may be left out: section, thread, line.
    pub(crate) fn removable(&mut self) -> Vec<(usize, usize, usize)> {
        let mut places = Vec::new();
        for (section, part) in self.sections.iter_mut().enumerate() {
            for (thread, lines) in part.threads().into_iter().enumerate() {
                let free = lines.iter().enumerate().filter(|(_, line)| !line.is_label());
                places.extend(free.map(|(index, _)| (section, thread, index)));
            }
        }
        places
    }

    /// Without the lines at these places.
    pub(crate) fn without(&self, places: &[(usize, usize, usize)]) -> Generated {
        let mut left = self.clone();
        for (section, part) in left.sections.iter_mut().enumerate() {
            for (thread, lines) in part.threads().into_iter().enumerate() {
                let mut index = 0;
                lines.retain(|_| {
                    index += 1;
                    !places.contains(&(section, thread, index - 1))
                });
            }
        }
        left.drop_labels();
        left
    }

    /// Labels that nothing names are noise.
    fn drop_labels(&mut self) {
        for section in &mut self.sections {
            for lines in section.threads() {
                let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
                lines.retain(|line| {
                    let name = line.text.trim_end_matches(':');
                    let jump = format!("bra {name};");
                    !line.is_label() || texts.iter().any(|text| text.ends_with(&jump))
                });
            }
        }
    }

    /// Whether every register that a line of a kernel uses is written by some line.
    pub(crate) fn is_defined(&self) -> bool {
        let texts = self.texts();
        let named = |text: &str| -> Vec<String> {
            let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '%'));
            let number = |word: &str| {
                word.trim_start_matches("%rd").trim_start_matches("%r").trim_start_matches("%p").parse::<u32>().is_ok()
            };
            words.filter(|word| word.starts_with('%') && number(word)).map(str::to_owned).collect()
        };
        let mut written = std::collections::BTreeSet::new();
        for text in &texts {
            let body = if text.starts_with('@') { text.split_once(' ').map_or("", |(_, body)| body) } else { text };
            let stores = ["st.", "red.", "bra", "trap"].iter().any(|name| body.starts_with(name));
            if !stores {
                // A vector has several destinations.
                let end = body.find("},").or_else(|| body.find(',')).unwrap_or(body.len());
                written.extend(named(&body[..end]));
            }
        }
        texts.iter().flat_map(|text| named(text)).all(|register| written.contains(&register))
    }

    /// All texts.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut copy = self.sections.clone();
        copy.iter_mut()
            .flat_map(Section::threads)
            .flat_map(|lines| lines.iter().map(|line| line.text.clone()))
            .collect()
    }
}

/// One to three idioms with their steps, and the steps at the end of a launch that is followed by another.
fn parts(
    random: &mut Random,
    layout: &Layout,
    dialect: Dialect,
    only: &[String],
) -> (Vec<&'static str>, Vec<Vec<Step>>, Vec<Step>, bool) {
    let number = random.pick(&[1, 1, 2, 2, 2, 3]);
    let mut writer = Writer::new(random, layout, dialect);
    let (mut names, mut parts) = (Vec::new(), Vec::new());
    for _ in 0..number {
        let (name, write) = choice(&mut writer, only);
        let mut steps = Steps::default();
        write(&mut writer, &mut steps);
        names.push(name);
        parts.push(steps.0);
    }
    let mut end = Steps::default();
    if layout.launches > 1 && writer.random.chance(90) {
        signals::meet(&mut writer, &mut end);
        names.push(MEET);
    }
    let met = layout.launches == 1 || names.contains(&MEET);
    (names, parts, end.0, met && !writer.flawed)
}

fn choice(writer: &mut Writer<'_>, only: &[String]) -> (&'static str, Write) {
    if writer.dialect == Dialect::Ptx && only.is_empty() && writer.random.chance(2) {
        return NOT_COHERENT;
    }
    let sayable: Vec<(&'static str, usize, Dialects, Write)> = IDIOMS
        .into_iter()
        .filter(|idiom| idiom.2.include(writer.dialect) && (only.is_empty() || only.iter().any(|name| name == idiom.0)))
        .collect();
    if sayable.is_empty() {
        return NOT_COHERENT;
    }
    let total: usize = sayable.iter().map(|idiom| idiom.1).sum();
    let mut left = writer.random.below(total);
    for (name, weight, _, write) in sayable {
        if left < weight {
            return (name, write);
        }
        left -= weight;
    }
    NOT_COHERENT
}

/// Steps one after the other as sections.
fn sections(steps: Vec<(usize, Step)>, members: usize) -> Vec<Section> {
    let mut sections = Vec::new();
    for (idiom, step) in steps {
        let lines = step.lines.into_iter().map(|text| Line { text, idiom });
        match (step.who, sections.last_mut()) {
            (Who::All, _) => sections.push(Section::All(lines.collect())),
            (Who::One(member), Some(Section::Each(threads))) => threads[member].extend(lines),
            (Who::One(member), _) => {
                let mut threads = vec![Vec::new(); members];
                threads[member].extend(lines);
                sections.push(Section::Each(threads));
            }
        }
    }
    sections
}
