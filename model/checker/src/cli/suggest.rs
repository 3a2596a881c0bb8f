//! `--suggest`: the search for a repair of a protocol or a kernel, checked with the options of the check itself.

use super::kernel::{KernelTarget, Text};
use super::target::Target;
use crate::check::{Engine, Options, Outcome, try_check_with};
use crate::ptx::syntax;
use crate::suggest::kernel::KernelText;
use crate::suggest::protocol::ProtocolText;
use crate::suggest::{Repair, Suggestion, search};
use arverify_protocol::ir::Source;
use arverify_protocol::language::Document;
use arverify_protocol::verdict::Verdict;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The share of a target's time that is left after the check for which a repair is looked for.
const SHARE: u32 = 2;

/// How long is looked for one, of what a check has left.
fn share(limit: Option<Duration>, spent: Duration) -> Duration {
    limit.map_or(Duration::from_secs(300), |limit| limit.saturating_sub(spent) / SHARE)
}

/// The repair of a protocol: verified at the sizes that decided, then at all others.
pub(super) fn of_protocol(
    target: &Target,
    all: &[Options],
    (found, decided): (&Outcome, &Options),
    engine: Engine,
    spent: Duration,
) -> Suggestion {
    let others = all.iter().filter(|options| *options != decided);
    let ordered: Vec<Options> = std::iter::once(decided).chain(others).copied().collect();
    let checking = |document: &Document, chosen: &[(String, String)], time: Duration| {
        let begun = Instant::now();
        let chosen: Vec<(&str, &str)> = chosen.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
        let protocol = document.resolve_at(&chosen, target.topology.as_ref()).ok()?;
        let mut last = None;
        for (number, options) in ordered.iter().enumerate() {
            let timeout = Some(time.saturating_sub(begun.elapsed()));
            let options = Options { timeout, all: false, ..*options };
            let mut outcome = try_check_with(&protocol, &options, Engine::Operational).ok()?;
            if number == 0 && engine != Engine::Operational && outcome.verdict == Verdict::Verified {
                outcome = try_check_with(&protocol, &options, engine).ok()?;
            }
            let verified = outcome.verdict == Verdict::Verified;
            last = Some(outcome);
            if !verified {
                break;
            }
        }
        last
    };
    let text =
        ProtocolText { document: &target.document, chosen: &target.chosen, with_knobs: true, checking: &checking };
    let searched = search(&text, found, share(decided.timeout, spent));
    let source = &target.document.source;
    let is_file = Path::new(&target.name).extension().is_some();
    let place = |_: &_| None;
    Suggestion {
        tried: searched.tried,
        repair: searched.repair.map(|steps| Repair::of(&steps, source, is_file, place)),
    }
}

/// The repair of a kernel.
pub(super) fn of_kernel(target: &KernelTarget, found: &Outcome, engine: Engine, spent: Duration) -> Suggestion {
    let Text { source, module } = target.text();
    let checking = |text: &str, time: Duration| {
        let source = Arc::new(Source { name: source.name.clone(), text: text.to_owned() });
        let module = syntax::parse(&source).ok()?;
        let options = Options { timeout: Some(time), all: false, ..target.options };
        let edited = target.with_text(Text { source, module }, options);
        let outcome = edited.decide(Engine::Operational).ok()?;
        if engine != Engine::Operational && outcome.verdict == Verdict::Verified {
            return edited.decide(engine).ok();
        }
        Some(outcome)
    };
    let text = KernelText::new(source, module, &checking);
    let searched = search(&text, found, share(target.options.timeout, spent));
    let is_file = Path::new(&target.name).extension().is_some_and(|extension| extension == "ptx");
    let repair = searched
        .repair
        .map(|steps| Repair::of(&steps, source, is_file, |step| target.source_line(&step.at, step.of_call)));
    Suggestion { tried: searched.tried, repair }
}
