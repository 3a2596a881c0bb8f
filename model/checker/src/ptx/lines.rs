//! From instructions back to the lines of the source that they were compiled from.
//!
//! A compiler writes `.loc file line column` before the instructions of a line; of an inlined function it adds where
//! it was called. A finding points at the line of the inlined function and names the call. Line 0 is the compiler's
//! word for "no line", and is taken as that: to guess from the neighbours would blame the wrong statement.
//!
//! Decision: lines are looked up after the check, in its findings; the road not taken is to hand them to the program,
//! whose sites would then need several texts. Not modelled: chains of inlined calls, of which `.loc` names the last.

use super::syntax::{Function, Line, Module, Statement};
use arverify_protocol::ir::{Source, Span};

/// Where the instructions of a module come from.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Index and name of each file.
    files: Vec<(u32, String)>,
    /// First byte of each instruction, ascending, and the line it belongs to.
    instructions: Vec<(u32, Option<Line>)>,
}

/// Lines of one file that an instruction belongs to, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The statement.
    pub line: u32,
    /// The call that was inlined there.
    pub call: Option<u32>,
}

impl Lines {
    /// Collects the lines of every instruction.
    pub fn new(module: &Module) -> Lines {
        let mut instructions = Vec::new();
        for body in module.functions.iter().filter_map(|function| function.body.as_ref()) {
            let mut line = None;
            for statement in &body.statements {
                match statement {
                    Statement::Location(found) => line = Some(*found).filter(|found| found.line > 0),
                    Statement::Instruction(instruction) => instructions.push((instruction.span.start, line)),
                    Statement::Label(_) => {}
                }
            }
        }
        instructions.sort_by_key(|(start, _)| *start);
        Lines { files: module.files.clone(), instructions }
    }

    /// The file that a function stands in: that of its first line that is not inlined.
    pub fn main_file(&self, function: &Function) -> Option<(u32, &str)> {
        let statements = function.body.as_ref().map_or(&[][..], |body| &body.statements);
        let line = statements.iter().find_map(|statement| match statement {
            Statement::Location(line) if line.inlined_at.is_none() => Some(line),
            _ => None,
        })?;
        let (index, name) = self.files.iter().find(|(index, _)| *index == line.file)?;
        Some((*index, name))
    }

    /// The last line that a file must have.
    pub fn last_line(&self, file: u32) -> u32 {
        let lines = self.instructions.iter().filter_map(|(_, line)| *line);
        lines.filter(|line| line.file == file).map(|line| line.line).max().unwrap_or(0)
    }

    /// A number for the line of the instruction at, or before, an offset of the module's text: that of the statement or, where
    /// it was inlined from another file, of the call. Where no line is known, the offset itself.
    pub fn number(&self, offset: u32) -> u64 {
        let after = self.instructions.partition_point(|(start, _)| *start <= offset);
        let line = after.checked_sub(1).and_then(|before| self.instructions.get(before)?.1);
        let Some(line) = line else { return u64::from(offset) };
        let call = line.inlined_at.filter(|(caller, number, _)| *caller != line.file && *number > 0);
        let (file, line) = call.map_or((line.file, line.line), |(caller, number, _)| (caller, number));
        u64::from(file + 1) << 32 | u64::from(line)
    }

    /// The line in a file of the instruction at, or before, an offset of the module's text.
    pub fn place(&self, file: u32, offset: u32) -> Option<Place> {
        let after = self.instructions.partition_point(|(start, _)| *start <= offset);
        let (_, line) = self.instructions.get(after.checked_sub(1)?)?;
        let line = (*line)?;
        let call = line.inlined_at.filter(|(caller, number, _)| *caller == file && *number > 0);
        let call = call.map(|(_, number, _)| number);
        if line.file == file {
            return Some(Place { line: line.line, call });
        }
        // Inlined from a header: the call is what the user wrote.
        call.map(|line| Place { line, call: None })
    }
}

/// A line of a text, without the white space around it; `None` if the text is shorter.
pub fn line_span(source: &Source, line: u32) -> Option<Span> {
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let text = source.text.split('\n').nth(index)?;
    let start = source.text.split('\n').take(index).map(|line| line.len() + 1).sum::<usize>();
    let (before, kept) = (text.len() - text.trim_start().len(), text.trim());
    let start = u32::try_from(start + before).ok()?;
    Some(start..start + u32::try_from(kept.len()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;
    use std::sync::Arc;

    const TEXT: &str = ".version 9.0\n.target sm_90\n.address_size 64\n.entry k() {\n.loc 1 7 3\nbar.sync 0;\n\
                        .loc 1 2 5, function_name $L, inlined_at 1 8 3\nfence.sc.sys;\n\
                        .loc 2 40 1, function_name $L, inlined_at 1 9 3\nmembar.sys;\n.loc 1 0 3\nexit;\n}\n\
                        .file 1 \"k.cu\"\n.file 2 \"header.cuh\"\n";

    #[test]
    fn instructions_have_lines() {
        let source = Arc::new(Source { name: "k.ptx".to_owned(), text: TEXT.to_owned() });
        let module = syntax::parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
        let lines = Lines::new(&module);
        assert_eq!(lines.main_file(&module.functions[0]), Some((1, "k.cu")));
        assert_eq!(lines.last_line(1), 7);
        let at = |word: &str| lines.place(1, TEXT.find(word).expect("the word is there") as u32);
        assert_eq!(at("bar.sync"), Some(Place { line: 7, call: None }));
        assert_eq!(at("fence.sc"), Some(Place { line: 2, call: Some(8) }));
        assert_eq!(at("membar"), Some(Place { line: 9, call: None }), "the header is not shown");
        assert_eq!(at("exit"), None);
        assert_eq!(lines.place(1, 0), None);
        let number = |word: &str| lines.number(TEXT.find(word).expect("the word is there") as u32);
        let expected = [2 << 32 | 7, 2 << 32 | 2, 2 << 32 | 9];
        assert_eq!([number("bar.sync"), number("fence.sc"), number("membar")], expected);
        assert!(number("exit") < 1 << 32, "no line: the offset");
    }

    #[test]
    fn a_line_is_shown_without_its_indentation() {
        let source = Source { name: "k.cu".to_owned(), text: "one\n  two \n\nfour".to_owned() };
        let shown = |line| line_span(&source, line).map(|span| &source.text[span.start as usize..span.end as usize]);
        assert_eq!([shown(1), shown(2), shown(3), shown(4)], [Some("one"), Some("two"), Some(""), Some("four")]);
        assert_eq!([shown(0), shown(5)], [None, None]);
    }
}
