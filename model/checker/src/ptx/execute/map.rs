//! Addresses: every buffer instance has a stretch of 2^36 bytes of its own, or a place in a flat window.
//!
//! So a pointer that leaves its buffer never meets another by chance, as it might on a device where buffers lie side by
//! side, and the error can say which buffer it left and by how far. Regions begin at multiples of 2^36; below them lie the
//! windows of the generic address space and the null pointer. Of a flat window (NCCL's LSA windows, symmetric heaps) the
//! instances lie one stride apart, and a kernel computes the address of a peer's: many strides before and behind them are
//! free, so that a wrong index (another rank's, a thread's, one in bytes) leads to no other buffer.

use crate::program::Location;
use std::sync::Arc;
use thiserror::Error;

/// Regions begin at multiples of so many bytes.
const REGION_BYTES: u64 = 1 << 36;

/// So many strides before and behind a flat window nothing lies.
const FREE_STRIDES: u64 = 4096;

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
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryMap {
    /// Each with its address, in ascending order.
    regions: Vec<(u64, Region)>,
    /// From here on nothing lies.
    end: u64,
}

impl Default for MemoryMap {
    fn default() -> MemoryMap {
        MemoryMap { regions: Vec::new(), end: REGION_BYTES }
    }
}

impl MemoryMap {
    /// Adds a region and returns its address.
    pub fn add(&mut self, region: Region) -> u64 {
        let address = self.end;
        self.regions.push((address, region));
        self.end += REGION_BYTES;
        address
    }

    /// Adds regions whose addresses lie a stride apart, which is at least the size of each. Returns the addresses.
    pub fn add_window(&mut self, regions: Vec<Region>, stride: u64) -> Vec<u64> {
        let (all, free) = (regions.len() as u64 * stride, FREE_STRIDES * stride);
        let first = (self.end + free).next_multiple_of(REGION_BYTES);
        self.end = (first + all + free).next_multiple_of(REGION_BYTES);
        let addresses: Vec<u64> = (first..).step_by(stride as usize).take(regions.len()).collect();
        self.regions.extend(addresses.iter().copied().zip(regions));
        addresses
    }

    /// Gives a region constant contents, once the addresses that go into them are known. Does nothing for an address
    /// that no region starts at.
    pub fn set_constant(&mut self, address: u64, bytes: Arc<[u8]>) {
        if let Ok(index) = self.regions.binary_search_by_key(&address, |(start, _)| *start) {
            let region = &mut self.regions[index].1;
            region.bytes = bytes.len() as u64;
            region.kind = RegionKind::Constant(bytes);
        }
    }

    /// How many regions begin at an address or before it.
    fn begun(&self, address: u64) -> usize {
        self.regions.partition_point(|(start, _)| *start <= address)
    }

    /// The last region that begins at an address or before it, and the offset.
    fn region(&self, address: u64) -> Option<(&Region, u64)> {
        let (start, region) = self.regions.get(self.begun(address).checked_sub(1)?)?;
        Some((region, address - start))
    }

    /// What `bytes` bytes at a global address are.
    ///
    /// # Errors
    /// Which buffer is missed, and by how far.
    pub fn resolve(&self, address: u64, bytes: u64) -> Result<Target<'_>, AddressError> {
        if address < 1 << 20 {
            return Err(AddressError::Null { offset: address });
        }
        match self.region(address) {
            Some((region, offset)) if offset.saturating_add(bytes) <= region.bytes => {
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
                    RegionKind::Multicast(_) => Err(AddressError::Multicast { name: region.name.clone() }),
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

    /// The region that is nearest, unless the address is far from all.
    fn missed(&self, address: u64, bytes: u64) -> AddressError {
        let (last, next) = (self.region(address), self.regions.get(self.begun(address)));
        let beyond = last.map_or(address, |(region, offset)| offset.saturating_add(bytes) - region.bytes);
        if let Some((start, region)) = next
            && start - address < beyond
        {
            return AddressError::BeforeStart { before: start - address, name: region.name.clone(), rank: region.rank };
        }
        match last {
            Some((Region { name, bytes, kind: RegionKind::Multicast(_), .. }, _)) if address < self.end => {
                AddressError::PastMulticastEnd { beyond, name: name.clone(), size: *bytes }
            }
            Some((region, _)) if address < self.end => {
                AddressError::PastEnd { beyond, name: region.name.clone(), rank: region.rank, size: region.bytes }
            }
            _ => AddressError::Wild { address },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIDE: u64 = 1 << 32;

    fn region(name: &str, rank: u32, instance: u32) -> Region {
        Region { name: name.to_owned(), rank, bytes: 256, kind: RegionKind::Instance(instance) }
    }

    /// A buffer, a flat window of three ranks, and another buffer; the addresses of the window and of the last one.
    fn map(stride: u64) -> (MemoryMap, Vec<u64>, u64) {
        let mut map = MemoryMap::default();
        assert_eq!(map.add(region("first", 0, 0)), REGION_BYTES);
        let window = map.add_window((0..3).map(|rank| region("window", rank, 1 + rank)).collect(), stride);
        let last = map.add(region("last", 0, 4));
        (map, window, last)
    }

    #[test]
    fn instances_of_a_window_lie_a_stride_apart() {
        for stride in [256, STRIDE, 1 << 40] {
            let (map, window, last) = map(stride);
            for rank in 0..3 {
                assert_eq!(window[rank as usize], window[0] + u64::from(rank) * stride);
                let found = map.resolve(window[0] + u64::from(rank) * stride + 128, 16);
                assert_eq!(found, Ok(Target::Instance(Location { instance: 1 + rank, byte: 128 })));
            }
            assert!(window[0].is_multiple_of(REGION_BYTES) && last.is_multiple_of(REGION_BYTES));
        }
    }

    #[test]
    fn between_the_instances_of_a_window_lies_nothing() {
        let (map, window, _) = map(STRIDE);
        let said = |address: u64| map.resolve(address, 4).map_err(|error| error.to_string());
        let past = |beyond: u64, rank: u32| {
            Err(format!("{beyond} bytes past the end of `window` of rank {rank}, which has 256 bytes"))
        };
        assert_eq!(said(window[1] + 256), past(4, 1));
        assert_eq!(said(window[2] + 256), past(4, 2));
        assert_eq!(said(window[1] - 4), Err("4 bytes before the start of `window` of rank 1".to_owned()));
        assert!(map.resolve(window[1] + 252, 8).is_err());
    }

    #[test]
    fn wrong_ranks_lead_to_no_other_buffer() {
        for stride in [256, STRIDE, REGION_BYTES, 3 << 35, 1 << 40] {
            let (map, window, _) = map(stride);
            for away in 1..=FREE_STRIDES {
                for address in [window[2] + away * stride, window[0] - away * stride] {
                    assert!(map.resolve(address, 4).is_err(), "{stride} {away}");
                }
            }
            let said = [window[2] + stride, window[0] - stride].map(|address| map.resolve(address, 4));
            assert!(matches!(said[0], Err(AddressError::PastEnd { rank: 2, .. })), "{stride}: {said:?}");
            let before = |name: &str| name == "window";
            assert!(
                matches!(&said[1], Err(AddressError::BeforeStart { name, .. }) if before(name)),
                "{stride}: {said:?}"
            );
        }
    }

    #[test]
    fn windows_do_not_overlap() {
        for strides in [[256, 256], [256, STRIDE], [STRIDE, STRIDE], [1 << 40, STRIDE], [1 << 40, 1 << 40]] {
            let mut map = MemoryMap::default();
            let windows =
                strides.map(|stride| map.add_window((0..3).map(|rank| region("w", rank, rank)).collect(), stride));
            for (window, stride) in windows.iter().zip(strides) {
                assert!(windows.iter().flatten().all(|address| {
                    let away = address.abs_diff(window[0]).min(address.abs_diff(window[2]));
                    window.contains(address) || away > FREE_STRIDES * stride + 256
                }));
            }
        }
    }

    #[test]
    fn far_from_everything_lies_no_buffer() {
        let (map, _, last) = map(STRIDE);
        for address in [1 << 30, last + REGION_BYTES, u64::MAX - 3] {
            assert_eq!(map.resolve(address, 4), Err(AddressError::Wild { address }));
        }
    }
}
