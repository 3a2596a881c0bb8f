//! Loads, stores and atomics: done here where the memory is the thread's own or constant, yielded where it is not.

use super::map::{AddressError, Target};
use super::run::{Done, Interpreter, not_understood, value};
use super::thread::{Broken, PtxThread};
use crate::program::{Bulk, Coordinates, Fault, Location, Operation, SiteIndex, VectorElement, Width, Word, mbarrier};
use crate::ptx::code::step::{Address, AsyncCopy, Base, Element, Space};
use crate::ptx::code::windows::{
    CONSTANT_WINDOW, GLOBAL_START, LOCAL_WINDOW, PARAMETER_WINDOW, PEER_SHIFT, SHARED_WINDOW, WINDOW_BYTES,
};
use crate::ptx::code::{Pc, Register, Step};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Order;
use arverify_protocol::verdict::Code as Finding;
use smallvec::SmallVec;

/// The memory that an access means.
pub(super) enum Place<'i> {
    /// Memory that the machine holds.
    Instance(Location),
    /// Bytes that nobody writes.
    Constant(&'i [u8]),
    /// The thread's own memory, from this byte on.
    Local(usize),
}

impl Interpreter {
    /// A load.
    pub(super) fn load(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<Done, Fault> {
        let Step::Load { space, address, destinations, element, semantics } = step else { return Ok(Done::Next) };
        let width = element.width;
        let bytes = width.bytes() * destinations.len() as u64;
        let place = self.place(at, thread, *space, *address, bytes)?;
        whole_vector(&place, width, element.place, thread.pc)?;
        match place {
            Place::Instance(location) => {
                if semantics.order == Order::Weak {
                    return Ok(Done::Yield(Operation::Load { at: location, bytes: bytes as u32 }));
                }
                let width = whole_width(width, destinations.len(), thread.pc)?;
                Ok(Done::Yield(Operation::Read { at: location, width, semantics: *semantics, element: element.place }))
            }
            Place::Constant(contents) => {
                deliver(&mut thread.registers, destinations, *element, contents);
                Ok(Done::Next)
            }
            Place::Local(from) => {
                let PtxThread { registers, local, .. } = thread;
                deliver(registers, destinations, *element, &local[from..from + bytes as usize]);
                Ok(Done::Next)
            }
        }
    }

    /// A store.
    pub(super) fn store(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<Done, Fault> {
        let Step::Store { space, address, sources, element, semantics } = step else { return Ok(Done::Next) };
        let width = element.width;
        let size = width.bytes() as usize;
        let mut data: SmallVec<[u8; 16]> = SmallVec::new();
        for source in sources {
            data.extend_from_slice(&value(&thread.registers, *source).to_le_bytes()[..size]);
        }
        let place = self.place(at, thread, *space, *address, data.len() as u64)?;
        whole_vector(&place, width, element.place, thread.pc)?;
        match place {
            Place::Instance(location) if semantics.order == Order::Weak => {
                Ok(Done::Yield(Operation::Store { at: location, data }))
            }
            Place::Instance(location) => {
                let mut word = [0; 16];
                word[..data.len()].copy_from_slice(&data);
                let (width, value) = (whole_width(width, sources.len(), thread.pc)?, Word::from_le_bytes(word));
                Ok(Done::Yield(Operation::Write {
                    at: location,
                    width,
                    value,
                    semantics: *semantics,
                    element: element.place,
                }))
            }
            Place::Constant(_) => {
                let message = "the kernel writes memory that is taken as constant: a table of pointers, or constants";
                Err(not_understood(message.into(), thread.pc))
            }
            Place::Local(from) => {
                thread.local[from..from + data.len()].copy_from_slice(&data);
                Ok(Done::Next)
            }
        }
    }

    /// A read-modify-write.
    pub(super) fn atomic(&self, at: Coordinates, thread: &mut PtxThread, step: &Step) -> Result<Done, Fault> {
        let Step::Atomic { space, address, width, function, operand, expected, destination, semantics, place } = step
        else {
            return Ok(Done::Next);
        };
        let width = *width;
        let memory = self.place(at, thread, *space, *address, width.bytes())?;
        whole_vector(&memory, width, *place, thread.pc)?;
        let element = thread.place_of_update(*place);
        match memory {
            Place::Instance(location) => Ok(Done::Yield(Operation::Atomic {
                at: location,
                width,
                function: *function,
                operand: width.truncate(value(&thread.registers, *operand)),
                expected: width.truncate(value(&thread.registers, *expected)),
                semantics: *semantics,
                returns: destination.is_some(),
                element,
            })),
            Place::Constant(_) | Place::Local(_) => {
                Err(not_understood("an atomic on memory that no other thread writes".into(), thread.pc))
            }
        }
    }

    /// What a copy to shared memory reads and writes, or which bytes of it become zero.
    pub(super) fn async_copy(&self, at: Coordinates, thread: &PtxThread, copy: &AsyncCopy) -> Result<Done, Fault> {
        let whole = copy.bytes;
        let read = copy.read.map_or(whole, |read| (value(&thread.registers, read) as u32).min(whole));
        let bytes = if copy.fills { whole - read } else { read };
        let Place::Instance(to) = self.place(at, thread, Space::Shared, copy.to, u64::from(whole))? else {
            return Err(not_understood("a copy to memory that no other thread reads".into(), thread.pc));
        };
        if bytes == 0 {
            return Ok(Done::Next);
        }
        let mut bulk = Bulk {
            destination: to,
            sources: SmallVec::new(),
            bytes,
            fold: None,
            data: DataType::F32,
            accumulate: Accumulate::Own,
            vector: false,
            pipe: Some(0),
        };
        if copy.fills {
            bulk.destination.byte += u64::from(read);
        } else {
            match self.place(at, thread, Space::Global, copy.from, u64::from(whole))? {
                Place::Instance(from) => bulk.sources.push(from),
                _ => return Err(not_understood("a copy of memory that is taken as constant".into(), thread.pc)),
            }
        }
        if let Some(from) = bulk.sources.first() {
            self.taint_of_copy(thread, Some(*from), (bulk.destination, u64::from(bytes)));
        }
        // What is copied has no type, but a size.
        match bytes % 4 {
            0 => {}
            2 => bulk.data = DataType::F16,
            _ => return Err(not_understood("a copy of an odd number of bytes".into(), thread.pc)),
        }
        Ok(Done::Yield(Operation::Bulk(Box::new(bulk))))
    }

    /// The size of the elements that an instruction loads.
    pub(super) fn element_width(&self, pc: Pc) -> Option<Width> {
        match &self.code.instructions[pc as usize].step {
            Step::Load { element, .. } => Some(element.width),
            _ => None,
        }
    }

    /// Gives the word that the last operation read, zero-extended.
    pub fn supply(&self, thread: &mut PtxThread, word: Word) {
        match &self.code.instructions[thread.pc as usize - 1].step {
            Step::Load { destinations, element, .. } => {
                deliver(&mut thread.registers, destinations, *element, &word.to_le_bytes());
                if word == Word::from(mbarrier::BROKEN) && self.code.objects.binary_search(&(thread.pc - 1)).is_ok() {
                    thread.broken = Some(Broken::Object);
                }
            }
            Step::Atomic { destination: Some(destination), width, function, .. } => {
                thread.registers[destination.0 as usize] = function.shown(Word::from(width.truncate(word as u64)));
            }
            _ => {}
        }
    }

    /// Gives the bytes that the last weak load read.
    pub fn supply_bytes(&self, thread: &mut PtxThread, bytes: &[u8]) {
        if let Step::Load { destinations, element, .. } = &self.code.instructions[thread.pc as usize - 1].step {
            deliver(&mut thread.registers, destinations, *element, bytes);
        }
    }

    /// The memory that an access of this thread means.
    pub(super) fn place(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        space: Space,
        address: Address,
        bytes: u64,
    ) -> Result<Place<'_>, Fault> {
        let base = match address.base {
            Base::Value(source) => value(&thread.registers, source),
            Base::Variable(variable) => self.rank(at).variables.get(variable as usize).copied().unwrap_or(0),
        };
        let address = base.wrapping_add_signed(address.offset);
        self.resolve(at, thread, space, address, bytes).map_err(|error| outside(&error, thread.pc))
    }

    fn resolve(
        &self,
        at: Coordinates,
        thread: &PtxThread,
        space: Space,
        address: u64,
        bytes: u64,
    ) -> Result<Place<'_>, AddressError> {
        let rank = self.rank(at);
        let (space, offset) = match space {
            Space::Generic => windowed(address),
            other => (other, address),
        };
        match space {
            Space::Multicast(whose) => Ok(Place::Instance(self.setting.map.resolve_multicast(address, bytes, whose)?)),
            Space::Global | Space::Generic => match self.setting.map.resolve(address, bytes)? {
                Target::Instance(location) => Ok(Place::Instance(location)),
                Target::Constant(contents) => Ok(Place::Constant(contents)),
            },
            Space::Shared | Space::Cluster => {
                let peer = if space == Space::Cluster { offset >> PEER_SHIFT & 0xFF } else { 0 };
                let offset = offset - (peer << PEER_SHIFT);
                let offset = within("shared memory", offset, bytes, rank.shared_bytes)?;
                let block = match peer {
                    0 => Some(at.block),
                    _ => rank.geometry.peer(at.block, peer as u32 - 1),
                };
                let index = block.map(|block| rank.of_launch(at.launch, block, rank.geometry.blocks()));
                let instance = index.and_then(|index| rank.shared.get(index as usize).copied());
                let instance = instance.ok_or(AddressError::Wild { address })?;
                Ok(Place::Instance(Location { instance, byte: offset }))
            }
            Space::Local => {
                let from = within("the thread's own memory", offset, bytes, thread.local.len() as u64)?;
                Ok(Place::Local(from as usize))
            }
            Space::Constant => window("constant memory", &rank.constants, offset, bytes),
            Space::Parameter => {
                let none: &[u8] = &[];
                let parameters = rank.parameters.get(at.launch as usize).map_or(none, |bytes| bytes);
                window("the kernel's parameters", parameters, offset, bytes)
            }
        }
    }
}

/// The size of a strong access of so many elements: a vector is one where it is taken whole.
pub(super) fn whole_width(element: Width, count: usize, pc: Pc) -> Result<Width, Fault> {
    let whole = Width::of(element.bytes() * count as u64);
    whole.ok_or_else(|| not_understood("a strong access of more than 16 bytes".into(), pc))
}

/// The first of the accesses that a strong vector access has become must be aligned for all of them.
fn whole_vector(place: &Place, width: Width, element: VectorElement, pc: Pc) -> Result<(), Fault> {
    let together = if element.within() == 0 { element.adjacent } else { 1 };
    let bytes = width.bytes() * u64::from(together);
    match place {
        Place::Instance(location) if !location.byte.is_multiple_of(bytes) => {
            let at = format!("byte {} of its buffer", location.byte);
            Err(outside(&AddressError::Misaligned { at, bytes }, pc))
        }
        _ => Ok(()),
    }
}

fn window<'i>(what: &'static str, contents: &'i [u8], offset: u64, bytes: u64) -> Result<Place<'i>, AddressError> {
    let from = within(what, offset, bytes, contents.len() as u64)? as usize;
    Ok(Place::Constant(&contents[from..from + bytes as usize]))
}

/// The space of a generic address, and the offset in it.
fn windowed(address: u64) -> (Space, u64) {
    let inside = |start: u64| address.wrapping_sub(start) < WINDOW_BYTES;
    if !(SHARED_WINDOW..GLOBAL_START).contains(&address) {
        (Space::Global, address)
    } else if inside(SHARED_WINDOW) {
        (Space::Cluster, address - SHARED_WINDOW)
    } else if inside(LOCAL_WINDOW) {
        (Space::Local, address - LOCAL_WINDOW)
    } else if inside(CONSTANT_WINDOW) {
        (Space::Constant, address - CONSTANT_WINDOW)
    } else if inside(PARAMETER_WINDOW) {
        (Space::Parameter, address - PARAMETER_WINDOW)
    } else {
        (Space::Global, address)
    }
}

/// An offset, if the access lies in a memory of `size` bytes and is aligned.
fn within(what: &'static str, offset: u64, bytes: u64, size: u64) -> Result<u64, AddressError> {
    let end = offset.saturating_add(bytes);
    if end > size {
        return Err(AddressError::PastWindow { beyond: end - size, what, size });
    }
    if !offset.is_multiple_of(bytes) {
        return Err(AddressError::Misaligned { at: format!("byte {offset} of {what}"), bytes });
    }
    Ok(offset)
}

fn outside(error: &AddressError, pc: Pc) -> Fault {
    Fault::violation(Finding::OutOfBounds, error.to_string(), SiteIndex(pc))
}

/// Puts elements, one after another in memory, into registers.
fn deliver(registers: &mut [u64], destinations: &[Option<Register>], element: Element, contents: &[u8]) {
    let size = element.width.bytes() as usize;
    for (destination, bytes) in destinations.iter().zip(contents.chunks_exact(size)) {
        let Some(register) = destination else { continue };
        let mut word = [0; 8];
        word[..size].copy_from_slice(bytes);
        let bits = u64::from_le_bytes(word);
        registers[register.0 as usize] = match element.sign_extend_to {
            0 => bits,
            to => {
                let shift = 64 - size as u32 * 8;
                let extended = ((bits << shift) as i64 >> shift) as u64;
                extended & (u64::MAX >> (64 - u32::from(to)))
            }
        };
    }
}
