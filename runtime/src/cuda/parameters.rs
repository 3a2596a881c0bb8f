//! The parameters of a launch, as the manifest orders them.

use crate::error::Error;
use crate::plan::{Message, Planned};
use arverify_protocol::certificate::Parameter;
use arverify_protocol::ids::BufferId;
use std::time::Duration;

/// What parameters are made from.
pub(crate) struct Values<'a> {
    pub(crate) planned: &'a Planned,
    /// The protocol's rank.
    pub(crate) rank: u32,
    pub(crate) elements: u64,
    pub(crate) launch: u32,
    pub(crate) deadline: Duration,
    /// Addresses of every instance: by rank and buffer.
    pub(crate) instances: &'a [Vec<u64>],
    /// Where the caller's message and result are, when they are not in the workspace.
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) status: u64,
}

/// The parameters in order, each in 8-byte words, little-endian: a `u32` is the low half of one.
pub(crate) fn parameters(values: &Values<'_>) -> Result<Vec<Vec<u64>>, Error> {
    let planned = values.planned;
    let arguments = planned.arguments(values.elements, values.rank, values.launch)?;
    let one = |value: u64| Ok(vec![value]);
    let parameter = |parameter: &Parameter| match parameter {
        Parameter::Own { buffer } => one(values.address(buffer_of(planned, buffer)?, values.rank)),
        Parameter::Instances { buffer } => {
            let id = buffer_of(planned, buffer)?;
            Ok((0..planned.kernel.ranks).map(|rank| values.address(id, rank)).collect())
        }
        Parameter::Rank => one(u64::from(values.rank)),
        Parameter::Blocks => one(u64::from(planned.blocks)),
        Parameter::Capacity => one(planned.laid_out_for(values.elements)),
        Parameter::Elements => one(values.elements),
        Parameter::Argument { name } => {
            let index = planned.protocol.arguments.iter().position(|argument| argument.name == *name);
            let index = index.ok_or_else(|| unknown(planned, "argument", name))?;
            one(u64::from(arguments[index]))
        }
        Parameter::Deadline => one(u64::try_from(values.deadline.as_nanos()).unwrap_or(u64::MAX)),
        Parameter::Status => one(values.status),
    };
    planned.kernel.parameters.iter().map(parameter).collect()
}

impl Values<'_> {
    fn address(&self, buffer: BufferId, rank: u32) -> u64 {
        let planned = self.planned;
        let is = |message: Option<Message>| message.is_some_and(|found| found.buffer == buffer && !found.resident);
        if is(planned.input) {
            return self.input;
        }
        if is(planned.output) {
            return self.output;
        }
        self.instances[rank as usize][buffer.index()]
    }
}

fn buffer_of(planned: &Planned, name: &str) -> Result<BufferId, Error> {
    let entry = planned.kernel.buffers.iter().find(|entry| entry.name == name);
    entry.map(|entry| BufferId(entry.id)).ok_or_else(|| unknown(planned, "buffer", name))
}

fn unknown(planned: &Planned, what: &str, name: &str) -> Error {
    let reason = format!("its kernel has a parameter for {what} `{name}`, which the protocol does not have");
    Error::Sizes { protocol: planned.protocol.name.clone(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::plan::{Plan, Settings};
    use crate::test_certificates::{Form, kernels};
    use arverify_protocol::data::DataType;

    /// Parameters of rank 1 in launch 4, with buffer b of rank r at 1000·r + b, the message at 7 and 8, the status at
    /// 9.
    fn of(form: &Form<'_>) -> (Vec<String>, Vec<Vec<u64>>) {
        let algorithm = Algorithm::Protocol(form.protocol.to_owned());
        let settings = Settings { algorithm, ..Settings::new(form.ranks, form.data, 64) };
        let plan = Plan::new(&kernels(&[Form { ..*form }]), &settings, |_| (3, 512)).unwrap();
        let planned = &plan.protocols[0];
        let buffers = planned.protocol.buffers.len() as u64;
        let instances: Vec<Vec<u64>> =
            (0..u64::from(form.ranks)).map(|rank| (0..buffers).map(|buffer| 1000 * rank + buffer).collect()).collect();
        let values = Values {
            planned,
            rank: 1,
            elements: 50,
            launch: 4,
            deadline: Duration::from_millis(2),
            instances: &instances,
            input: 7,
            output: 8,
            status: 9,
        };
        let names = planned.kernel.parameters.iter().map(|parameter| format!("{parameter:?}")).collect();
        (names, parameters(&values).unwrap())
    }

    #[test]
    fn parameters_follow_the_manifest() {
        let knobs = [("epoch_from", "argument")];
        let (names, values) = of(&Form { knobs: &knobs, ..Form::new("one-shot", 2, DataType::F32) });
        let value = |start: &str| &values[names.iter().position(|name| name.starts_with(start)).unwrap()];
        assert_eq!(value("Own { buffer: \"input\" }"), &[7]);
        assert_eq!(value("Own { buffer: \"output\" }"), &[8]);
        let comm = value("Instances { buffer: \"comm\" }");
        assert_eq!((comm.len(), comm[1] - comm[0]), (2, 1000));
        assert_eq!(value("Rank"), &[1]);
        assert_eq!(value("Blocks"), &[3]);
        assert_eq!((value("Capacity"), value("Elements")), (&vec![64], &vec![50]));
        assert_eq!(value("Argument"), &[5]);
        assert_eq!(value("Deadline"), &[2_000_000]);
        assert_eq!(value("Status"), &[9]);
    }

    #[test]
    fn a_message_that_peers_reach_lives_in_the_workspace() {
        let (names, values) = of(&Form::new("one-shot-in-place", 2, DataType::F32));
        let input = names.iter().position(|name| name.contains("\"input\"")).unwrap();
        assert_eq!(values[input].len(), 2, "{}", names[input]);
        assert_eq!(values[input][1] - values[input][0], 1000);
    }
}
