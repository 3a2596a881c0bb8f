//! Sizes and parameter bytes.

use super::super::{Addresses, Launch, Overrides, Stretch, choose, offsets};
use super::{FILE, description, launch, parameter, parameters};
use crate::program::{Contents, Definition, PartId};
use arverify_protocol::ir::Reduction;

fn word(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn bytes(launch: &Launch, rank: u32, number: u32) -> Vec<u8> {
    let addresses = Addresses {
        memory: &|_, _| 0,
        multicast: &|buffer| 0xF000 + buffer as u64,
        buffer: &|buffer, rank| 0x1000 * (buffer as u64 + 1) + 0x100 * u64::from(rank),
        table: &|table| 0xA000 + table as u64,
    };
    launch.parameter_bytes(&parameters(), (rank, number), addresses).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn sizes_are_evaluated() {
    let launch = launch(FILE);
    assert_eq!((launch.ranks, launch.launches), (2, 3));
    assert_eq!(launch.grids, [[2, 1, 1]; 2]);
    assert_eq!(launch.blocks, [[8, 1, 1]; 2]);
    assert_eq!(launch.shared_bytes, [32, 32]);
    let sizes: Vec<u64> = launch.buffers.iter().map(|buffer| buffer.bytes).collect();
    assert_eq!(sizes, [64, 64, 64]);
    assert_eq!(launch.buffers[0].contents, [Contents::Random, Contents::Random]);
    assert_eq!(launch.buffers[1].contents, [Contents::Word(0x8000_0000), Contents::Word(0x8000_0000)]);
    assert_eq!(launch.buffers[2].contents, [Contents::Poison, Contents::Poison]);
    let expectation = launch.expectation.expect("the file has an expectation");
    assert_eq!(expectation.equals, Definition::AllReduce(Reduction::Sum));
    assert!(expectation.same_on_all_ranks);
}

#[test]
fn contents_are_listed_computed_or_drawn() {
    let with =
        |init: &str| launch(&FILE.replacen("init = { value = 0x8000_0000 }", init, 1)).buffers[1].contents.clone();
    let words = |contents: &Contents| [0, 4, 8, 60].map(|at| contents.word(at, 4).expect("they are known"));
    let listed = with("init = [7, \"rank + 1\"]");
    assert_eq!((words(&listed[0]), words(&listed[1])), ([7, 1, 0, 0], [7, 2, 0, 0]));
    let computed = with("init = { each = \"index * 4 + rank\" }");
    assert_eq!((words(&computed[0]), words(&computed[1])), ([0, 4, 8, 60], [1, 5, 9, 61]));
    assert_eq!(with("init = { random = [1, \"ranks\"] }"), [Contents::Between(1, 2), Contents::Between(1, 2)]);
    assert_eq!(words(&with("init = []")[0]), [0; 4]);
}

/// `comm` with two parts, the one that stands second in the file before the other in memory.
fn divided_with(offset: &str) -> Launch {
    let parts = "init = { value = 0x8000_0000 }\nsymmetric = false\nstride = \"1 << 32\"\npart = [\n\
                 { name = \"late\", offset = \"16 * ranks\", bytes = \"8 * ranks\", dtype = \"u64\", init = [\"rank\"], read = true },\n\
                 { name = \"early\", offset = 4, bytes = 2, dtype = \"u8\", refresh = true, init = \"zero\" } ]\n";
    let text = FILE.replacen("init = { value = 0x8000_0000 }", parts, 1);
    launch(&text.replacen("ptr = \"comm\", offset = \"rank * 16\"", &format!("ptr = \"late\", {offset}"), 1))
}

fn divided() -> Launch {
    divided_with("offset = \"rank * 16\"")
}

#[test]
fn parts_follow_the_buffers_and_are_named_like_them() {
    let launch = divided();
    let names: Vec<&str> = launch.buffers.iter().map(|memory| memory.name.as_str()).collect();
    assert_eq!((names, launch.buffer_count()), (vec!["input", "comm", "output", "late", "early"], 3));
    assert_eq!((launch.buffers[1].local, launch.buffers[1].stride), (true, Some(1 << 32)));
    assert_eq!((launch.buffers[0].local, launch.buffers[0].stride), (false, None));
    let [late, early] = [3, 4].map(|index| &launch.buffers[index]);
    assert_eq!(
        (late.within, late.bytes, late.read, late.refreshed),
        (Some(Stretch { buffer: 1, offset: 32 }), 16, true, false)
    );
    assert_eq!(
        (early.within, early.bytes, early.read, early.refreshed),
        (Some(Stretch { buffer: 1, offset: 4 }), 2, false, true)
    );
    assert_eq!(late.contents[1].word(0, 8), Some(1));
    let id = |buffer, part| PartId { buffer, part };
    assert_eq!([0, 1, 2, 3, 4].map(|index| launch.part_id(index)), [id(0, 0), id(1, 0), id(2, 0), id(1, 1), id(1, 2)]);
    assert!(launch.has_parts(1) && !launch.has_parts(0) && !launch.has_parts(3));
}

#[test]
fn a_part_is_passed_as_an_address_within_it() {
    let launch = divided();
    launch.check("oneshot", &parameters()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(word(&bytes(&launch, 1, 0), 32, 8), 0x4000 + 16, "rank 0's part, 16 bytes further");
    // One past the end is the last address of the part, not of its buffer.
    let beyond = divided_with("offset = \"rank * 17\"");
    let refused = beyond.check("oneshot", &parameters()).expect_err("17 bytes are too far");
    assert_eq!(refused.list[0].message, "the offset into `late` is 17 where rank = 1");
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        ranks: Some(3),
        blocks: Some(5),
        threads: Some(7),
        launches: Some(1),
        kernel: Some("other".to_owned()),
    };
    let launch = Launch::new(&description(FILE), &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((launch.ranks, launch.launches), (3, 1));
    assert_eq!(launch.grids, [[5, 1, 1]; 3]);
    assert_eq!(launch.blocks, [[7, 1, 1]; 3]);
    assert_eq!(launch.buffers[1].bytes, 96);
    assert_eq!(launch.kernel, Some(("other".to_owned(), None)));
}

#[test]
fn parameters_are_laid_out_as_c_does() {
    let launch = launch(FILE);
    launch.check("oneshot", &parameters()).unwrap_or_else(|errors| panic!("{errors}"));
    let bytes = bytes(&launch, 1, 2);
    // 8, 8, 4, a gap of 4, and the structure: 1 (7), 8, 3 × 8, 4 (4).
    assert_eq!(offsets(&parameters()), (vec![0, 8, 16, 24], 72));
    assert_eq!(bytes.len(), 72);
    assert_eq!(word(&bytes, 0, 8), 0x1100, "this rank's input");
    assert_eq!(word(&bytes, 8, 8), 0xA000, "the table");
    assert_eq!(word(&bytes, 16, 8), 3, "launch + 1, and the gap");
    assert_eq!(word(&bytes, 24, 8), 7, "one byte, and seven of padding");
    assert_eq!(word(&bytes, 32, 8), 0x2000 + 16, "rank 0's comm, 16 bytes further");
    let outputs = [word(&bytes, 40, 8), word(&bytes, 48, 8), word(&bytes, 56, 8)];
    assert_eq!(outputs, [0x3000, 0x3100, 0], "both outputs, and null");
    assert_eq!(word(&bytes, 64, 8), 0, "rank - 1, and padding");
    assert_eq!(word(&self::bytes(&launch, 0, 0), 64, 8), 0xFFFF_FFFF, "-1 in 32 bits");
}

#[test]
fn a_table_has_an_entry_for_each_rank_and_nulls() {
    let launch = launch(FILE);
    assert_eq!(launch.tables.len(), 1);
    let entries = launch.table(launch.tables[0], |buffer, rank| 10 * buffer as u64 + u64::from(rank));
    assert_eq!(entries, [10, 11, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_structure_may_be_aligned_to_more_than_its_fields() {
    let mut parameters = parameters();
    parameters[3] = parameter(".align 16 .b8[48]", 48, 16);
    assert!(launch(FILE).check("oneshot", &parameters).is_ok());
    parameters[3] = parameter(".align 16 .b8[64]", 64, 16);
    assert!(launch(FILE).check("oneshot", &parameters).is_err());
    parameters[3] = parameter(".align 4 .b8[48]", 48, 4);
    assert!(launch(FILE).check("oneshot", &parameters).is_err());
}

#[test]
fn an_entry_is_named_in_whole_or_in_part() {
    let entries = ["_Z7oneshotPKjPj", "_Z12oneshot_pushPKj", "_Z4ringILi2EEvPj", "_Z4ringILi4EEvPj", "plain"];
    assert_eq!(choose(Some("oneshot"), &entries).ok(), Some(0));
    assert_eq!(choose(Some("push"), &entries).ok(), Some(1));
    assert_eq!(choose(Some("ringILi4"), &entries).ok(), Some(3));
    assert_eq!(choose(Some("plain"), &entries).ok(), Some(4));
    let message = |wanted: Option<&str>| choose(wanted, &entries).map_err(|error| error.to_string()).err();
    assert_eq!(message(Some("ring")).as_deref(), Some("`ring` is a part of several entries: ring<2>, ring<4>"));
    assert!(message(Some("absent")).is_some_and(|message| message.contains("no entry is called `absent`")));
    assert!(message(None).is_some_and(|message| message.contains("several entries")));
    assert_eq!(choose(Some("ring<4>"), &entries).ok(), Some(3));
    let overloads = choose(Some("k"), &["_Z1kPi", "_Z1kPf"]).map_err(|error| error.to_string()).err();
    assert_eq!(overloads.as_deref(), Some("`k` is a part of several entries: k (_Z1kPi), k (_Z1kPf)"));
    assert_eq!(choose(None, &["only"]).ok(), Some(0));
    assert!(choose(None, &[]).is_err());
}

#[test]
fn ranks_may_differ_in_grid_and_block() {
    let text = FILE.replace("grid = [2, 1, 1]", "grid = \"2 - rank\"").replace("\"4 * ranks\"", "[\"rank + 1\", 4, 2]");
    let launch = launch(&text);
    assert_eq!(launch.grids, [[2, 1, 1], [1, 1, 1]]);
    assert_eq!(launch.blocks, [[1, 4, 2], [2, 4, 2]]);
    assert_eq!(launch.values(1, 0).block, 16);
}

/// Parameters of one structure of so many bytes, and the launch that passes it.
fn of_structure(fields: &str, bytes: u64) -> (Launch, Vec<super::super::Parameter>) {
    let (head, _) = FILE.split_once("[[arg]]").expect("the file has arguments");
    let text = format!("{head}\n[[arg]]\nstruct = [ {fields} ]\n");
    (launch(&text), vec![parameter("p", bytes, 8)])
}

#[test]
fn values_nest() {
    let fields = "{ u32 = 7 }, { pad = 4 }, { each = \"ranks - 1\", of = { struct = [ { u8 = \"i + 1\" }, { u32 = \"rank\" } ] } }, \
                  { at = 32 }, { each = \"ranks\", of = { ptr = \"comm\", rank = \"(rank + i) % ranks\" } }, \
                  { memory = { struct = [ { u64 = 5 }, { memory = { u32 = \"launch\" } } ] } }"
        .replace("\\\n", "");
    let (launch, parameters) = of_structure(&fields, 56);
    launch.check("k", &parameters).unwrap_or_else(|errors| panic!("{errors}"));
    let held = std::cell::RefCell::new(Vec::new());
    let addresses = Addresses {
        multicast: &|buffer| 0xF000 + buffer as u64,
        memory: &|rank, bytes| {
            held.borrow_mut().push((rank, bytes));
            0xB000 + held.borrow().len() as u64
        },
        buffer: &|buffer, rank| 0x1000 * (buffer as u64 + 1) + 0x100 * u64::from(rank),
        table: &|table| 0xA000 + table as u64,
    };
    let bytes = launch.parameter_bytes(&parameters, (1, 2), addresses).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((word(&bytes, 0, 4), word(&bytes, 8, 1), word(&bytes, 12, 4)), (7, 1, 1));
    assert_eq!((word(&bytes, 32, 8), word(&bytes, 40, 8), word(&bytes, 48, 8)), (0x2100, 0x2000, 0xB002));
    let (inner, outer) = (2u32.to_le_bytes().to_vec(), [5u64.to_le_bytes(), 0xB001u64.to_le_bytes()].concat());
    assert_eq!(*held.borrow(), [(1, inner), (1, outer)], "what a value points to is laid out before it");
}

#[test]
fn multicast_addresses_are_values() {
    let (head, _) = FILE.split_once("[[arg]]").expect("the file has arguments");
    let head = head.replace("name = \"comm\"", "name = \"comm\"\nmulticast = true");
    let fields =
        "{ each = 2, of = { multicast = \"comm\", offset = \"16 * i\" } }, { memory = { multicast = \"comm\" } }";
    let launch = launch(&format!("{head}\n[[arg]]\nstruct = [ {fields} ]\n"));
    let parameters = vec![parameter("p", 24, 8)];
    launch.check("k", &parameters).unwrap_or_else(|errors| panic!("{errors}"));
    let addresses = Addresses {
        multicast: &|buffer| 0xF000 + 0x100 * buffer as u64,
        memory: &|_, bytes| word(&bytes, 0, 8) + 1,
        buffer: &|_, _| 0,
        table: &|_| 0,
    };
    let bytes = launch.parameter_bytes(&parameters, (1, 0), addresses).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!([0, 8, 16].map(|at| word(&bytes, at, 8)), [0xF100, 0xF110, 0xF101]);
}

#[test]
fn places_in_a_structure_go_forward() {
    let (launch, parameters) = of_structure("{ u64 = 1 }, { at = 4 }, { u32 = 2 }", 16);
    let errors = launch.check("k", &parameters).expect_err("the field lies within the one before it").to_string();
    assert!(errors.contains("byte 4 lies within the fields before it, which end at byte 8"), "{errors}");
}
