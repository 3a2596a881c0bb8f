//! Addresses: every buffer instance has a stretch of 2^36 bytes of its own.
//!
//! So a pointer that leaves its buffer never meets another by chance, as it might on a device where buffers lie side by
//! side, and the error can say which buffer it left and by how far. Region `i` begins at `(i + 1) << 36`; below lie the
//! windows of the generic address space and the null pointer.

use crate::program::Location;
use std::sync::Arc;
use thiserror::Error;

/// Bits of an offset within a region.
const REGION_BITS: u32 = 36;

/// Something that pointers point to.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// What findings call it.
    pub name: String,
    /// Whose it is.
    pub rank: u32,
    /// Its size.
    pub bytes: u64,
    /// Who holds its contents.
    pub kind: RegionKind,
}

/// Who holds a region's contents.
#[derive(Clone, Debug, PartialEq)]
pub enum RegionKind {
    /// The machine, as this instance.
    Instance(u32),
    /// The front end: bytes that no kernel writes, such as a table of peers' pointers.
    Constant(Arc<[u8]>),
    /// The machine: the same place of these instances, by rank.
    Multicast(Arc<[u32]>),
}

/// What an address means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'m> {
    /// Bytes that the machine holds.
    Instance(Location),
    /// Constant bytes: exactly those accessed.
    Constant(&'m [u8]),
}

/// Why an address means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Near zero.
    #[error("null pointer{}", plus(*.offset))]
    Null {
        /// The address itself.
        offset: u64,
    },
    /// Not a multiple of the access's size.
    #[error("misaligned: {at} is not a multiple of {bytes} bytes")]
    Misaligned {
        /// Place, as the finding names it.
        at: String,
        /// Size of the access.
        bytes: u64,
    },
    /// Behind the end of a region.
    #[error("{beyond} bytes past the end of `{name}` of rank {rank}, which has {size} bytes")]
    PastEnd {
        /// From the end to the last byte accessed.
        beyond: u64,
        /// The region.
        name: String,
        /// Whose.
        rank: u32,
        /// Its size.
        size: u64,
    },
    /// Before the start of a region.
    #[error("{before} bytes before the start of `{name}` of rank {rank}")]
    BeforeStart {
        /// From the first byte accessed to the start.
        before: u64,
        /// The region.
        name: String,
        /// Whose.
        rank: u32,
    },
    /// Behind the end of shared, local or constant memory, or of the parameters.
    #[error("{beyond} bytes past the end of {what}, which has {size} bytes")]
    PastWindow {
        /// From the end to the last byte accessed.
        beyond: u64,
        /// Which memory.
        what: &'static str,
        /// Its size.
        size: u64,
    },
    /// One that stands for several places.
    #[error("a multicast address of `{name}`: only `multimem` instructions may access it")]
    Multicast {
        /// The buffer.
        name: String,
    },
    /// One that stands for a single place.
    #[error(
        "an address of `{name}` of rank {rank}, which is no multicast address: `multimem` instructions access no other"
    )]
    Unicast {
        /// The region.
        name: String,
        /// Whose.
        rank: u32,
    },
    /// Behind the end of a buffer that is reached through its multicast address.
    #[error("{beyond} bytes past the end of `{name}`, at a multicast address; it has {size} bytes")]
    PastMulticastEnd {
        /// From the end to the last byte accessed.
        beyond: u64,
        /// The buffer.
        name: String,
        /// Its size.
        size: u64,
    },
    /// Far from everything.
    #[error("address {address:#x} points to no buffer")]
    Wild {
        /// The address.
        address: u64,
    },
}

fn plus(offset: u64) -> String {
    if offset == 0 { String::new() } else { format!(" plus {offset} bytes") }
}

/// All regions of all ranks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryMap {
    regions: Vec<Region>,
}

impl MemoryMap {
    /// Adds a region and returns its address.
    pub fn add(&mut self, region: Region) -> u64 {
        self.regions.push(region);
        (self.regions.len() as u64) << REGION_BITS
    }

    /// Gives a region constant contents, once the addresses that go into them are known. Does nothing for an address
    /// that no region starts at.
    pub fn set_constant(&mut self, address: u64, bytes: Arc<[u8]>) {
        let index = (address >> REGION_BITS).checked_sub(1).map(|index| index as usize);
        if let Some(region) = index.and_then(|index| self.regions.get_mut(index)) {
            region.bytes = bytes.len() as u64;
            region.kind = RegionKind::Constant(bytes);
        }
    }

    /// The region that an address lies in or near, and the offset.
    pub fn region(&self, address: u64) -> Option<(&Region, u64)> {
        let index = (address >> REGION_BITS).checked_sub(1)?;
        Some((self.regions.get(index as usize)?, address & ((1 << REGION_BITS) - 1)))
    }

    /// What `bytes` bytes at a global address are.
    ///
    /// # Errors
    /// Which buffer is missed, and by how far.
    pub fn resolve(&self, address: u64, bytes: u64) -> Result<Target<'_>, AddressError> {
        if address < 1 << 20 {
            return Err(AddressError::Null { offset: address });
        }
        let found = self.region(address);
        match found {
            Some((region, offset)) if offset + bytes <= region.bytes => {
                if !offset.is_multiple_of(bytes) {
                    let at = format!("byte {offset} of `{}` of rank {}", region.name, region.rank);
                    return Err(AddressError::Misaligned { at, bytes });
                }
                match &region.kind {
                    RegionKind::Instance(instance) => {
                        Ok(Target::Instance(Location { instance: *instance, byte: offset }))
                    }
                    RegionKind::Constant(contents) => {
                        Ok(Target::Constant(&contents[offset as usize..(offset + bytes) as usize]))
                    }
                    RegionKind::Multicast(_) => Err(self.missed(address, bytes)),
                }
            }
            _ => Err(self.missed(address, bytes)),
        }
    }

    /// The place of a rank that `bytes` bytes at a multicast address stand for.
    ///
    /// # Errors
    /// What else the address is, or which buffer is missed, and by how far.
    pub fn resolve_multicast(&self, address: u64, bytes: u64, rank: u8) -> Result<Location, AddressError> {
        if address < 1 << 20 {
            return Err(AddressError::Null { offset: address });
        }
        let Some((region, offset)) = self.region(address) else { return Err(AddressError::Wild { address }) };
        let name = || region.name.clone();
        let RegionKind::Multicast(instances) = &region.kind else {
            return Err(AddressError::Unicast { name: name(), rank: region.rank });
        };
        if offset + bytes > region.bytes {
            let beyond = offset + bytes - region.bytes;
            return Err(AddressError::PastMulticastEnd { beyond, name: name(), size: region.bytes });
        }
        if !offset.is_multiple_of(bytes) {
            let at = format!("byte {offset} of `{}`, at a multicast address,", region.name);
            return Err(AddressError::Misaligned { at, bytes });
        }
        let instance = instances.get(usize::from(rank)).copied().ok_or(AddressError::Wild { address })?;
        Ok(Location { instance, byte: offset })
    }

    fn missed(&self, address: u64, bytes: u64) -> AddressError {
        let next = ((address >> REGION_BITS) + 1) << REGION_BITS;
        let before = next - address;
        if before < 1 << (REGION_BITS - 1)
            && let Some((region, _)) = self.region(next)
        {
            return AddressError::BeforeStart { before, name: region.name.clone(), rank: region.rank };
        }
        match self.region(address) {
            Some((Region { name, kind: RegionKind::Multicast(_), .. }, _)) => {
                AddressError::Multicast { name: name.clone() }
            }
            Some((region, offset)) => AddressError::PastEnd {
                beyond: offset + bytes - region.bytes,
                name: region.name.clone(),
                rank: region.rank,
                size: region.bytes,
            },
            None => AddressError::Wild { address },
        }
    }
}
