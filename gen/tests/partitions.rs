//! Partitions cover: in every protocol of the catalogue, every data phase writes each element once, for every small
//! size. The cursor that runs here yields the operations that the emitted loops perform, and `host.rs` compares the two.

use arverify_protocol::catalogue;
use arverify_protocol::code::Code;
use arverify_protocol::cursor::{Chunk, Cursor, Operation, Position};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use std::collections::{BTreeMap, BTreeSet};

/// A data phase: the text range of its statement.
type Phase = (u32, u32);

/// A row of an instance: buffer, rank, first element.
type Row = (u32, u32, u64);

/// Every chunk of one launch, with its phase. Nobody else runs, so awaits are taken as satisfied and loads give 0.
fn chunks(protocol: &Protocol, sizes: &Sizes) -> Vec<(Phase, Chunk)> {
    let code = Code::new(protocol, sizes, false).unwrap_or_else(|error| panic!("{error}"));
    let mut found = Vec::new();
    for rank in 0..sizes.ranks {
        let arguments = protocol.argument_values(sizes, rank, 0).unwrap_or_else(|error| panic!("{error}"));
        let grid = protocol.grid_of(sizes, rank).unwrap_or_else(|error| panic!("{error}"));
        for (block, thread) in (0..grid).flat_map(|block| (0..sizes.threads).map(move |thread| (block, thread))) {
            let position = Position { rank, block, thread, launch: 0, grid, arguments: &arguments };
            let mut cursor = Cursor::start(&code);
            loop {
                match cursor.next(&code, &position) {
                    Ok((Operation::Exit, _)) => break,
                    Ok((Operation::Chunk(chunk), site)) => {
                        let span = &code.site(site).span;
                        found.push(((span.start, span.end), *chunk));
                    }
                    Ok((Operation::Load { .. } | Operation::Take { .. } | Operation::Receive { .. }, _)) => {
                        cursor.supply(&code, 0)
                    }
                    Ok((Operation::Atomic { returns: true, .. }, _)) => cursor.supply(&code, 0),
                    Ok(_) => {}
                    Err((fault, _)) => panic!("{}: {fault} at {sizes:?}", protocol.name),
                }
            }
        }
    }
    found
}

fn check_coverage(protocol: &Protocol, sizes: &Sizes) {
    let shapes = protocol.shapes(sizes).unwrap_or_else(|error| panic!("{error}"));
    let mut phases: BTreeMap<Phase, BTreeMap<Row, Vec<u64>>> = BTreeMap::new();
    for (phase, chunk) in chunks(protocol, sizes) {
        let (buffer, rank, row_end) = (chunk.destination.buffer, chunk.destination.rank, chunk.row_end);
        let length = shapes[buffer.index()].last().copied().unwrap_or_default();
        let row = (buffer.0, rank, row_end - length);
        let first = chunk.destination.index - row.2;
        let elements = phases.entry(phase).or_default().entry(row).or_default();
        elements.extend(first..first + u64::from(chunk.elements));
    }
    let context = || format!("{} at {sizes:?}", protocol.name);
    let mut written: BTreeMap<Row, Vec<u64>> = BTreeMap::new();
    for rows in phases.values() {
        let mut all = BTreeSet::new();
        for (row, elements) in rows {
            let distinct: BTreeSet<u64> = elements.iter().copied().collect();
            assert_eq!(distinct.len(), elements.len(), "an element is written twice: {}", context());
            all.extend(distinct);
            written.entry(*row).or_default().extend(elements);
        }
        assert!(all.iter().copied().eq(0..sizes.elements), "elements are left out or too many: {}", context());
    }
    let Some(expectation) = &protocol.expectation else { return };
    for rank in (0..sizes.ranks).filter(|_| sizes.elements > 0) {
        let mut output = written.remove(&(expectation.output.0, rank, 0)).unwrap_or_default();
        output.sort_unstable();
        assert!(output.iter().copied().eq(0..sizes.elements), "output of rank {rank}: {}", context());
    }
}

#[test]
fn every_element_is_written_once_for_every_small_size() {
    let documents = catalogue::all().unwrap_or_else(|error| panic!("{error}"));
    // Those in which every phase covers the whole message; `arverify prove` shows the others' partitions.
    let whole = |name: &str| name.starts_with("one-shot") || name.starts_with("two-shot");
    for document in documents.iter().filter(|document| whole(document.name())) {
        let protocol = document.resolve(&[]).unwrap_or_else(|error| panic!("{error}"));
        for (ranks, blocks, threads, data) in [
            (2, 1, 2, DataType::F32),
            (2, 2, 3, DataType::BF16),
            (3, 2, 4, DataType::F32),
            (3, 3, 3, DataType::F16),
            (4, 1, 5, DataType::BF16),
            (5, 3, 7, DataType::F32),
        ] {
            for elements in 0..200 {
                let sizes =
                    Sizes { ranks, blocks, threads, elements, capacity: elements, data, accumulate: Accumulate::Own };
                check_coverage(&protocol, &sizes);
            }
        }
    }
}
