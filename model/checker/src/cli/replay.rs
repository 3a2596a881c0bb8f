//! `arverify replay`: one execution again, step by step.

use super::arguments::ReplayArguments;
use super::kernel::is_kernel;
use super::subject::{Subject, subject};
use super::target::Target;
use super::{InputError, print};
use crate::check::{Options, Progress, Replay, Schedule, replay};
use crate::machine::SetAside;
use crate::program::host::HostProgram;
use crate::program::lengths::Lengths;
use crate::program::protocol::ProtocolProgram;
use arverify_protocol::data::Accumulate;
use arverify_protocol::evaluate::EvaluationError;
use rustc_hash::FxHashSet;
use std::fmt::Write;
use std::sync::Arc;

/// Runs the command.
pub(super) fn run(arguments: &ReplayArguments) -> Result<u8, InputError> {
    if arguments.bounds.launch.is_some() && !is_kernel(&arguments.target) {
        return Err(InputError::message("--launch needs a target that is a kernel: FILE.ptx or FILE.cu"));
    }
    let subject = subject(&arguments.target, &arguments.bounds)?;
    let schedule = match &arguments.schedule {
        Some(text) => parse(text).map_err(InputError::Message)?,
        None => Schedule::default(),
    };
    let text = match &subject {
        Subject::Protocol(target) => {
            let place = |line: u32| format!("{}:{line}", target.protocol.source.name);
            render(&replay_protocol(target, &schedule)?, place)
        }
        Subject::Kernel(target) => {
            let program = Arc::new(target.program()?);
            let replay = replay(program, &target.options, &schedule).map_err(InputError::Message)?;
            render(&replay, |line| target.place(line))
        }
    };
    print(&text)?;
    Ok(0)
}

fn replay_protocol(target: &Target, schedule: &Schedule) -> Result<Replay, InputError> {
    let options = &target.options;
    if let Ok(Some(requirement)) = target.protocol.unmet_requirement(&options.sizes) {
        let error = crate::check::CheckError::Requirement { span: requirement.span.clone() };
        return Err(super::target::refusal(target, &error));
    }
    let failed = |error: EvaluationError| InputError::message(format!("`{}`: {error}", target.name));
    let Options { sizes, launches, seed, .. } = options;
    if target.protocol.is_host_program() {
        let program = HostProgram::new(&target.protocol, sizes, *launches, *seed).map_err(failed)?;
        return replay(Arc::new(program), options, schedule).map_err(InputError::Message);
    }
    let lengths = options.lengths.unwrap_or(Lengths::one(sizes.elements));
    let program = ProtocolProgram::of_lengths(&target.protocol, sizes, &lengths, *launches, *seed).map_err(failed)?;
    replay(Arc::new(program), options, schedule).map_err(InputError::Message)
}

/// Every step on a line, then how it ended; `place` names a line of the source.
fn render(replay: &Replay, place: impl Fn(u32) -> String) -> String {
    let mut text = String::new();
    for step in &replay.steps {
        let line = if step.line == 0 { String::new() } else { place(step.line) };
        let _ = writeln!(text, "{:>6}  {:<42}  {:<20}  {}", step.step, step.thread.to_string(), line, step.operation);
    }
    let _ = writeln!(text, "{}", replay.end);
    text
}

/// The command that shows an execution of a protocol again.
pub(super) fn command(target: &Target, options: &Options, schedule: &Schedule) -> String {
    let Options { sizes, launches, .. } = *options;
    let mut text = format!("arverify replay {}", target.name);
    if let Some(variant) = &target.variant {
        let _ = write!(text, " --variant {variant}");
    }
    for (knob, value) in &target.knobs {
        let _ = write!(text, " --knob {knob}={value}");
    }
    if let Some(topology) = &target.topology {
        let _ = write!(text, " --topology {topology}");
    }
    let _ = write!(
        text,
        " --ranks {} --blocks {} --threads {} --elements {} --launches {launches} --dtype {}",
        sizes.ranks,
        sizes.blocks,
        sizes.threads,
        options.lengths.unwrap_or(Lengths::one(sizes.elements)),
        sizes.data
    );
    if sizes.accumulate == Accumulate::F32 {
        text.push_str(" --accumulate f32");
    }
    common_options(&mut text, options, schedule);
    text
}

/// What every replay needs: residency, progress, assumptions, the seed where it is not the default, and the choices.
pub(super) fn common_options(text: &mut String, options: &Options, schedule: &Schedule) {
    if let Some(resident) = options.resident_blocks {
        let _ = write!(text, " --resident-blocks {resident}");
    }
    if schedule.progress != Progress::Fair || options.progress != Progress::Fair {
        let _ = write!(text, " --progress {}", schedule.progress.name());
    }
    for assumption in options.assumptions() {
        let _ = write!(text, " --assume {assumption}");
    }
    if options.seed != 1 {
        let _ = write!(text, " --seed {}", options.seed);
    }
    let _ = write!(text, " --schedule {}", format(schedule));
}

/// `SLOT.SLOT/STEP.STEP`: contended slots in hexadecimal; then the steps. With a `+` before it, of the program's companion;
/// with `A-B.C-D:` before it, past races at these places, and with an `s` before those, whatever the scopes of accesses.
fn format(schedule: &Schedule) -> String {
    let mut slots: Vec<u64> = schedule.contended.iter().copied().collect();
    slots.sort_unstable();
    let left: Vec<String> = slots.iter().map(|slot| format!("{slot:x}")).collect();
    let right: Vec<String> = schedule.actions.iter().map(ToString::to_string).collect();
    let companion = if schedule.of_companion { "+" } else { "" };
    let aside: Vec<String> = schedule.set_aside.pairs().map(|[one, other]| format!("{one:x}-{other:x}")).collect();
    let scopes = if schedule.set_aside.scopes { "s" } else { "" };
    let past = if aside.is_empty() { String::new() } else { format!("{scopes}{}:", aside.join(".")) };
    format!("{companion}{past}{}/{}", left.join("."), right.join("."))
}

fn parse(text: &str) -> Result<Schedule, String> {
    let (slots, steps) = text
        .split_once('/')
        .ok_or_else(|| format!("`--schedule {text}`: expected SLOTS/STEPS, as a finding prints it"))?;
    let own = slots.strip_prefix('+');
    let (slots, of_companion) = (own.unwrap_or(slots), own.is_some());
    let (set_aside, slots) = match slots.split_once(':') {
        Some((aside, slots)) => (pairs(aside)?, slots),
        None => (SetAside::default(), slots),
    };
    let mut contended = FxHashSet::default();
    for slot in slots.split('.').filter(|slot| !slot.is_empty()) {
        let key = u64::from_str_radix(slot, 16)
            .map_err(|_| format!("`--schedule`: `{slot}` is not a slot: expected a hexadecimal number"))?;
        contended.insert(key);
    }
    let actions = steps
        .split('.')
        .filter(|step| !step.is_empty())
        .map(|step| step.parse().map_err(|error| format!("`--schedule`: {error}")))
        .collect::<Result<_, _>>()?;
    Ok(Schedule { contended, actions, progress: Progress::Fair, of_companion, set_aside })
}

/// `A-B.C-D`
fn pairs(text: &str) -> Result<SetAside, String> {
    let pair = |pair: &str| {
        let place = |text: &str| u64::from_str_radix(text, 16).ok();
        let both = pair.split_once('-').and_then(|(one, other)| Some([place(one)?, place(other)?]));
        both.ok_or_else(|| format!("`--schedule`: `{pair}` are not two places: expected hexadecimal numbers A-B"))
    };
    let (pairs, scopes) = match text.strip_prefix('s') {
        Some(pairs) => (pairs, true),
        None => (text, false),
    };
    let set_aside: SetAside = pairs.split('.').map(pair).collect::<Result<_, String>>()?;
    Ok(if scopes { set_aside.whatever_the_scopes() } else { set_aside })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Action, Choice};

    #[test]
    fn schedules_round_trip() {
        let mut schedule = Schedule::default();
        schedule.contended.extend([3, 0x1_0000_0002]);
        schedule.actions.push(Action::Perform { thread: 12, choice: Choice::Read(3) });
        schedule.actions.push(Action::Perform { thread: 1, choice: Choice::After(0) });
        schedule.actions.push(Action::Perform { thread: 1, choice: Choice::Miss });
        schedule.actions.push(Action::Perform { thread: 7, choice: Choice::Plain });
        schedule.actions.push(Action::Start { block: 4 });
        assert_eq!(parse(&format(&schedule)), Ok(schedule.clone()));
        let schedule = Schedule { of_companion: true, ..schedule };
        assert_eq!(parse(&format(&schedule)), Ok(schedule.clone()));
        let schedule = Schedule { set_aside: [[7, 3], [u64::MAX, 0]].into_iter().collect(), ..schedule };
        assert_eq!(parse(&format(&schedule)), Ok(schedule));
        assert_eq!(parse("/"), Ok(Schedule::default()));
    }

    #[test]
    fn a_broken_schedule_is_refused() {
        for text in ["", "12", "zz/", "/x", "/1r", "/1m2", "/99999999999", "1:/", "1-x:/", "1-2"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
