//! Kernel parameters as bytes, laid out as C does, against what the kernel declares.
//!
//! A parameter is compared by size and alignment: PTX knows no structure, only `.align 8 .b8 name[64]`. A structure
//! whose declared alignment is greater than that of its fields (`alignas(16)`) is padded to it, as C does. Pointers
//! are 8 bytes: 32-bit PTX is not supported anywhere.

use super::Launch;
use super::description::{Argument, Passed};
use super::expression::Values;
use super::sizes::{PointerTable, slots_of};
use arverify_protocol::ir::Span;
use arverify_protocol::language::{Diagnostic, Diagnostics};

/// Bytes of all parameters together (PTX ISA, kernel function parameters: 32,764 since sm_70).
const PARAMETER_LIMIT: u64 = 32_764;

/// Bytes of a value in memory.
const MEMORY_LIMIT: u64 = 1 << 24;

/// How often a value is repeated.
const TIMES_LIMIT: u64 = 1 << 16;

/// A parameter as the kernel declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its alignment, a power of two.
    pub alignment: u64,
    /// The declaration, for messages: `.u64` or `.align 8 .b8[64]`.
    pub declared: String,
}

/// Where memory lies.
#[derive(Clone, Copy)]
pub struct Addresses<'a> {
    /// Address of a rank's instance of a buffer, or of the first byte of a part there.
    pub buffer: &'a dyn Fn(usize, u32) -> u64,
    /// Address that stands for the instances of a buffer on all ranks.
    pub multicast: &'a dyn Fn(usize) -> u64,
    /// Address of a table, by its index in [`Launch::tables`].
    pub table: &'a dyn Fn(usize) -> u64,
    /// Address of memory of a rank that holds these bytes.
    pub memory: &'a dyn Fn(u32, Vec<u8>) -> u64,
}

/// Where each parameter starts, and the size of all.
pub fn offsets(parameters: &[Parameter]) -> (Vec<u64>, u64) {
    let mut end = 0u64;
    let starts = parameters.iter().map(|parameter| {
        let start = aligned(end, parameter.alignment);
        end = start.saturating_add(parameter.bytes);
        start
    });
    (starts.collect(), end)
}

fn aligned(offset: u64, alignment: u64) -> u64 {
    offset.checked_next_multiple_of(alignment.max(1)).unwrap_or(u64::MAX)
}

/// Size and alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    bytes: u64,
    alignment: u64,
}

fn layout(argument: &Argument, counts: &Values) -> Result<Layout, Diagnostic> {
    Ok(match &argument.passed {
        Passed::Pointer { .. } | Passed::Multicast { .. } | Passed::Table { .. } | Passed::Memory { .. } => {
            Layout { bytes: 8, alignment: 8 }
        }
        Passed::Each { count, of } => {
            let of = layout(of, counts)?;
            let bytes = aligned(of.bytes, of.alignment).saturating_mul(times(count, counts)?);
            Layout { bytes, ..of }
        }
        Passed::Pad(bytes) => Layout { bytes: size(bytes, counts)?, alignment: 1 },
        // Only where it stands says how far that is.
        Passed::At(_) => Layout { bytes: 0, alignment: 1 },
        Passed::Pointers { slots, .. } => {
            let slots = slots_of(slots.as_ref(), counts.ranks, &argument.span)?;
            Layout { bytes: 8 * u64::from(slots), alignment: 8 }
        }
        Passed::Number { scalar, .. } => Layout { bytes: scalar.bytes(), alignment: scalar.bytes() },
        Passed::Structure(fields) => {
            let mut whole = Layout { bytes: 0, alignment: 1 };
            for field in fields {
                let own = layout(field, counts)?;
                whole.bytes = start_of(field, own, whole.bytes, counts)?.saturating_add(own.bytes);
                whole.alignment = whole.alignment.max(own.alignment);
            }
            Layout { bytes: aligned(whole.bytes, whole.alignment), ..whole }
        }
    })
}

/// Where a field begins that follows so many bytes of its structure.
fn start_of(field: &Argument, own: Layout, end: u64, counts: &Values) -> Result<u64, Diagnostic> {
    let Passed::At(offset) = &field.passed else { return Ok(aligned(end, own.alignment)) };
    let start = size(offset, counts)?;
    if start < end {
        let message = format!("byte {start} lies within the fields before it, which end at byte {end}");
        return Err(Diagnostic::new(message, offset.span().clone()).label(format!("expected at least {end}")));
    }
    Ok(start)
}

/// A number of bytes.
fn size(expression: &super::Expression, counts: &Values) -> Result<u64, Diagnostic> {
    let value = expression.evaluate(counts)?;
    let fits = u64::try_from(value).ok().filter(|bytes| *bytes <= MEMORY_LIMIT);
    fits.ok_or_else(|| {
        let error = Diagnostic::new(format!("{value} bytes are out of range"), expression.span().clone());
        error.label(format!("expected 0 to {MEMORY_LIMIT}"))
    })
}

/// How often a value is repeated.
fn times(count: &super::Expression, counts: &Values) -> Result<u64, Diagnostic> {
    let value = count.evaluate(counts)?;
    let fits = u64::try_from(value).ok().filter(|times| (1..=TIMES_LIMIT).contains(times));
    fits.ok_or_else(|| {
        let error = Diagnostic::new(format!("a value is repeated {value} times"), count.span().clone());
        error.label(format!("expected 1 to {TIMES_LIMIT}"))
    })
}

/// What an argument is, for messages.
fn describe(argument: &Argument, counts: &Values) -> String {
    match &argument.passed {
        Passed::Pointer { .. } => "a pointer".to_owned(),
        Passed::Multicast { .. } => "a multicast address".to_owned(),
        Passed::Table { .. } => "a pointer to a table".to_owned(),
        Passed::Pointers { .. } => "an array of pointers".to_owned(),
        Passed::Memory { .. } => "a pointer to memory".to_owned(),
        Passed::Each { of, .. } => format!("an array, each element {}", describe(of, counts)),
        Passed::Pad(_) | Passed::At(_) => "a gap".to_owned(),
        Passed::Number { scalar, .. } => scalar.name().to_owned(),
        Passed::Structure(fields) => {
            let mut end = 0;
            let places = fields.iter().map(|field| {
                let Ok(own) = layout(field, counts) else { return "?".to_owned() };
                let Ok(start) = start_of(field, own, end, counts) else { return "?".to_owned() };
                end = start.saturating_add(own.bytes);
                start.to_string()
            });
            format!("a structure with fields at bytes {}", places.collect::<Vec<_>>().join(", "))
        }
    }
}

impl Launch {
    /// What sizes of values are counted in: the same on all ranks, so that blocks and threads are the greatest of any rank, as in
    /// sizes of buffers.
    fn counts(&self) -> Values {
        let of = |rank: u32| self.values(rank, 0);
        let greatest = |count: fn(Values) -> u64| (0..self.ranks).map(|rank| count(of(rank))).max().unwrap_or_default();
        let (grid, block) = (greatest(|values| values.grid), greatest(|values| values.block));
        Values { ranks: self.ranks, grid, block, ..Values::default() }
    }

    /// Whether the arguments are what the kernel takes, at every rank and launch.
    pub fn check(&self, kernel: &str, parameters: &[Parameter]) -> Result<(), Diagnostics> {
        let (given, taken) = (self.arguments.len(), parameters.len());
        if given != taken {
            let declared: Vec<String> =
                parameters.iter().map(|parameter| format!("{} {}", parameter.declared, parameter.name)).collect();
            let step = self.of_step.clone();
            let written = if step.is_some() { "`args`" } else { "[[arg]]" };
            let span = self.arguments.last().map_or(step.unwrap_or(0..0), |argument| argument.span.clone());
            let message = format!("`{kernel}` takes {taken} parameters, but {given} {written} are given");
            let error =
                Diagnostic::new(message, span).label(if given < taken { "no more after this" } else { "the last" });
            return Err(self.refuse(vec![error.note(format!("it takes {}", declared.join(", ")))]));
        }
        let (_, total) = offsets(parameters);
        if total > PARAMETER_LIMIT {
            let message =
                format!("`{kernel}` takes {total} bytes of parameters: at most {PARAMETER_LIMIT} are possible");
            return Err(self.refuse(vec![Diagnostic::new(message, 0..0)]));
        }
        let mut errors = Vec::new();
        for (index, (argument, parameter)) in self.arguments.iter().zip(parameters).enumerate() {
            if let Err(error) = self.fits(index, argument, parameter) {
                errors.push(error);
            }
        }
        if !errors.is_empty() {
            return Err(self.refuse(errors));
        }
        let addresses = Addresses { buffer: &|_, _| 0, multicast: &|_| 0, table: &|_| 0, memory: &|_, _| 0 };
        for rank in 0..self.ranks {
            for launch in 0..self.launches {
                self.parameter_bytes(parameters, (rank, launch), addresses)?;
            }
        }
        Ok(())
    }

    fn fits(&self, index: usize, argument: &Argument, parameter: &Parameter) -> Result<(), Diagnostic> {
        let own = layout(argument, &self.counts())?;
        let padded = aligned(own.bytes, parameter.alignment);
        let structure = matches!(argument.passed, Passed::Structure(_));
        let fits = own.bytes == parameter.bytes || (structure && padded == parameter.bytes);
        if fits && own.alignment <= parameter.alignment {
            return Ok(());
        }
        let what = describe(argument, &self.counts());
        let number = index + 1;
        let name = &parameter.name;
        let error = if fits {
            let message = format!("argument {number} and parameter `{name}` are aligned differently");
            Diagnostic::new(message, argument.span.clone()).label(format!("{what}: aligned to {}", own.alignment))
        } else {
            let message = format!("argument {number} and parameter `{name}` differ in size");
            Diagnostic::new(message, argument.span.clone()).label(format!("{what}: {} bytes", own.bytes))
        };
        Err(error.note(format!(
            "`{name}` is declared {}: {} bytes, aligned to {}",
            parameter.declared, parameter.bytes, parameter.alignment
        )))
    }

    /// All parameters of a rank's launch, each at its offset; gaps are 0.
    pub fn parameter_bytes(
        &self,
        parameters: &[Parameter],
        (rank, launch): (u32, u32),
        addresses: Addresses<'_>,
    ) -> Result<Vec<u8>, Diagnostics> {
        let (starts, total) = offsets(parameters);
        let mut writer = Writer { launch: self, values: self.values(rank, launch), addresses, bytes: Vec::new() };
        writer.bytes.resize(usize::try_from(total.min(PARAMETER_LIMIT)).unwrap_or_default(), 0);
        for (argument, start) in self.arguments.iter().zip(starts) {
            writer.write(argument, start).map_err(|error| self.refuse(vec![error]))?;
        }
        Ok(writer.bytes)
    }
}

/// Writes arguments at their offsets.
struct Writer<'a> {
    launch: &'a Launch,
    values: Values,
    addresses: Addresses<'a>,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn put(&mut self, at: u64, bits: u64, length: u64) {
        let bits = bits.to_le_bytes();
        for (index, byte) in bits.iter().enumerate().take(length as usize) {
            if let Some(cell) = self.bytes.get_mut(at as usize + index) {
                *cell = *byte;
            }
        }
    }

    fn write(&mut self, argument: &Argument, at: u64) -> Result<(), Diagnostic> {
        let ranks = self.launch.ranks;
        match &argument.passed {
            Passed::Pointer { buffer, offset, rank } => {
                let whose = match rank {
                    None => self.values.rank,
                    Some(rank) => self.within(rank, u64::from(ranks) - 1, "`rank`")? as u32,
                };
                let offset = self.offset(*buffer, offset.as_ref())?;
                self.put(at, (self.addresses.buffer)(*buffer, whose).wrapping_add(offset), 8);
            }
            Passed::Multicast { buffer, offset } => {
                let offset = self.offset(buffer.value, offset.as_ref())?;
                self.put(at, (self.addresses.multicast)(buffer.value).wrapping_add(offset), 8);
            }
            Passed::Table { buffer, slots } => {
                let slots = slots_of(slots.as_ref(), ranks, &argument.span)?;
                let table = PointerTable { buffer: *buffer, slots };
                // Every table of the arguments is in the list.
                let index = self.launch.tables.iter().position(|known| *known == table).unwrap_or_default();
                self.put(at, (self.addresses.table)(index), 8);
            }
            Passed::Pointers { buffer, slots } => {
                let slots = slots_of(slots.as_ref(), ranks, &argument.span)?;
                let table = PointerTable { buffer: *buffer, slots };
                for (index, address) in self.launch.table(table, self.addresses.buffer).into_iter().enumerate() {
                    self.put(at + 8 * index as u64, address, 8);
                }
            }
            Passed::Number { scalar, value } => {
                let bits = scalar.bits(value, &self.values)?;
                self.put(at, bits, scalar.bytes());
            }
            Passed::Structure(fields) => self.structure(fields, at)?,
            Passed::Each { count, of } => self.each(count, of, at)?,
            Passed::Memory { of } => self.memory(of, &argument.span, at)?,
            Passed::Pad(_) | Passed::At(_) => {}
        }
        Ok(())
    }

    /// The value of an expression, if it is at most so much.
    fn within(&self, expression: &super::Expression, limit: u64, what: &str) -> Result<u64, Diagnostic> {
        let value = expression.evaluate(&self.values)?;
        let fits = u64::try_from(value).ok().filter(|value| *value <= limit);
        fits.ok_or_else(|| out_of_reach(expression, value, &self.values, what, limit))
    }

    /// An offset into a buffer. One past the end is an address that C allows.
    fn offset(&self, buffer: usize, offset: Option<&super::Expression>) -> Result<u64, Diagnostic> {
        let memory = &self.launch.buffers[buffer];
        let what = format!("the offset into `{}`", memory.name);
        offset.map_or(Ok(0), |offset| self.within(offset, memory.bytes, &what))
    }

    fn structure(&mut self, fields: &[Argument], at: u64) -> Result<(), Diagnostic> {
        let mut end = 0;
        for field in fields {
            let own = layout(field, &self.launch.counts())?;
            let start = start_of(field, own, end, &self.launch.counts())?;
            self.write(field, at + start)?;
            end = start + own.bytes;
        }
        Ok(())
    }

    fn each(&mut self, count: &super::Expression, of: &Argument, at: u64) -> Result<(), Diagnostic> {
        let own = layout(of, &self.launch.counts())?;
        let (around, stride) = (self.values.turn, aligned(own.bytes, own.alignment));
        for turn in 0..times(count, &self.launch.counts())? {
            self.values.turn = turn;
            self.write(of, at + turn * stride)?;
        }
        self.values.turn = around;
        Ok(())
    }

    fn memory(&mut self, of: &Argument, span: &Span, at: u64) -> Result<(), Diagnostic> {
        let own = layout(of, &self.launch.counts())?;
        if own.bytes > MEMORY_LIMIT {
            let error = Diagnostic::new(format!("the value takes {} bytes", own.bytes), span.clone());
            return Err(error.label(format!("expected at most {MEMORY_LIMIT}")));
        }
        let (launch, values, addresses) = (self.launch, self.values, self.addresses);
        let mut value = Writer { launch, values, addresses, bytes: vec![0; own.bytes as usize] };
        value.write(of, 0)?;
        let address = (self.addresses.memory)(self.values.rank, value.bytes);
        self.put(at, address, 8);
        Ok(())
    }
}

fn out_of_reach(expression: &super::Expression, value: i128, values: &Values, what: &str, limit: u64) -> Diagnostic {
    let span: Span = expression.span().clone();
    let known = values.describe(expression.variables());
    Diagnostic::new(format!("{what} is {value}{known}"), span).label(format!("expected 0 to {limit}"))
}
