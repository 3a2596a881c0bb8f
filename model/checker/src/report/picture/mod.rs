//! A finding as a space-time diagram: a lane for each thread, time downwards.
//!
//! The trace of a finding is a slice of one execution, and the picture shows all of it and nothing else: a mark for each step, an
//! arrow from a write to each read of the trace that found it, a bar over the lanes that met at a barrier, a band for each
//! launch of a rank, the accesses that race inside a burst, and the missing link as a dashed edge, with its sentence in a row of
//! its own. Shapes tell operations apart, so colour is never needed. Threads that do the same share a lane ([`lanes`]); what takes
//! no part is a count below.
//!
//! Decision: the layout is computed here, in whole units, and the template only writes it down. The road not taken is a
//! layout engine, in a script or beside the program: a page has to be readable without either. Not shown: what happened between
//! the steps of the slice.

mod lanes;
mod layout;
mod shapes;

use super::Bounds;
use arverify_protocol::ir::Source;
use arverify_protocol::verdict::{Finding, StepKind};
use askama::Template;
use lanes::Lanes;
use layout::Layout;

/// Height of the names above the lanes.
pub(super) const HEAD: i32 = 62;
/// Height of a step.
pub(super) const STEP: i32 = 46;
/// What a row is higher where a launch begins.
const BEGIN: i32 = 14;
/// Height of a line of a sentence, and what is left around it.
const LINE: i32 = 20;
const AROUND: i32 = 22;
/// Characters of a line of a sentence, and of a line of text beside the lanes.
const SENTENCE: usize = 78;
const BESIDE: usize = 84;
/// Width of the numbers to the left, and of the text to the right of a picture that stands alone.
const GUTTER: i32 = 30;
const CAPTIONS: i32 = 640;

/// A rank's lanes.
pub(super) struct Heading {
    pub(super) x: i32,
    pub(super) width: i32,
    pub(super) text: String,
}

/// A lane.
pub(super) struct LaneView {
    pub(super) x: i32,
    pub(super) first: String,
    pub(super) second: String,
    pub(super) title: String,
}

/// A launch of a rank.
pub(super) struct Band {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) is_odd: bool,
    pub(super) text: String,
}

/// A row: a step, or the sentences about what is missing.
pub(super) struct Caption {
    /// Its number among the rows, counted from 1.
    pub(super) at: usize,
    pub(super) y: i32,
    pub(super) height: i32,
    /// Of that, what is left free above.
    pub(super) above: i32,
    /// The step's number in the trace; empty for sentences.
    pub(super) number: String,
    pub(super) first: String,
    pub(super) second: String,
    /// The same, as much of it as there is room for beside the lanes.
    pub(super) short: [String; 2],
    /// Who, and in which launch.
    pub(super) who: String,
    /// What the finding says of this step.
    pub(super) label: String,
    /// Sentences, each as its lines.
    pub(super) missing: Vec<Vec<String>>,
    pub(super) is_racing: bool,
}

/// A step.
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) kind: &'static str,
    pub(super) shape: &'static str,
    pub(super) is_racing: bool,
    pub(super) title: String,
}

/// A line from one mark to another; a path in the syntax of SVG.
pub(super) struct Arrow {
    pub(super) at: usize,
    pub(super) path: String,
    pub(super) title: String,
}

/// A barrier, over the lanes that met.
pub(super) struct Bar {
    pub(super) at: usize,
    pub(super) x: i32,
    pub(super) width: i32,
    pub(super) y: i32,
    /// Where its lanes are.
    pub(super) posts: Vec<i32>,
    pub(super) title: String,
}

/// The missing link.
pub(super) struct Missing {
    pub(super) at: usize,
    pub(super) path: String,
    pub(super) x: i32,
    pub(super) y: i32,
    /// Whether it leads to a step.
    pub(super) is_edge: bool,
    pub(super) title: String,
}

/// A wait that never ends: from its mark to the bottom.
pub(super) struct Tail {
    pub(super) at: usize,
    pub(super) x: i32,
    pub(super) y: i32,
}

/// What is used of the shapes.
pub(super) struct Legend {
    pub(super) shape: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// A picture, laid out.
pub(super) struct Picture {
    /// Ids within it begin with this.
    pub(super) id: String,
    pub(super) width: i32,
    pub(super) height: i32,
    /// Where lanes end.
    pub(super) bottom: i32,
    /// Where text begins, in a picture that stands alone.
    pub(super) text: i32,
    pub(super) headings: Vec<Heading>,
    pub(super) lanes: Vec<LaneView>,
    pub(super) bands: Vec<Band>,
    pub(super) captions: Vec<Caption>,
    pub(super) marks: Vec<Mark>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) bars: Vec<Bar>,
    pub(super) missing: Option<Missing>,
    pub(super) tails: Vec<Tail>,
    pub(super) legend: Vec<Legend>,
    pub(super) races: bool,
    /// What takes no part.
    pub(super) omitted: String,
}

/// The drawing, without what stands around it.
#[derive(Template)]
#[template(path = "report/drawing.svg")]
struct Drawing<'p> {
    picture: &'p Picture,
    /// With the text of each step.
    captions: bool,
}

/// A file of its own.
#[derive(Template)]
#[template(path = "report/picture.svg")]
struct Alone<'p> {
    title: &'p str,
    lines: Vec<String>,
    drawing: String,
    head: i32,
    height: i32,
    width: i32,
    foot: i32,
    legends: Vec<(i32, i32, &'p Legend)>,
    note: String,
}

/// A line of text beside the lanes.
struct Line<'c> {
    class: &'static str,
    y: i32,
    text: &'c str,
}

impl Caption {
    fn middle(&self) -> i32 {
        (self.y + self.above + self.y + self.height) / 2
    }

    /// The sentences, each on one line.
    pub(super) fn sentences(&self) -> Vec<String> {
        self.missing.iter().map(|lines| lines.join(" ")).collect()
    }

    fn lines(&self) -> Vec<Line<'_>> {
        if self.number.is_empty() {
            let all = self.missing.iter().flatten().enumerate();
            let y = |index: usize| self.y + AROUND / 2 + 14 + LINE * index as i32;
            return all.map(|(index, text)| Line { class: "sentence", y: y(index), text }).collect();
        }
        let middle = self.middle();
        let class = if self.is_racing { "operation racing" } else { "operation" };
        let [first, second] = &self.short;
        if second.is_empty() {
            return vec![Line { class, y: middle + 4, text: first }];
        }
        vec![Line { class, y: middle - 3, text: first }, Line { class: "place", y: middle + 13, text: second }]
    }
}

impl Picture {
    /// The picture of a finding; none where it has no trace.
    pub(super) fn new(id: String, source: &Source, bounds: &Bounds, finding: &Finding) -> Option<Picture> {
        if finding.trace.is_empty() {
            return None;
        }
        let lanes = Lanes::new(&finding.trace);
        Some(Layout::new(source, finding, &lanes).picture(id, bounds))
    }

    /// The drawing: what stands within `<svg>`.
    pub(super) fn drawing(&self, captions: bool) -> Result<String, askama::Error> {
        Drawing { picture: self, captions }.render()
    }

    /// An SVG file.
    pub(super) fn alone(&self, title: &str) -> Result<String, askama::Error> {
        let lines = wrapped(title, HEADLINE);
        let head = 22 * lines.len() as i32 + 18;
        let rows = self.legend.len().div_ceil(LEGENDS) as i32;
        let foot = 26 * rows + 40;
        let place = |index: usize| (24 + (index % LEGENDS) as i32 * 180, 20 + (index / LEGENDS) as i32 * 26);
        let legend = |(index, legend)| (place(index).0, place(index).1, legend);
        let legends = self.legend.iter().enumerate().map(legend).collect();
        let (width, height) = (self.text + CAPTIONS, self.height + head + foot);
        let (drawing, note) = (self.drawing(true)?, self.note());
        Alone { title, lines, drawing, head, height, width, foot, legends, note }.render()
    }

    /// How to read what the legend does not show.
    pub(super) fn note(&self) -> String {
        let mut parts = Vec::new();
        if self.races {
            parts.push("a burst: an access that races".to_owned());
        }
        if !self.arrows.is_empty() {
            parts.push("an arrow: from a store to the load that reads it".to_owned());
        }
        if self.missing.is_some() {
            parts.push("dashed: what is missing".to_owned());
        }
        parts.extend((!self.omitted.is_empty()).then(|| self.omitted.clone()));
        parts.join("; ")
    }

    /// The shape around accesses that race.
    fn burst(&self) -> &'static str {
        shapes::BURST
    }
}

/// A picture file that says something, where there is nothing to draw.
pub(super) fn sentence(title: &str) -> Result<String, askama::Error> {
    let lines = wrapped(title, HEADLINE);
    let head = 22 * lines.len() as i32 + 18;
    let (drawing, note, legends, width) = (String::new(), String::new(), Vec::new(), CAPTIONS);
    Alone { title, lines, drawing, head, height: head, width, foot: 0, legends, note }.render()
}

/// Characters of a headline, and entries of a legend in one row, of a picture that stands alone.
const HEADLINE: usize = 92;
const LEGENDS: usize = 4;
/// A text in lines of so many characters at most, broken between words where there are any.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let last = lines.len() - 1;
            let used = lines[last].chars().count();
            let line = &mut lines[last];
            let space = usize::from(used > 0);
            if used + space + word.len() <= most {
                line.push_str(&" ".repeat(space));
                line.extend(word.drain(..));
            } else if used == 0 {
                line.extend(word.drain(..most));
            } else {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// The beginning of a text.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// The kinds of a trace, each once, as a legend.
fn legend(finding: &Finding) -> Vec<Legend> {
    let used = |kind: &&StepKind| finding.trace.iter().any(|step| step.kind == **kind);
    let entry = |kind: &StepKind| Legend { shape: shapes::path(*kind), kind: kind.name(), text: shapes::legend(*kind) };
    StepKind::ALL.iter().filter(used).map(entry).collect()
}
