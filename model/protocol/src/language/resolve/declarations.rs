//! Declarations: names first, then their meaning in the order they are written.

use super::{Context, Global, KnobEntry, Resolver, Uses, names::BUILT_IN};
use crate::ids::{ArgumentId, BufferId};
use crate::ir::{self, Argument, Buffer, Collective, Element, Initially, Protocol, Requirement, Space, Span, Symbol};
use crate::language::diagnostics::{Diagnostic, nearest};
use crate::language::tree::{Class, Declaration, Definition, File, Item, Name, Role, Start};

const SHAPE: Context = Context { what: "a shape", allowed: Uses(0) };
const REQUIREMENT: Context = Context { what: "a requirement", allowed: Uses(0) };
const GRID: Context = Context { what: "the grid", allowed: Uses::RANK };
const ARGUMENT: Context = Context { what: "an argument's value", allowed: Uses::RANK.and(Uses::LAUNCH) };
const NAMED: Context = Context {
    what: "a named value",
    allowed: Uses::RANK.and(Uses::GRID).and(Uses::THREAD).and(Uses::LAUNCH).and(Uses::ARGUMENT),
};

impl<'a> Resolver<'a> {
    /// Enters all names, so that procedures and buffers may be used before they are declared.
    pub(super) fn declare_names(&mut self, file: &'a File) {
        for item in &file.declarations {
            match &item.kind {
                Declaration::Parameters(parameters) => {
                    for (role, name) in parameters {
                        self.declare_size(*role, name);
                    }
                }
                Declaration::Knob { name, values } => {
                    let number = self.knobs.len();
                    if self.declare(name, Global::Knob(number)) {
                        self.knobs.push(KnobEntry { name: &name.text, values });
                    }
                }
                Declaration::Buffer { .. } => self.declare_buffers(item),
                Declaration::Argument { name, .. } => {
                    let id = ArgumentId(self.arguments.len() as u32);
                    if self.declare(name, Global::Argument(id)) {
                        let value = ir::Expression::Constant(0);
                        self.arguments.push(Argument { name: name.text.clone(), value, span: item.at.0.clone() });
                    }
                }
                Declaration::Topology(axes) => self.declare_topology(axes, &item.at.0),
                Declaration::Pipe { name, .. } => self.declare_pipe(name, &item.at.0),
                Declaration::Let { name, .. } => {
                    self.declare(name, Global::Let(None));
                }
                Declaration::Partition { name, parameters, range } => {
                    self.declare(name, Global::Partition(parameters, range));
                }
                Declaration::Sync { name, parameters, body } => {
                    self.declare(name, Global::Sync(parameters, body));
                }
                _ => {}
            }
        }
    }

    pub(super) fn declare(&mut self, name: &'a Name, global: Global<'a>) -> bool {
        let text = name.text.as_str();
        if BUILT_IN.contains(&text) {
            let error =
                Diagnostic::new(format!("`{text}` is built in"), name.at.0.clone()).label("choose another name");
            self.report(error);
            return false;
        }
        if let Some((_, first)) = self.globals.get(text) {
            let error = Diagnostic::new(format!("`{text}` is already declared"), name.at.0.clone());
            let error = error.label("declared again").context(first.clone(), "first declared here");
            self.report(error);
            return false;
        }
        self.globals.insert(text, (global, name.at.0.clone()));
        true
    }

    fn declare_size(&mut self, role: Role, name: &'a Name) {
        let global = match role {
            Role::Ranks => Global::Size(Symbol::Ranks),
            Role::Blocks => Global::Size(Symbol::Blocks),
            Role::Threads => Global::Size(Symbol::Threads),
            Role::Elements => Global::Size(Symbol::Elements),
            Role::Capacity => Global::Size(Symbol::Capacity),
            Role::Element => Global::ElementType,
        };
        let twin = self.globals.iter().find(|(_, (known, _))| match (known, &global) {
            (Global::Size(known), Global::Size(new)) => known == new,
            (Global::ElementType, Global::ElementType) => true,
            _ => false,
        });
        if let Some((_, (_, first))) = twin {
            let error = Diagnostic::new("this size has a name already", name.at.0.clone()).label("named again");
            let error = error.context(first.clone(), "first named here");
            self.report(error);
            return;
        }
        self.declare(name, global);
    }

    fn declare_buffers(&mut self, item: &'a Item<Declaration>) {
        let Declaration::Buffer { ghost, class, names, refreshed, .. } = &item.kind else { return };
        for name in names {
            let id = BufferId(self.buffers.len() as u32);
            if !self.declare(name, Global::Buffer(id)) {
                continue;
            }
            self.buffers.push(Buffer {
                name: name.text.clone(),
                space: if matches!(class, Class::Local | Class::Event) { Space::Local } else { Space::Symmetric },
                element: Element::Word,
                shape: Vec::new(),
                refreshed: *refreshed,
                initially: Initially::Poison,
                pad: *class == Class::Pad,
                channel: *class == Class::Channel,
                event: *class == Class::Event,
                ghost: *ghost,
                span: item.at.0.clone(),
            });
        }
    }

    /// Gives every declaration its meaning.
    pub(super) fn declarations(&mut self, file: &'a File, protocol: &mut Protocol) {
        let mut grid: Option<Span> = None;
        let mut topology: Option<Span> = None;
        for item in &file.declarations {
            let span = item.at.0.clone();
            match &item.kind {
                Declaration::Require(condition) => {
                    if let Ok(value) = self.condition(condition, REQUIREMENT) {
                        protocol.requirements.push(Requirement { condition: value.expression, span });
                    }
                }
                Declaration::Grid(value) => {
                    if let Some(first) = grid.replace(span.clone()) {
                        let error = Diagnostic::new("a second grid", span);
                        self.report(error.context(first, "the first is here"));
                    } else if let Ok(value) = self.index(value, GRID) {
                        protocol.grid = value;
                    }
                }
                Declaration::Buffer { .. } => self.define_buffers(item),
                Declaration::Argument { name, value } => {
                    if let Ok(value) = self.number(value, ARGUMENT)
                        && let Some((Global::Argument(id), _)) = self.globals.get(name.text.as_str())
                    {
                        self.arguments[id.index()].value = value.expression;
                    }
                }
                Declaration::Topology(axes) => self.define_topology(axes, span, &mut topology, protocol),
                Declaration::Pipe { name, capacity } => self.define_pipe(name, capacity),
                Declaration::Let { name, value } => {
                    let value = self.value(value, NAMED);
                    if let Some((global @ Global::Let(None), _)) = self.globals.get_mut(name.text.as_str()) {
                        *global = value.map_or(Global::Broken, |value| Global::Let(Some(value)));
                    }
                }
                Declaration::Partition { name, parameters, range } => self.check_partition(name, parameters, range),
                _ => {}
            }
        }
        self.expectation(file, protocol);
    }

    fn define_buffers(&mut self, item: &'a Item<Declaration>) {
        let Declaration::Buffer { class, names, element, shape, refreshed, initially, .. } = &item.kind else { return };
        let known = if *class == Class::Event { Some(Element::Word) } else { self.element(element) };
        let Some(element_type) = known else {
            for name in names {
                self.break_name(name);
            }
            return;
        };
        let initially = self.initial(*class, element_type, *refreshed, *initially, &item.at.0);
        if *class == Class::Pad && element_type != Element::Word {
            let error = Diagnostic::new("a pad holds flags", element.at.0.clone()).label("not `flag` or `u32`");
            self.report(error.help("declare it `symmetric`"));
        }
        if shape.is_empty() {
            let error = Diagnostic::new("a buffer without a shape", item.at.0.clone());
            self.report(error.help("give each dimension in brackets: `: flag[2][P]`"));
        }
        let resolved: Vec<_> = shape.iter().map(|dimension| self.index(dimension, SHAPE).ok()).collect();
        for name in names {
            let Some((Global::Buffer(id), declared)) = self.globals.get(name.text.as_str()) else { continue };
            if *declared != name.at.0 {
                continue;
            }
            let id = id.index();
            self.buffers[id].element = element_type;
            self.buffers[id].initially = initially;
            self.buffers[id].shape =
                resolved.iter().map(|dimension| dimension.clone().unwrap_or(ir::Expression::Constant(1))).collect();
        }
    }

    pub(super) fn break_name(&mut self, name: &'a Name) {
        if let Some((global, _)) = self.globals.get_mut(name.text.as_str()) {
            *global = Global::Broken;
        }
    }

    fn element(&mut self, element: &Name) -> Option<Element> {
        match (element.text.as_str(), self.globals.get(element.text.as_str())) {
            ("u32" | "flag", _) => Some(Element::Word),
            ("packet", _) => Some(Element::Packet),
            (_, Some((Global::ElementType, _))) => Some(Element::Data),
            _ => {
                let mut known = vec!["u32", "flag", "packet"];
                known.extend(
                    self.globals
                        .iter()
                        .filter(|(_, (global, _))| matches!(global, Global::ElementType))
                        .map(|(name, _)| *name),
                );
                let mut error =
                    Diagnostic::new(format!("unknown element type `{}`", element.text), element.at.0.clone())
                        .label(format!("known are {}", known.join(", ")));
                if let Some(near) = nearest(&element.text, known) {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                None
            }
        }
    }

    fn initial(
        &mut self,
        class: Class,
        element: Element,
        refreshed: bool,
        start: Option<Start>,
        span: &Span,
    ) -> Initially {
        if element != Element::Data && (refreshed || start == Some(Start::Random)) {
            let error = Diagnostic::new("only data can be refreshed or random", span.clone()).label("this holds words");
            self.report(error);
        }
        if element == Element::Packet && matches!(start, Some(Start::Word(word)) if word != 0) {
            let error = Diagnostic::new("packets begin as zero", span.clone()).label("a flag, and data, of this value");
            self.report(error.help("write `initially 0`"));
        }
        if refreshed && start.is_some() {
            let error = Diagnostic::new("refreshed and initially at once", span.clone());
            self.report(error.note("a refreshed buffer has new contents before every launch, also the first"));
        }
        match start {
            Some(Start::Word(word)) => Initially::Word(word),
            Some(Start::Random) => Initially::Random,
            None if refreshed => Initially::Random,
            None if matches!(class, Class::Pad | Class::Event) => Initially::Word(0),
            None => Initially::Poison,
        }
    }

    fn expectation(&mut self, file: &'a File, protocol: &mut Protocol) {
        let mut first: Option<Span> = None;
        for item in &file.declarations {
            let Declaration::Expect { output, definition, input, plus, same } = &item.kind else { continue };
            if let Some(first) = first.replace(item.at.0.clone()) {
                let error = Diagnostic::new("a second expectation", item.at.0.clone());
                self.report(error.context(first, "the first is here"));
                continue;
            }
            let output_id = self.data_buffer(output, "the output");
            let input_id = self.data_buffer(input, "the input");
            let (Some(output_id), Some(input_id)) = (output_id, input_id) else { continue };
            let plus = plus.as_ref().and_then(|plus| self.second_input(plus, *definition));
            if !self.buffers[input_id.index()].refreshed {
                let error = Diagnostic::new(format!("the input `{}` is not refreshed", input.text), input.at.0.clone());
                let declared = self.buffers[input_id.index()].span.clone();
                let error = error
                    .context(declared, "declared here")
                    .help("declare it `refreshed`, so that every launch has new contents");
                self.report(error);
            }
            let collective = match definition {
                Definition::AllReduce(reduction) => Collective::AllReduce(*reduction),
                Definition::Gather => Collective::AllGather,
                Definition::ReduceScatter(reduction) => Collective::ReduceScatter(*reduction),
                Definition::Broadcast => Collective::Broadcast,
                Definition::Shift => Collective::Shift,
                Definition::Transfer => Collective::Transfer,
            };
            protocol.expectation = Some(ir::Expectation {
                output: output_id,
                collective,
                input: input_id,
                same_on_all_ranks: *same,
                plus,
                span: item.at.0.clone(),
            });
        }
    }

    /// What stands after `plus`.
    fn second_input(&mut self, name: &'a Name, definition: Definition) -> Option<BufferId> {
        let id = self.data_buffer(name, "the second input")?;
        let span = name.at.0.clone();
        if definition != Definition::Gather || self.part == super::host::Part::Kernel {
            let error = Diagnostic::new("`plus` stands after `gather of` in host programs only", span);
            self.report(error.label("in place of a kernel's work on each part"));
            return None;
        }
        if !self.buffers[id.index()].refreshed {
            let declared = self.buffers[id.index()].span.clone();
            let error = Diagnostic::new(format!("the input `{}` is not refreshed", name.text), span);
            self.report(error.context(declared, "declared here").help("declare it `refreshed`"));
        }
        Some(id)
    }

    fn data_buffer(&mut self, name: &'a Name, what: &str) -> Option<BufferId> {
        let id = match self.global(&name.text) {
            Some((Global::Buffer(id), _)) => *id,
            Some((Global::Broken, _)) => return None,
            _ => {
                self.unknown("buffer", &name.text, name.at.0.clone());
                return None;
            }
        };
        if self.buffers[id.index()].element != Element::Data || self.buffers[id.index()].ghost {
            let error = Diagnostic::new(format!("{what} `{}` does not hold data", name.text), name.at.0.clone());
            let declared = self.buffers[id.index()].span.clone();
            self.report(error.context(declared, "declared here"));
            return None;
        }
        Some(id)
    }
}
