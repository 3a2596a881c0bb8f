//! Which entry of a module is meant.
//!
//! A name is an entry's whole name, or a part that only one entry has. C++ compilers write a function's name into the
//! symbol with its length before it (`_Z7oneshotPj`): an entry that has the wanted name in this form wins over those
//! that only contain the letters, so that `oneshot` is not ambiguous beside `oneshot_push`. A part of the
//! name in C++ will do as well (`reduce<128, true>`); messages show names in C++.

use super::Launch;
use crate::ptx::names::demangled;
use arverify_protocol::language::{Diagnostic, Diagnostics};

/// Entries that a message lists.
const LISTED: usize = 20;

/// Why no entry can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The module has no kernel at all.
    #[error("the PTX has no entry: it holds no kernel")]
    Empty,
    /// No name was given, and there are several.
    #[error("the PTX has several entries, and no `kernel` says which: {0}")]
    Unnamed(String),
    /// No entry has that name.
    #[error("no entry is called `{wanted}`: the entries are {entries}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What there is.
        entries: String,
    },
    /// Several have it.
    #[error("`{wanted}` is a part of several entries: {entries}")]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Those that have it.
        entries: String,
    },
}

/// The entry's index.
pub fn choose(wanted: Option<&str>, entries: &[&str]) -> Result<usize, EntryError> {
    let written: Vec<String> = entries.iter().map(|entry| demangled(entry)).collect();
    // Overloads have one name: their symbols differ.
    let name = |index: &usize| {
        let own = &written[*index];
        let is_overloaded = written.iter().filter(|other| *other == own).count() > 1;
        if is_overloaded { format!("{own} ({})", entries[*index]) } else { own.clone() }
    };
    let list = |indices: &[usize]| {
        let mut names: Vec<String> = indices.iter().take(LISTED).map(name).collect();
        if indices.len() > LISTED {
            names.push("…".to_owned());
        }
        names.join(", ")
    };
    let all: Vec<usize> = (0..entries.len()).collect();
    if entries.is_empty() {
        return Err(EntryError::Empty);
    }
    let Some(wanted) = wanted else {
        return if all.len() == 1 { Ok(0) } else { Err(EntryError::Unnamed(list(&all))) };
    };
    if let Some(index) = entries.iter().position(|entry| *entry == wanted) {
        return Ok(index);
    }
    if let [only] = all.iter().copied().filter(|index| written[*index] == wanted).collect::<Vec<_>>()[..] {
        return Ok(only);
    }
    let contains = |index: &usize| entries[*index].contains(wanted) || written[*index].contains(wanted);
    let containing: Vec<usize> = all.iter().copied().filter(contains).collect();
    let named: Vec<usize> =
        containing.iter().copied().filter(|index| names_function(entries[*index], wanted)).collect();
    match (named.as_slice(), containing.as_slice()) {
        ([only], _) | (_, [only]) => Ok(*only),
        (_, []) => Err(EntryError::Unknown { wanted: wanted.to_owned(), entries: list(&all) }),
        (_, several) => Err(EntryError::Ambiguous { wanted: wanted.to_owned(), entries: list(several) }),
    }
}

/// Whether a mangled symbol holds this identifier, with its length before it.
fn names_function(symbol: &str, name: &str) -> bool {
    let prefixed = format!("{}{name}", name.len());
    symbol.starts_with("_Z")
        && symbol.match_indices(&prefixed).any(|(at, _)| !symbol[..at].ends_with(|c: char| c.is_ascii_digit()))
}

impl Launch {
    /// The index of the entry that is launched.
    pub fn entry(&self, entries: &[&str]) -> Result<usize, Diagnostics> {
        let wanted = self.kernel.as_ref().map(|(name, _)| name.as_str());
        choose(wanted, entries).map_err(|error| {
            // A name from the command line has no place in the file.
            let place = self.kernel.as_ref().and_then(|(_, place)| place.clone()).unwrap_or(0..0);
            let diagnostic = Diagnostic::new(error.to_string(), place);
            self.refuse(vec![match error {
                EntryError::Unnamed(_) => diagnostic.label("expected `kernel = \"…\"`"),
                EntryError::Ambiguous { .. } => diagnostic.label("give more of its name"),
                EntryError::Unknown { .. } => diagnostic.label("unknown entry"),
                EntryError::Empty => diagnostic,
            }])
        })
    }
}
