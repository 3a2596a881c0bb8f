//! What a kernel reads of its parameters, and as what: for a first launch file.
//!
//! A value that is moved, converted between state spaces and added to until it is the base of an access of global memory is an
//! address. What is loaded from there may be an address again, and so on: the memory behind a parameter is then a table or a
//! structure of addresses. A place is told by its offset, and by whether something unknown was added to it: then it
//! is one of an array. Compilers copy structures of which an array is indexed to the thread's own memory: what is loaded from there is
//! what was stored there. A guess, flow by flow.

use super::code::step::{Base, Space};
use super::code::{Code, Register, Source, Step};
use crate::ptx::code::function::{Function, Integer, Pack};
use arverify_protocol::ir::{Order, Semantics};
use std::collections::{BTreeMap, BTreeSet};

/// What is read at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A number.
    #[default]
    Number,
    /// An address of global memory.
    Address,
    /// An address of the memory of all ranks.
    Multicast,
}

/// How the memory behind an address is accessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// It is read.
    pub read: bool,
    /// It is written.
    pub written: bool,
    /// Some access is strong.
    pub strong: bool,
    /// The greatest element, in bytes.
    pub width: u64,
}

/// A place of the parameters, or of memory that they lead to, that is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the start of all parameters, or of the memory.
    pub offset: u64,
    /// It is one of an array that begins at the offset.
    pub indexed: bool,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub kind: Kind,
    /// How the memory behind it is accessed.
    pub uses: Uses,
    /// What is read of that memory, where some of it is an address.
    pub fields: Vec<Field>,
}

/// Where in memory: bytes from its start, and perhaps something unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    offset: i64,
    indexed: bool,
}

impl At {
    fn moved(self, by: i64) -> At {
        At { offset: self.offset.wrapping_add(by), ..self }
    }
}

/// A value: what some place held, with something added.
#[derive(Clone, Copy, Debug)]
struct Value {
    place: usize,
    at: At,
}

/// A place that was read, and the places of the memory behind it.
#[derive(Default)]
struct Place {
    bytes: u64,
    depth: u32,
    kind: Kind,
    uses: Uses,
    behind: BTreeMap<At, usize>,
}

/// The memory of the parameters.
const PARAMETERS: usize = 0;
/// Addresses of addresses that are followed.
const MOST_DEPTH: u32 = 4;
/// Places of one memory that are told apart.
const MOST_PLACES: usize = 256;

#[derive(Default)]
struct Flow {
    places: Vec<Place>,
    registers: BTreeMap<Register, Value>,
    /// What the thread's own memory holds of places, by offset.
    local: BTreeMap<i64, usize>,
    /// Where arrays begin there.
    arrays: BTreeSet<i64>,
    changed: bool,
}

/// The places that a kernel reads, ascending; `None` if it reads some of its parameters at what is no place that is known.
pub fn fields(code: &Code) -> Option<Vec<Field>> {
    let mut flow = Flow { places: vec![Place::default()], changed: true, ..Flow::default() };
    // Each round follows values one instruction further, whatever the order of the code.
    while std::mem::take(&mut flow.changed) {
        code.instructions.iter().for_each(|instruction| flow.follow(&instruction.step));
    }
    for instruction in &code.instructions {
        if let Step::Load { space: Space::Parameter, address, .. } = &instruction.step {
            flow.parameter(address.base, address.offset)?;
        }
        flow.access(&instruction.step);
    }
    flow.tell_arrays();
    Some(flow.behind(PARAMETERS))
}

impl Flow {
    fn set(&mut self, register: Register, value: Value) {
        // A number may be a place of the parameters, if a load says so later: whatever is known to be one goes first.
        let old = self.registers.get(&register);
        if old.is_none_or(|old| old.place == PARAMETERS && value.place != PARAMETERS) {
            self.registers.insert(register, value);
            self.changed = true;
        }
    }

    fn value(&self, source: Source) -> Option<Value> {
        self.registers.get(&source.register()?).copied()
    }

    /// A place of the parameters.
    fn parameter(&self, base: Base, offset: i64) -> Option<At> {
        match base {
            Base::Value(Source::Constant(base)) => {
                Some(At { offset: i64::try_from(base).ok()?, indexed: false }.moved(offset))
            }
            Base::Value(source) => {
                self.value(source).filter(|value| value.place == PARAMETERS).map(|value| value.at.moved(offset))
            }
            Base::Variable(_) => None,
        }
    }

    fn follow(&mut self, step: &Step) {
        match step {
            Step::Compute { function, destination, sources } => {
                if let Some(value) = self.computed(*function, *sources) {
                    self.set(*destination, value);
                }
            }
            Step::Store { space: Space::Local, address, sources, element, .. } => {
                let Some(at) = self.parameter(address.base, address.offset) else { return };
                for (index, source) in sources.iter().enumerate() {
                    let held = self.value(*source).filter(|held| held.place != PARAMETERS && held.at == At::default());
                    let offset = at.offset + index as i64 * element.width.bytes() as i64;
                    if let Some(held) = held.filter(|_| !at.indexed) {
                        self.changed |= self.local.insert(offset, held.place) != Some(held.place);
                    }
                }
            }
            Step::Load { space: Space::Local, address, destinations, .. } => {
                let Some(at) = self.parameter(address.base, address.offset) else { return };
                if let (Some(place), [Some(register)]) = (self.local.get(&at.offset).copied(), &destinations[..]) {
                    self.set(*register, Value { place, at: At::default() });
                    self.changed |= at.indexed && self.arrays.insert(at.offset);
                }
            }
            Step::Load { space, address, destinations, element, .. } => {
                let from = match (space, address.base) {
                    (Space::Parameter, base) => self.parameter(base, address.offset).map(|at| (PARAMETERS, at)),
                    (Space::Global | Space::Generic, Base::Value(source)) => {
                        let value = self.value(source).filter(|value| value.place != PARAMETERS);
                        value.map(|value| (value.place, value.at.moved(address.offset)))
                    }
                    _ => None,
                };
                let Some((memory, at)) = from else { return };
                let bytes = element.width.bytes();
                for (index, register) in destinations.iter().enumerate() {
                    if let (Some(register), Some(place)) =
                        (register, self.place((memory, at.moved(index as i64 * bytes as i64)), bytes))
                    {
                        self.set(*register, Value { place, at: At::default() });
                    }
                }
            }
            _ => {}
        }
    }

    /// Parameters that were copied to the thread's own memory and are read there by an index are arrays: all elements are as
    /// the first.
    fn tell_arrays(&mut self) {
        for array in std::mem::take(&mut self.arrays) {
            let own = |index: i64| self.local.get(&(array + 8 * index)).copied();
            let at =
                |place: usize| self.places[PARAMETERS].behind.iter().find(|(_, own)| **own == place).map(|(at, _)| *at);
            let Some((first, start)) = own(0).and_then(|place| Some((place, at(place)?))) else { continue };
            let elements: Vec<usize> = (1..)
                .map_while(own)
                .zip(1..)
                .take_while(|(place, index)| at(*place) == Some(start.moved(8 * index)))
                .map(|(place, _)| place)
                .collect();
            for element in elements {
                let Place { kind, uses, ref behind, .. } = self.places[first];
                let behind = behind.clone();
                let own = &mut self.places[element];
                (own.kind, own.uses, own.behind) = (kind, uses, behind);
            }
            let parameters = &mut self.places[PARAMETERS].behind;
            parameters.remove(&start);
            parameters.insert(At { indexed: true, ..start }, first);
        }
    }

    fn computed(&self, function: Function, sources: [Source; 4]) -> Option<Value> {
        let unknown = |value: Value| Value { at: At { indexed: true, ..value.at }, ..value };
        let shifted = |value: Value, by: Source, sign: i64| match by {
            Source::Constant(by) => Value { at: value.at.moved(sign.wrapping_mul(by as i64)), ..value },
            Source::Register(_) => unknown(value),
        };
        match function {
            Function::Move if matches!(sources[0], Source::Constant(_)) => {
                let at = self.parameter(Base::Value(sources[0]), 0)?;
                Some(Value { place: PARAMETERS, at })
            }
            Function::Move | Function::Pack(Pack::Window { .. }) => self.value(sources[0]),
            Function::Select => self.value(sources[0]).or(self.value(sources[1])),
            Function::Integer(Integer::Add, _) => {
                let values = [0, 1].map(|index| self.value(sources[index]));
                let known = |value: &Option<Value>| value.is_some_and(|value| value.place != PARAMETERS);
                let index = values.iter().position(known).or(values.iter().position(Option::is_some))?;
                values[index].map(|value| shifted(value, sources[1 - index], 1))
            }
            Function::Integer(Integer::Sub, _) => self.value(sources[0]).map(|value| shifted(value, sources[1], -1)),
            Function::Integer(Integer::MadLow | Integer::MadWide, _) => self.value(sources[2]).map(unknown),
            _ => None,
        }
    }

    /// The place there of a memory; `None` beyond what is followed.
    fn place(&mut self, (memory, at): (usize, At), bytes: u64) -> Option<usize> {
        let of = &self.places[memory];
        if let Some(place) = of.behind.get(&at) {
            return Some(*place);
        }
        if of.depth >= MOST_DEPTH || memory != PARAMETERS && of.behind.len() >= MOST_PLACES || at.offset < 0 {
            return None;
        }
        let (index, depth) = (self.places.len(), of.depth + 1);
        self.places.push(Place { bytes, depth, ..Place::default() });
        self.places[memory].behind.insert(at, index);
        self.changed = true;
        Some(index)
    }

    fn access(&mut self, step: &Step) {
        let is_strong = |semantics: &Semantics| semantics.order != Order::Weak;
        let (space, address, uses) = match step {
            Step::Load { space, address, element, semantics, .. } => {
                let (strong, width) = (is_strong(semantics), element.width.bytes());
                (space, address, Uses { read: true, written: false, strong, width })
            }
            Step::Store { space, address, element, semantics, .. } => {
                let (strong, width) = (is_strong(semantics), element.width.bytes());
                (space, address, Uses { read: false, written: true, strong, width })
            }
            Step::Atomic { space, address, width, .. } => {
                (space, address, Uses { read: true, written: true, strong: true, width: width.bytes() })
            }
            _ => return,
        };
        let Base::Value(source) = address.base else { return };
        let Some(value) = self.value(source).filter(|value| value.place != PARAMETERS) else { return };
        let kind = match space {
            Space::Multicast(_) => Kind::Multicast,
            Space::Global | Space::Generic => Kind::Address,
            _ => return,
        };
        let place = &mut self.places[value.place];
        place.kind = place.kind.max(kind);
        place.uses.read |= uses.read;
        place.uses.written |= uses.written;
        place.uses.strong |= uses.strong;
        place.uses.width = place.uses.width.max(uses.width);
    }

    /// The places of a memory.
    fn behind(&self, memory: usize) -> Vec<Field> {
        let places = self.places[memory].behind.iter();
        let field = |(at, index): (&At, &usize)| {
            let place = &self.places[*index];
            let behind = self.behind(*index);
            let leads_on = behind.iter().any(|field| field.kind != Kind::Number);
            Field {
                offset: at.offset as u64,
                indexed: at.indexed,
                bytes: place.bytes,
                kind: place.kind,
                uses: place.uses,
                fields: if leads_on { behind } else { Vec::new() },
            }
        };
        places.map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::decode::decode;
    use crate::ptx::syntax::parse;
    use arverify_protocol::ir::Source as Text;
    use std::sync::Arc;

    fn read(body: &str) -> Vec<Field> {
        let text = format!(
            ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k(.param .align 8 .b8 p[64]) {{\n.reg .b32 %r<4>;\n\
             .reg .b64 %rd<12>;\n{body}\nret;\n}}\n"
        );
        let module =
            parse(&Arc::new(Text { name: "k.ptx".to_owned(), text })).unwrap_or_else(|errors| panic!("{errors}"));
        let code = decode(&module, "k").unwrap_or_else(|error| panic!("{error}"));
        fields(&code).expect("the offsets are known")
    }

    fn kinds(fields: &[Field]) -> Vec<(u64, u64, Kind)> {
        fields.iter().map(|field| (field.offset, field.bytes, field.kind)).collect()
    }

    #[test]
    fn addresses_tables_and_numbers_are_told_apart() {
        let found = read(
            "ld.param.u64 %rd1, [p+8]; ld.param.u64 %rd2, [p+24]; ld.param.u32 %r1, [p+40]; ld.param.u64 %rd3, [p+56];
             cvta.to.global.u64 %rd4, %rd1; mul.wide.u32 %rd5, %r1, 4; add.s64 %rd6, %rd4, %rd5; st.global.u32 [%rd6], %r1;
             cvta.to.global.u64 %rd7, %rd2; ld.global.u64 %rd8, [%rd7+16]; st.global.u64 [%rd8], %rd3;",
        );
        let expected = [(8, 8, Kind::Address), (24, 8, Kind::Address), (40, 4, Kind::Number), (56, 8, Kind::Number)];
        assert_eq!(kinds(&found), expected);
        assert_eq!(found[0].uses, Uses { read: false, written: true, strong: false, width: 4 });
        assert_eq!(kinds(&found[1].fields), [(16, 8, Kind::Address)]);
        let everywhere = read("ld.param.u64 %rd1, [p+8]; multimem.red.relaxed.sys.global.add.u32 [%rd1+4], 1;");
        assert_eq!(kinds(&everywhere), [(8, 8, Kind::Multicast)]);
    }

    #[test]
    fn arrays_and_structures_behind_addresses_are_followed() {
        let found = read(
            "ld.param.u64 %rd1, [p+32]; ld.param.u32 %r1, [p+40]; mul.wide.u32 %rd2, %r1, 24; add.s64 %rd3, %rd1, %rd2;
             ld.u64 %rd4, [%rd3]; ld.u64 %rd5, [%rd3+8]; ld.u32 %r2, [%rd3+16]; st.release.sys.u32 [%rd4], %r2;
             ld.u32 %r3, [%rd5];
             mov.u64 %rd6, p; mul.wide.u32 %rd7, %r1, 8; add.s64 %rd8, %rd6, %rd7; ld.param.u64 %rd9, [%rd8+16];
             atom.global.add.u32 %r3, [%rd9], 1;",
        );
        assert_eq!(kinds(&found), [(16, 8, Kind::Address), (32, 8, Kind::Address), (40, 4, Kind::Number)]);
        assert!(found[0].indexed && found[0].uses.strong);
        let behind = &found[1].fields;
        assert_eq!(kinds(behind), [(0, 8, Kind::Address), (8, 8, Kind::Address), (16, 4, Kind::Number)]);
        assert!(behind.iter().all(|field| field.indexed));
        let copied = read(
            ".local .align 8 .b8 depot[16]; .reg .b64 %l<4>; mov.u64 %l0, depot; ld.param.v2.u64 {%rd1, %rd2}, [p+16];
             st.local.v2.u64 [%l0], {%rd1, %rd2}; ld.param.u32 %r1, [p+40]; mul.wide.u32 %rd3, %r1, 8; add.s64 %l1, %l0, %rd3;
             ld.local.u64 %rd4, [%l1]; st.release.sys.u32 [%rd4], %r1;",
        );
        assert_eq!(kinds(&copied), [(16, 8, Kind::Address), (24, 8, Kind::Address), (40, 4, Kind::Number)]);
        assert_eq!([copied[0].indexed, copied[1].indexed], [true, false]);
        assert_eq!(copied[0].uses, copied[1].uses);
        assert_eq!([behind[0].uses.strong, behind[1].uses.strong], [true, false]);
    }
}
