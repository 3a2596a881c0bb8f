//! What the parser makes of each form, and what it says of what is malformed.

use super::parser::module;
use super::{
    Body, Constant, Function, Initialiser, Instruction, Line, Module, NESTING_LIMIT, Operand, Problem, Space,
    Statement, Variable, parse,
};
use arverify_protocol::ir::Source;
use std::sync::Arc;

/// Each form of the grammar once; ptxas accepts it.
const FORMS: &str = include_str!("../../../tests/ptx/forms.ptx");

const HEAD: &str = ".version 8.0\n.target sm_90\n.address_size 64\n";

fn parsed(text: &str) -> Module {
    module(text).unwrap_or_else(|error| panic!("{error} at {:?} in {text}", error.span))
}

fn function<'a>(module: &'a Module, name: &str) -> &'a Function {
    module.functions.iter().rfind(|function| function.name == name).expect("the module has the function")
}

fn variable<'a>(module: &'a Module, name: &str) -> &'a Variable {
    module.variables.iter().find(|variable| variable.name == name).expect("the module has the variable")
}

/// The body of a kernel with this text.
fn body(text: &str) -> Body {
    let module = parsed(&format!("{HEAD}.entry k() {{\n{text}\n}}"));
    module.functions.into_iter().next().and_then(|function| function.body).expect("there is one kernel")
}

fn instructions<'a>(body: &'a Body) -> Vec<&'a Instruction> {
    let instruction = |statement: &'a Statement| match statement {
        Statement::Instruction(instruction) => Some(instruction),
        Statement::Label(_) | Statement::Location(_) => None,
    };
    body.statements.iter().filter_map(instruction).collect()
}

fn name(name: &str) -> Operand {
    Operand::Name(name.to_owned())
}

fn integer(value: u64) -> Operand {
    Operand::Constant(Constant::Integer(value))
}

#[test]
fn a_module_keeps_what_its_head_says() {
    let module = parsed(FORMS);
    assert_eq!(module.version, (8, 4));
    assert_eq!(module.target, ["sm_90", "debug"]);
    assert_eq!(module.address_size, 64);
    assert_eq!(module.files[0], (1, "forms.cu".to_owned()));
    assert_eq!(module.files[1].0, 2);
    assert_eq!(module.aliases, [("doubled".to_owned(), "twice".to_owned())]);
    assert!(module.unknown.is_empty());
    assert_eq!(parsed(".version 6.0 .target sm_30").address_size, 32);
}

/// Values as ptxas puts them into the object file.
#[test]
fn initialisers_are_folded_as_ptxas_folds_them() {
    let module = parsed(FORMS);
    let values = |name: &str| match &variable(&module, name).initialiser {
        Some(Initialiser::List(list)) => list.clone(),
        other => panic!("{other:?}"),
    };
    let bits = |value: i64| Initialiser::Value(Constant::Integer(value as u64));
    assert_eq!(values("table"), [1, 2, 3, 4, 5, -6, 7, 255].map(bits));
    assert_eq!(values("sums"), [15, 10, 15, 0].map(bits));
    assert_eq!(values("singles")[1], Initialiser::Value(Constant::F32(0xBF80_0000)));
    let double = |value: f64| Initialiser::Value(Constant::F64(value.to_bits()));
    assert_eq!(values("doubles"), [1.0, 1.5, -100.0].map(double));
    let grid = |offset, generic| Initialiser::Name { name: "grid".into(), offset, generic };
    assert_eq!(values("addresses"), [grid(0, false), grid(4, true), bits(0)]);
    assert_eq!(values("masked")[1], Initialiser::Mask(0xff00, Box::new(grid(0, false))));
    assert_eq!(values("grid")[1], Initialiser::List([4, 5, 6].map(bits).to_vec()));
    assert_eq!(variable(&module, "grid").dimensions, [2, 3]);
    let text = format!("{HEAD}.global .b32 x[] = {{-7 / 2, -8 >> 1, -1 < 1U, ~0 >> 63, -8 / 3U, !5, 7 - 2 - 1}};");
    let module = parsed(&text);
    let x = variable(&module, "x");
    assert_eq!((x.unsized_array, x.dimensions.as_slice()), (false, [7].as_slice()));
    let expected = [-3, -4, 0, 1, 0x5555_5555_5555_5552, 0, 4].map(bits);
    assert_eq!(x.initialiser, Some(Initialiser::List(expected.to_vec())));
}

#[test]
fn variables_keep_space_alignment_and_attributes() {
    let module = parsed(FORMS);
    let dynamic = variable(&module, "dynamic");
    assert_eq!((dynamic.space, dynamic.is_extern, dynamic.unsized_array), (Space::Shared, true, true));
    assert_eq!((dynamic.alignment, dynamic.dimensions.as_slice()), (Some(16), [0].as_slice()));
    assert_eq!(variable(&module, "managed").attributes, ["attribute(.managed)"]);
    assert_eq!(variable(&module, "two").attributes, ["weak"]);
    assert_eq!(variable(&module, "pair").vector, 2);
    let kernel = function(&module, "forms");
    let pointer = &kernel.parameters[0];
    assert_eq!((pointer.kind.0.as_str(), pointer.alignment), ("u64", None));
    assert_eq!(pointer.attributes, ["ptr", "global", "align 16"]);
    let structure = &kernel.parameters[1];
    assert_eq!((structure.alignment, structure.dimensions.as_slice()), (Some(8), [24].as_slice()));
    assert_eq!(kernel.directives, [("maxntid".to_owned(), vec![128, 1, 1]), ("minnctapersm".to_owned(), vec![2])]);
    let thrice = function(&module, "thrice");
    assert_eq!((thrice.returns[0].space, thrice.parameters[0].name.as_str()), (Space::Register, "%x"));
    assert!(function(&module, "vprintf").body.is_none() && function(&module, "vprintf").is_extern);
    assert_eq!(function(&module, "stop").directives[0].0, "noreturn");
}

#[test]
fn operands_have_their_forms() {
    let body = body(
        "@!%p1 setp.lt.and.s32 %p2|%p3, %r1, -1, !%p4;\n\
         ld.global.L1::no_allocate.v4.u32 {%r1, _, %r3, 4}, [%rd1+-16].unified, %rd2;\n\
         mov.u64 %rd1, table + 8 - 4;\n\
         mov.u32 %r1, %tid.x;\n\
         mov.f32 %f1, %v.w;\n\
         st.u32 [16 * 2], WARP_SZ;\n\
         call.uni (r), f, (a, 1), p;\n\
         tex.1d.v4.f32.s32 {a, b, c, d}, [t, {x}];\n\
         vadd.s32.u32.u32 %r1, %r2.b0, %r3;\n\
         createpolicy.fractional.L2::evict_first.b64 %rd1, 1.0;\n\
         ret;",
    );
    let all = instructions(&body);
    assert_eq!(all[0].guard, Some(("%p1".to_owned(), true)));
    assert_eq!(all[0].modifiers, ["lt", "and", "s32"]);
    assert_eq!(all[0].operands[0], Operand::Pair(Box::new(name("%p2")), Box::new(name("%p3"))));
    assert_eq!(all[0].operands[2], integer(u64::MAX));
    assert_eq!(all[0].operands[3], Operand::Not(Box::new(name("%p4"))));
    assert_eq!(all[1].modifiers, ["global", "L1::no_allocate", "v4", "u32", "unified"]);
    assert_eq!(all[1].operands[0], Operand::Vector(vec![name("%r1"), Operand::Sink, name("%r3"), integer(4)]));
    assert_eq!(all[1].operands[1], Operand::Address { base: Some("%rd1".into()), offset: -16 });
    assert_eq!(all[2].operands[1], Operand::Offset { name: "table".into(), offset: 4 });
    assert_eq!(all[3].operands[1], name("%tid.x"));
    assert_eq!(all[4].operands[1], Operand::Element("%v".into(), 3));
    assert_eq!(all[5].operands, [Operand::Address { base: None, offset: 32 }, integer(32)]);
    let lists = [Operand::List(vec![name("r")]), name("f"), Operand::List(vec![name("a"), integer(1)]), name("p")];
    assert_eq!(all[6].operands, lists);
    assert_eq!(all[7].operands[1], Operand::Other("[t, {x}]".into()));
    assert_eq!(all[8].operands[1], Operand::Other("%r2.b0".into()));
    assert_eq!(all[9].operands[1], Operand::Constant(Constant::F64(1.0f64.to_bits())));
    assert!(all[10].operands.is_empty());
}

/// Inline assembly opens blocks with the same names again and again.
#[test]
fn names_of_nested_blocks_are_unique() {
    let body = body(
        ".reg .b32 %r<9>; .reg .pred p;\n\
         { .reg .pred p; .reg .b32 %r<2>; again: setp.ne.u32 p, %r1, %r3;\n\
           { .reg .pred p; @!p bra again; mov.b64 %rd1, {%r0, %r01}; }\n\
           @p bra again; }\n\
         { again: @p bra again; t: .branchtargets again; brx.idx %r1, t; .param .b32 a; st.param.b32 [a+4], a+4; }",
    );
    let all = instructions(&body);
    assert_eq!(all[0].operands, [name("p@1"), name("%r@1.1"), name("%r3")]);
    assert_eq!(all[1].guard, Some(("p@2".into(), true)));
    assert_eq!(all[1].operands, [name("again@1")]);
    assert_eq!(all[2].operands[1], Operand::Vector(vec![name("%r@1.0"), name("%r01")]));
    assert_eq!((all[3].guard.clone(), &all[3].operands[0]), (Some(("p@1".into(), false)), &name("again@1")));
    assert_eq!((all[4].guard.clone(), &all[4].operands[0]), (Some(("p".into(), false)), &name("again@3")));
    assert_eq!(all[5].operands, [name("%r1"), name("t@3")]);
    assert_eq!(body.targets, [("t@3".to_owned(), vec!["again@3".to_owned()])]);
    let access =
        [Operand::Address { base: Some("a@3".into()), offset: 4 }, Operand::Offset { name: "a@3".into(), offset: 4 }];
    assert_eq!(all[6].operands, access);
    assert_eq!(body.variables[0].name, "a@3");
    let registers: Vec<(&str, Option<u32>)> =
        body.registers.iter().map(|registers| (registers.prefix.as_str(), registers.count)).collect();
    assert_eq!(registers, [("%r", Some(9)), ("p", None), ("p@1", None), ("%r@1.", Some(2)), ("p@2", None)]);
}

#[test]
fn lines_hold_for_what_follows() {
    let body = body(".loc 1 7 3\nret;\n.loc 2 8 4, function_name $L_x+4, inlined_at 1 7 3\nret;");
    let line = |file, line, column, inlined_at| Statement::Location(Line { file, line, column, inlined_at });
    assert_eq!(body.statements[0], line(1, 7, 3, None));
    assert_eq!(body.statements[2], line(2, 8, 4, Some((1, 7, 3))));
}

#[test]
fn what_is_unknown_is_kept_by_name() {
    let module = parsed(&format!(
        "{HEAD}.future 1, 2;\n.modern {{ a; }}\n.bare thing\n.entry k() {{ .unheard of; future.x8::y [a], 3; }}"
    ));
    let names: Vec<&str> = module.unknown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["future", "modern", "bare"]);
    let body = module.functions[0].body.as_ref().expect("the kernel has a body");
    let all = instructions(body);
    assert_eq!((all[0].name.as_str(), &all[0].operands[0]), (".unheard", &Operand::Other("of".into())));
    assert_eq!((all[1].name.as_str(), all[1].modifiers.as_slice()), ("future", ["x8::y".to_owned()].as_slice()));
}

#[test]
fn registers_are_counted_and_not_expanded() {
    let found = body(".reg .b32 %r<4000000000>;").registers;
    assert_eq!(found[0].count, Some(4_000_000_000));
    let text = format!("{HEAD}.entry k() {{ .reg .b32 %r<5000000000>; }}");
    assert!(matches!(module(&text).map_err(|error| error.problem), Err(Problem::TooLarge(_))));
}

/// Line and column, and the first line of the message, of what is malformed after the head.
const MALFORMED: [(&str, &str, &str); 18] = [
    ("mov.u32 %r1, 1;", "4:1", "expected a directive, as `.visible .entry` or `.global`, found `mov`"),
    (".entry k(", "4:10", "expected a state space, as .reg, .param, .global, .const, .shared or .local, found the end"),
    (".entry k() { ret", "4:17", "expected an operand, found the end of the file"),
    (".entry k() { ret; ", "4:19", "expected an instruction, a label, a directive or `}`, found the end of the file"),
    (".entry k() { add.u32 a b; }", "4:24", "expected `,` or `;`, found `b`"),
    (".entry k() { ld.u32 a, [b; }", "4:26", "expected `]`, found `;`"),
    (".entry k() { mov.b64 {a, b, c; }", "4:30", "expected `,` or `}`, found `;`"),
    (".entry k() { @ret; }", "4:18", "expected an instruction, found `;`"),
    (".entry k() { ;; }", "4:14", "expected an instruction, a label, a directive or `}`, found `;`"),
    (".global .u32 x = 1 / 0;", "4:18", "this constant expression has no value: division by zero"),
    (".global .u32 x = 0xyz;", "4:18", "`0xyz` is not a number"),
    (".global .u32 x = 99999999999999999999;", "4:18", "the number `99999999999999999999` is too large"),
    (".global x;", "4:9", "expected a type, as .u32, found `x`"),
    (".global .u32 x[2][];", "4:19", "expected a length: only the first may be left out, found `]`"),
    ("/* never", "4:1", "a comment that does not end"),
    (".file 1 \"never", "4:9", "a quotation that does not end"),
    ("#define x", "4:1", "preprocessor lines are not supported"),
    (".entry k() { § }", "4:14", "unexpected character '§'"),
];

#[test]
fn malformed_texts_are_refused_with_place_and_expectation() {
    for (text, place, message) in MALFORMED {
        let source = Arc::new(Source { name: "k.ptx".into(), text: format!("{HEAD}{text}") });
        let rendered = parse(&source).expect_err(text).render(false);
        assert!(rendered.contains(message) && rendered.contains(&format!("k.ptx:{place}")), "{text}\n{rendered}");
    }
    let headless = Arc::new(Source { name: "k.ptx".into(), text: "not PTX".into() });
    assert!(parse(&headless).expect_err("no head").render(false).contains("expected `.version`"));
}

#[test]
fn depth_is_limited_and_length_is_not() {
    let problem = |text: String| module(&format!("{HEAD}{text}")).map_err(|error| error.problem);
    let deep = NESTING_LIMIT as usize * 1000;
    for (open, close) in [("{", "}"), ("(", ")"), ("-", ""), ("~", ""), ("1 ? ", ": 0")] {
        let nested = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        assert_eq!(problem(format!(".global .u32 x = {nested};")), Err(Problem::TooDeep), "{open}");
    }
    assert_eq!(problem(format!(".entry k() {{ {} }}", "{".repeat(deep))), Err(Problem::TooDeep));
    assert_eq!(problem(format!(".entry k() {{ mov {}a; }}", "[".repeat(deep))), Err(Problem::TooDeep));
    assert!(problem(format!(".global .u32 x = 1{};", " + 1".repeat(deep))).is_ok());
    assert!(problem(format!(".global .u32 x[] = {{1{}}};", ", 1".repeat(deep))).is_ok());
}
