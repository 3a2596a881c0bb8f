//! `arverify explain`: the pages of the book on codes.

use super::arguments::ExplainArguments;
use super::{InputError, print};
use crate::report::pages::page_of;
use arverify_protocol::verdict::Code;
use std::fmt::Write;

/// Runs the command.
pub(super) fn run(arguments: &ExplainArguments) -> Result<u8, InputError> {
    let Some(wanted) = &arguments.code else {
        let mut text = String::new();
        for code in Code::ALL {
            let _ = writeln!(text, "{code}  {}", code.title());
        }
        print(&text)?;
        return Ok(0);
    };
    let Some(page) = Code::from_number(wanted).and_then(page_of) else {
        return Err(InputError::message(format!("unknown code `{wanted}`: `arverify explain` lists them all")));
    };
    print(&page)?;
    Ok(0)
}
