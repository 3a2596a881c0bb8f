//! Layout of emitted code: indentation by nesting, and no runs of empty lines.
//!
//! Templates are laid out to be read as templates; their tags stand on lines of their own. The decision taken is to
//! lay out the result once, here. The road not taken, white-space control in every tag, hides the code behind dashes.

/// The text with every line indented by four spaces for each brace or parenthesis that is open at its start, trailing
/// space removed, and at most one empty line in a row, none after an opening brace or before a closing one.
pub(crate) fn laid_out(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut depth, mut empty, mut opened) = (0_usize, false, true);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            empty = true;
            continue;
        }
        let closing = line.chars().take_while(|character| "})".contains(*character)).count();
        let indent = depth.saturating_sub(closing);
        if empty && !opened && closing == 0 {
            result.push('\n');
        }
        (0..indent).for_each(|_| result.push_str("    "));
        result.push_str(line);
        result.push('\n');
        let code = without_comment(line);
        let (opening, shutting) = (count(code, "{("), count(code, "})"));
        depth = (depth + opening).saturating_sub(shutting);
        (empty, opened) = (false, opening > shutting);
    }
    result
}

fn count(line: &str, characters: &str) -> usize {
    line.chars().filter(|character| characters.contains(*character)).count()
}

fn without_comment(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn nesting_gives_the_indentation() {
        let text = "void f(\nint a,\nint b)\n{\n\n\nif (a) {\n      g(a,\n b); // :-)\n\n\n\nh();\n\n} else {\ni();\n}\n}\n";
        let expected = "void f(\n    int a,\n    int b)\n{\n    if (a) {\n        g(a,\n            b); // :-)\n\n        h();\n    } \
                        else {\n        i();\n    }\n}\n";
        assert_eq!(laid_out(text), expected);
    }
}
