//! Loops that wait for one value, in the shapes that compilers and people give them: tested at the end or at the start,
//! peeled, unrolled, with a count of tries, with back-off, with a branch inside.
//!
//! Not made: loops over several words, which are idioms of their own (`either`, `packet`, `seqlock`, `vote`).

use super::place::{Buffer, Compare, Dialect, How, Place, Value};
use super::writer::Writer;

impl Writer<'_> {
    /// Waits with an access of that order, in a loop of some shape.
    pub(crate) fn poll(&mut self, at: Place, compare: Compare, value: Value, how: How) -> String {
        let operand = self.value(value);
        if self.dialect == Dialect::Language {
            let place = self.place(at);
            self.line(format!("await {place} {} {operand} {}", compare.sign(), how.words()));
            return String::new();
        }
        let read = if how.order != "volatile" && self.random.chance(12) {
            let operation = self.random.pick(&["or.b32 {r}, {a}, 0", "add.u32 {r}, {a}, 0", "cas.b32 {r}, {a}, 0, 0"]);
            format!("atom{}.{}.{operation};", how.suffix(), Self::space(at))
        } else {
            format!("ld{}.{}.u32 {{r}}, {{a}};", how.suffix(), Self::space(at))
        };
        let register = self.register();
        let place = self.place(at);
        let read = read.replace("{r}", &register).replace("{a}", &place);
        self.repeat(&[read], &register, compare, &operand);
        register
    }

    /// A loop that reads until `register` compares with the operand as asked.
    pub(crate) fn repeat(&mut self, read: &[String], register: &str, compare: Compare, operand: &str) {
        let (again, end) = (self.label(), self.label());
        let unready = self.predicate();
        let test = format!("setp.{}.u32 {unready}, {register}, {operand};", compare.fails());
        let round = |writer: &mut Writer<'_>| {
            writer.lines.extend(read.iter().cloned());
            writer.line(test.clone());
        };
        let copies = self.random.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 4]);
        let shape = self.random.below(12);
        if shape == 6 {
            // Peeled: one round before the loop.
            round(self);
            self.line(format!("@!{unready} bra {end};"));
        }
        let other = self.register();
        match shape {
            7 => self.line(format!("mov.u32 {other}, 0;")),
            8 => self.line(format!("mov.u32 {other}, 8;")),
            _ => {}
        }
        self.line(format!("{again}:"));
        for _ in 1..copies {
            round(self);
            self.line(format!("@!{unready} bra {end};"));
        }
        round(self);
        match shape {
            7 => self.line(format!("add.u32 {other}, {other}, 1;")),
            8 => {
                self.line(format!("@!{unready} bra {end};"));
                self.line(format!("nanosleep.u32 {other};"));
                self.line(format!("shl.b32 {other}, {other}, 1;"));
                self.line(format!("min.u32 {other}, {other}, 256;"));
            }
            9 => self.branch_inside(register, &unready, &end),
            _ => {}
        }
        self.line(if shape == 8 || shape == 9 { format!("bra {again};") } else { format!("@{unready} bra {again};") });
        self.line(format!("{end}:"));
        if shape == 7 && self.random.chance(50) {
            // The number of tries is anything.
            self.line(format!("mov.u32 %tries, {other};"));
            let at = self.word(Buffer::Out, 0);
            let place = self.place(at);
            self.line(format!("st.global.u32 {place}, %tries;"));
        }
    }

    /// Another way round, by what was read.
    fn branch_inside(&mut self, register: &str, unready: &str, end: &str) {
        let (taken, over) = (self.predicate(), self.label());
        self.line(format!("@!{unready} bra {end};"));
        self.line(format!("setp.eq.u32 {taken}, {register}, 0;"));
        self.line(format!("@{taken} bra {over};"));
        self.line("nanosleep.u32 20;");
        self.line(format!("{over}:"));
    }
}
