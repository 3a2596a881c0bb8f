//! Buffers and their parts at their sizes: bytes, contents, and where they lie.
//!
//! Decision: a part is a buffer that lies within another, so whatever names a buffer may name a part. The keys of the buffer
//! itself (`init`, `refresh`, `read`) speak of its bytes outside of the parts: a part that is not refreshed keeps what it holds.

use super::description::{Buffer, Description, Initial};
use super::expression::{Expression, Values};
use super::scalar::element_bits;
use super::sizes::{Launch, Sizing};
use crate::program::{Contents, Element, PartId};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;
use std::sync::Arc;

/// Bytes of all instances together.
const MEMORY_LIMIT: u64 = 1 << 30;

/// Strides are multiples of that to which buffers are aligned.
const STRIDE_STEP: u64 = 256;

/// The greatest stride: windows of all ranks fit the addresses that devices have.
const STRIDE_LIMIT: u64 = 1 << 40;

/// A buffer, or a part of one, at its size.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Its name.
    pub name: String,
    /// For a part: where it lies.
    pub within: Option<Stretch>,
    /// Peers cannot reach it.
    pub local: bool,
    /// Bytes from one rank's instance to that of the next, where they lie in a flat window.
    pub stride: Option<u64>,
    /// Bytes of each instance.
    pub bytes: u64,
    /// How many of them, from the start, each launch uses, by rank and launch; nothing where all launches use all.
    pub used: Vec<Vec<u64>>,
    /// Element type.
    pub element: Element,
    /// Contents of each rank's instance before the first launch, and before every launch where it is refreshed.
    pub contents: Vec<Contents>,
    /// New contents before every launch.
    pub refreshed: bool,
    /// The owner's host reads it after every launch.
    pub read: bool,
    /// One address stands for the instances of all ranks.
    pub multicast: bool,
    /// Where it is declared.
    pub span: Span,
}

/// Where a part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Index of the buffer.
    pub buffer: usize,
    /// Bytes from its start.
    pub offset: u64,
}

impl Memory {
    /// Bytes that a launch of a rank uses.
    pub fn used_in(&self, rank: u32, launch: u32) -> u64 {
        self.used.get(rank as usize).map_or(self.bytes, |by_launch| by_launch[launch as usize])
    }
}

impl Launch {
    /// How many buffers there are, parts not counted.
    pub fn buffer_count(&self) -> usize {
        self.buffers.iter().filter(|memory| memory.within.is_none()).count()
    }

    /// The parts of a buffer, with their indices, in the order of the file.
    pub fn parts(&self, buffer: usize) -> impl Iterator<Item = (usize, &Memory, u64)> {
        self.buffers.iter().enumerate().filter_map(move |(index, memory)| {
            let Stretch { offset, .. } = memory.within.filter(|within| within.buffer == buffer)?;
            Some((index, memory, offset))
        })
    }

    /// Whether a buffer is divided.
    pub fn has_parts(&self, buffer: usize) -> bool {
        self.parts(buffer).next().is_some()
    }

    /// What the memory with this index is to the machine.
    pub fn part_id(&self, index: usize) -> PartId {
        let Some(Stretch { buffer, .. }) = self.buffers[index].within else { return PartId::of(index as u32) };
        let before = self.parts(buffer).take_while(|(other, ..)| *other != index).count();
        PartId { buffer: buffer as u32, part: before as u32 + 1 }
    }
}

impl Sizing {
    /// All buffers, and after them their parts.
    pub(super) fn memory(&mut self, launch: &Launch, description: &Description) -> Option<Vec<Memory>> {
        // Instances are alike on all ranks, so the greatest grid and block count.
        let greatest = |of: fn(&Values) -> u64| {
            (0..launch.ranks).map(|rank| of(&launch.values(rank, 0))).max().unwrap_or_default()
        };
        let values = Values {
            ranks: launch.ranks,
            grid: greatest(|values| values.grid),
            block: greatest(|values| values.block),
            ..Values::default()
        };
        let output = description.expectation.as_ref().map(|expectation| expectation.output.value);
        let buffers = description.buffers.iter().enumerate();
        let all: Vec<Option<Memory>> =
            buffers.map(|(index, buffer)| self.buffer(launch, buffer, &values, output == Some(index))).collect();
        let mut all = all.into_iter().collect::<Option<Vec<_>>>()?;
        for index in 0..all.len() {
            if let Some(within) = all[index].within {
                all[index].multicast = all[within.buffer].multicast;
            }
        }
        for (part, written) in all.iter().zip(&description.buffers) {
            self.lies_within(&all, part, written);
        }
        self.parts_are_apart(&all, &description.buffers);
        self.used_alone(&all, description);
        self.total(launch.ranks, &all);
        Some(all)
    }

    fn buffer(&mut self, launch: &Launch, buffer: &Buffer, values: &Values, is_output: bool) -> Option<Memory> {
        let name = &buffer.name.value;
        let span = buffer.bytes.span().clone();
        let bytes = buffer.bytes.evaluate(values);
        let bytes = self.take(bytes)?;
        let fits = u64::try_from(bytes).ok().filter(|bytes| (1..=MEMORY_LIMIT).contains(bytes));
        let Some(fits) = fits else {
            let message = format!("`{name}` has {bytes} bytes");
            return self.fail(Diagnostic::new(message, span).label(format!("expected 1 to {MEMORY_LIMIT}")));
        };
        let element = buffer.element;
        if !fits.is_multiple_of(u64::from(element.bytes())) {
            let message =
                format!("`{name}` has {fits} bytes, which are no whole number of {} elements", element.name());
            let expected = format!("expected a multiple of {}", element.bytes());
            return self.fail(Diagnostic::new(message, span).label(expected));
        }
        if buffer.multicast && !buffer.symmetric {
            let message = format!("`{name}` is local to its rank, and has a multicast address");
            let error = Diagnostic::new(message, buffer.name.span.clone());
            return self.fail(error.label("expected `symmetric` or not `multicast`"));
        }
        let used = match &buffer.used {
            Some(used) => self.used(launch, name, (fits, element), used)?,
            None => Vec::new(),
        };
        let mut contents = Vec::new();
        for rank in 0..launch.ranks {
            contents.push(self.contents(launch, buffer, rank, fits)?);
        }
        let stride = match &buffer.stride {
            Some(stride) => Some(self.stride(name, fits, stride, values)?),
            None => None,
        };
        let within = match &buffer.within {
            Some(within) => {
                let offset = self.offset(name, &within.offset, values)?;
                Some(Stretch { buffer: within.buffer, offset })
            }
            None => None,
        };
        Some(Memory {
            name: name.clone(),
            within,
            local: !buffer.symmetric,
            stride,
            bytes: fits,
            used,
            element,
            contents,
            refreshed: buffer.refresh,
            read: buffer.read || is_output,
            multicast: buffer.multicast,
            span: buffer.span.clone(),
        })
    }

    /// Bytes that each launch uses, by rank.
    fn used(
        &mut self,
        launch: &Launch,
        name: &str,
        (bytes, element): (u64, Element),
        written: &Expression,
    ) -> Option<Vec<Vec<u64>>> {
        let mut found = Vec::new();
        for rank in 0..launch.ranks {
            let mut by_launch = Vec::new();
            for number in 0..launch.launches {
                let values = launch.values(rank, number);
                let value = written.evaluate(&values);
                let value = self.take(value)?;
                let fits = u64::try_from(value).ok().filter(|used| *used <= bytes);
                let Some(used) = fits.filter(|used| used.is_multiple_of(u64::from(element.bytes()))) else {
                    let known = values.describe(written.variables());
                    let message = format!("launches use {value} bytes of `{name}`{known}");
                    let expected = format!("expected a multiple of {} up to {bytes}", element.bytes());
                    return self.fail(Diagnostic::new(message, written.span().clone()).label(expected));
                };
                by_launch.push(used);
            }
            found.push(by_launch);
        }
        Some(found)
    }

    /// What a launch uses is known of whole buffers, and of launches that follow each other.
    fn used_alone(&mut self, all: &[Memory], description: &Description) {
        for (index, buffer) in description.buffers.iter().enumerate() {
            let Some(used) = &buffer.used else { continue };
            let name = &buffer.name.value;
            let stands_with =
                |what: &str| Diagnostic::new(format!("`used` of `{name}` beside {what}"), used.span().clone());
            if all.iter().any(|memory| memory.within.is_some_and(|within| within.buffer == index)) {
                self.fail::<()>(stands_with("parts").label("expected a buffer without parts"));
            } else if let Some(step) = description.steps.first() {
                let error = stands_with("steps").label("expected launches of one kernel");
                self.fail::<()>(error.context(step.span.clone(), "the first step"));
            } else if let Some(dependent) = &description.dependent {
                let error = stands_with("`dependent`").label("expected launches that follow each other");
                self.fail::<()>(error.context(dependent.clone(), "these may run side by side"));
            }
        }
    }

    /// Bytes from one instance to the next, none of which overlap.
    fn stride(&mut self, name: &str, bytes: u64, written: &Expression, values: &Values) -> Option<u64> {
        let value = written.evaluate(values);
        let value = self.take(value)?;
        let at = |message: String| Diagnostic::new(message, written.span().clone());
        let fits = u64::try_from(value).ok().filter(|stride| (STRIDE_STEP..=STRIDE_LIMIT).contains(stride));
        let Some(stride) = fits.filter(|stride| stride.is_multiple_of(STRIDE_STEP)) else {
            let expected = format!("expected a multiple of {STRIDE_STEP} up to {STRIDE_LIMIT}");
            return self.fail(at(format!("the stride of `{name}` is {value}")).label(expected));
        };
        if stride < bytes {
            let message = format!("instances of `{name}` have {bytes} bytes, and lie {stride} bytes apart");
            return self.fail(at(message).label(format!("expected at least {bytes}")));
        }
        Some(stride)
    }

    /// Bytes from the start of the buffer to a part of it.
    fn offset(&mut self, name: &str, written: &Expression, values: &Values) -> Option<u64> {
        let value = written.evaluate(values);
        let value = self.take(value)?;
        let fits = u64::try_from(value).ok().filter(|offset| *offset <= MEMORY_LIMIT);
        let Some(offset) = fits else {
            let error = Diagnostic::new(format!("`{name}` begins at byte {value}"), written.span().clone());
            return self.fail(error.label(format!("expected 0 to {MEMORY_LIMIT}")));
        };
        Some(offset)
    }

    /// Whether a part fits its buffer, and its elements are aligned.
    fn lies_within(&mut self, all: &[Memory], part: &Memory, written: &Buffer) -> Option<()> {
        let (Some(Stretch { buffer, offset }), Some(within)) = (part.within, &written.within) else { return None };
        let (whole, end, size) = (&all[buffer], offset + part.bytes, u64::from(part.element.bytes()));
        let at = |message: String| Diagnostic::new(message, within.offset.span().clone());
        if end > whole.bytes {
            let message = format!("`{}` ends at byte {end} of `{}`", part.name, whole.name);
            let error = at(message).label(format!("expected to end at byte {} at most", whole.bytes));
            return self.fail(error.context(whole.span.clone(), "of this buffer"));
        }
        if !offset.is_multiple_of(size) {
            let message = format!("`{}` begins at byte {offset}, and holds {}", part.name, part.element.name());
            return self.fail(at(message).label(format!("expected a multiple of {size}")));
        }
        Some(())
    }

    /// No byte lies in two parts.
    fn parts_are_apart(&mut self, all: &[Memory], written: &[Buffer]) {
        let parts: Vec<(Stretch, &Memory, &Buffer)> =
            all.iter().zip(written).filter_map(|(memory, written)| Some((memory.within?, memory, written))).collect();
        for (index, (at, memory, buffer)) in parts.iter().enumerate() {
            let overlaps = |(other, size): (&Stretch, u64)| {
                other.buffer == at.buffer && other.offset < at.offset + memory.bytes && at.offset < other.offset + size
            };
            let other = parts[..index].iter().find(|(other, memory, _)| overlaps((other, memory.bytes)));
            let (Some((_, other, first)), Some(within)) = (other, &buffer.within) else { continue };
            let message = format!("`{}` and `{}` overlap", other.name, memory.name);
            let error = Diagnostic::new(message, within.offset.span().clone());
            let error =
                error.label(format!("`{}` lies at bytes {} to {}", memory.name, at.offset, at.offset + memory.bytes));
            self.fail::<()>(error.context(first.span.clone(), "the other part"));
        }
    }

    /// What a rank's instance holds before the first launch.
    fn contents(&mut self, launch: &Launch, buffer: &Buffer, rank: u32, bytes: u64) -> Option<Contents> {
        let (element, values) = (buffer.element, launch.values(rank, 0));
        Some(match &buffer.initial {
            Initial::Random => Contents::Random,
            Initial::Zero => Contents::Word(0),
            Initial::Poison => Contents::Poison,
            Initial::Value(value) => {
                let bits = element_bits(element, value, &values);
                Contents::Word(self.take(bits)?)
            }
            Initial::List(list, span) => {
                let elements = bytes / u64::from(element.bytes());
                if list.len() as u64 > elements {
                    let message = format!("`init` lists {} elements of `{}`", list.len(), buffer.name.value);
                    return self.fail(Diagnostic::new(message, span.clone()).label(format!("it has {elements}")));
                }
                let bits = list.iter().map(|value| element_bits(element, value, &values));
                let bits = bits.collect();
                Contents::Bytes(written(element, self.take(bits)?))
            }
            Initial::Each(value) => {
                let indices = 0..bytes / u64::from(element.bytes());
                let bits = indices.map(|index| element_bits(element, value, &Values { index, ..values }));
                let bits = bits.collect();
                Contents::Bytes(written(element, self.take(bits)?))
            }
            Initial::Between([least, greatest]) => {
                if matches!(element, Element::Data(_)) {
                    let message = format!("`{}` has {} elements", buffer.name.value, element.name());
                    let error = Diagnostic::new(message, least.span().clone());
                    return self.fail(error.label("a range is for integers: u8, u32 or u64"));
                }
                let ends = [least, greatest].map(|end| element_bits(element, end, &values));
                let [from, to] = ends.map(|end| self.take(end));
                let (from, to) = (from?, to?);
                if from > to {
                    let message = format!("no number is at least {from} and at most {to}");
                    return self.fail(Diagnostic::new(message, greatest.span().clone()).label("less than the least"));
                }
                Contents::Between(from, to)
            }
        })
    }

    /// Whether all instances together can be checked.
    fn total(&mut self, ranks: u32, all: &[Memory]) {
        let mut total: u64 = 0;
        for buffer in all.iter().filter(|memory| memory.within.is_none()) {
            total = total.saturating_add(buffer.bytes.saturating_mul(u64::from(ranks)));
            if total > MEMORY_LIMIT {
                let message = format!("the buffers of {ranks} ranks need more memory than can be checked");
                let limit = format!("with this one {total} bytes, at most {MEMORY_LIMIT}");
                self.fail::<()>(Diagnostic::new(message, buffer.span.clone()).label(limit));
                return;
            }
        }
    }
}

/// Elements as memory holds them.
fn written(element: Element, elements: Vec<u64>) -> Arc<[u8]> {
    let size = element.bytes() as usize;
    let mut bytes = vec![0; elements.len() * size];
    for (bits, bytes) in elements.into_iter().zip(bytes.chunks_exact_mut(size)) {
        element.write(bits, bytes);
    }
    bytes.into()
}
