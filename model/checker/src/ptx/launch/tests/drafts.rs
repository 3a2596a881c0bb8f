//! `arverify init-launch` writes files that are valid and fit their kernel.

use super::super::{Known, Launch, Overrides, Parameter, draft, parse};
use super::parameter;
use crate::ptx::fields::{Field, Kind, Uses};

fn field(offset: u64, bytes: u64, kind: Kind, fields: Vec<Field>) -> Field {
    let uses = Uses { read: kind != Kind::Number, ..Uses::default() };
    Field { offset, bytes, kind, uses, fields, indexed: false }
}

fn fits(parameters: &[Parameter]) {
    let behind = vec![field(0, 8, Kind::Address, vec![]), field(8, 4, Kind::Number, vec![])];
    let table = vec![field(0, 8, Kind::Address, vec![]), field(8, 8, Kind::Address, vec![])];
    let read = [
        field(0, 4, Kind::Number, vec![]),
        field(8, 8, Kind::Address, behind.clone()),
        field(16, 8, Kind::Address, table),
    ];
    let everywhere = [field(0, 8, Kind::Multicast, vec![]), field(16, 8, Kind::Multicast, vec![])];
    let indexed = |field: &Field| Field { indexed: true, ..field.clone() };
    let each: Vec<Field> = behind.iter().map(indexed).collect();
    let arrays = [indexed(&read[2]), Field { fields: each, ..field(32, 8, Kind::Address, vec![]) }];
    for fields in [None, Some(&read[..0]), Some(&read[..]), Some(&everywhere[..]), Some(&arrays[..])] {
        fits_with(parameters, fields);
    }
}

fn fits_with(parameters: &[Parameter], fields: Option<&[Field]>) {
    let known = Known { fields, ..Known::default() };
    let text = draft("_Z7one\"shotPj", parameters, known);
    let description = parse("draft.toml", &text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let launch = Launch::new(&description, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    launch.check("kernel", parameters).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    assert_eq!(launch.kernel.as_ref().map(|(name, _)| name.as_str()), Some("_Z7one\"shotPj"));
}

#[test]
fn a_draft_is_valid_and_fits() {
    fits(&[]);
    for (declared, bytes) in [(".u8", 1), (".u16", 2), (".u32", 4), (".f32", 4), (".u64", 8), (".f64", 8), (".b8", 1)] {
        fits(&[parameter(declared, bytes, bytes)]);
    }
    fits(&[parameter(".u64", 8, 8), parameter(".u32", 4, 4), parameter(".u64", 8, 8)]);
}

#[test]
fn structures_of_every_size_are_drafted() {
    for alignment in [1, 2, 4, 8, 16, 128] {
        for bytes in 1..70 {
            fits(&[parameter(".align .b8[]", bytes, alignment)]);
        }
        fits(&[parameter(".align .b8[]", 4096, alignment)]);
    }
}

#[test]
fn shapes_that_a_kernel_requires_are_drafted() {
    let known = Known { threads: Some([64, 2, 1]), cluster: Some([2, 1, 1]), ..Known::default() };
    let text = draft("k", &[], known);
    let description = parse("draft.toml", &text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let launch = Launch::new(&description, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    launch.check("k", &[]).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
}
