//! Where everything of a picture stands.

use super::lanes::Lanes;
use super::{
    AROUND, Arrow, BEGIN, BESIDE, Band, Bar, Bounds, Caption, GUTTER, HEAD, Heading, LINE, LaneView, Mark, Missing,
    Picture, SENTENCE, STEP, Tail, cut, legend, shapes, wrapped,
};
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Finding, Phrase, Point, StepKind, TraceStep, Why, WhyKind};

/// Lanes of a picture that are as wide as their names.
const WIDE: usize = 7;
const WIDE_LANE: i32 = 92;
const NARROW: usize = 14;
const NARROW_LANE: i32 = 52;
const NARROWEST_LANE: i32 = 40;
/// How far from the middle of a mark lines begin and end.
const RADIUS: f64 = 13.0;
const RADIUS_OF_BURST: f64 = 20.0;

/// A finding with the places of its rows.
pub(super) struct Layout<'f> {
    source: &'f Source,
    finding: &'f Finding,
    lanes: &'f Lanes,
    lane_width: i32,
    /// The step of each row; `None` for the sentences.
    rows: Vec<Option<usize>>,
    /// Whether a launch of a rank begins in a row: its name needs room.
    begins: Vec<bool>,
    /// The top of each row, and of what comes behind the last.
    tops: Vec<i32>,
    /// What the missing link would lead from and to.
    edge: Option<(usize, usize)>,
    sentences: Vec<Vec<String>>,
}

impl<'f> Layout<'f> {
    pub(super) fn new(source: &'f Source, finding: &'f Finding, lanes: &'f Lanes) -> Layout<'f> {
        let edge = missing_edge(source, finding);
        let sentences: Vec<Vec<String>> =
            finding.why.iter().map(|why| wrapped(&why.message(source), SENTENCE)).collect();
        let stands = |index: &usize| lanes.of[*index].1 == *index;
        let mut rows: Vec<Option<usize>> = (0..finding.trace.len()).filter(stands).map(Some).collect();
        if !sentences.is_empty() {
            let later = edge.map(|(from, to)| lanes.of[from].1.max(lanes.of[to].1));
            let before = later.and_then(|later| rows.iter().position(|row| *row == Some(later)));
            rows.insert(before.unwrap_or(rows.len()), None);
        }
        let begins: Vec<bool> = (0..rows.len()).map(|row| begins_launch(finding, &rows, row)).collect();
        let lines: usize = sentences.iter().map(Vec::len).sum();
        let mut tops = vec![HEAD];
        for (row, begins) in rows.iter().zip(&begins) {
            let height = if row.is_some() { STEP } else { LINE * lines as i32 + AROUND };
            tops.push(tops[tops.len() - 1] + height + if *begins { BEGIN } else { 0 });
        }
        let lane_width = if lanes.all.len() <= WIDE {
            WIDE_LANE
        } else if lanes.all.len() <= NARROW {
            NARROW_LANE
        } else {
            NARROWEST_LANE
        };
        Layout { source, finding, lanes, lane_width, rows, begins, tops, edge, sentences }
    }

    pub(super) fn picture(&self, id: String, bounds: &Bounds) -> Picture {
        let bottom = self.tops[self.tops.len() - 1];
        let right = GUTTER + self.lane_width * self.lanes.all.len() as i32;
        Picture {
            id,
            width: right + 8,
            height: bottom + 10,
            bottom,
            text: right + 20,
            headings: self.headings(),
            lanes: self.lane_views(),
            bands: self.bands(),
            captions: (0..self.rows.len()).map(|row| self.caption(row)).collect(),
            marks: self.rows.iter().enumerate().filter_map(|(row, step)| Some(self.mark(row, (*step)?))).collect(),
            arrows: self.arrows(),
            bars: self.bars(),
            missing: self.missing(),
            tails: self.tails(),
            legend: legend(self.finding),
            races: self.finding.trace.iter().any(|step| step.racing),
            omitted: self.omitted(bounds),
        }
    }

    fn step(&self, index: usize) -> &TraceStep {
        &self.finding.trace[index]
    }

    /// The row of a step, or of the one that stands for it.
    fn row_of(&self, step: usize) -> usize {
        let standing = self.lanes.of[step].1;
        self.rows.iter().position(|row| *row == Some(standing)).unwrap_or(0)
    }

    fn lane_x(&self, lane: usize) -> i32 {
        GUTTER + self.lane_width * lane as i32 + self.lane_width / 2
    }

    fn row_y(&self, row: usize) -> i32 {
        (self.tops[row] + self.above(row) + self.tops[row + 1]) / 2
    }

    /// What is left free above a row's step.
    fn above(&self, row: usize) -> i32 {
        if self.begins[row] { BEGIN } else { 0 }
    }

    fn place(&self, step: usize) -> (i32, i32) {
        (self.lane_x(self.lanes.of[step].0), self.row_y(self.row_of(step)))
    }

    fn is_narrow(&self) -> bool {
        self.lane_width < WIDE_LANE
    }

    /// First and last lane of each rank that has any.
    fn ranks(&self) -> Vec<(u32, usize, usize)> {
        let mut ranks: Vec<(u32, usize, usize)> = Vec::new();
        for (index, lane) in self.lanes.all.iter().enumerate() {
            match ranks.last_mut() {
                Some((rank, _, last)) if *rank == lane.key.rank => *last = index,
                _ => ranks.push((lane.key.rank, index, index)),
            }
        }
        ranks
    }

    fn extent(&self, first: usize, last: usize) -> (i32, i32) {
        (GUTTER + self.lane_width * first as i32, self.lane_width * (last - first + 1) as i32)
    }

    fn headings(&self) -> Vec<Heading> {
        let heading = |(rank, first, last)| {
            let (x, width) = self.extent(first, last);
            let text = if width < WIDE_LANE / 2 { format!("r{rank}") } else { format!("rank {rank}") };
            Heading { x, width, text }
        };
        self.ranks().into_iter().map(heading).collect()
    }

    fn lane_views(&self) -> Vec<LaneView> {
        let view = |(index, lane): (usize, &super::lanes::Lane)| {
            let ([first, second], title) = lane.heading(self.is_narrow());
            LaneView { x: self.lane_x(index), first, second, title }
        };
        self.lanes.all.iter().enumerate().map(view).collect()
    }

    /// From the first step of a launch to the first one of another, on each rank.
    fn bands(&self) -> Vec<Band> {
        let mut bands = Vec::new();
        for (rank, first, last) in self.ranks() {
            let mut starts: Vec<(u32, usize)> = Vec::new();
            for (row, step) in self.rows.iter().enumerate() {
                let step = step.map(|step| self.step(step)).filter(|step| step.thread.rank == rank);
                if let Some(step) = step.filter(|_| self.begins[row]) {
                    starts.push((step.thread.launch, row));
                }
            }
            let ends = starts.iter().skip(1).map(|(_, row)| *row).chain([self.rows.len()]);
            for ((launch, start), end) in starts.iter().zip(ends) {
                let (x, width) = self.extent(first, last);
                let (y, height) = (self.tops[*start], self.tops[end] - self.tops[*start]);
                let text = if width < WIDE_LANE / 2 { format!("la. {launch}") } else { format!("launch {launch}") };
                bands.push(Band { x: x + 2, y, width: width - 4, height, is_odd: launch % 2 == 1, text });
            }
        }
        bands
    }

    /// The line of a step, with what stands there.
    fn line(&self, step: &TraceStep) -> String {
        if step.line == 0 {
            return String::new();
        }
        let text = self.source.text.lines().nth(step.line as usize - 1).unwrap_or_default();
        let call = if step.call == 0 { String::new() } else { format!(" (called at line {})", step.call) };
        format!("line {}{call}: {}", step.line, text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn caption(&self, row: usize) -> Caption {
        let (at, y, height) = (row + 1, self.tops[row], self.tops[row + 1] - self.tops[row]);
        let above = self.above(row);
        let Some(index) = self.rows[row] else {
            let missing = self.sentences.clone();
            let empty = String::new;
            let (number, first, second, who, label) = (empty(), empty(), empty(), empty(), empty());
            let short = [empty(), empty()];
            return Caption {
                at,
                y,
                height,
                above,
                number,
                first,
                second,
                short,
                who,
                label,
                missing,
                is_racing: false,
            };
        };
        let step = self.step(index);
        let lane = &self.lanes.all[self.lanes.of[index].0];
        let others = lane.threads.len() - 1;
        let alike = match others {
            0 => String::new(),
            1 => " (and one thread alike)".to_owned(),
            _ => format!(" (and {others} threads alike)"),
        };
        let (first, second) = (format!("{}{alike}", step.operation), self.line(step));
        let short = [cut(&first, BESIDE), cut(&second, BESIDE)];
        let (number, label, missing) = (step.step.to_string(), self.label(step), Vec::new());
        let who = format!("{}, launch {}", lane.heading(false).1, step.thread.launch);
        Caption { at, y, height, above, number, first, second, short, who, label, missing, is_racing: step.racing }
    }

    /// What the finding says of the statement of a step.
    fn label(&self, step: &TraceStep) -> String {
        let line = |start: u32| self.source.line_column(start).0;
        let is_it = |point: &&Point| {
            point.thread == Some(step.thread) && !point.span.is_empty() && line(point.span.start) == step.line
        };
        // What stands on one line and is of one thread was done in the order in which it is told.
        let is_same = |other: &&TraceStep| (other.thread, other.line) == (step.thread, step.line);
        let before = self.finding.trace[..step.step as usize - 1].iter().filter(is_same).count();
        let labels: Vec<&String> = self.finding.points.iter().filter(is_it).map(|point| &point.label).collect();
        labels.get(before).or(labels.last()).map_or(String::new(), |label| (*label).clone())
    }

    fn mark(&self, row: usize, index: usize) -> Mark {
        let step = self.step(index);
        let (_, who) = self.lanes.all[self.lanes.of[index].0].heading(false);
        let line = self.line(step);
        let line = if line.is_empty() { line } else { format!("\n{line}") };
        let (x, y) = self.place(index);
        Mark {
            at: row + 1,
            x,
            y,
            kind: step.kind.name(),
            shape: shapes::path(step.kind),
            is_racing: step.racing,
            title: format!("step {}: {}\n{who}, launch {}{line}", step.step, step.operation, step.thread.launch),
        }
    }

    /// Writes and their readers, both as steps, each pair once.
    fn read_pairs(&self) -> Vec<(usize, usize)> {
        let pair = |(index, step): (usize, &TraceStep)| Some((step.reads_from?.checked_sub(1)? as usize, index));
        self.finding.trace.iter().enumerate().filter_map(pair).filter(|(write, read)| write < read).collect()
    }

    fn arrows(&self) -> Vec<Arrow> {
        let missing = self.edge;
        let mut arrows: Vec<Arrow> = Vec::new();
        for (write, read) in self.read_pairs().into_iter().filter(|pair| Some(*pair) != missing) {
            let path = self.line_between(write, read);
            if arrows.iter().any(|known| known.path == path) {
                continue;
            }
            let title = format!(
                "step {} reads what step {} wrote: {}",
                self.step(read).step,
                self.step(write).step,
                self.step(read).operation
            );
            arrows.push(Arrow { at: self.row_of(read) + 1, path, title });
        }
        arrows
    }

    /// A path from the edge of one mark to that of another.
    fn line_between(&self, from: usize, to: usize) -> String {
        let [(x1, y1), (x2, y2)] = [from, to].map(|step| {
            let (x, y) = self.place(step);
            (f64::from(x), f64::from(y))
        });
        let radius = |step: usize| if self.step(step).racing { RADIUS_OF_BURST } else { RADIUS };
        if (x1 - x2).abs() < 1.0 {
            let (start, end, out) = (x1 + radius(from) - 3.0, x2 + radius(to) - 1.0, x1 + 34.0);
            return format!("M{start:.0} {y1:.0}C{out:.0} {y1:.0} {out:.0} {y2:.0} {end:.0} {y2:.0}");
        }
        let length = (x2 - x1).hypot(y2 - y1).max(1.0);
        let (dx, dy) = ((x2 - x1) / length, (y2 - y1) / length);
        let (start, end) = (radius(from) - 2.0, radius(to) + 1.0);
        format!("M{:.0} {:.0}L{:.0} {:.0}", x1 + dx * start, y1 + dy * start, x2 - dx * end, y2 - dy * end)
    }

    fn bars(&self) -> Vec<Bar> {
        let mut bars: Vec<(u32, Bar)> = Vec::new();
        for (index, step) in self.finding.trace.iter().enumerate() {
            let Some(meeting) = &step.meeting else { continue };
            let mut posts: Vec<i32> =
                meeting.shown.iter().filter_map(|name| Some(self.lane_x(self.lanes.of_thread(name)?))).collect();
            posts.sort_unstable();
            posts.dedup();
            let (Some(first), Some(last)) = (posts.first(), posts.last()) else { continue };
            let row = self.row_of(index);
            let (x, width) = (first - 22, last - first + 44);
            let title = format!("barrier: {} threads have met", meeting.threads);
            let bar = Bar { at: row + 1, x, width, y: self.row_y(row), posts, title };
            // It is complete where the last of those who came does.
            match bars.iter_mut().find(|(number, _)| *number == meeting.number) {
                Some((_, known)) if known.y >= bar.y => {}
                Some((_, known)) => *known = bar,
                None => bars.push((meeting.number, bar)),
            }
        }
        bars.into_iter().map(|(_, bar)| bar).collect()
    }

    fn missing(&self) -> Option<Missing> {
        let row = self.rows.iter().position(Option::is_none)?;
        let y = self.row_y(row);
        let title = self.finding.why.iter().map(|why| why.message(self.source)).collect::<Vec<_>>().join("\n");
        let Some((from, to)) = self.edge else {
            // What is waited for, or went wrong, is the last step of the first who is named.
            let named = self.finding.points.iter().find_map(|point| point.thread);
            let is_own = |step: &TraceStep| named.is_none_or(|named| step.thread == named);
            let last = self.finding.trace.iter().rposition(is_own).unwrap_or(self.finding.trace.len() - 1);
            let (x, top) = self.place(last);
            let path = format!("M{x} {}V{}", top + 14, y - 11);
            return Some(Missing { at: row + 1, path, x, y, is_edge: false, title });
        };
        let [(x1, y1), (x2, y2)] = [self.place(from), self.place(to)];
        let (dx, dy) = (f64::from(x2 - x1), f64::from(y2 - y1));
        let straight = f64::from(x1) + dx * f64::from(y - y1) / if dy == 0.0 { 1.0 } else { dy };
        let x = if x1 == x2 { x1 + 26 } else { straight.round() as i32 };
        let path = format!("{}{}", self.reach_badge((x1, y1), (x, y), from), self.leave_badge((x, y), (x2, y2), to));
        Some(Missing { at: row + 1, path, x, y, is_edge: true, title })
    }

    fn reach_badge(&self, (x1, y1): (i32, i32), (x, y): (i32, i32), from: usize) -> String {
        let radius = if self.step(from).racing { RADIUS_OF_BURST } else { RADIUS };
        let (dx, dy) = (f64::from(x - x1), f64::from(y - y1));
        let length = dx.hypot(dy).max(1.0);
        let (x1, y1) = (f64::from(x1) + dx / length * radius, f64::from(y1) + dy / length * radius);
        let (x, y) = (f64::from(x) - dx / length * 11.0, f64::from(y) - dy / length * 11.0);
        format!("M{x1:.0} {y1:.0}L{x:.0} {y:.0}")
    }

    fn leave_badge(&self, (x, y): (i32, i32), (x2, y2): (i32, i32), to: usize) -> String {
        let radius = if self.step(to).racing { RADIUS_OF_BURST } else { RADIUS } + 1.0;
        let (dx, dy) = (f64::from(x2 - x), f64::from(y2 - y));
        let length = dx.hypot(dy).max(1.0);
        let (x, y) = (f64::from(x) + dx / length * 11.0, f64::from(y) + dy / length * 11.0);
        let (x2, y2) = (f64::from(x2) - dx / length * radius, f64::from(y2) - dy / length * radius);
        format!("M{x:.0} {y:.0}L{x2:.0} {y2:.0}")
    }

    fn tails(&self) -> Vec<Tail> {
        let blocked = self.rows.iter().enumerate().filter_map(|(row, step)| Some((row, (*step)?)));
        let blocked = blocked.filter(|(_, step)| self.step(*step).kind == StepKind::Blocked);
        let tail = |(row, step)| {
            let (x, y) = self.place(step);
            Tail { at: row + 1, x, y: y + 12 }
        };
        // Who goes on afterwards does not wait for ever.
        let is_last = |step: usize| self.lanes.all[self.lanes.of[step].0].steps.last() == Some(&step);
        blocked.filter(|(_, step)| is_last(*step)).map(tail).collect()
    }

    fn omitted(&self, bounds: &Bounds) -> String {
        let ranks = bounds.ranks.saturating_sub(self.ranks().len() as u32);
        let shown: usize =
            self.lanes.all.iter().filter(|lane| lane.key.thread.is_some()).map(|lane| lane.threads.len()).sum();
        let threads = u64::from(bounds.ranks) * bounds.blocks.1 * bounds.threads.1;
        let others = threads.saturating_sub(shown as u64);
        let plural = |count: u64, word: &str| {
            let several = if count == 1 { "" } else { "s" };
            format!("{count} {word}{several}")
        };
        match (ranks, bounds.streams.is_none() && others > 0) {
            (0, false) => String::new(),
            (0, true) => format!("{} take no part and are not shown", plural(others, "other thread")),
            (ranks, false) => format!("{} take no part and are not shown", plural(ranks.into(), "other rank")),
            (ranks, true) => format!(
                "{} and, with theirs, {} take no part and are not shown",
                plural(ranks.into(), "other rank"),
                plural(others, "other thread")
            ),
        }
    }
}

/// Whether the launch of a row's step is another than that of the step before it on its rank.
fn begins_launch(finding: &Finding, rows: &[Option<usize>], row: usize) -> bool {
    let thread = |row: &Option<usize>| row.map(|step| finding.trace[step].thread);
    let Some(own) = thread(&rows[row]) else { return false };
    let before = rows[..row].iter().rev().filter_map(thread).find(|thread| thread.rank == own.rank);
    before.is_none_or(|before| before.launch != own.launch)
}

/// Causes that name two statements between which a link is missing.
const LINKS: &[WhyKind] = &[
    WhyKind::NotReleased,
    WhyKind::NotAcquired,
    WhyKind::ScopeTooNarrow,
    WhyKind::WeakAccess,
    WhyKind::NoBarrier,
    WhyKind::FenceByAnotherThread,
    WhyKind::EarlierSignal,
    WhyKind::SignalledTooEarly,
    WhyKind::WaitedTooLate,
    WhyKind::WrongPhase,
    WhyKind::NoProxyFence,
    WhyKind::CopyNotAwaited,
];

/// What the missing link would lead from and to: the first two steps that a cause names, else the accesses that race.
fn missing_edge(source: &Source, finding: &Finding) -> Option<(usize, usize)> {
    let named =
        finding.why.iter().filter(|why| LINKS.contains(&why.kind)).find_map(|why| named_steps(source, finding, why));
    let mut racing = finding.trace.iter().enumerate().filter(|(_, step)| step.racing).map(|(index, _)| index);
    named.or_else(|| Some((racing.next()?, racing.next()?)))
}

/// The first two steps that a sentence names, by line and thread; a read behind the write that it found.
fn named_steps(source: &Source, finding: &Finding, why: &Why) -> Option<(usize, usize)> {
    let mut named: Vec<usize> = Vec::new();
    for (index, phrase) in why.sentence.iter().enumerate() {
        let Phrase::At { span, .. } = phrase else { continue };
        let line = (!span.is_empty()).then(|| source.line_column(span.start).0);
        let who = match why.sentence.get(index + 1) {
            Some(Phrase::Words(words)) => words.as_str(),
            _ => "",
        };
        let is_it = |step: &TraceStep| Some(step.line) == line && who.contains(&step.thread.to_string());
        let found = finding.trace.iter().rposition(is_it);
        named.extend(found.filter(|found| !named.contains(found)));
    }
    let [first, second, ..] = named[..] else { return None };
    let reads = |read: usize, write: usize| finding.trace[read].reads_from == Some(write as u32 + 1);
    Some(if reads(first, second) { (second, first) } else { (first, second) })
}
