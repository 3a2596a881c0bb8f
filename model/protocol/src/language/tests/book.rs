//! The examples in the book's language page are right.

use super::wrong;

const PAGE: &str = include_str!("../../../../../docs/language.md");

/// What the statements on the page may refer to.
const PRELUDE: &str = "\
protocol example
param ranks P, blocks B, threads T, elements N, element E
local counter : u32[B] initially 0
local input : E[N] refreshed
local output : E[N]
symmetric comm : E[2][N]
pad start, end : flag[2][B][P]
argument epoch = launch + 1
let share = ceil_div(N, P * V) * V
partition whole = 0..N
partition part(q) = q * share .. min(q * share + share, N)
sync meet(pad, value) {
  store pad[0][block][self] = value weak
}
";

/// The page's examples: what they are, and their text.
fn examples() -> Vec<(&'static str, String)> {
    let mut examples: Vec<(&str, String)> = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        if let Some(kind) = line.strip_prefix("```arp") {
            inside = true;
            examples.push((kind, String::new()));
        } else if line == "```" {
            inside = false;
        } else if let Some((_, text)) = examples.last_mut()
            && inside
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    examples
}

#[test]
fn every_example_is_right() {
    let examples = examples();
    assert!(examples.len() >= 10, "only {} examples were found", examples.len());
    for (kind, text) in examples {
        let whole = match kind {
            "" => text,
            ",statements" => format!("{PRELUDE}kernel {{\n{text}}}\n"),
            _ => {
                let sizes = "param ranks P, blocks B, threads T, elements N, element E\n";
                let sizes = if text.contains("param") { "" } else { sizes };
                let kernel = if text.contains("kernel {") { "" } else { "kernel { }\n" };
                format!("protocol example\n{sizes}{text}{kernel}")
            }
        };
        // An example may declare what it does not use.
        let errors = wrong(&whole);
        assert!(errors.iter().all(|error| error.ends_with("is never used")), "{errors:#?}\n{whole}");
    }
}

#[test]
fn the_page_names_every_limit() {
    use crate::language::*;
    let limits = [
        NESTING_LIMIT as usize,
        OPERATOR_LIMIT as usize,
        CALL_LIMIT,
        BLOCK_LIMIT,
        KNOB_LIMIT,
        VALUE_LIMIT,
        VARIANT_LIMIT,
    ];
    for limit in limits {
        assert!(PAGE.contains(&format!("{limit} ")), "{limit} is not on the page");
    }
    assert_eq!((LENGTH_LIMIT, STATEMENT_LIMIT, NODE_LIMIT), (1 << 20, 20_000, 200_000));
}
