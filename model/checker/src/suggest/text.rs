//! Edits of a text: applied, led back from, and shown as a diff.

use arverify_protocol::ir::Span;
use similar::TextDiff;

/// A change of a text: the bytes of a span become others. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// First byte that goes.
    pub start: u32,
    /// The first byte that stays.
    pub end: u32,
    /// What comes instead.
    pub text: String,
}

impl Edit {
    /// Puts a text where another stands.
    pub fn replace(span: &Span, text: impl Into<String>) -> Edit {
        Edit { start: span.start, end: span.end, text: text.into() }
    }

    /// Puts a text between two bytes.
    pub fn insert(at: u32, text: impl Into<String>) -> Edit {
        Edit { start: at, end: at, text: text.into() }
    }

    /// Whether both cannot be made: they change the same bytes, or put the same text at one place.
    pub fn is_against(&self, other: &Edit) -> bool {
        let overlap = self.start < other.end && other.start < self.end;
        let inside = |one: &Edit, two: &Edit| one.start == one.end && two.start < one.start && one.start < two.end;
        overlap || inside(self, other) || inside(other, self) || self == other
    }
}

/// The text with all edits, which must not be against each other; those at one place come in their order.
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.start, edit.end));
    let mut result = String::with_capacity(text.len());
    let mut kept = 0;
    for edit in ordered {
        result.push_str(text.get(kept..edit.start as usize).unwrap_or_default());
        result.push_str(&edit.text);
        kept = kept.max(edit.end as usize);
    }
    result.push_str(text.get(kept..).unwrap_or_default());
    result
}

/// The byte of the text before the edits that a byte of the text with them comes from; of what an edit put there, the place
/// of the edit.
pub fn origin(edits: &[Edit], offset: u32) -> u32 {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.start, edit.end));
    // What the text before the place has grown by.
    let mut growth = 0_i64;
    for edit in ordered {
        let start = i64::from(edit.start) + growth;
        let (gone, come) = (i64::from(edit.end - edit.start), edit.text.len() as i64);
        if i64::from(offset) < start {
            break;
        }
        if i64::from(offset) < start + come {
            return edit.start + u32::try_from(i64::from(offset) - start).unwrap_or(0).min(edit.end - edit.start);
        }
        growth += come - gone;
    }
    u32::try_from(i64::from(offset) - growth).unwrap_or(0)
}

/// A unified diff that `patch -p0` applies.
pub fn diff(file: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(file, file).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_and_led_back_from() {
        let text = "one two three";
        let edits = [Edit::insert(4, "and "), Edit::replace(&(8..13), "four"), Edit::insert(4, "so ")];
        let after = edited(text, &edits);
        assert_eq!(after, "one and so two four");
        let at = |word: &str| origin(&edits, after.find(word).expect("the word is there") as u32);
        assert_eq!([at("one"), at("and"), at("so"), at("two"), at("four")], [0, 4, 4, 4, 8]);
        assert_eq!(origin(&edits, after.len() as u32), 13);
    }

    #[test]
    fn edits_against_each_other_are_known() {
        let [word, inside, before] = [Edit::replace(&(4..7), "x"), Edit::insert(5, "y"), Edit::insert(4, "y")];
        assert!(word.is_against(&inside) && inside.is_against(&word) && word.is_against(&word.clone()));
        assert!(!word.is_against(&before) && !before.is_against(&inside));
    }

    #[test]
    fn a_diff_has_its_file_and_lines() {
        let text = diff("a.arp", "one\ntwo\n", "one\nthree\n");
        assert_eq!(text, "--- a.arp\n+++ a.arp\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n");
    }
}
