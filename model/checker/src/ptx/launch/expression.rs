//! Expressions of LAUNCH.toml: text to a tree, and its value at a rank and launch.
//!
//! Operators, their binding and division are those of C: `+ - * / %`, shifts, `& | ^ ~`, comparisons and `&& || !`
//! (0 or 1), `? :`, and `min(…)` and `max(…)`. Decision: whole numbers are exact. Nothing wraps on the way: a result
//! outside the type of the parameter is an error, and whoever wants a counter to wrap writes `% 4294967296` or
//! `& 0xffffffff`. The road not taken is to wrap as the kernel would: a launch number that silently becomes another is
//! the very mistake that such a file should not hide. For `f32` and `f64` the same operators work on reals, rounded
//! once to the type at the end; `%`, shifts and the operators on bits take whole numbers only.

use super::token::{Token, tokens};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;

/// Operators and parentheses that may stand within each other.
const NESTING_LIMIT: u32 = 32;

/// What an expression may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variable {
    /// The rank, from 0.
    Rank,
    /// Number of ranks.
    Ranks,
    /// The launch, from 0.
    Launch,
    /// Blocks of this rank.
    Grid,
    /// Threads of each block of this rank.
    Block,
    /// The element of a buffer, from 0.
    Index,
    /// How often a value was repeated before, from 0.
    Turn,
}

impl Variable {
    /// Every variable.
    pub const ALL: [Variable; 7] = [
        Variable::Rank,
        Variable::Ranks,
        Variable::Launch,
        Variable::Grid,
        Variable::Block,
        Variable::Index,
        Variable::Turn,
    ];
    /// Those of a launch.
    pub const OF_LAUNCH: [Variable; 5] =
        [Variable::Rank, Variable::Ranks, Variable::Launch, Variable::Grid, Variable::Block];
    /// Those of a value that is repeated in a launch.
    pub const OF_TURN: [Variable; 6] =
        [Variable::Rank, Variable::Ranks, Variable::Launch, Variable::Grid, Variable::Block, Variable::Turn];

    /// As written.
    pub const fn name(self) -> &'static str {
        match self {
            Variable::Rank => "rank",
            Variable::Ranks => "ranks",
            Variable::Launch => "launch",
            Variable::Grid => "grid",
            Variable::Block => "block",
            Variable::Index => "index",
            Variable::Turn => "i",
        }
    }
}

/// Values of the variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The rank.
    pub rank: u32,
    /// Number of ranks.
    pub ranks: u32,
    /// The launch.
    pub launch: u32,
    /// Blocks of the rank.
    pub grid: u64,
    /// Threads of each block.
    pub block: u64,
    /// The element.
    pub index: u64,
    /// How often a value was repeated before.
    pub turn: u64,
}

impl Values {
    pub(super) fn of(&self, variable: Variable) -> u64 {
        match variable {
            Variable::Rank => u64::from(self.rank),
            Variable::Ranks => u64::from(self.ranks),
            Variable::Launch => u64::from(self.launch),
            Variable::Grid => self.grid,
            Variable::Block => self.block,
            Variable::Index => self.index,
            Variable::Turn => self.turn,
        }
    }

    /// For messages: the values of the variables that an expression names.
    pub(super) fn describe(&self, variables: &[Variable]) -> String {
        let named: Vec<String> =
            variables.iter().map(|variable| format!("{} = {}", variable.name(), self.of(*variable))).collect();
        if named.is_empty() { String::new() } else { format!(" where {}", named.join(", ")) }
    }
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    And,
    Or,
    ExclusiveOr,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Both,
    Either,
}

/// Spelling, operator and how tightly it binds, as in C.
const BINARY: &[(&str, Binary, u8)] = &[
    ("||", Binary::Either, 1),
    ("&&", Binary::Both, 2),
    ("|", Binary::Or, 3),
    ("^", Binary::ExclusiveOr, 4),
    ("&", Binary::And, 5),
    ("==", Binary::Equal, 6),
    ("!=", Binary::NotEqual, 6),
    ("<", Binary::Less, 7),
    ("<=", Binary::AtMost, 7),
    (">", Binary::Greater, 7),
    (">=", Binary::AtLeast, 7),
    ("<<", Binary::ShiftLeft, 8),
    (">>", Binary::ShiftRight, 8),
    ("+", Binary::Add, 9),
    ("-", Binary::Subtract, 9),
    ("*", Binary::Multiply, 10),
    ("/", Binary::Divide, 10),
    ("%", Binary::Remainder, 10),
];

impl Binary {
    pub(super) fn spelling(self) -> &'static str {
        BINARY.iter().find(|(_, operator, _)| *operator == self).map_or("?", |(text, ..)| text)
    }
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Complement,
    Not,
}

/// A part of an expression, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Whole(i128),
    Real(f64),
    Variable(Variable),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<[Node; 2]>),
    /// `condition ? then : otherwise`
    Choice(Box<[Node; 3]>),
    Least(Vec<Node>),
    Greatest(Vec<Node>),
}

/// An expression with its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    pub(super) root: Node,
    pub(super) variables: Vec<Variable>,
}

impl Expression {
    /// A whole number that stands in the file, or on the command line, as it is.
    pub fn whole(value: i128, span: Span) -> Expression {
        Expression { root: Node { kind: Kind::Whole(value), span }, variables: Vec::new() }
    }

    /// A real number that stands in the file as it is.
    pub fn real(value: f64, span: Span) -> Expression {
        Expression { root: Node { kind: Kind::Real(value), span }, variables: Vec::new() }
    }

    /// Parses a text. `place` maps byte offsets of the text to spans of the file; `allowed` are the variables that
    /// make sense there.
    pub(super) fn parse(
        text: &str,
        place: &dyn Fn(std::ops::Range<usize>) -> Span,
        allowed: &[Variable],
    ) -> Result<Expression, Diagnostic> {
        let tokens = tokens(text, place)?;
        let mut parser = Parser { tokens: &tokens, at: 0, allowed, depth: 0, variables: Vec::new() };
        let root = parser.choice()?;
        match parser.peek() {
            (Token::End, _) => Ok(Expression { root, variables: parser.variables }),
            (_, span) => Err(Diagnostic::new("expected an operator or the end of the expression", span.clone())
                .label("not expected here")),
        }
    }

    /// Where it stands.
    pub fn span(&self) -> &Span {
        &self.root.span
    }

    /// The variables it names.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }
}

struct Parser<'a> {
    tokens: &'a [(Token, Span)],
    at: usize,
    allowed: &'a [Variable],
    depth: u32,
    variables: Vec<Variable>,
}

impl Parser<'_> {
    /// The tokens end with [`Token::End`], which is never passed.
    fn peek(&self) -> &(Token, Span) {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek().0 == Token::Symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Diagnostic> {
        if self.take(symbol) {
            return Ok(());
        }
        Err(Diagnostic::new(format!("expected `{symbol}`"), self.peek().1.clone()).label("not here"))
    }

    fn choice(&mut self) -> Result<Node, Diagnostic> {
        self.depth += 1;
        if self.depth > NESTING_LIMIT {
            let message = format!("an expression nests at most {NESTING_LIMIT} deep");
            return Err(Diagnostic::new(message, self.peek().1.clone()).label("too deep"));
        }
        let condition = self.binary(1)?;
        let node = if self.take("?") {
            let then = self.choice()?;
            self.expect(":")?;
            let otherwise = self.choice()?;
            let span = condition.span.start..otherwise.span.end;
            Node { kind: Kind::Choice(Box::new([condition, then, otherwise])), span }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn binary(&mut self, weakest: u8) -> Result<Node, Diagnostic> {
        let mut left = self.unary()?;
        loop {
            let Token::Symbol(symbol) = self.peek().0 else { return Ok(left) };
            let known = BINARY.iter().find(|(text, ..)| *text == symbol);
            let Some((_, operator, strength)) = known.filter(|(.., strength)| *strength >= weakest) else {
                return Ok(left);
            };
            self.at += 1;
            let right = self.binary(strength + 1)?;
            let span = left.span.start..right.span.end;
            left = Node { kind: Kind::Binary(*operator, Box::new([left, right])), span };
        }
    }

    fn unary(&mut self) -> Result<Node, Diagnostic> {
        let start = self.peek().1.start;
        let operator = match self.peek().0 {
            Token::Symbol("-") => Some(Unary::Negate),
            Token::Symbol("~") => Some(Unary::Complement),
            Token::Symbol("!") => Some(Unary::Not),
            Token::Symbol("+") => None,
            _ => return self.operand(),
        };
        self.at += 1;
        self.depth += 1;
        if self.depth > NESTING_LIMIT {
            let message = format!("an expression nests at most {NESTING_LIMIT} deep");
            return Err(Diagnostic::new(message, self.peek().1.clone()).label("too deep"));
        }
        let operand = self.unary()?;
        self.depth -= 1;
        let Some(operator) = operator else { return Ok(operand) };
        let span = start..operand.span.end;
        Ok(Node { kind: Kind::Unary(operator, Box::new(operand)), span })
    }

    fn operand(&mut self) -> Result<Node, Diagnostic> {
        let (token, span) = self.peek().clone();
        self.at += 1;
        let kind = match token {
            Token::Whole(value) => Kind::Whole(value),
            Token::Real(value) => Kind::Real(value),
            Token::Word(word) if word == "min" || word == "max" => return self.call(&word, span.start),
            Token::Word(word) => Kind::Variable(self.variable(&word, &span)?),
            Token::Symbol("(") => {
                let inner = self.choice()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Symbol(_) | Token::End => {
                return Err(Diagnostic::new("expected a number, a variable or `(`", span).label("not here"));
            }
        };
        Ok(Node { kind, span })
    }

    fn call(&mut self, word: &str, start: u32) -> Result<Node, Diagnostic> {
        self.expect("(")?;
        let mut operands = vec![self.choice()?];
        while self.take(",") {
            operands.push(self.choice()?);
        }
        let end = self.peek().1.end;
        self.expect(")")?;
        let kind = if word == "min" { Kind::Least(operands) } else { Kind::Greatest(operands) };
        Ok(Node { kind, span: start..end })
    }

    fn variable(&mut self, word: &str, span: &Span) -> Result<Variable, Diagnostic> {
        let names = |list: &[Variable]| list.iter().map(|variable| variable.name()).collect::<Vec<_>>().join(", ");
        let Some(variable) = Variable::ALL.into_iter().find(|variable| variable.name() == word) else {
            let error = Diagnostic::new(format!("unknown variable `{word}`"), span.clone());
            return Err(match super::nearest(word, self.allowed.iter().map(|variable| variable.name())) {
                Some(near) => error.label(format!("is it `{near}`?")),
                None => error.label(format!("expected {}", names(self.allowed))),
            });
        };
        if !self.allowed.contains(&variable) {
            let allowed = if self.allowed.is_empty() { "no variable".to_owned() } else { names(self.allowed) };
            return Err(Diagnostic::new(format!("`{word}` has no value here"), span.clone())
                .label(format!("here may stand: {allowed}")));
        }
        if !self.variables.contains(&variable) {
            self.variables.push(variable);
        }
        Ok(variable)
    }
}
