//! The parameters of a launch, as the manifest orders them.

use crate::error::Error;
use crate::plan::Planned;
use arverify_protocol::certificate::Parameter;
use arverify_protocol::ids::BufferId;
use std::time::Duration;

/// What parameters are made from.
pub(crate) struct Values<'a> {
    pub(crate) planned: &'a Planned,
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
        if buffer == planned.input.buffer && !planned.input.resident {
            return self.input;
        }
        if buffer == planned.output.buffer && !planned.output.resident {
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
