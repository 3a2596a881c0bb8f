//! Data phases: places that leave their last index to a partition, and the partitions.

use super::{Binding, Context, Entry, Global, Resolved, Resolver, Type, Uses, statements::KERNEL};
use crate::ids::BufferId;
use crate::ir::{self, Binary, Element, Expression, Kind, Partition, Space, Symbol, Tail, Width};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{self, Name, Over, Place, Range, RangeSpan, TailChoice};

const PARTITION: Context = Context {
    what: "a partition",
    allowed: Uses::RANK.and(Uses::GRID).and(Uses::THREAD).and(Uses::LOCAL).and(Uses::ARGUMENT),
};

fn join(operator: Binary, left: Expression, right: Expression) -> Expression {
    Expression::Binary { operator, kind: Kind::Index, left: Box::new(left), right: Box::new(right) }
}

impl<'a> Resolver<'a> {
    /// The buffer that a name in a place means.
    pub(super) fn place_buffer(&mut self, name: &'a Name) -> Resolved<BufferId> {
        let text = name.text.as_str();
        let span = name.at.0.clone();
        if let Some(entry) = self.local(text) {
            return match &entry.binding {
                Binding::Buffer(id) => Ok(*id),
                Binding::Broken => Err(super::Reported),
                Binding::Local(..) | Binding::Value(_) => {
                    let declared = entry.at.clone();
                    let error = Diagnostic::new(format!("`{text}` is a number, not a buffer"), span);
                    self.fail(error.label("a number").context(declared, "bound here"))
                }
            };
        }
        match self.global(text) {
            Some((Global::Buffer(id), _)) => Ok(*id),
            Some((Global::Broken, _)) => Err(super::Reported),
            Some((_, declared)) => {
                let declared = declared.clone();
                let error = Diagnostic::new(format!("`{text}` is not a buffer"), span);
                self.fail(error.context(declared, "declared here"))
            }
            None => Err(self.unknown("buffer", text, span)),
        }
    }

    /// A place: of a word with all its indices, or of data with all but the last.
    pub(super) fn place(&mut self, place: &'a Place, element: Element) -> Resolved<ir::Place> {
        self.place_or_row(place, element, false)
    }

    /// A row of words or packets, the last index left to a partition.
    pub(super) fn row(&mut self, place: &'a Place, element: Element) -> Resolved<ir::Place> {
        self.place_or_row(place, element, true)
    }

    fn place_or_row(&mut self, place: &'a Place, element: Element, row: bool) -> Resolved<ir::Place> {
        let id = self.place_buffer(&place.buffer)?;
        self.no_event(id, place)?;
        let buffer = &self.buffers[id.index()];
        let (declared, name) = (buffer.span.clone(), &place.buffer.text);
        if buffer.element != element {
            let (message, label) = match element {
                Element::Word => ("loads, stores, awaits and atomics work on words", "this holds something else"),
                Element::Packet => ("a flag travels in a packet", "this holds something else"),
                Element::Data => ("data phases work on data", "this holds words"),
            };
            let label = match (element, buffer.element) {
                (Element::Word, Element::Data) => "this holds data",
                (_, Element::Packet) => "this holds packets",
                _ => label,
            };
            let error = Diagnostic::new(format!("{message}, not on `{name}`"), place.buffer.at.0.clone()).label(label);
            return self.fail(error.context(declared, "declared here"));
        }
        if buffer.ghost && !self.ghost {
            let error = Diagnostic::new(format!("`{name}` is a ghost buffer"), place.buffer.at.0.clone());
            return self.fail(error.label("used in code that is emitted").context(declared, "declared here"));
        }
        let (dimensions, local) = (buffer.shape.len(), buffer.space == Space::Local);
        let in_phase = row || element == Element::Data;
        let wanted = if in_phase { dimensions.saturating_sub(1) } else { dimensions };
        if place.indices.len() != wanted {
            let plural = if wanted == 1 { "index" } else { "indices" };
            let message = format!("`{name}` takes {wanted} {plural} here, found {}", place.indices.len());
            let error = Diagnostic::new(message, place.at.0.clone()).context(declared, "declared here");
            let note = "in a data phase the partition supplies the last index";
            return self.fail(if in_phase { error.note(note) } else { error });
        }
        if local && let Some(rank) = &place.rank {
            let message = format!("`{name}` is local: peers cannot reach it");
            let error = Diagnostic::new(message, rank.at.0.clone()).label("no other rank's instance");
            return self.fail(error.context(declared, "declared here").help("declare it `symmetric`"));
        }
        if element != Element::Data
            && let Some(offset) = &place.offset
        {
            let error = Diagnostic::new("`at` is for data phases", offset.at.0.clone());
            let label = if row {
                "words are counted from the start of their row"
            } else {
                "a word has an index in every dimension"
            };
            return self.fail(error.label(label));
        }
        let context = self.code_context(Context { what: "an index", ..KERNEL });
        let indices: Vec<_> = place.indices.iter().map(|index| self.number(index, context)).collect();
        let offset = match &place.offset {
            Some(offset) => Some(self.number(offset, Context { what: "an offset", ..context })?.expression),
            None => None,
        };
        let rank = match &place.rank {
            Some(rank) => Some(self.number(rank, Context { what: "a rank", ..context })?.expression),
            None => None,
        };
        let indices: Resolved<Vec<_>> = indices.into_iter().map(|index| Ok(index?.expression)).collect();
        Ok(ir::Place { buffer: id, indices: indices?, offset, rank, span: place.at.0.clone() })
    }

    /// What stands after `over`.
    pub(super) fn over(&mut self, over: &'a Over) -> Resolved<Partition> {
        let (name, arguments) = match over {
            Over::Inline(range) => return self.range(range),
            Over::Named { name, arguments } => (name, arguments),
        };
        let (parameters, range) = match self.global(&name.text) {
            Some((Global::Partition(parameters, range), _)) => (*parameters, *range),
            Some((Global::Broken, _)) => return Err(super::Reported),
            _ => return Err(self.unknown_partition(name)),
        };
        if parameters.len() != arguments.len() {
            let message = format!(
                "the partition `{}` takes {} arguments, found {}",
                name.text,
                parameters.len(),
                arguments.len()
            );
            return self.fail(Diagnostic::new(message, name.at.0.clone()));
        }
        let context = Context { what: "a partition's argument", ..PARTITION };
        let mut frame = Vec::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let value = self.index_value(argument, context)?;
            frame.push(Entry { name: &parameter.text, binding: Binding::Value(value), at: parameter.at.0.clone() });
        }
        let scopes = std::mem::replace(&mut self.scopes, vec![frame]);
        let result = self.range(range);
        self.scopes = scopes;
        result
    }

    fn unknown_partition(&mut self, name: &Name) -> super::Reported {
        let mut error =
            Diagnostic::new(format!("unknown partition `{}`", name.text), name.at.0.clone()).label("not declared");
        let partitions = self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Partition(..)));
        if let Some(near) = nearest(&name.text, partitions.map(|(name, _)| *name)) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error)
    }

    /// Checks a declared partition by itself, its parameters being any index.
    pub(super) fn check_partition(&mut self, name: &'a Name, parameters: &'a [Name], range: &'a Range) {
        self.scopes = vec![Vec::new()];
        for parameter in parameters {
            let one = super::Value {
                expression: Expression::Symbol(Symbol::Ranks),
                kind: Type::Index,
                uses: Uses::default(),
                truth: None,
                depth: 1,
                size: 1,
            };
            let _ = self.bind(parameter, Binding::Value(one));
        }
        if self.range(range).is_err() {
            self.globals.insert(&name.text, (Global::Broken, name.at.0.clone()));
        }
        self.scopes = Vec::new();
    }

    fn range(&mut self, range: &'a Range) -> Resolved<Partition> {
        let tail = match &range.tail {
            Some(choice) => self.tail(choice)?,
            None => Tail::Scalar,
        };
        let span = range.at.0.clone();
        let width = range.width;
        let unit = match width {
            Width::Element => Expression::Constant(1),
            Width::Vector => Expression::Symbol(Symbol::Vector),
            Width::Word => join(Binary::Divide, Expression::Symbol(Symbol::Vector), Expression::Constant(4)),
        };
        if range.tail.is_some() && width == Width::Element {
            let error = Diagnostic::new("a partition by element has no tail", span);
            return self.fail(error.label("no element is cut off"));
        }
        if range.tail.is_some() && width == Width::Word {
            let error = Diagnostic::new("a partition by word has no tail", span);
            return self.fail(error.label("a word that is cut off is filled up"));
        }
        match &range.span {
            RangeSpan::Stride { low, high } => {
                let low = self.index(low, PARTITION);
                let limit = self.index(high, PARTITION)?;
                let low = low?;
                let symbol = Expression::Symbol;
                let thread = join(
                    Binary::Add,
                    join(Binary::Multiply, symbol(Symbol::Block), symbol(Symbol::Threads)),
                    symbol(Symbol::Thread),
                );
                let first = join(Binary::Add, low.clone(), join(Binary::Multiply, thread, unit.clone()));
                let threads = join(Binary::Multiply, symbol(Symbol::Grid), symbol(Symbol::Threads));
                let step = join(Binary::Multiply, threads, unit);
                Ok(Partition { first, limit, step, width, tail, low, span })
            }
            RangeSpan::Explicit { first, limit, step } => {
                let first = self.index(first, PARTITION)?;
                let limit = self.index(limit, PARTITION)?;
                let step = self.positive_step(step)?;
                let low = lowest(&first);
                Ok(Partition { first, limit, step, width, tail, low, span })
            }
        }
    }

    fn positive_step(&mut self, step: &'a tree::Expression) -> Resolved<Expression> {
        let resolved = self.index(step, PARTITION)?;
        match resolved {
            Expression::Constant(number) if number <= 0 => self
                .fail(Diagnostic::new("a step must be positive", step.at.0.clone()).label(format!("always {number}"))),
            _ => Ok(resolved),
        }
    }

    fn tail(&mut self, choice: &'a TailChoice) -> Resolved<Tail> {
        match choice {
            TailChoice::Word(word) => match word.text.as_str() {
                "scalar" => Ok(Tail::Scalar),
                "overrun" => Ok(Tail::Overrun),
                "drop" => Ok(Tail::Drop),
                text => {
                    let error = Diagnostic::new(format!("unknown tail `{text}`"), word.at.0.clone());
                    self.fail(error.label("known are scalar, overrun, drop"))
                }
            },
            TailChoice::If { condition, then, otherwise } => {
                let context = Context { what: "a choice of tails", allowed: Uses(0) };
                let value = self.condition(condition, context)?;
                let every = matches!(self.choice, super::Choice::Every);
                match value.truth {
                    Some(true) => self.tail(then),
                    Some(false) => self.tail(otherwise),
                    None if every => self.tail(then).and(self.tail(otherwise)),
                    None => {
                        let error = Diagnostic::new("a tail is chosen by knobs alone", condition.at.0.clone());
                        self.fail(error.label("depends on more than knobs"))
                    }
                }
            }
        }
    }
}

/// The first element of thread 0 of block 0.
fn lowest(expression: &Expression) -> Expression {
    match expression {
        Expression::Symbol(Symbol::Block | Symbol::Thread) => Expression::Constant(0),
        Expression::Binary { operator, kind, left, right } => Expression::Binary {
            operator: *operator,
            kind: *kind,
            left: Box::new(lowest(left)),
            right: Box::new(lowest(right)),
        },
        Expression::Not(inner) => Expression::Not(Box::new(lowest(inner))),
        Expression::If { condition, then, otherwise } => Expression::If {
            condition: Box::new(lowest(condition)),
            then: Box::new(lowest(then)),
            otherwise: Box::new(lowest(otherwise)),
        },
        other => other.clone(),
    }
}
