//! A wasm module sorted for deflate, which then makes it a fifth smaller.
//!
//! In a function, opcodes and their immediates (numbers of locals, offsets, constants) take turns, and each hides what
//! comes again in the others. Here each kind has a stream of its own. What puts the module together again is
//! `client-wasm/npm/src/unpack.ts`; it knows nothing of opcodes but which of them begin and end a block, since the
//! table of symbols says the rest.
//!
//! All numbers are LEB128. The packed form is the length of the module, the number of streams, the length of each, and
//! the streams:
//!
//! 0. the module up to its first function, and 1. what follows its last one;
//! 2. the symbols, each some instructions in a row: how many, and of each the number of its fixed bytes, these bytes, the
//!    number of immediates, and for each the stream that it is in;
//! 3. the declarations of locals, of all functions one after another;
//! 4. the functions: the numbers of their symbols, a byte each;
//! 5. and on: immediates, a number each.

mod pairs;
mod read;

use std::collections::BTreeMap;

use self::read::{Instruction, Kind, Module};
use crate::Error;

const BEFORE: usize = 0;
const AFTER: usize = 1;
const SYMBOLS: usize = 2;
const LOCALS: usize = 3;
const CODE: usize = 4;
const STREAMS: usize = 13;

/// Symbols of several instructions: with twice as many the code shrinks by less than the table grows.
const PAIRS: usize = 40;

/// An instruction without its immediates: its bytes, and the streams that these are in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    fixed: Vec<u8>,
    immediates: Vec<u8>,
}

/// Sorts a module.
///
/// # Errors
/// It is not a module, or has an instruction that is not known here.
pub fn pack(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let module = Module::read(wasm)?;
    let mut streams = vec![Vec::new(); STREAMS];
    streams[BEFORE] = module.before.to_vec();
    streams[AFTER] = module.after.to_vec();
    streams[LOCALS] = module.locals.concat();
    let code = pairs::join(&module.code, PAIRS);
    let mut symbols: BTreeMap<Vec<Part>, Vec<usize>> = BTreeMap::new();
    for (at, run) in code.iter().enumerate() {
        symbols.entry(parts(run, &mut streams)).or_default().push(at);
    }
    if symbols.len() > 256 {
        return Err(Error::Wasm { what: "more than 256 kinds of instructions", at: 0 });
    }
    streams[CODE] = vec![0; code.len()];
    for (number, (symbol, places)) in symbols.iter().enumerate() {
        places.iter().for_each(|&at| streams[CODE][at] = number as u8);
        write_number(&mut streams[SYMBOLS], symbol.len());
        for part in symbol {
            for list in [&part.fixed, &part.immediates] {
                write_number(&mut streams[SYMBOLS], list.len());
                streams[SYMBOLS].extend(list);
            }
        }
    }
    let mut packed = Vec::new();
    for number in [wasm.len(), STREAMS].into_iter().chain(streams.iter().map(Vec::len)) {
        write_number(&mut packed, number);
    }
    packed.extend(streams.concat());
    Ok(packed)
}

/// What instructions in a row have besides immediates; these go to their streams.
fn parts(run: &[Instruction<'_>], streams: &mut [Vec<u8>]) -> Vec<Part> {
    let of = |(at, instruction): (usize, &Instruction<'_>)| {
        let stream = stream(instruction.kind, run.get(at + 1));
        for immediate in &instruction.immediates {
            streams[usize::from(stream)].extend(*immediate);
        }
        Part { fixed: instruction.fixed.to_vec(), immediates: vec![stream; instruction.immediates.len()] }
    };
    run.iter().enumerate().map(of).collect()
}

/// What is read through, and what is added, are other numbers than the rest.
fn stream(kind: Kind, next: Option<&Instruction<'_>>) -> u8 {
    match (kind, next.map(Instruction::opcode)) {
        (Kind::Local, Some(0x28..=0x35)) => 11,
        (Kind::Const32, Some(0x6a)) => 12,
        (Kind::Local, _) => 5,
        (Kind::Const32, _) => 6,
        (Kind::Const64, _) => 7,
        (Kind::Offset, _) => 8,
        (Kind::Call, _) => 9,
        (Kind::Label, _) => 10,
    }
}

fn write_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `local.get 1; i32.load offset=300; br_table 0 1 0` in a block, and `local.get 2; i32.load offset=4` with two locals.
    const BODIES: &[u8] = &[
        2, // functions
        15, 0, 0x02, 0x40, 0x20, 1, 0x28, 2, 0xac, 0x02, 0x0e, 1, 0, 1, 0x0b, 0x0b, //
        9, 1, 2, 0x7f, 0x20, 2, 0x28, 2, 4, 0x0b,
    ];

    fn module(bodies: &[u8]) -> Vec<u8> {
        let code = [&[10, bodies.len() as u8], bodies].concat();
        [b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0], &code, &[0, 2, 1, b'x']].concat()
    }

    fn streams(packed: &[u8]) -> Vec<&[u8]> {
        let (head, mut rest) = packed.split_at(2 + STREAMS);
        assert_eq!(usize::from(head[1]), STREAMS);
        head[2..].iter().map(|&length| rest.split_off(..usize::from(length)).unwrap()).collect()
    }

    #[test]
    fn what_an_instruction_needs_goes_to_the_stream_of_its_kind() {
        let wasm = module(BODIES);
        let packed = pack(&wasm).unwrap();
        assert_eq!(usize::from(packed[0]), wasm.len());
        let streams = streams(&packed);
        assert_eq!(streams[BEFORE], b"\0asm\x01\0\0\0\x01\x01\0\x0a\x1b\x02");
        assert_eq!(streams[AFTER], [0, 2, 1, b'x']);
        assert_eq!(streams[LOCALS], [0, 1, 2, 0x7f]);
        let [local, offset, label, read_through] = [5, 8, 10, 11];
        assert_eq!(streams[local], [0_u8; 0]);
        assert_eq!(streams[read_through], [1, 2]);
        assert_eq!(streams[offset], [0xac, 0x02, 4]);
        assert_eq!(streams[label], [0, 1]);
    }

    #[test]
    fn what_stands_side_by_side_is_one_symbol_whatever_its_immediates() {
        let packed = pack(&module(BODIES)).unwrap();
        let streams = streams(&packed);
        let mut rest = streams[SYMBOLS];
        let mut counts = Vec::new();
        while let [count, tail @ ..] = rest {
            counts.push(*count);
            rest = tail;
            for _ in 0..2 * count {
                let length = usize::from(rest[0]);
                rest = &rest[1 + length..];
            }
        }
        // The first function is a run up to the first end, and the second end; the second is a run.
        assert_eq!(counts.len(), streams[CODE].iter().collect::<std::collections::BTreeSet<_>>().len());
        assert_eq!(streams[CODE].iter().map(|&code| counts[usize::from(code)]).sum::<u8>(), 9);
        assert_eq!(streams[CODE].len(), 3, "{:?}", streams[CODE]);
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let odd = |bodies: &[u8]| pack(&module(bodies)).unwrap_err().to_string();
        assert_eq!(odd(&[1, 3, 0, 0xfd, 0x0b]), "byte 17 of the module: an instruction that is not known");
        assert_eq!(odd(&[1, 0x82, 0, 0, 0x0b]), "byte 16 of the module: a function's length is padded");
        assert_eq!(
            odd(&[1, 2, 0, 0x0b, 0]),
            "byte 17 of the module: the functions do not fill their section"
        );
        let cut = pack(&module(BODIES)[..24]).unwrap_err().to_string();
        assert_eq!(cut, "byte 24 of the module: the module ends too early");
    }
}
