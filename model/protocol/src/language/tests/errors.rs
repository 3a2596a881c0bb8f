//! Every kind of error, with its exact place: `errors.txt` holds texts and what must be said of each.

use super::{parse, wrong};
use crate::language::Diagnostics;

/// The cases: name, text, expected errors.
fn cases() -> Vec<(String, String, Vec<String>)> {
    let mut cases: Vec<(String, String, Vec<String>)> = Vec::new();
    for line in include_str!("errors.txt").lines() {
        if let Some(name) = line.strip_prefix("## ") {
            cases.push((name.to_owned(), String::new(), Vec::new()));
            continue;
        }
        let Some((_, text, errors)) = cases.last_mut() else { continue };
        if let Some(error) = line.strip_prefix("=> ") {
            errors.push(error.to_owned());
        } else if errors.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}

#[test]
fn every_error_has_its_place_and_message() {
    let cases = cases();
    assert!(cases.len() > 140, "only {} cases were read", cases.len());
    for (name, text, expected) in cases {
        assert_eq!(wrong(&text), expected, "{name}\n{text}");
    }
}

fn nest(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// `s0` calls `s1` and so on, each `times` times; the last has this body.
fn chain(length: usize, times: usize, last: &str) -> String {
    let mut text = String::from("protocol p\n");
    for number in 0..length {
        let call = format!("s{}()\n", number + 1).repeat(times);
        text.push_str(&format!("sync s{number}() {{\n{call}}}\n"));
    }
    text + &format!("sync s{length}() {{ {last} }}\nkernel {{ s0() }}\n")
}

/// `x0` is 2, each further value is made of the one before; the kernel uses the last.
fn values(count: usize, next: &str) -> String {
    let mut text = String::from("protocol p\nlet x0 = 1 + 1\n");
    for number in 0..count {
        text.push_str(&format!("let x{} = {}\n", number + 1, next.replace('x', &format!("x{number}"))));
    }
    text + &format!("kernel {{ let y = x{count} }}\n")
}

#[test]
fn limits_are_kept_with_an_error() {
    let value = |value: String| format!("protocol p\nkernel {{ let x = {value} }}\n");
    let inner = |call: &str| nest(50, "if 1 == 1 { ", call, "}");
    let deep = format!(
        "protocol p\nsync c() {{ {} }}\nsync b() {{ {} }}\nsync a() {{ {} }}\nkernel {{ a() }}\n",
        inner("block_sync"),
        inner("c()"),
        inner("b()")
    );
    let cases = [
        (value(vec!["1"; 202].join(" + ")), "2:820 an expression of more than 200 operators"),
        (value(nest(64, "(", "1", ")")), "2:81 nested more than 64 deep"),
        (value(nest(64, "-", "1", "")), "2:81 nested more than 64 deep"),
        (value(nest(64, "not ", "1", "")), "2:270 nested more than 64 deep"),
        (format!("protocol p\nkernel {{ {} }}\n", nest(64, "if 1 == 1 { ", "", "}")), "2:769 nested more than 64 deep"),
        (
            format!("protocol p\nkernel {{ if 1 == 1 {{ }} {} }}\n", "else if 1 == 2 { } ".repeat(64)),
            "2:1210 nested more than 64 deep",
        ),
        (chain(33, 1, ""), "96:1 procedures call each other more than 32 deep"),
        (chain(16, 2, "block_sync"), "66:14 the protocol has more than 20000 statements once everything is expanded"),
        (deep, "2:312 the protocol has more than 128 nested blocks once everything is expanded"),
        (
            values(20, "x + x"),
            "17:17 the protocol has more than 200000 operations in its expressions once everything is expanded",
        ),
        (values(256, "x + 1"), "257:12 an expression more than 256 deep once names are substituted"),
        (format!("protocol p // {}\n", "x".repeat(1 << 20)), "1:1 the text is longer than 1048576 bytes"),
    ];
    for (text, expected) in cases {
        let found = wrong(&text);
        let head: String = text.chars().take(100).collect();
        assert_eq!(found, [expected], "{head}");
    }
}

#[test]
fn what_is_just_within_the_limits_is_right() {
    let value = |value: String| format!("protocol p\nkernel {{ let x = {value} }}\n");
    for text in [
        value(vec!["1"; 201].join(" + ")),
        value(nest(62, "(", "1", ")")),
        value(nest(62, "-", "1", "")),
        format!("protocol p\nkernel {{ {} }}\n", nest(62, "if 1 == 1 { ", "", "}")),
        chain(31, 1, ""),
        values(253, "x + 1"),
    ] {
        assert_eq!(wrong(&text), Vec::<String>::new(), "{}", text.chars().take(300).collect::<String>());
    }
}

fn refused(text: &str) -> Diagnostics {
    match parse("test.arp", text) {
        Ok(_) => panic!("accepted"),
        Err(errors) => errors,
    }
}

#[test]
fn errors_are_rendered_with_file_line_and_source() {
    let errors = refused("protocol p\npad flags : flag[2]\nkernel {\n  store flag[0] = 1 weak\n}\n");
    let expected = "\
error: unknown buffer `flag`
 --> test.arp:4:9
  |
4 |   store flag[0] = 1 weak
  |         ^^^^ not declared
  |
  = help: did you mean `flags`?";
    assert_eq!(errors.render(false), expected);
    assert_eq!(errors.to_string(), expected);
    assert!(errors.render(true).contains("\u{1b}["));
}

#[test]
fn an_error_inside_a_procedure_shows_the_call() {
    let text = "protocol p\npad f : flag[2]\nsync meet(pad) {\n  store pad[0][1] = 1 weak\n}\nkernel {\n  meet(f)\n}\n";
    let expected = "\
error: `pad` takes 1 index here, found 2
 --> test.arp:4:9
  |
2 | pad f : flag[2]
  | --------------- declared here
3 | sync meet(pad) {
4 |   store pad[0][1] = 1 weak
  |         ^^^^^^^^^
...
7 |   meet(f)
  |   ------- called from here";
    assert_eq!(refused(text).render(false), expected);
}

#[test]
fn several_errors_are_reported_at_once() {
    let text = "protocol p\nkernel {\n  let x = y\n  let z = x + 1\n  store g[0] = w weak\n  block_sync\n}\n";
    assert_eq!(wrong(text), ["3:11 unknown name `y`", "5:9 unknown buffer `g`", "5:16 unknown name `w`"]);
}
