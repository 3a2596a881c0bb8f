//! `arverify explain`: the pages of the book on codes, compiled in.

use super::arguments::ExplainArguments;
use super::{InputError, print};
use arverify_protocol::verdict::Code;
use std::fmt::Write;

macro_rules! pages {
    ($($code:literal),* $(,)?) => {
        /// Code and page.
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../../../docs/codes/", $code, ".md")))),*];
    };
}

pages!(
    "AR001", "AR002", "AR003", "AR004", "AR005", "AR006", "AR007", "AR008", "AR009", "AR010", "AR011", "AR012",
    "AR013", "AR014", "AR101", "AR102", "AR103",
);

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
    let known = Code::from_number(wanted).and_then(|code| PAGES.iter().find(|(number, _)| *number == code.number()));
    let Some((_, page)) = known else {
        return Err(InputError::message(format!("unknown code `{wanted}`: `arverify explain` lists them all")));
    };
    print(page)?;
    Ok(0)
}
