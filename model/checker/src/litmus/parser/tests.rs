//! What parses, and what is said of what does not.

use super::super::test::{Instruction, Quantifier};
use super::parse;

const TEST: &str = "PTX MP\n\"a { text\"\n{ x=0; y @ generic aliases x; s @ surface aliases y; P0:r1=7; }\n \
    P0@cta 0,gpu 0 | P1@cta 1,gpu 0 ;\n st.weak x, 1 | LC00: ld.acquire.gpu r0, y ;\n \
    fence.sc.gpu | bne r0, 1, LC00 ;\n | suatom.acq_rel.gpu.cas r2, s, 0, r0 ;\n | bar.cta.arrive 1, r2, 2 ;\n\
    filter (x == 0) exists (0:r1 == 7 /\\ not (P1:r0 != 1 \\/ [x] = 0))";

#[test]
fn everything_in_the_format_parses() {
    let test = parse("a.litmus", TEST).expect("the text is well-formed");
    assert_eq!(test.name, "MP");
    assert_eq!(test.initial.len(), 1, "three names lead to one physical location");
    assert_eq!(test.quantifier, Quantifier::Exists);
    assert!(test.filter.is_some());
    let second: Vec<&Instruction> = test.threads[1].instructions.iter().map(|(instruction, _)| instruction).collect();
    let [
        Instruction::Load(load, _),
        Instruction::Branch(.., 0),
        Instruction::Atomic(atomic, ..),
        Instruction::Barrier { .. },
    ] = second[..]
    else {
        panic!("unexpected instructions: {second:?}");
    };
    assert_eq!(load.location, atomic.location, "a surface alias shares the virtual address");
}

#[test]
fn what_is_malformed_is_named_with_its_place() {
    for (from, to, message) in [
        ("st.weak x", "st.weak.gpu x", "a.litmus:5:10"),
        ("LC00:", "LC01:", "there is no label `LC00`"),
        ("fence.sc.gpu", "fence.sc", "needs a scope"),
        ("P1:r0 != 1", "P2:r0 != 1", "there is no thread P2"),
        ("st.weak x, 1 |", "st.weak x, 1 | |", "a row has 2 cells"),
        ("PTX MP", "C MP", "opens with `PTX`"),
        ("{ text\"", "{ text", "closing quotation mark"),
    ] {
        let error = parse("a.litmus", &TEST.replacen(from, to, 1)).expect_err("the text is malformed");
        let rendered = error.render(false);
        assert!(rendered.contains(message) && rendered.contains("a.litmus:"), "{from} -> {to}: {rendered}");
    }
}
