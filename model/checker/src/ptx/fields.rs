//! What a kernel reads of its parameters, and as what: for a first launch file.
//!
//! A field that is moved, converted between state spaces and added to until it is the base of an access of global memory is an
//! address; if what is loaded from it is one, it is the address of a table. A guess, flow by flow of registers alone.

use super::code::step::{Base, Space};
use super::code::{Code, Register, Source, Step};
use crate::ptx::code::function::{Function, Integer, Pack};
use std::collections::BTreeMap;

/// What is read at a place of the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A number.
    Number,
    /// An address of global memory.
    Address,
    /// The address of a table of addresses.
    Table,
    /// An address of the memory of all ranks.
    Multicast,
}

/// A place of the parameters that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the start of all parameters.
    pub offset: u64,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub kind: Kind,
}

/// Where a register's value comes from: a place of the parameters, itself or loaded from there.
type Origin = (u64, bool);

/// The places that a kernel reads, ascending; `None` if it reads some that are not known beforehand.
pub fn fields(code: &Code) -> Option<Vec<Field>> {
    let mut found: BTreeMap<u64, Field> = BTreeMap::new();
    let mut origins: BTreeMap<Register, Origin> = BTreeMap::new();
    for instruction in &code.instructions {
        let Step::Load { space: Space::Parameter, address, destinations, element, .. } = &instruction.step else {
            continue;
        };
        let Base::Value(Source::Constant(base)) = address.base else { return None };
        let (start, bytes) = (base.wrapping_add_signed(address.offset), element.width.bytes());
        for (index, destination) in destinations.iter().enumerate() {
            let offset = start + index as u64 * bytes;
            found.insert(offset, Field { offset, bytes, kind: Kind::Number });
            origins.extend(destination.map(|register| (register, (offset, false))));
        }
    }
    // Each round follows values one instruction further, whatever the order of the code.
    let mut known = 0;
    while known != origins.len() {
        known = origins.len();
        for instruction in &code.instructions {
            follow(&instruction.step, &mut origins);
        }
    }
    for instruction in &code.instructions {
        let (Step::Load { space, address, .. }
        | Step::Store { space, address, .. }
        | Step::Atomic { space, address, .. }) = &instruction.step
        else {
            continue;
        };
        let Base::Value(Source::Register(base)) = address.base else { continue };
        if let Some((offset, loaded)) =
            origins.get(&base).filter(|_| matches!(space, Space::Global | Space::Generic | Space::Multicast(_)))
            && let Some(field) = found.get_mut(offset)
        {
            let own = if matches!(space, Space::Multicast(_)) { Kind::Multicast } else { Kind::Address };
            field.kind = field.kind.max(if *loaded { Kind::Table } else { own });
        }
    }
    Some(found.into_values().collect())
}

fn follow(step: &Step, origins: &mut BTreeMap<Register, Origin>) {
    let (destination, sources): (Register, &[Source]) = match step {
        Step::Compute { function, destination, sources } if passes_on(*function) => (*destination, &sources[..2]),
        Step::Load { space: Space::Global | Space::Generic, address, destinations, element, .. } => {
            let Base::Value(Source::Register(base)) = address.base else { return };
            let Some((offset, false)) = origins.get(&base).copied() else { return };
            if element.width.bytes() == 8 {
                for register in destinations.iter().flatten() {
                    origins.entry(*register).or_insert((offset, true));
                }
            }
            return;
        }
        _ => return,
    };
    let origin = sources.iter().filter_map(|source| source.register()).find_map(|register| origins.get(&register));
    if let Some(origin) = origin.copied() {
        origins.entry(destination).or_insert(origin);
    }
}

/// Whether an address stays one.
fn passes_on(function: Function) -> bool {
    matches!(
        function,
        Function::Move
            | Function::Select
            | Function::Pack(Pack::Window { .. })
            | Function::Integer(Integer::Add | Integer::Sub, _)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::decode::decode;
    use crate::ptx::syntax::parse;
    use arverify_protocol::ir::Source as Text;
    use std::sync::Arc;

    fn kinds(body: &str) -> Vec<(u64, u64, Kind)> {
        let text = format!(
            ".version 8.3\n.target sm_90\n.address_size 64\n.visible .entry k(.param .align 8 .b8 p[64]) {{\n.reg .b32 %r<4>;\n\
             .reg .b64 %rd<9>;\n{body}\nret;\n}}\n"
        );
        let module =
            parse(&Arc::new(Text { name: "k.ptx".to_owned(), text })).unwrap_or_else(|errors| panic!("{errors}"));
        let code = decode(&module, "k").unwrap_or_else(|error| panic!("{error}"));
        let fields = fields(&code).expect("the offsets are known");
        fields.into_iter().map(|field| (field.offset, field.bytes, field.kind)).collect()
    }

    #[test]
    fn addresses_tables_and_numbers_are_told_apart() {
        let found = kinds(
            "ld.param.u64 %rd1, [p+8]; ld.param.u64 %rd2, [p+24]; ld.param.u32 %r1, [p+40]; ld.param.u64 %rd3, [p+56];
             cvta.to.global.u64 %rd4, %rd1; mul.wide.u32 %rd5, %r1, 4; add.s64 %rd6, %rd4, %rd5; st.global.u32 [%rd6], %r1;
             cvta.to.global.u64 %rd7, %rd2; ld.global.u64 %rd8, [%rd7+16]; st.global.u64 [%rd8], %rd3;",
        );
        let everywhere = kinds("ld.param.u64 %rd1, [p+8]; multimem.red.relaxed.sys.global.add.u32 [%rd1+4], 1;");
        assert_eq!(everywhere, [(8, 8, Kind::Multicast)]);
        assert_eq!(found, [(8, 8, Kind::Address), (24, 8, Kind::Table), (40, 4, Kind::Number), (56, 8, Kind::Number)]);
    }
}
