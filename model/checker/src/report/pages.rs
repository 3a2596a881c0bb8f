//! The pages of the book on codes, compiled in.

use arverify_protocol::verdict::Code;

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

/// The page of a code, without its picture, which no terminal shows and which lies beside the page only.
pub(crate) fn page_of(code: Code) -> Option<String> {
    let (_, page) = PAGES.iter().find(|(number, _)| *number == code.number())?;
    let mut text = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("![") {
            // The empty line behind it goes with it.
            lines.next_if(|next| next.is_empty());
        } else {
            text.extend([line, "\n"]);
        }
    }
    Some(text)
}
