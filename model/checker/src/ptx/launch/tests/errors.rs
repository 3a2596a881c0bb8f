//! Mistakes: the message, the line and column, and what was expected.

use super::super::{Launch, Overrides, parse};
use super::{FILE, parameters};
use arverify_protocol::language::Diagnostics;

/// Everything from text to parameters; the errors of the first step that has any.
fn refused(text: &str) -> Result<(), Diagnostics> {
    let launch = Launch::new(&parse("launch.toml", text)?, &Overrides::default())?;
    launch.entry(&["_Z7oneshotPKjPj", "_Z12oneshot_pushPKj"])?;
    launch.check("oneshot", &parameters())
}

/// The one error in the example when `old` is replaced by `new`: place, message and remark.
fn error(old: &str, new: &str) -> String {
    assert!(FILE.contains(old), "{old}");
    let text = FILE.replacen(old, new, 1);
    let Err(errors) = refused(&text) else { panic!("not refused: {old} -> {new}") };
    assert_eq!(errors.list.len(), 1, "{errors}");
    let error = &errors.list[0];
    let (line, column) = errors.source.line_column(error.span.start);
    assert!(errors.render(false).contains(&format!("launch.toml:{line}:{column}")), "{errors}");
    format!("{line}:{column} {} ({})", error.message, error.label)
}

/// Compares each replacement's error with what is expected; shows all that differ.
fn compare(table: &[(&str, &str, &str)]) {
    let errors: Vec<String> = table.iter().map(|(old, new, _)| error(old, new)).collect();
    let expected: Vec<&str> = table.iter().map(|(.., expected)| *expected).collect();
    assert_eq!(errors, expected, "\n{}\n", errors.join("\n"));
}

#[test]
fn the_example_has_none() {
    refused(FILE).unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn keys() {
    compare(&[
        ("kernel =", "kernal =", "2:1 the file has no key `kernal` (is it `kernel`?)"),
        ("refresh = true", "colour = 3", "14:1 [[buffer]] has no key `colour` (unknown key)"),
        ("ranks = 2\n", "", "1:1 the file has no `ranks` (expected `ranks = 4`)"),
        ("bytes = 64\n", "", "9:1 [[buffer]] has no `bytes` (expected `bytes = 256`)"),
        ("slots = 8", "offset = 8", "33:1 [[arg]] has no key `offset` (unknown key)"),
        ("u32 = \"launch + 1\"", "u33 = \"launch + 1\"", "36:1 [[arg]] has no key `u33` (is it `u32`?)"),
        (
            "u32 = \"launch + 1\"",
            "",
            "35:1 [[arg]] does not say what is passed (expected one of ptr, multicast, table, struct, each, memory, u8, i8, u16, i16, u32, i32, u64, i64, f32, f64)",
        ),
        (
            "ptr = \"input\"",
            "ptr = \"input\"\nu32 = 1",
            "30:1 [[arg]] has both `ptr` and `u32` (an argument is one thing)",
        ),
        (
            "ptr = \"input\"",
            "ptrs = \"input\"",
            "29:1 `ptrs` is a field of a structure, not an argument (an array of pointers cannot be passed by itself)",
        ),
        ("equals = \"sum\"\n", "", "41:1 [expect] has no `equals` (expected `equals = \"sum\"`)"),
        (
            "ptr = \"input\"",
            "pad = 8",
            "28:1 `pad` is a field of a structure, not an argument (a place within a structure)",
        ),
        ("ptr = \"input\"", "each = 2", "28:1 [[arg]] has no `of` (expected `of = { ptr = \"comm\", rank = \"i\" }`)"),
        (
            "ptr = \"input\"",
            "memory = { each = 2, of = { } }",
            "29:27 the value of `each` does not say what is passed (expected one of ptr, multicast, table, struct, ptrs, each, memory, pad, at, u8, i8, u16, i16, u32, i32, u64, i64, f32, f64)",
        ),
    ]);
}

#[test]
fn multicast_addresses() {
    compare(&[
        (
            "ptr = \"input\"",
            "multicast = \"input\"",
            "29:13 `input` has no multicast address (expected a multicast buffer)",
        ),
        ("ptr = \"input\"", "multicast = \"inptu\"", "29:13 no buffer is called `inptu` (is it `input`?)"),
        ("ptr = \"input\"", "multicast = \"input\"\nrank = 0", "30:1 [[arg]] has no key `rank` (unknown key)"),
        (
            "refresh = true",
            "refresh = true\nmulticast = 1",
            "15:13 `multicast`: expected true or false, found a whole number (expected true or false)",
        ),
    ]);
}

#[test]
fn clusters_and_acceptances() {
    compare(&[
        (
            "grid = [2, 1, 1]",
            "grid = [2, 1, 1]\ncluster = 3",
            "5:11 a grid of [2, 1, 1] blocks on rank 0, and clusters of [3, 1, 1] (does not divide the grid)",
        ),
        ("grid = [2, 1, 1]", "grid = [2, 1, 1]\ncluster = 17", "5:11 `cluster` is 17 (expected 1 to 16)"),
        (
            "grid = [2, 1, 1]",
            "grid = [2, 1, 1]\ncooperative = 1",
            "5:15 `cooperative`: expected true or false, found a whole number (expected true or false)",
        ),
        (
            "[expect]",
            "[[accept]]\nat = \"k.cu:1\"\nwhy = \"so\"\n\n[expect]",
            "41:1 [[accept]] has no `code` (expected `code = \"AR001\"`)",
        ),
        (
            "[expect]",
            "[[accept]]\ncode = \"AR101\"\nat = \"k.cu:1\"\nwhy = \"so\"\n\n[expect]",
            "42:8 no finding has the code `AR101` (expected a code as findings show it, AR001 for example)",
        ),
        (
            "[expect]",
            "[[accept]]\ncode = \"AR001\"\nat = \"k.cu\"\nwhy = \"so\"\n\n[expect]",
            "43:6 `k.cu` is no place (expected a file and a line: \"k.cu:41\")",
        ),
        (
            "[expect]",
            "[[accept]]\ncode = \"AR001\"\nat = \"k.cu:1\"\nwhy = \" \"\n\n[expect]",
            "44:7 `why` is empty (expected the reason why the finding is harmless)",
        ),
    ]);
}

#[test]
fn types() {
    compare(&[
        (
            "ranks = 2",
            "ranks = \"two\"",
            "3:9 `ranks`: expected a whole number from 1 to 64, found a string (expected a whole number from 1 to 64)",
        ),
        ("ranks = 2", "ranks = 65", "3:9 `ranks = 65` is out of range (expected a whole number from 1 to 64)"),
        ("ranks = 2", "ranks = 0", "3:9 `ranks = 0` is out of range (expected a whole number from 1 to 64)"),
        (
            "refresh = true",
            "refresh = 1",
            "14:11 `refresh`: expected true or false, found a whole number (expected true or false)",
        ),
        (
            "\"f16\"\ninit = \"random\"",
            "\"f61\"\ninit = \"random\"",
            "12:9 `dtype`: unknown value `f61` (is it \"f16\"?)",
        ),
        (
            "init = { value = 0x8000_0000 }",
            "init = 0",
            "20:8 `init`: expected \"random\", \"zero\", \"poison\", a list, or a table with one of `value`, `each` and `random` (not one of these)",
        ),
        ("init = \"random\"", "init = \"randon\"", "13:8 `init`: unknown value `randon` (is it \"random\"?)"),
        ("grid = [2, 1, 1]", "grid = []", "4:8 `grid` has 0 dimensions (expected a number, or [x, y, z])"),
        (
            "grid = [2, 1, 1]",
            "grid = true",
            "4:8 `grid`: expected a number, or a string that holds an expression, found a truth value (expected a number, or a string that holds an expression)",
        ),
        ("ranks = 2", "ranks = 2\nranks = 2", "4:1 not TOML: duplicate key (here)"),
        ("ranks = 2", "ranks =", "3:8 not TOML: string values must be quoted, expected literal string (here)"),
    ]);
}

#[test]
fn contents() {
    let was = "init = { value = 0x8000_0000 }";
    compare(&[
        (was, "init = {}", "20:8 `init`: expected one of `value`, `each` and `random` (none of them)"),
        (
            was,
            "init = { value = 0, each = 1 }",
            "20:8 `init`: expected one of `value`, `each` and `random` (more than one of them)",
        ),
        (
            was,
            "init = { random = [1] }",
            "20:19 `random` has 1 values (expected a list of the least and the greatest value)",
        ),
        (was, "init = { random = [3, \"rank\"] }", "20:24 no number is at least 3 and at most 0 (less than the least)"),
        (was, "init = [0, \"launch\"]", "20:13 `launch` has no value here (here may stand: rank, ranks)"),
        (was, "init = [0, -1]", "20:12 the value -1 does not fit u32 (expected 0 to 4294967295)"),
        (
            was,
            "init = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6]",
            "20:8 `init` lists 17 elements of `comm` (it has 16)",
        ),
        (
            was,
            "init = { each = \"3 - index\" }",
            "20:18 the value -1 does not fit u32 where index = 4 (expected 0 to 4294967295)",
        ),
        (
            "init = \"random\"",
            "init = { random = [0, 7] }",
            "13:20 `input` has f16 elements (a range is for integers: u8, u32 or u64)",
        ),
    ]);
}

/// The one error when `comm` has these further keys, in a line of its own.
fn error_of(keys: &str) -> String {
    error("init = { value = 0x8000_0000 }", &format!("init = {{ value = 0x8000_0000 }}\n{keys}"))
}

#[test]
fn windows_and_local_buffers() {
    let table = [
        ("symmetric = 0", "21:13 `symmetric`: expected true or false, found a whole number (expected true or false)"),
        ("stride = 0", "21:10 the stride of `comm` is 0 (expected a multiple of 256 up to 1099511627776)"),
        (
            "stride = \"ranks * 100\"",
            "21:11 the stride of `comm` is 200 (expected a multiple of 256 up to 1099511627776)",
        ),
        ("stride = \"-256\"", "21:11 the stride of `comm` is -256 (expected a multiple of 256 up to 1099511627776)"),
        (
            "stride = \"1 << 45\"",
            "21:11 the stride of `comm` is 35184372088832 (expected a multiple of 256 up to 1099511627776)",
        ),
        ("stride = \"256 * rank\"", "21:17 `rank` has no value here (here may stand: ranks, grid, block)"),
    ];
    let errors: Vec<String> = table.iter().map(|(keys, _)| error_of(keys)).collect();
    assert_eq!(errors, table.map(|(_, expected)| expected), "\n{}\n", errors.join("\n"));
    compare(&[(
        "bytes = \"32 * ranks\"",
        "bytes = \"1 << 20\"\nstride = \"1 << 16\"",
        "19:11 instances of `comm` have 1048576 bytes, and lie 65536 bytes apart (expected at least 1048576)",
    )]);
}

#[test]
fn parts() {
    let part = |keys: &str| format!("part = [ {{ name = \"flags\", bytes = 16, dtype = \"u32\", {keys} }} ]");
    let two = |first: &str, second: &str| {
        format!(
            "part = [ {{ name = \"flags\", bytes = 16, dtype = \"u32\", offset = {first} }},\n \
             {{ bytes = 16, dtype = \"u32\", {second} }} ]"
        )
    };
    let table = [
        (
            "part = 3".to_owned(),
            "21:8 `part`: expected parts: [ { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" }, … ], found a whole number (expected parts: [ { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" }, … ])",
        ),
        (
            "part = [ 3 ]".to_owned(),
            "21:10 `a part of a buffer`: expected a part, such as { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" }, found a whole number (expected a part, such as { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" })",
        ),
        (part(""), "21:10 a part of a buffer has no `offset` (expected `offset = 1024`)"),
        (part("offset = 0, stride = 256"), "21:67 a part of a buffer has no key `stride` (unknown key)"),
        (part("offset = 0, ofset = 0"), "21:67 a part of a buffer has no key `ofset` (is it `offset`?)"),
        (part("offset = \"rank\""), "21:65 `rank` has no value here (here may stand: ranks, grid, block)"),
        (part("offset = -4"), "21:64 `flags` begins at byte -4 (expected 0 to 1073741824)"),
        (part("offset = 52"), "21:64 `flags` ends at byte 68 of `comm` (expected to end at byte 64 at most)"),
        (part("offset = 64"), "21:64 `flags` ends at byte 80 of `comm` (expected to end at byte 64 at most)"),
        (part("offset = 6"), "21:64 `flags` begins at byte 6, and holds u32 (expected a multiple of 4)"),
        (part("offset = 0, init = [1, 2, 3, 4, 5]"), "21:74 `init` lists 5 elements of `flags` (it has 4)"),
        (
            "part = [ { name = \"flags\", offset = 0, bytes = 6, dtype = \"u32\" } ]".to_owned(),
            "21:48 `flags` has 6 bytes, which are no whole number of u32 elements (expected a multiple of 4)",
        ),
        (
            "part = [ { name = \"flags\", offset = 0, bytes = 0, dtype = \"u32\" } ]".to_owned(),
            "21:48 `flags` has 0 bytes (expected 1 to 1073741824)",
        ),
        (
            "part = [ { name = \"\", offset = 0, bytes = 4, dtype = \"u32\" } ]".to_owned(),
            "21:19 a part's name is empty (expected a name)",
        ),
        (two("0", "offset = 32"), "22:2 a part of a buffer has no `name` (expected `name = \"comm\"`)"),
        (two("0", "name = \"flags\", offset = 32"), "22:38 two buffers are called `flags` (the second)"),
        (two("0", "name = \"input\", offset = 32"), "22:38 two buffers are called `input` (the second)"),
        (
            two("0", "name = \"counts\", offset = 12"),
            "22:57 `flags` and `counts` overlap (`counts` lies at bytes 12 to 28)",
        ),
        (
            two("12", "name = \"counts\", offset = 0"),
            "22:57 `flags` and `counts` overlap (`counts` lies at bytes 0 to 16)",
        ),
        (
            two("4", "name = \"counts\", offset = 4"),
            "22:57 `flags` and `counts` overlap (`counts` lies at bytes 4 to 20)",
        ),
    ];
    let errors: Vec<String> = table.iter().map(|(keys, _)| error_of(keys)).collect();
    assert_eq!(errors, table.map(|(_, expected)| expected), "\n{}\n", errors.join("\n"));
}

#[test]
fn expectations_of_parts() {
    let was = "init = \"random\"\nrefresh = true";
    let divided =
        |dtype: &str| format!("{was}\npart = [ {{ name = \"left\", offset = 0, bytes = 32, dtype = \"{dtype}\" }} ]");
    let said = |part: &str, of: &str| {
        let text = FILE.replacen(was, part, 1).replacen("of = \"input\"", of, 1);
        let Err(errors) = refused(&text) else { return "nothing".to_owned() };
        let error = &errors.list[0];
        let (line, column) = errors.source.line_column(error.span.start);
        format!("{line}:{column} {} ({})", error.message, error.label)
    };
    assert_eq!(
        said(&divided("f16"), "of = \"input\""),
        "45:6 `input` has parts (expected one of them, or a buffer without parts)"
    );
    assert_eq!(
        said(&divided("f16"), "of = \"left\""),
        "43:10 `output` has 64 bytes and `left` has 32, on 2 ranks (`sum` needs as many bytes as `left`)"
    );
    assert_eq!(
        said(&divided("u32"), "of = \"left\""),
        "43:10 `output` holds f16 and `left` holds u32 (expected the same dtype)"
    );
    let part = format!("{was}\npart = [ {{ name = \"all\", offset = 0, bytes = 64, dtype = \"f16\" }} ]");
    assert_eq!(
        said(&part, "of = \"all\""),
        "45:6 `all` is poison: what is computed from it is not known (expected known contents)"
    );
    assert_eq!(said(&part.replace("\"f16\" }", "\"f16\", init = \"random\" }"), "of = \"all\""), "nothing");
}

#[test]
fn names() {
    compare(&[
        ("ptr = \"input\"", "ptr = \"inptu\"", "29:7 no buffer is called `inptu` (is it `input`?)"),
        ("of = \"input\"", "of = \"other\"", "44:6 no buffer is called `other` (unknown buffer)"),
        (
            "kernel = \"oneshot\"",
            "kernel = \"twoshot\"",
            "2:10 no entry is called `twoshot`: the entries are oneshot, oneshot_push (unknown entry)",
        ),
        (
            "kernel = \"oneshot\"",
            "kernel = \"Kj\"",
            "2:10 `Kj` is a part of several entries: oneshot, oneshot_push (give more of its name)",
        ),
    ]);
    let text = FILE.replacen("[[arg]]", "[[buffer]]\nname = \"comm\"\nbytes = 4\ndtype = \"u8\"\n[[arg]]", 1);
    let message = refused(&text).map_err(|errors| errors.to_string()).err().unwrap_or_default();
    assert!(message.contains("two buffers are called `comm`"), "{message}");
}

#[test]
fn expressions() {
    compare(&[
        ("\"launch + 1\"", "\"launch + lunch\"", "36:17 unknown variable `lunch` (is it `launch`?)"),
        ("\"4 * ranks\"", "\"4 * launch\"", "5:14 `launch` has no value here (here may stand: rank, ranks)"),
        ("\"launch + 1\"", "\"8 / launch\"", "36:8 division by zero (the divisor is 0)"),
        (
            "\"launch + 1\"",
            "\"launch - 1\"",
            "36:8 the value -1 does not fit u32 where launch = 0 (expected 0 to 4294967295)",
        ),
        (
            "\"launch + 1\"",
            "\"4294967294 + launch\"",
            "36:8 the value 4294967296 does not fit u32 where launch = 2 (expected 0 to 4294967295)",
        ),
        ("u8 = 7", "u8 = \"255 + rank\"", "39:20 the value 256 does not fit u8 where rank = 1 (expected 0 to 255)"),
        // A string with an escape has no place for each byte: the whole string is shown.
        ("\"launch + 1\"", "\"x\\u002B 1\"", "36:7 unknown variable `x` (expected rank, ranks, launch, grid, block)"),
        (
            "{ value = 0x8000_0000 }",
            "{ value = 0x1_0000_0000 }",
            "20:18 the value 4294967296 does not fit u32 (expected 0 to 4294967295)",
        ),
    ]);
}

#[test]
fn sizes() {
    compare(&[
        ("grid = [2, 1, 1]", "grid = 0", "4:8 `grid` is 0 (expected 1 to 2147483647)"),
        ("grid = [2, 1, 1]", "grid = \"1 - rank\"", "4:9 `grid` is 0 where rank = 1 (expected 1 to 2147483647)"),
        ("\"4 * ranks\"", "[32, 32, 2]", "5:9 a block of rank 0 has 2048 threads (at most 1024)"),
        (
            "grid = [2, 1, 1]",
            "grid = 1_000_000",
            "4:8 16000000 threads on 2 ranks are more than can be checked (at most 4194304 threads on all ranks together)",
        ),
        ("bytes = \"32 * ranks\"", "bytes = 0", "18:9 `comm` has 0 bytes (expected 1 to 1073741824)"),
        (
            "bytes = \"32 * ranks\"",
            "bytes = 6",
            "18:9 `comm` has 6 bytes, which are no whole number of u32 elements (expected a multiple of 4)",
        ),
        (
            "bytes = \"32 * ranks\"",
            "bytes = \"1 << 30\"",
            "16:1 the buffers of 2 ranks need more memory than can be checked (with this one 2147483776 bytes, at most 1073741824)",
        ),
        ("\"block * 4\"", "1_000_000", "7:16 `shared_bytes` is 1000000 (expected 0 to 262144)"),
        ("slots = 8", "slots = 1", "33:9 1 slots cannot hold the pointers of 2 ranks (expected at least 2)"),
        (
            "launches = 3",
            "launches = 600_000",
            "3:9 600000 launches on 2 ranks are too many (at most 1000000 on all ranks together)",
        ),
    ]);
}

#[test]
fn parameters_that_the_kernel_does_not_take() {
    compare(&[
        (
            "u32 = \"launch + 1\"",
            "u64 = \"launch + 1\"",
            "35:1 argument 3 and parameter `p4` differ in size (u64: 8 bytes)",
        ),
        (
            "[[arg]]\nu32 = \"launch + 1\"\n",
            "",
            "36:1 `oneshot` takes 4 parameters, but 3 [[arg]] are given (no more after this)",
        ),
        (
            "slots = 3",
            "slots = 4",
            "38:1 argument 4 and parameter `p48` differ in size (a structure with fields at bytes 0, 8, 16, 48: 56 bytes)",
        ),
        ("\"rank * 16\"", "\"rank * 65\"", "39:50 the offset into `comm` is 65 where rank = 1 (expected 0 to 64)"),
        ("\"(rank + 1) % ranks\"", "\"rank + 1\"", "39:70 `rank` is 2 where rank = 1 (expected 0 to 1)"),
    ]);
}

#[test]
fn expectations() {
    compare(&[
        (
            "equals = \"sum\"",
            "equals = \"gather\"",
            "42:10 `output` has 64 bytes and `input` has 64, on 2 ranks (`gather` needs as many bytes as all ranks' instances of `input`)",
        ),
        (
            "equals = \"sum\"",
            "equals = \"reduce-scatter\"",
            "42:10 `output` has 64 bytes and `input` has 64, on 2 ranks (`reduce-scatter` needs a ranks-th part of the bytes of `input`)",
        ),
        (
            "equals = \"sum\"",
            "equals = \"product\"",
            "43:10 `equals`: unknown value `product` (expected one of \"sum\", \"max\", \"min\", \"gather\", \"reduce-scatter\", \"copy\", \"broadcast\")",
        ),
        (
            "buffer = \"output\"\nequals",
            "buffer = \"comm\"\nequals",
            "42:10 `comm` holds u32 and `input` holds f16 (expected the same dtype)",
        ),
        (
            "of = \"input\"",
            "of = \"output\"",
            "44:6 `output` is poison: what is computed from it is not known (expected known contents)",
        ),
    ]);
}

#[test]
fn what_launches_use() {
    let of_output = |used: &str| format!("init = \"poison\"\nused = {used}");
    let of_input = |used: &str| format!("refresh = true\nused = {used}");
    let said = |input: &str, output: &str, with: (&str, &str)| {
        let text = FILE.replacen("refresh = true", input, 1).replacen("init = \"poison\"", output, 1);
        let Err(errors) = refused(&text.replacen(with.0, with.1, 1)) else { return "nothing".to_owned() };
        let error = &errors.list[0];
        let (line, column) = errors.source.line_column(error.span.start);
        format!("{line}:{column} {} ({})", error.message, error.label)
    };
    let (all, poison) = ("refresh = true", "init = \"poison\"");
    let halves = "\"launch == 1 ? 32 : 64\"";
    assert_eq!(said(&of_input(halves), &of_output(halves), ("", "")), "nothing");
    assert_eq!(said(&of_input("0"), &of_output("0"), ("", "")), "nothing", "a launch of no elements");
    assert_eq!(
        said(&of_input(halves), poison, ("", "")),
        "43:10 launch 1 of rank 0 uses 64 bytes of `output` and 32 of `input` (`sum` needs as many bytes as `input`)"
    );
    assert_eq!(
        said(&of_input("\"rank == 1 ? 32 : 64\""), &of_output("\"rank == 1 ? 32 : 64\""), ("", "")),
        "44:10 launch 0 of rank 1 uses 32 bytes of `output` and 32 of `input` (`sum` needs as many bytes as `input`)"
    );
    assert_eq!(
        said(all, &of_output("\"launch * 64\""), ("", "")),
        "27:9 launches use 128 bytes of `output` where launch = 2 (expected a multiple of 2 up to 64)"
    );
    assert_eq!(
        said(all, &of_output("33"), ("", "")),
        "27:8 launches use 33 bytes of `output` (expected a multiple of 2 up to 64)"
    );
    let part = "used = 0\npart = [ { name = \"left\", offset = 0, bytes = 32, dtype = \"f16\" } ]";
    assert_eq!(
        said(all, &of_output("0"), ("used = 0", part)),
        "27:8 `used` of `output` beside parts (expected a buffer without parts)"
    );
    assert_eq!(
        said(&of_input("64"), &of_output("64"), ("launches = 3", "dependent = true\nlaunches = 3")),
        "16:8 `used` of `input` beside `dependent` (expected launches that follow each other)"
    );
}
