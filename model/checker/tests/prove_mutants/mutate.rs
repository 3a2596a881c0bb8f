//! One change to a resolved protocol: an expression, an extent, an offset, an order, a comparison, or the place of a
//! statement.
//!
//! All sites of a kind are counted by walking the protocol once, and one is drawn; nothing is known of any protocol. Ghost
//! code and ghost buffers are left as they are: proofs do not look at them. Not made: two changes at a time, and new
//! statements. A mutant may be as right as the original, or make no sense; both are for the test to see.

use arverify_protocol::ir::{
    Binary, Compare, Expression, HostStatement, Marking, Order, Partition, Place, Protocol, Scope, Semantics,
    Statement, StatementKind, Symbol, Tail,
};

/// A generator of numbers (splitmix64): the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit.max(1) as u64) as usize
    }
}

/// Where something can be changed.
enum Site<'a> {
    Expression(&'a mut Expression),
    Offset(&'a mut Option<Expression>),
    Rank(&'a mut Option<Expression>),
    Tail(&'a mut Tail),
    Compare(&'a mut Compare),
    Semantics(&'a mut Semantics),
    /// Two neighbours that may change places.
    Statements(&'a mut [Statement]),
}

/// A mutant and what was done, in words; none where the draw changes nothing.
pub(crate) fn mutate(protocol: &Protocol, random: &mut Random) -> Option<(Protocol, String)> {
    let mut mutant = protocol.clone();
    let mut sites = 0;
    each_site(&mut mutant, &mut |_| sites += 1);
    let chosen = random.below(sites);
    let (mut index, mut done) = (0, None);
    each_site(&mut mutant, &mut |site| {
        if index == chosen {
            done = change(site, random);
        }
        index += 1;
    });
    done.filter(|_| mutant != *protocol).map(|done| (mutant, done))
}

fn change(site: Site<'_>, random: &mut Random) -> Option<String> {
    match site {
        Site::Expression(expression) => {
            let before = format!("{expression:?}");
            *expression = other_expression(expression, random)?;
            Some(format!("{before} -> {expression:?}"))
        }
        Site::Offset(offset) => {
            *offset = match offset {
                Some(_) if random.below(2) == 0 => None,
                Some(by) => Some(raised(by, 1)),
                None => Some([Expression::Constant(1), Expression::Symbol(Symbol::Vector)][random.below(2)].clone()),
            };
            Some(format!("offset {offset:?}"))
        }
        Site::Rank(rank) => {
            *rank = match rank {
                Some(_) => None,
                None => Some(Expression::Constant(0)),
            };
            Some(format!("rank {rank:?}"))
        }
        Site::Tail(tail) => {
            *tail = [Tail::Scalar, Tail::Overrun, Tail::Drop][random.below(3)];
            Some(format!("tail {tail:?}"))
        }
        Site::Compare(compare) => {
            let all = [Compare::Equal, Compare::NotEqual, Compare::Less, Compare::LessEqual, Compare::Greater];
            let all = [&all[..], &[Compare::GreaterEqual, Compare::Reached]].concat();
            *compare = all[random.below(all.len())];
            Some(format!("compare {compare:?}"))
        }
        Site::Semantics(semantics) => {
            if semantics.order == Order::Weak {
                return None;
            }
            *semantics = match random.below(3) {
                0 => Semantics { scope: Scope::Gpu, ..*semantics },
                1 => Semantics { scope: Scope::Cta, ..*semantics },
                _ => Semantics { order: Order::Relaxed, ..*semantics },
            };
            Some(format!("semantics {semantics:?}"))
        }
        Site::Statements(pair) => {
            let places: Vec<u32> = pair.iter().map(|statement| statement.span.start).collect();
            pair.swap(0, 1);
            Some(format!("statements at {places:?} change places"))
        }
    }
}

fn raised(expression: &Expression, by: i64) -> Expression {
    let (left, right) = (Box::new(expression.clone()), Box::new(Expression::Constant(by)));
    Expression::Binary { operator: Binary::Add, kind: arverify_protocol::ir::Kind::Index, left, right }
}

fn other_expression(expression: &Expression, random: &mut Random) -> Option<Expression> {
    Some(match expression {
        Expression::Constant(value) => Expression::Constant(match random.below(4) {
            0 => value - 1,
            1 => value * 2,
            2 => 0,
            _ => value + 1,
        }),
        Expression::Symbol(symbol) => {
            let sizes = [Symbol::Ranks, Symbol::Blocks, Symbol::Threads, Symbol::Elements, Symbol::Vector];
            let coordinates = [Symbol::Rank, Symbol::Block, Symbol::Thread, Symbol::Grid];
            if random.below(3) == 0 {
                return Some(raised(expression, [1, -1][random.below(2)]));
            }
            let others = if sizes.contains(symbol) { &sizes[..] } else { &coordinates[..] };
            Expression::Symbol(others[random.below(others.len())])
        }
        Expression::Local(_) | Expression::Argument(_) => match random.below(3) {
            0 => Expression::Constant(0),
            1 => raised(expression, 1),
            _ => raised(expression, -1),
        },
        Expression::Not(inner) => (**inner).clone(),
        Expression::If { condition, then, otherwise } => match random.below(3) {
            0 => (**then).clone(),
            1 => (**otherwise).clone(),
            _ => Expression::If { condition: condition.clone(), then: otherwise.clone(), otherwise: then.clone() },
        },
        Expression::Binary { operator, kind, left, right } => {
            let (operator, kind) = (*operator, *kind);
            match random.below(6) {
                0 => (**left).clone(),
                1 => (**right).clone(),
                2 => Expression::Binary { operator, kind, left: right.clone(), right: left.clone() },
                _ => {
                    let others = like(operator);
                    let operator = others[random.below(others.len())];
                    Expression::Binary { operator, kind, left: left.clone(), right: right.clone() }
                }
            }
        }
    })
}

/// Operators that one may be mistaken for.
fn like(operator: Binary) -> &'static [Binary] {
    match operator {
        Binary::Add | Binary::Subtract => &[Binary::Add, Binary::Subtract, Binary::Maximum],
        Binary::Multiply => &[Binary::Add, Binary::Maximum],
        Binary::Divide | Binary::CeilingDivide => &[Binary::Divide, Binary::CeilingDivide],
        Binary::Remainder => &[Binary::Divide, Binary::Minimum],
        Binary::Minimum | Binary::Maximum => &[Binary::Minimum, Binary::Maximum],
        Binary::Equal | Binary::NotEqual => &[Binary::Equal, Binary::NotEqual, Binary::GreaterEqual],
        Binary::Less | Binary::LessEqual => &[Binary::Less, Binary::LessEqual, Binary::NotEqual],
        Binary::Greater | Binary::GreaterEqual => &[Binary::Greater, Binary::GreaterEqual, Binary::NotEqual],
        Binary::And | Binary::Or => &[Binary::And, Binary::Or],
        Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight => &[Binary::ShiftLeft, Binary::ShiftRight],
    }
}

type Visit<'v> = dyn FnMut(Site<'_>) + 'v;

fn each_site(protocol: &mut Protocol, visit: &mut Visit<'_>) {
    for buffer in protocol.buffers.iter_mut().filter(|buffer| !buffer.ghost) {
        buffer.shape.iter_mut().for_each(|extent| expression(extent, visit));
    }
    protocol.arguments.iter_mut().for_each(|argument| expression(&mut argument.value, visit));
    expression(&mut protocol.grid, visit);
    statements(&mut protocol.body, visit);
}

/// The expression and all its parts.
fn expression(whole: &mut Expression, visit: &mut Visit<'_>) {
    visit(Site::Expression(whole));
    match whole {
        Expression::Constant(_) | Expression::Symbol(_) | Expression::Local(_) | Expression::Argument(_) => {}
        Expression::Not(inner) => expression(inner, visit),
        Expression::Binary { left, right, .. } => {
            expression(left, visit);
            expression(right, visit);
        }
        Expression::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|part| expression(part, visit));
        }
    }
}

fn place(place: &mut Place, phase: bool, visit: &mut Visit<'_>) {
    place.indices.iter_mut().for_each(|index| expression(index, visit));
    if let Some(rank) = &mut place.rank {
        expression(rank, visit);
    }
    visit(Site::Rank(&mut place.rank));
    if let Some(offset) = &mut place.offset {
        expression(offset, visit);
    }
    if phase {
        visit(Site::Offset(&mut place.offset));
    }
}

fn partition(partition: &mut Partition, visit: &mut Visit<'_>) {
    let Partition { first, limit, step, tail, .. } = partition;
    [first, limit, step].into_iter().for_each(|part| expression(part, visit));
    visit(Site::Tail(tail));
}

fn statements(list: &mut [Statement], visit: &mut Visit<'_>) {
    for index in 1..list.len() {
        visit(Site::Statements(&mut list[index - 1..=index]));
    }
    list.iter_mut().for_each(|statement| self::statement(&mut statement.kind, visit));
}

fn statement(kind: &mut StatementKind, visit: &mut Visit<'_>) {
    match kind {
        StatementKind::BlockSync
        | StatementKind::Exit
        | StatementKind::Ghost { .. }
        | StatementKind::Assert { .. }
        | StatementKind::Finish { .. } => {}
        StatementKind::Barrier { id, count, .. } => {
            expression(id, visit);
            count.iter_mut().for_each(|count| expression(count, visit));
        }
        StatementKind::Store { place: at, value, semantics } => {
            place(at, false, visit);
            expression(value, visit);
            visit(Site::Semantics(semantics));
        }
        StatementKind::Load { place: at, semantics, .. } => {
            place(at, false, visit);
            visit(Site::Semantics(semantics));
        }
        StatementKind::Let { value, .. } => expression(value, visit),
        StatementKind::Await { place: at, compare, value, semantics } => {
            place(at, false, visit);
            visit(Site::Compare(compare));
            expression(value, visit);
            visit(Site::Semantics(semantics));
        }
        StatementKind::Atomic { place: at, operand, semantics, .. } => {
            place(at, false, visit);
            expression(operand, visit);
            visit(Site::Semantics(semantics));
        }
        StatementKind::Fence { semantics } => visit(Site::Semantics(semantics)),
        StatementKind::If { condition, then, otherwise } => {
            expression(condition, visit);
            statements(then, visit);
            statements(otherwise, visit);
        }
        StatementKind::For { from, to, body, .. } => {
            expression(from, visit);
            expression(to, visit);
            statements(body, visit);
        }
        StatementKind::Host(host) => host_statement(host, visit),
        phase => data_phase(phase, visit),
    }
}

fn data_phase(kind: &mut StatementKind, visit: &mut Visit<'_>) {
    match kind {
        StatementKind::Copy { destination, source, partition: part }
        | StatementKind::Start { destination, source, partition: part, .. } => {
            places([destination, source], part, visit);
        }
        StatementKind::Send { destination, source, partition: part, marking, semantics } => {
            places([destination, source], part, visit);
            marked(marking, semantics, visit);
        }
        StatementKind::Reduce { destination, from, to, source, partition: part, .. } => {
            places([destination, source], part, visit);
            expression(from, visit);
            expression(to, visit);
        }
        StatementKind::Receive { destination, from, to, source, partition: part, marking, semantics, .. } => {
            places([destination, source], part, visit);
            expression(from, visit);
            expression(to, visit);
            marked(marking, semantics, visit);
        }
        _ => {}
    }
}

fn places(both: [&mut Place; 2], part: &mut Partition, visit: &mut Visit<'_>) {
    both.into_iter().for_each(|at| place(at, true, visit));
    partition(part, visit);
}

fn marked(marking: &mut Marking, semantics: &mut Semantics, visit: &mut Visit<'_>) {
    if let Marking::Flag(flag) = marking {
        expression(flag, visit);
    }
    visit(Site::Semantics(semantics));
}

fn host_statement(host: &mut HostStatement, visit: &mut Visit<'_>) {
    match host {
        HostStatement::Stream { stream, body } => {
            expression(stream, visit);
            statements(body, visit);
        }
        HostStatement::Group { body } => statements(body, visit),
        HostStatement::Synchronise { stream } => expression(stream, visit),
        HostStatement::Exchange { place: at }
        | HostStatement::Record { event: at }
        | HostStatement::Wait { event: at } => {
            place(at, false, visit);
        }
        HostStatement::Send { place: at, partition: part, peer }
        | HostStatement::Receive { place: at, partition: part, peer } => {
            place(at, true, visit);
            partition(part, visit);
            expression(peer, visit);
        }
    }
}
