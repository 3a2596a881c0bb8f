//! The way of every rank's host thread through its program, launch after launch.

use super::super::protocol::ProtocolProgram;
use super::super::{Fault, FaultOutcome, Location, Operation, SiteIndex};
use arverify_protocol::code::SiteId;
use arverify_protocol::cursor::{self, Address, Chunk, Cursor, HostOperation};
use arverify_protocol::verdict::Code;

/// Operations of all ranks together, each of them kept.
const OPERATIONS: u32 = 4 << 20;

/// What a host thread does, in order.
pub(super) enum Item {
    /// The host program is called.
    Call { launch: u32 },
    /// It returns.
    Return { launch: u32 },
    /// Something is enqueued on a stream.
    Enqueue { stream: u32, work: Work, site: SiteIndex },
    /// The host thread waits for a stream.
    Synchronise { stream: u32, site: SiteIndex },
    /// The host threads exchange handles of a row.
    Exchange { row: Address, site: SiteIndex },
    /// The host program is wrong here; it ends.
    Fault(Fault),
}

/// What is enqueued.
pub(super) enum Work {
    /// An operation of the stream.
    Operation(Operation),
    /// An event is recorded.
    Record(Address),
    /// An event is waited for.
    Wait(Address),
    /// Sends and receives that make progress together; a single one is a group of its own.
    Transfers(Vec<Transfer>),
}

/// A send or receive.
#[derive(Clone)]
pub(super) struct Transfer {
    /// It sends.
    pub(super) sends: bool,
    /// To whom, or from whom.
    pub(super) peer: u32,
    /// What is read or written, in order.
    pub(super) pieces: Vec<Piece>,
    /// The statement.
    pub(super) site: SiteIndex,
}

/// Bytes of a buffer.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) at: Location,
    pub(super) bytes: u32,
    /// One access, which must be aligned.
    pub(super) vector: bool,
}

/// A rank's way through one launch after another. It ends at the first fault.
pub(super) fn walk(program: &ProtocolProgram, rank: u32, launches: u32) -> Vec<Item> {
    let mut items = Vec::new();
    let mut left = OPERATIONS / program.code().sizes.ranks.max(1);
    for launch in 0..launches {
        items.push(Item::Call { launch });
        let mut way = Way { program, rank, items: &mut items, stream: None, group: None, transfer: None };
        if let Err(fault) = way.launch(launch, &mut left) {
            items.push(Item::Fault(fault));
            return items;
        }
        items.push(Item::Return { launch });
    }
    items
}

fn too_large(site: SiteId) -> Fault {
    let message = format!("the host threads do more than {OPERATIONS} operations: ask for fewer elements or launches");
    Fault { outcome: FaultOutcome::NotUnderstood, message, site: SiteIndex(site.0) }
}

/// Where the host thread is.
struct Way<'a> {
    program: &'a ProtocolProgram,
    rank: u32,
    items: &'a mut Vec<Item>,
    /// What it says goes to this stream.
    stream: Option<u32>,
    group: Option<Vec<Transfer>>,
    transfer: Option<Transfer>,
}

impl Way<'_> {
    fn launch(&mut self, launch: u32, left: &mut u32) -> Result<(), Fault> {
        let code = self.program.code();
        let mut cursor = Cursor::start(code);
        loop {
            let next = self.program.with_host_position(self.rank, launch, |position| cursor.next(code, position));
            let (operation, site) = next.map_err(|(fault, site)| self.program.fault(&fault, site))?;
            *left = left.checked_sub(1).ok_or_else(|| too_large(site))?;
            match operation {
                cursor::Operation::Exit => return Ok(()),
                cursor::Operation::Host(host) => self.host(host, site)?,
                cursor::Operation::Chunk(chunk) if self.transfer.is_some() => self.piece(&chunk),
                other => {
                    let operation = self.program.operation(other);
                    self.enqueue(Work::Operation(operation), site)?;
                }
            }
        }
    }

    fn host(&mut self, operation: HostOperation, site: SiteId) -> Result<(), Fault> {
        let at = SiteIndex(site.0);
        let transfer = |sends, peer| Some(Transfer { sends, peer, pieces: Vec::new(), site: at });
        match operation {
            HostOperation::Enter { stream } => self.stream = Some(stream),
            HostOperation::Leave => self.stream = None,
            HostOperation::Synchronise { stream } => self.items.push(Item::Synchronise { stream, site: at }),
            HostOperation::Exchange { row } => self.items.push(Item::Exchange { row, site: at }),
            HostOperation::Record { event } => self.enqueue(Work::Record(event), site)?,
            HostOperation::Wait { event } => self.enqueue(Work::Wait(event), site)?,
            HostOperation::Send { peer } => self.transfer = transfer(true, peer),
            HostOperation::Receive { peer } => self.transfer = transfer(false, peer),
            HostOperation::BeginGroup => self.group = Some(Vec::new()),
            HostOperation::EndGroup => {
                let group = self.group.take().unwrap_or_default();
                self.enqueue(Work::Transfers(group), site)?;
            }
            HostOperation::EndTransfer => match (self.transfer.take(), &mut self.group) {
                (Some(told), Some(group)) => group.push(told),
                (Some(told), None) => self.enqueue(Work::Transfers(vec![told]), site)?,
                (None, _) => {}
            },
        }
        Ok(())
    }

    fn piece(&mut self, chunk: &Chunk) {
        let bytes = chunk.elements * self.program.code().sizes.data.bytes();
        let piece = Piece { at: self.program.location(chunk.destination), bytes, vector: chunk.vector };
        if let Some(transfer) = &mut self.transfer {
            transfer.pieces.push(piece);
        }
    }

    fn enqueue(&mut self, work: Work, site: SiteId) -> Result<(), Fault> {
        let site = SiteIndex(site.0);
        let Some(stream) = self.stream else {
            let message = "an operation of a stream outside every stream".to_owned();
            return Err(Fault::violation(Code::OutOfBounds, message, site));
        };
        self.items.push(Item::Enqueue { stream, work, site });
        Ok(())
    }
}
