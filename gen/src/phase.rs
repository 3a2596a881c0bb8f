//! Data phases: copies and reductions over a thread's partition, in vectors of 16 bytes.
//!
//! A reduction over sources that are known when the kernel is written (`0..P`) loads all of a group before it adds the
//! first, so that the loads are under way together; groups hold at most eight vectors, which fit in registers. The
//! order of adding is the protocol's in every case. A reduction whose bounds only the kernel knows becomes a loop.

use crate::body::{Stop, Writer};
use crate::error::RenderError;
use crate::expression::{Type, fixed_value, with_local};
use arverify_protocol::ids::LocalId;
use arverify_protocol::ir::{Element, Expression, Partition, Place, Reduction, Tail, Width};
use askama::Template;

/// Vectors that are loaded before the first is used.
const GROUP: usize = 8;

/// Sources that are written out one by one; more become a loop.
const WRITTEN_OUT: i64 = 64;

/// What a reduction reads.
pub(crate) struct Sources<'a> {
    /// How two elements are combined.
    pub(crate) operation: Reduction,
    /// What is read before them.
    pub(crate) first: Option<&'a Place>,
    /// The register that counts.
    pub(crate) variable: LocalId,
    /// First value.
    pub(crate) from: &'a Expression,
    /// One past the last.
    pub(crate) to: &'a Expression,
    /// What is read for each.
    pub(crate) source: &'a Place,
}

impl Writer<'_> {
    /// `copy destination <- source over partition`
    pub(crate) fn copy(
        &mut self,
        destination: &Place,
        source: &Place,
        partition: &Partition,
        line: u32,
    ) -> Result<String, Stop> {
        self.functions.move_data();
        let template = CopyTemplate {
            destination: self.address(destination, Element::Data, line)?,
            source: self.address(source, Element::Data, line)?,
            first: self.value(&partition.first)?.to_index().text,
            limit: self.value(&partition.limit)?.to_index().text,
            step: self.value(&partition.step)?.to_index().text,
            width: partition.width,
            tail: partition.tail,
            guarded: self.guarded(),
        };
        Ok(template.render()?)
    }

    /// `reduce destination <- operation over variable in from..to of source over partition`
    pub(crate) fn reduce(
        &mut self,
        destination: &Place,
        sources: &Sources<'_>,
        partition: &Partition,
        line: u32,
    ) -> Result<String, Stop> {
        let combine = self.functions.combine(sources.operation);
        let destination = self.address(destination, Element::Data, line)?;
        let parts = self.parts(sources, line)?;
        let wide = self.target.wide();
        let fold = |unit, suffix, total, offset| FoldTemplate {
            parts: &parts,
            unit,
            suffix,
            total,
            offset,
            wide,
            combine,
            destination: &destination,
        };
        let vector = fold("Vector", "vector", if wide { "Wide" } else { "Vector" }, "at").render()?;
        let element = fold("Element", "element", if wide { "float" } else { "Element" }, "element").render()?;
        let template = ReduceTemplate {
            vector,
            element,
            first: self.value(&partition.first)?.to_index().text,
            limit: self.value(&partition.limit)?.to_index().text,
            step: self.value(&partition.step)?.to_index().text,
            width: partition.width,
            tail: partition.tail,
            guarded: self.guarded(),
        };
        Ok(template.render()?)
    }

    fn parts(&mut self, sources: &Sources<'_>, line: u32) -> Result<Parts, Stop> {
        let bounds = (fixed_value(sources.from, &self.sizes), fixed_value(sources.to, &self.sizes));
        match bounds {
            (Some(from), Some(to)) if to <= from => Err(Stop::Error(RenderError::EmptyReduction { line })),
            (Some(from), Some(to)) if to - from <= WRITTEN_OUT => {
                let mut parts = Vec::new();
                if let Some(first) = sources.first {
                    let source = self.address(first, Element::Data, line)?;
                    parts.push(Part { number: 0, source });
                }
                for value in from..to {
                    let place = place_at(sources.source, sources.variable, value);
                    let source = self.address(&place, Element::Data, line)?;
                    parts.push(Part { number: parts.len(), source });
                }
                Ok(Parts::Known(parts.chunks(GROUP).map(<[Part]>::to_vec).collect()))
            }
            // Language: what accumulates has one source.
            _ if sources.first.is_some() => Err(Stop::Error(RenderError::EmptyReduction { line })),
            _ => self.counted(sources, line),
        }
    }

    /// A loop over sources whose number only the kernel knows.
    fn counted(&mut self, sources: &Sources<'_>, line: u32) -> Result<Parts, Stop> {
        let from = self.value(sources.from)?.to_index().as_term();
        let to = self.value(sources.to)?.to_index().as_term();
        let first = self.at_expression(sources, line)?;
        let (declaration, variable) = self.declare(sources.variable, Type::Index)?;
        if declaration.is_none() {
            return Err(Stop::Error(RenderError::Unbound));
        }
        let source = self.address(sources.source, Element::Data, line)?;
        self.release(sources.variable);
        Ok(Parts::Counted { variable, from, to, first, source })
    }

    /// The first source of a reduction: the place with `from` for the register.
    fn at_expression(&mut self, sources: &Sources<'_>, line: u32) -> Result<String, Stop> {
        let place = place_with(sources.source, |expression| {
            crate::expression::with_expression(expression, sources.variable, sources.from)
        });
        self.address(&place, Element::Data, line)
    }
}

fn place_at(place: &Place, variable: LocalId, value: i64) -> Place {
    place_with(place, |expression| with_local(expression, variable, value))
}

fn place_with(place: &Place, change: impl Fn(&Expression) -> Expression) -> Place {
    Place {
        indices: place.indices.iter().map(&change).collect(),
        offset: place.offset.as_ref().map(&change),
        rank: place.rank.as_ref().map(&change),
        ..place.clone()
    }
}

/// One source of a reduction.
#[derive(Clone, Debug)]
struct Part {
    number: usize,
    source: String,
}

/// The sources of a reduction.
#[derive(Debug)]
enum Parts {
    /// Written out, in groups that are loaded together.
    Known(Vec<Vec<Part>>),
    /// A loop.
    Counted { variable: String, from: String, to: String, first: String, source: String },
}

#[derive(Template)]
#[template(path = "statement/copy.cu")]
struct CopyTemplate {
    destination: String,
    source: String,
    first: String,
    limit: String,
    step: String,
    width: Width,
    tail: Tail,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/reduce.cu")]
struct ReduceTemplate {
    vector: String,
    element: String,
    first: String,
    limit: String,
    step: String,
    width: Width,
    tail: Tail,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "statement/fold.cu")]
struct FoldTemplate<'a> {
    parts: &'a Parts,
    unit: &'a str,
    suffix: &'a str,
    total: &'a str,
    offset: &'a str,
    wide: bool,
    combine: &'a str,
    destination: &'a str,
}
