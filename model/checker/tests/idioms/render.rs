//! A generated program as text: PTX with its LAUNCH.toml, or a protocol. Only what is used is declared.

use super::place::{Buffer, Dialect};
use super::program::{Generated, Section};
use std::fmt::Write;

/// A program as the checker reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    /// The kernel, or the protocol.
    pub(crate) program: String,
    /// LAUNCH.toml of a kernel.
    pub(crate) launch: Option<String>,
}

/// Words of each buffer.
const WORDS: u32 = 64;

/// Renders it.
pub(crate) fn render(generated: &Generated) -> Text {
    match generated.dialect {
        Dialect::Ptx => Text { program: kernel(generated), launch: Some(launch(generated)) },
        Dialect::Language => Text { program: protocol(generated), launch: None },
    }
}

/// Buffers that are named, with the rank of each instance.
fn named(generated: &Generated) -> Vec<(Buffer, u32)> {
    let texts = generated.texts();
    let mut found = Vec::new();
    for buffer in Buffer::GLOBAL {
        for rank in 0..generated.layout.ranks {
            let name = format!("%{}{rank}", buffer.name());
            let ends = |text: &str| {
                text.match_indices(&name)
                    .any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next.is_ascii_digit()))
            };
            if texts.iter().any(|text| ends(text)) {
                found.push((buffer, rank));
            }
        }
    }
    found
}

fn kernel(generated: &Generated) -> String {
    let layout = &generated.layout;
    let buffers = named(generated);
    let mut text = String::from(".version 8.3\n.target sm_90\n.address_size 64\n\n.visible .entry k(\n");
    for (buffer, rank) in &buffers {
        let _ = writeln!(text, "\t.param .u64 {}_{rank},", buffer.name());
    }
    text += "\t.param .u32 launch,\n\t.param .u32 rank\n)\n{\n";
    text += "\t.reg .pred %p<1000>;\n\t.reg .b32 %r<1000>;\n\t.reg .b64 %rd<1000>;\n";
    text += "\t.reg .b32 %launch, %rank, %block, %lane, %blocks, %threads, %thread, %tries;\n";
    for buffer in Buffer::GLOBAL {
        if buffers.iter().any(|(used, _)| *used == buffer) {
            let _ = writeln!(text, "\t.reg .b64 %{}<{}>;", buffer.name(), layout.ranks);
        }
    }
    if generated.texts().iter().any(|text| text.contains("shared_words")) {
        let _ = writeln!(text, "\t.shared .align 16 .b8 shared_words[{}];", 4 * WORDS);
    }
    for (buffer, rank) in &buffers {
        let name = buffer.name();
        let _ = writeln!(text, "\tld.param.u64 %{name}{rank}, [{name}_{rank}];");
        let _ = writeln!(text, "\tcvta.to.global.u64 %{name}{rank}, %{name}{rank};");
    }
    text += "\tld.param.u32 %launch, [launch];\n\tld.param.u32 %rank, [rank];\n";
    text += "\tmov.u32 %block, %ctaid.x;\n\tmov.u32 %lane, %tid.x;\n";
    let _ = writeln!(text, "\tmad.lo.u32 %thread, %rank, {}, %block;", layout.blocks);
    let _ = writeln!(text, "\tmad.lo.u32 %thread, %thread, {}, %lane;", layout.threads);
    for (number, section) in generated.sections.iter().enumerate() {
        match section {
            Section::All(lines) => lines.iter().for_each(|line| text += &indented(&line.text)),
            Section::Each(members) => each(&mut text, generated, number, members),
        }
    }
    text + "\tret;\n}\n"
}

/// A branch for each member that does something.
fn each(text: &mut String, generated: &Generated, section: usize, members: &[Vec<super::program::Line>]) {
    let busy = || members.iter().enumerate().filter(|(_, lines)| !lines.is_empty());
    for (member, _) in busy() {
        let _ = writeln!(text, "\tsetp.eq.u32 %p0, %thread, {};", generated.layout.number(member));
        let _ = writeln!(text, "\t@%p0 bra $S{section}_{member};");
    }
    if busy().next().is_none() {
        return;
    }
    let _ = writeln!(text, "\tbra $S{section}_END;");
    for (member, lines) in busy() {
        let _ = writeln!(text, "$S{section}_{member}:");
        lines.iter().for_each(|line| *text += &indented(&line.text));
        let _ = writeln!(text, "\tbra $S{section}_END;");
    }
    let _ = writeln!(text, "$S{section}_END:");
}

fn indented(line: &str) -> String {
    if line.ends_with(':') { format!("{line}\n") } else { format!("\t{line}\n") }
}

fn launch(generated: &Generated) -> String {
    let layout = &generated.layout;
    let buffers = named(generated);
    let mut text = format!(
        "kernel = \"k\"\nranks = {}\ngrid = {}\nblock = {}\nlaunches = {}\n",
        layout.ranks, layout.blocks, layout.threads, layout.launches
    );
    let used = |buffer: Buffer| buffers.iter().any(|(used, _)| *used == buffer);
    // Of some programs the buffers are parts of one heap.
    let heap = (layout.blocks + layout.threads).is_multiple_of(2);
    let mut parts = Vec::new();
    for buffer in Buffer::GLOBAL {
        let refreshes = buffer == Buffer::Input && used(Buffer::Gathered);
        if !(used(buffer) || refreshes) {
            continue;
        }
        let (bytes, contents) = match buffer {
            Buffer::Input => (4, "init = \"random\"\nrefresh = true\n"),
            Buffer::Gathered => (4 * layout.ranks, "init = \"zero\"\n"),
            Buffer::Poison => (4 * WORDS, "init = \"poison\"\n"),
            _ => (4 * WORDS, "init = \"zero\"\n"),
        };
        let keys = format!("name = \"{}\"\nbytes = {bytes}\ndtype = \"u32\"\n{contents}", buffer.name());
        if heap {
            let offset = 16 + 4 * WORDS as usize * parts.len();
            parts.push(format!("{{ offset = {offset}, {} }}", keys.trim_end().replace('\n', ", ")));
        } else {
            let _ = write!(text, "\n[[buffer]]\n{keys}");
        }
    }
    if !parts.is_empty() {
        let bytes = 32 + 4 * WORDS as usize * parts.len();
        let keys = format!("bytes = {bytes}\ndtype = \"u8\"\nstride = 4096");
        let _ = write!(text, "\n[[buffer]]\nname = \"heap\"\n{keys}\npart = [ {} ]\n", parts.join(", "));
    }
    for (buffer, rank) in &buffers {
        let _ = write!(text, "\n[[arg]]\nptr = \"{}\"\nrank = \"{rank}\"\n", buffer.name());
    }
    text += "\n[[arg]]\nu32 = \"launch\"\n\n[[arg]]\nu32 = \"rank\"\n";
    if used(Buffer::Gathered) {
        text += "\n[expect]\nbuffer = \"gathered\"\nequals = \"gather\"\nof = \"input\"\norder = \"any\"\n";
    }
    text
}

fn protocol(generated: &Generated) -> String {
    let texts = generated.texts();
    let names = |word: &str| texts.iter().any(|text| text.contains(word));
    let mut text = String::from("protocol random\nparam ranks P, blocks B, threads T, elements N, element E\n");
    let declarations = [
        ("flag[", format!("pad flag : flag[{WORDS}]\n")),
        ("data[", format!("symmetric data : u32[{WORDS}] initially 0\n")),
        ("out[", format!("local out : u32[{WORDS}] initially 0\n")),
        (
            "input ",
            "local input : E[N] refreshed\n".replace("local", if names("input on") { "symmetric" } else { "local" }),
        ),
        ("kept[", "local kept : E[8][N]\n".to_owned()),
        ("packets[", "symmetric packets : packet[8][N] initially 0\n".to_owned()),
        ("sentinels[", "symmetric sentinels : u32[8][N] initially 0x80000000\n".to_owned()),
        ("poison[", format!("symmetric poison : u32[{WORDS}]\n")),
        ("now", "argument now = launch\n".to_owned()),
    ];
    for (word, declaration) in declarations {
        if names(word) {
            text += &declaration;
        }
    }
    text += "kernel {\n";
    for section in &generated.sections {
        match section {
            Section::All(lines) => lines.iter().for_each(|line| text += &format!("{}\n", line.text)),
            Section::Each(members) => {
                for (member, lines) in members.iter().enumerate().filter(|(_, lines)| !lines.is_empty()) {
                    let at = generated.layout.members[member];
                    let _ = writeln!(
                        text,
                        "if self == {} and block == {} and thread == {} {{",
                        at.rank, at.block, at.thread
                    );
                    lines.iter().for_each(|line| text += &format!("{}\n", line.text));
                    text += "}\n";
                }
            }
        }
    }
    text + "}\n"
}
