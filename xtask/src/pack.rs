//! A wasm module as few bytes as it goes: each byte is coded by how probable it is where it stands.
//!
//! A compressor that knows bytes only finds what comes again as it was. In machine code little does: opcodes, numbers of
//! locals, offsets and constants take turns. Here the module is walked as what it is, instruction by instruction; a
//! model ([`model`]) says from what stood before how probable each bit of the next number is, and a coder ([`range`])
//! spends as many bits on it as it is a surprise. What puts the module together again is [`UNPACKER`], a small module
//! with the same model; it knows nothing of opcodes but which of them begin and end a block, since the table of symbols
//! says the rest.
//!
//! In this order, numbers being LEB128 of [`Kind::Rest`]:
//!
//! 1. the lengths of the module, of what stands before its first function and of the table of symbols, and the number of
//!    functions;
//! 2. the module up to its first function;
//! 3. the symbols, which are instructions without their immediates, the most frequent first: of each how many fixed
//!    bytes, these bytes, how many immediates, and their [`Kind`]s;
//! 4. each function: its declarations of locals, then for each instruction its symbol and its immediates;
//! 5. what follows the last function.

mod model;
mod range;
mod read;

use std::{cmp::Reverse, collections::HashMap};

use self::{
    model::{Kind, Model},
    range::Encoder,
    read::{Module, Name},
};
use crate::Error;

/// What puts the module together again on the page, as text.
pub const UNPACKER: &str = include_str!("pack/unpack.wat");

/// What the unpacker has room for, in bytes: the module, what is packed, and the table of symbols.
const MODULE: usize = 0x40000;
/// Less than its place, since it reads zeros behind the end.
const PACKED: usize = 0x10000 - 8;
const TABLE: usize = 0x1000;
/// The length of a list in the table of symbols is a byte.
const LIST: usize = 0xff;

/// Packs a module.
///
/// # Errors
/// It is not a module, has an instruction that is not known here, or is larger than the unpacker has room for.
pub fn pack(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let module = Module::read(wasm)?;
    let symbols = symbols(&module);
    let mut out = Packer { model: Model::new(), encoder: Encoder::default() };
    let table = table(&symbols);
    for number in [wasm.len(), module.before.len(), table.len(), module.functions.len()] {
        out.bytes(Kind::Rest, &leb128(number));
    }
    out.bytes(Kind::Rest, module.before);
    out.bytes(Kind::Rest, &table);
    let numbers: HashMap<_, _> = (0_u32..).zip(&symbols).map(|(number, symbol)| (*symbol, number)).collect();
    for function in &module.functions {
        out.bytes(Kind::Locals, function.locals);
        for instruction in &function.code {
            out.symbol(Kind::Instruction, numbers[&instruction.name()]);
            for immediate in &instruction.immediates {
                out.bytes(instruction.kind, immediate);
            }
        }
    }
    out.bytes(Kind::Rest, module.after);
    let packed = out.encoder.finish();
    let longest = symbols.iter().map(|(fixed, _, immediates)| fixed.len().max(*immediates)).max();
    if wasm.len() > MODULE || packed.len() > PACKED || table.len() > TABLE || longest > Some(LIST) {
        return Err(Error::Wasm { what: "larger than unpack.wat has room for", at: wasm.len() });
    }
    Ok(packed)
}

/// The model and what it is asked for.
struct Packer {
    model: Model,
    encoder: Encoder,
}

impl Packer {
    fn bytes(&mut self, kind: Kind, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.symbol(kind, byte.into()));
    }

    /// A number as how many bits it has, each a step further, and then these bits: small ones take few steps.
    fn symbol(&mut self, kind: Kind, symbol: u32) {
        self.model.begin(kind);
        let value = symbol + 1;
        let bits = value.ilog2();
        for step in 0..=bits {
            self.bit(step, step < bits);
        }
        for below in (0..bits).rev() {
            self.bit((bits << 16) + (value >> (below + 1)), value >> below & 1 == 1);
        }
        self.model.end(kind, symbol);
    }

    fn bit(&mut self, node: u32, bit: bool) {
        self.encoder.bit(self.model.probability(node), bit);
        self.model.learn(bit);
    }
}

/// What instructions there are, apart from their immediates, the most frequent first.
fn symbols<'m>(module: &Module<'m>) -> Vec<Name<'m>> {
    let mut met: HashMap<_, usize> = HashMap::new();
    for instruction in module.functions.iter().flat_map(|function| &function.code) {
        *met.entry(instruction.name()).or_default() += 1;
    }
    let mut symbols: Vec<_> = met.into_iter().map(|(name, count)| (Reverse(count), name)).collect();
    symbols.sort();
    symbols.into_iter().map(|(_, name)| name).collect()
}

fn table(symbols: &[Name<'_>]) -> Vec<u8> {
    let mut table = Vec::new();
    for &(fixed, kind, immediates) in symbols {
        table.push(fixed.len() as u8);
        table.extend(fixed);
        table.push(immediates as u8);
        table.extend(std::iter::repeat_n(kind as u8, immediates));
    }
    table
}

/// Section 5.2.2 of the WebAssembly specification.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
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
        let code = [&[10], leb128(bodies.len()).as_slice(), bodies].concat();
        [b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0], &code, &[0, 2, 1, b'x']].concat()
    }

    #[test]
    fn an_instruction_has_one_symbol_whatever_its_immediates() {
        let wasm = module(BODIES);
        let module = Module::read(&wasm).unwrap();
        assert_eq!(module.before, b"\0asm\x01\0\0\0\x01\x01\0\x0a\x1b\x02");
        assert_eq!(module.after, [0, 2, 1, b'x']);
        let symbols = symbols(&module);
        let (end, get, load) = ([0x0b], [0x20], [0x28, 2]);
        // The end of a block and of each function, then what is met twice.
        assert_eq!(symbols[0], (end.as_slice(), Kind::Local, 0));
        assert_eq!(symbols[1], (get.as_slice(), Kind::Local, 1));
        assert_eq!(symbols[2], (load.as_slice(), Kind::Offset, 1));
        assert_eq!(symbols.len(), 5);
        let labels = [2, 0x0e, 1, 2, Kind::Label as u8, Kind::Label as u8];
        assert!(table(&symbols).windows(6).any(|part| part == labels));
    }

    #[test]
    fn what_comes_again_costs_little() {
        let body: &[u8] = &[8, 0, 0x20, 0, 0x28, 2, 0xac, 0x02, 0x0b];
        let bodies = |count: u8| module(&[&[count], body.repeat(count.into()).as_slice()].concat());
        let [one, two, twelve] = [1, 2, 12].map(|count| pack(&bodies(count)).unwrap().len());
        assert!(twelve - two < 2 * (two - one), "{one}, {two}, {twelve}");
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
        let targets = [&[1_u8, 0x85, 2, 0, 0x0e, 0xff, 1], [0; 256].as_slice(), &[0x0b]].concat();
        assert!(odd(&targets).ends_with("larger than unpack.wat has room for"));
        let long = [module(BODIES), vec![0, 0x84, 0x80, 0x10], vec![0; 0x40004]].concat();
        let large = format!("byte {} of the module: larger than unpack.wat has room for", long.len());
        assert_eq!(pack(&long).unwrap_err().to_string(), large);
        let cut = pack(&module(BODIES)[..24]).unwrap_err().to_string();
        assert_eq!(cut, "byte 24 of the module: the module ends too early");
    }
}
