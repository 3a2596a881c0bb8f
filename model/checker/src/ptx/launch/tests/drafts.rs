//! `arverify init-launch` writes files that are valid and fit their kernel.

use super::super::{Launch, Overrides, Parameter, draft, parse};
use super::parameter;
use crate::ptx::fields::{Field, Kind};

fn fits(parameters: &[Parameter]) {
    let field = |offset, bytes, kind| Field { offset, bytes, kind };
    let read = [field(0, 4, Kind::Number), field(8, 8, Kind::Address), field(16, 8, Kind::Table)];
    let everywhere = [field(0, 8, Kind::Multicast), field(16, 8, Kind::Multicast)];
    for fields in [None, Some(&read[..0]), Some(&read[..]), Some(&everywhere[..])] {
        fits_with(parameters, fields);
    }
}

fn fits_with(parameters: &[Parameter], fields: Option<&[Field]>) {
    let text = draft("_Z7one\"shotPj", parameters, fields);
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
