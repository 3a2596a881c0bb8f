//! `--suggest` and `--lints`: edits of a protocol or a kernel, checked with the options of the check itself.

use super::kernel::{KernelTarget, Text};
use super::target::Target;
use crate::check::{Engine, Options, Outcome, try_check_with};
use crate::ptx::syntax;
use crate::suggest::kernel::KernelText;
use crate::suggest::protocol::ProtocolText;
use crate::suggest::weaker::{Found, lints};
use crate::suggest::{Repair, Step, Suggestion, search};
use arverify_protocol::ir::Source;
use arverify_protocol::language::Document;
use arverify_protocol::verdict::Verdict;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The share of the time that a check has left for which a repair is looked for.
const SHARE: u32 = 2;

/// The time that there is where no limit is given.
const UNLIMITED: Duration = Duration::from_secs(600);

fn left(limit: Option<Duration>, spent: Duration) -> Duration {
    limit.unwrap_or(UNLIMITED).saturating_sub(spent)
}

fn share(limit: Option<Duration>, spent: Duration) -> Duration {
    left(limit, spent) / SHARE
}

/// How an edited protocol is checked: at each of these sizes, until one is not verified. A second engine is asked at the first.
fn protocol_checking<'a>(
    target: &'a Target,
    ordered: &'a [Options],
    engine: Engine,
) -> impl Fn(&Document, &[(String, String)], Duration) -> Option<Outcome> + 'a {
    move |document, chosen, time| {
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
    }
}

/// How an edited module is checked.
fn kernel_checking(target: &KernelTarget, engine: Engine) -> impl Fn(&str, Duration) -> Option<Outcome> + '_ {
    move |text, time| {
        let source = Arc::new(Source { name: target.text().source.name.clone(), text: text.to_owned() });
        let module = syntax::parse(&source).ok()?;
        let options = Options { timeout: Some(time), all: false, ..target.options };
        let edited = target.with_text(Text { source, module }, options);
        let outcome = edited.decide(Engine::Operational).ok()?;
        if engine != Engine::Operational && outcome.verdict == Verdict::Verified {
            return edited.decide(engine).ok();
        }
        Some(outcome)
    }
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
    let checking = protocol_checking(target, &ordered, engine);
    let text =
        ProtocolText { document: &target.document, chosen: &target.chosen, with_knobs: true, checking: &checking };
    let searched = search(&text, found, share(decided.timeout, spent));
    let source = &target.document.source;
    let is_file = Path::new(&target.name).extension().is_some();
    let repair = searched.repair.map(|steps| Repair::of(&steps, source, is_file, |_| None));
    Suggestion { tried: searched.tried, repair }
}

/// The repair of a kernel.
pub(super) fn of_kernel(target: &KernelTarget, found: &Outcome, engine: Engine, spent: Duration) -> Suggestion {
    let Text { source, module } = target.text();
    let checking = kernel_checking(target, engine);
    let text = KernelText::new(source, module, target.kernels(), &checking);
    let searched = search(&text, found, share(target.options.timeout, spent));
    let is_file = Path::new(&target.name).extension().is_some_and(|extension| extension == "ptx");
    let place = |step: &Step| target.source_line(&step.at, step.of_call);
    let repair = searched.repair.map(|steps| Repair::of(&steps, source, is_file, place));
    Suggestion { tried: searched.tried, repair }
}

/// Lints of a protocol that is verified at these sizes, as far as edits of its text show them.
pub(super) fn lints_of_protocol(target: &Target, options: &Options, verified: &Outcome, spent: Duration) -> Found {
    let ordered = [*options];
    let checking = protocol_checking(target, &ordered, Engine::Operational);
    let text =
        ProtocolText { document: &target.document, chosen: &target.chosen, with_knobs: false, checking: &checking };
    lints(&text, verified, left(options.timeout, spent))
}

/// The same of a kernel.
pub(super) fn lints_of_kernel(target: &KernelTarget, verified: &Outcome, engine: Engine, spent: Duration) -> Found {
    let Text { source, module } = target.text();
    let checking = kernel_checking(target, engine);
    let text = KernelText::new(source, module, target.kernels(), &checking);
    lints(&text, verified, left(target.options.timeout, spent))
}
