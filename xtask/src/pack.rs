//! A wasm module sorted for deflate, which then makes it a sixth smaller.
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
//! 2. the symbols: number of fixed bytes, these bytes, number of immediates, and for each the stream that it is in;
//! 3. the declarations of locals, of all functions one after another;
//! 4. the functions, a byte for each instruction: the number of its symbol;
//! 5. and on: immediates, a number each.

use std::collections::BTreeMap;

use crate::Error;

const BEFORE: usize = 0;
const AFTER: usize = 1;
const SYMBOLS: usize = 2;
const LOCALS: usize = 3;
const CODE: usize = 4;
const LOCAL: usize = 5;
const CONST_32: usize = 6;
const CONST_64: usize = 7;
const OFFSET: usize = 8;
const CALL: usize = 9;
const LABEL: usize = 10;
const STREAMS: usize = 11;

const CODE_SECTION: u8 = 10;

/// What an instruction has besides its immediates in streams; instructions that are alike in it share a symbol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Symbol {
    fixed: Vec<u8>,
    immediates: Vec<usize>,
}

/// Sorts a module.
///
/// # Errors
/// It is not a module, or has an instruction that is not known here.
pub fn pack(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let mut input = Input { wasm, at: 8 };
    let mut streams = vec![Vec::new(); STREAMS];
    let mut code: Vec<Symbol> = Vec::new();
    while input.at < wasm.len() {
        let section = input.byte()?;
        let length = input.number()?;
        let end = input.at + length;
        if section == CODE_SECTION {
            let functions = input.number()?;
            streams[BEFORE] = wasm[..input.at].to_vec();
            for _ in 0..functions {
                function(&mut input, &mut streams, &mut code)?;
            }
            if input.at != end {
                return Err(input.odd("the functions do not fill their section"));
            }
            streams[AFTER] = wasm.get(end..).unwrap_or_default().to_vec();
        }
        input.at = end;
    }
    number_symbols(&code, &mut streams).ok_or_else(|| input.odd("more than 256 kinds of instructions"))?;
    let mut packed = Vec::new();
    for number in [wasm.len(), STREAMS].into_iter().chain(streams.iter().map(Vec::len)) {
        write_number(&mut packed, number);
    }
    packed.extend(streams.concat());
    Ok(packed)
}

fn function(input: &mut Input<'_>, streams: &mut [Vec<u8>], code: &mut Vec<Symbol>) -> Result<(), Error> {
    let before = input.at;
    let length = input.number()?;
    let mut shortest = Vec::new();
    write_number(&mut shortest, length);
    // Lengths are not kept, so there must be one way only to write them.
    if input.at - before != shortest.len() {
        return Err(input.odd("a function's length is padded"));
    }
    let (begin, end) = (input.at, input.at + length);
    let kinds = input.number()?;
    if kinds > 0x7f {
        return Err(input.odd("a function with more than 127 kinds of locals"));
    }
    input.skip(2 * kinds)?;
    streams[LOCALS].extend(&input.wasm[begin..input.at]);
    while input.at < end {
        code.push(instruction(input, streams)?);
    }
    Ok(())
}

/// Section 5.4 of the WebAssembly specification: opcodes and what follows each.
fn instruction(input: &mut Input<'_>, streams: &mut [Vec<u8>]) -> Result<Symbol, Error> {
    let begin = input.at;
    let opcode = input.byte()?;
    let mut immediates = Vec::new();
    match opcode {
        // block, loop, if: a type. global.get and set, ref.null, ref.func, table.get and set, memory.size and grow.
        0x02..=0x04 | 0x23..=0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => input.skip(1)?,
        0x0c | 0x0d => immediates.push(LABEL),
        // br_table: its length makes it another symbol.
        0x0e => immediates = vec![LABEL; input.number()? + 1],
        0x10 => immediates.push(CALL),
        0x11 => input.skip(2)?,
        0x1c => {
            let types = input.number()?;
            input.skip(types)?;
        }
        0x20..=0x22 => immediates.push(LOCAL),
        // Loads and stores: the alignment nearly always follows from the opcode.
        0x28..=0x3e => {
            input.skip(1)?;
            immediates.push(OFFSET);
        }
        0x41 => immediates.push(CONST_32),
        0x42 => immediates.push(CONST_64),
        0x43 => input.take(4)?,
        0x44 => input.take(8)?,
        0xfc => match input.number()? {
            0..=7 => {}
            8 | 10 | 12 | 14 => input.skip(2)?,
            9 | 11 | 13 | 15..=17 => input.skip(1)?,
            _ => return Err(input.odd("an instruction that is not known")),
        },
        0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
        _ => return Err(input.odd("an instruction that is not known")),
    }
    let fixed = input.wasm[begin..input.at].to_vec();
    for &stream in &immediates {
        let from = input.at;
        input.skip(1)?;
        streams[stream].extend(&input.wasm[from..input.at]);
    }
    Ok(Symbol { fixed, immediates })
}

/// Gives each symbol a number by its order; nothing if a byte does not suffice.
fn number_symbols(code: &[Symbol], streams: &mut [Vec<u8>]) -> Option<()> {
    let mut numbers: BTreeMap<&Symbol, u8> = code.iter().map(|symbol| (symbol, 0)).collect();
    for (next, (symbol, number)) in numbers.iter_mut().enumerate() {
        *number = u8::try_from(next).ok()?;
        for part in [&symbol.fixed, &symbol.immediates.iter().filter_map(|&s| u8::try_from(s).ok()).collect()]
        {
            write_number(&mut streams[SYMBOLS], part.len());
            streams[SYMBOLS].extend(part);
        }
    }
    streams[CODE] = code.iter().filter_map(|symbol| numbers.get(symbol).copied()).collect();
    Some(())
}

fn write_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A module, and how far it is read.
struct Input<'a> {
    wasm: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn byte(&mut self) -> Result<u8, Error> {
        let byte = *self.wasm.get(self.at).ok_or_else(|| self.odd("the module ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        (0..bytes).try_for_each(|_| self.byte().map(drop))
    }

    /// Goes behind so many numbers.
    fn skip(&mut self, numbers: usize) -> Result<(), Error> {
        for _ in 0..numbers {
            while self.byte()? > 0x7f {}
        }
        Ok(())
    }

    fn number(&mut self) -> Result<usize, Error> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.odd("a number that is too long"))
    }

    fn odd(&self, what: &'static str) -> Error {
        Error::Wasm { what, at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two functions: `local.get 1; i32.load offset=300; br_table 0 1 0`, in a block, and an empty one with two locals.
    const BODIES: &[u8] = &[
        2, // functions
        15, 0, 0x02, 0x40, 0x20, 1, 0x28, 2, 0xac, 0x02, 0x0e, 1, 0, 1, 0x0b, 0x0b, //
        4, 1, 2, 0x7f, 0x0b,
    ];

    fn module(bodies: &[u8]) -> Vec<u8> {
        let code = [&[CODE_SECTION, bodies.len() as u8], bodies].concat();
        [b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0], &code, &[0, 2, 1, b'x']].concat()
    }

    fn streams(packed: &[u8]) -> Vec<&[u8]> {
        let mut input = Input { wasm: packed, at: 1 };
        let count = input.number().unwrap();
        let lengths: Vec<usize> = (0..count).map(|_| input.number().unwrap()).collect();
        let mut rest = &packed[input.at..];
        let mut take = |length| rest.split_off(..length).unwrap();
        lengths.into_iter().map(&mut take).collect()
    }

    #[test]
    fn what_an_instruction_needs_goes_to_the_stream_of_its_kind() {
        let wasm = module(BODIES);
        let packed = pack(&wasm).unwrap();
        assert_eq!(usize::from(packed[0]), wasm.len());
        let streams = streams(&packed);
        assert_eq!(streams[BEFORE], b"\0asm\x01\0\0\0\x01\x01\0\x0a\x16\x02");
        assert_eq!(streams[AFTER], [0, 2, 1, b'x']);
        assert_eq!(streams[LOCALS], [0, 1, 2, 0x7f]);
        assert_eq!(streams[LOCAL], [1]);
        assert_eq!(streams[OFFSET], [0xac, 0x02]);
        assert_eq!(streams[LABEL], [0, 1]);
    }

    #[test]
    fn instructions_that_differ_in_an_immediate_only_are_one_symbol() {
        let packed = pack(&module(BODIES)).unwrap();
        let streams = streams(&packed);
        let symbols: &[&[u8]] = &[
            &[2, 0x02, 0x40, 0],
            &[1, 0x0b, 0],
            &[2, 0x0e, 1, 2, LABEL as u8, LABEL as u8],
            &[1, 0x20, 1, LOCAL as u8],
            &[2, 0x28, 2, 1, OFFSET as u8],
        ];
        assert_eq!(streams[SYMBOLS], symbols.concat());
        assert_eq!(streams[CODE], [0, 3, 4, 2, 1, 1, 1]);
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
