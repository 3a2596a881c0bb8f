//! Layout of emitted code: indentation by nesting, and no runs of empty lines.
//!
//! Templates are laid out to be read as templates; their tags stand on lines of their own. The decision taken is to
//! lay out the result once, here. The road not taken, white-space control in every tag, hides the code behind dashes.

/// The namespace's first and last line in the templates.
const NAMESPACE: (&str, &str) = ("namespace {", "} // namespace");

/// Removes empty lines, which template tags leave behind.
pub(crate) fn without_empty_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.join("\n")
}

/// Items in lines of at most `width` characters where they fit, each line with this beginning.
pub(crate) fn wrapped(items: &[String], beginning: &str, width: usize) -> String {
    let mut text = String::new();
    let mut line = beginning.to_owned();
    for item in items {
        if line.len() + 1 + item.len() > width && line.len() > beginning.len() {
            text.push_str(&line);
            text.push('\n');
            beginning.clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(item);
    }
    text + &line
}

/// The text with every line indented by four spaces for each brace or parenthesis that is open at its start (but for
/// the namespace), trailing space removed, and at most one empty line in a row, none within parentheses, after an
/// opening brace or before a closing one.
pub(crate) fn laid_out(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut depth, mut parentheses, mut empty, mut opened) = (0_usize, 0_usize, false, true);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            empty = true;
            continue;
        }
        if line == NAMESPACE.0 || line == NAMESPACE.1 {
            result.push_str(&format!("\n{line}\n"));
            (empty, opened) = (line == NAMESPACE.0, false);
            continue;
        }
        let closing = line.chars().take_while(|character| "})".contains(*character)).count();
        let indent = depth.saturating_sub(closing);
        if empty && !opened && closing == 0 && parentheses == 0 {
            result.push('\n');
        }
        (0..indent).for_each(|_| result.push_str("    "));
        if line.starts_with('*') {
            // The asterisks of a C comment stand below each other.
            result.push(' ');
        }
        result.push_str(line);
        result.push('\n');
        let code = without_comment(line);
        let (opening, shutting) = (count(code, "{("), count(code, "})"));
        depth = (depth + opening).saturating_sub(shutting);
        (empty, opened) = (false, opening > shutting);
        parentheses = (parentheses + count(code, "(")).saturating_sub(count(code, ")"));
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
        let text =
            "void f(\nint a,\nint b)\n{\n\n\nif (a) {\n      g(a,\n b); // :-)\n\n\n\nh();\n\n} else {\ni();\n}\n}\n";
        let expected = "void f(\n    int a,\n    int b)\n{\n    if (a) {\n        g(a,\n            b); // :-)\n\n        h();\n    } \
                        else {\n        i();\n    }\n}\n";
        assert_eq!(laid_out(text), expected);
    }
}
