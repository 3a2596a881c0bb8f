//! From instructions back to the lines of the source that they were compiled from.
//!
//! A compiler writes `.loc file line column` before the instructions of a line; of an inlined function it adds where
//! it was called, and that place has a `.loc` of its own before (PTX ISA, `.loc`): so calls of calls are followed outwards. A finding
//! points at the innermost line in the kernel's own file, and names the call that led there. Line 0 is the compiler's
//! word for "no line", and is taken as that: to guess from the neighbours would blame the wrong statement.
//!
//! Decision: lines are looked up after the check, in its findings; the road not taken is to hand them to the program,
//! whose sites would then need several texts.

use super::syntax::{Function, Line, Module, Statement};
use arverify_protocol::ir::{Source, Span};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Files and lines of a statement and of the calls that it was inlined by, from the inside out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Chain(Arc<[(u32, u32)]>);

/// The most calls that are followed.
const MOST_CALLS: usize = 64;

impl Chain {
    /// Where it stands in a file: the innermost line there, and the call there around that.
    fn place(&self, file: u32) -> Option<Place> {
        let mut lines = self.0.iter().filter(|(own, _)| *own == file).map(|(_, line)| *line);
        let line = lines.next()?;
        Some(Place { line, call: lines.next() })
    }
}

/// Places of inlined calls, as far as a function's text has told them.
#[derive(Default)]
struct Calls(FxHashMap<(u32, u32, u32), Chain>);

impl Calls {
    /// A line with the calls around it; empty where the compiler knew no line.
    fn around(&mut self, line: &Line) -> Chain {
        if line.line == 0 {
            return Chain::default();
        }
        let mut chain = vec![(line.file, line.line)];
        if let Some(call @ (file, number, _)) = line.inlined_at {
            match self.0.get(&call) {
                Some(outer) => chain.extend(outer.0.iter().take(MOST_CALLS)),
                None if number > 0 => chain.push((file, number)),
                None => {}
            }
        }
        let chain = Chain(chain.into());
        self.0.insert((line.file, line.line, line.column), chain.clone());
        chain
    }
}

/// Where the instructions of a module come from.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Index and name of each file.
    files: Vec<(u32, String)>,
    /// First byte of each instruction, ascending, and the line it belongs to.
    instructions: Vec<(u32, Chain)>,
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
            let (mut calls, mut chain) = (Calls::default(), Chain::default());
            for statement in &body.statements {
                match statement {
                    Statement::Location(found) => chain = calls.around(found),
                    Statement::Instruction(instruction) => instructions.push((instruction.span.start, chain.clone())),
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
        let lines = self.instructions.iter().filter_map(|(_, chain)| chain.place(file));
        lines.map(|place| place.line).max().unwrap_or(0)
    }

    /// The chain of the instruction at, or before, an offset of the module's text.
    fn chain(&self, offset: u32) -> Option<&Chain> {
        let after = self.instructions.partition_point(|(start, _)| *start <= offset);
        self.instructions.get(after.checked_sub(1)?).map(|(_, chain)| chain)
    }

    /// A number for the line of the instruction at, or before, an offset of the module's text: the innermost in the file of
    /// the function that it stands in. Where no line is known, the offset itself.
    pub fn number(&self, offset: u32) -> u64 {
        let line = self.chain(offset).and_then(|chain| {
            let (file, _) = chain.0.last()?;
            Some((*file, chain.place(*file)?.line))
        });
        line.map_or(u64::from(offset), |(file, line)| u64::from(file + 1) << 32 | u64::from(line))
    }

    /// The line in a file of the instruction at, or before, an offset of the module's text; of what was inlined from another
    /// file the call, which is what the user wrote.
    pub fn place(&self, file: u32, offset: u32) -> Option<Place> {
        self.chain(offset)?.place(file)
    }

    /// The file and line of the instruction at an offset: where its text stands, not where it was inlined to.
    pub fn innermost(&self, offset: u32) -> Option<(u32, u32)> {
        self.chain(offset)?.0.first().copied()
    }

    /// The same with the files and lines of the calls that it was inlined by, from the inside out.
    pub fn calls(&self, offset: u32) -> &[(u32, u32)] {
        self.chain(offset).map_or(&[], |chain| &chain.0)
    }

    /// First bytes of the instructions that are shown at a line of files.
    pub(super) fn shown_at(&self, files: &[u32], line: u32) -> impl Iterator<Item = u32> {
        let shown = move |chain: &Chain| files.iter().any(|file| chain.place(*file).is_some_and(|at| at.line == line));
        self.instructions.iter().filter(move |(_, chain)| shown(chain)).map(|(start, _)| *start)
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
        assert_eq!(lines.last_line(1), 9, "the calls are there, too");
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
    fn calls_of_calls_are_followed_to_the_kernel_s_own_file() {
        let text = ".version 9.0\n.target sm_90\n.address_size 64\n.entry k() {\n.loc 1 7 3\nbar.sync 0;\n\
                    .loc 2 30 1, function_name $L, inlined_at 1 9 3\n.loc 3 5 1, function_name $L, inlined_at 2 30 1\n\
                    .loc 3 2 1, function_name $L, inlined_at 3 5 1\nmembar.sys;\n\
                    .loc 2 30 1, function_name $L, inlined_at 1 12 3\n.loc 3 5 1, function_name $L, inlined_at 2 30 1\n\
                    fence.sc.sys;\n}\n.file 1 \"k.cu\"\n.file 2 \"a.cuh\"\n.file 3 \"b.cuh\"\n";
        let source = Arc::new(Source { name: "k.ptx".to_owned(), text: text.to_owned() });
        let module = syntax::parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
        let lines = Lines::new(&module);
        let place = |file, word: &str| lines.place(file, text.find(word).expect("the word is there") as u32);
        assert_eq!(place(1, "membar"), Some(Place { line: 9, call: None }));
        assert_eq!(place(2, "membar"), Some(Place { line: 30, call: None }));
        assert_eq!(place(3, "membar"), Some(Place { line: 2, call: Some(5) }));
        assert_eq!(place(1, "fence"), Some(Place { line: 12, call: None }), "the call that was told last");
        let number = |word: &str| lines.number(text.find(word).expect("the word is there") as u32);
        assert_eq!([number("membar"), number("fence")], [2 << 32 | 9, 2 << 32 | 12]);
        assert_eq!(lines.shown_at(&[1], 12).count(), 1);
        assert_eq!(lines.shown_at(&[3], 5).count(), 1, "of what stands deeper there, the deeper line is shown");
    }

    #[test]
    fn a_line_is_shown_without_its_indentation() {
        let source = Source { name: "k.cu".to_owned(), text: "one\n  two \n\nfour".to_owned() };
        let shown = |line| line_span(&source, line).map(|span| &source.text[span.start as usize..span.end as usize]);
        assert_eq!([shown(1), shown(2), shown(3), shown(4)], [Some("one"), Some("two"), Some(""), Some("four")]);
        assert_eq!([shown(0), shown(5)], [None, None]);
    }
}
