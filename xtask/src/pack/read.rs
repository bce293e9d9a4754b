//! A module as far as it matters to the model: its functions as instructions.

use super::model::Kind;
use crate::Error;

const CODE_SECTION: u8 = 10;

/// The opcode that ends a block, and with the last one the function.
const END: u8 = 0x0b;

/// An instruction: what is the same wherever it is met, and the numbers that are not.
#[derive(Debug)]
pub(super) struct Instruction<'m> {
    pub(super) fixed: &'m [u8],
    pub(super) kind: Kind,
    pub(super) immediates: Vec<&'m [u8]>,
}

/// What is the same of instructions that differ in immediates only: their fixed bytes, and the kind and number of these.
pub(super) type Name<'m> = (&'m [u8], Kind, usize);

/// A module's parts.
#[derive(Debug)]
pub(super) struct Module<'m> {
    /// Up to the first function.
    pub(super) before: &'m [u8],
    pub(super) after: &'m [u8],
    pub(super) functions: Vec<Function<'m>>,
}

/// A function.
#[derive(Debug)]
pub(super) struct Function<'m> {
    /// The declarations of locals.
    pub(super) locals: &'m [u8],
    pub(super) code: Vec<Instruction<'m>>,
}

impl<'m> Instruction<'m> {
    pub(super) fn name(&self) -> Name<'m> {
        (self.fixed, self.kind, self.immediates.len())
    }
}

impl<'m> Module<'m> {
    pub(super) fn read(wasm: &'m [u8]) -> Result<Self, Error> {
        let mut input = Input { wasm, at: 8 };
        let mut module = Self { before: wasm, after: &[], functions: Vec::new() };
        while input.at < wasm.len() {
            let section = input.byte()?;
            let length = input.number()?;
            let end = input.at + length;
            if section == CODE_SECTION {
                let functions = input.number()?;
                module.before = &wasm[..input.at];
                module.after = wasm.get(end..).unwrap_or_default();
                for _ in 0..functions {
                    module.function(&mut input)?;
                }
                if input.at != end {
                    return Err(input.odd("the functions do not fill their section"));
                }
            }
            input.at = end;
        }
        Ok(module)
    }

    fn function(&mut self, input: &mut Input<'m>) -> Result<(), Error> {
        let before = input.at;
        let length = input.number()?;
        // Lengths are not kept, so there must be one way only to write them.
        if input.at - before != super::leb128(length).len() {
            return Err(input.odd("a function's length is padded"));
        }
        let (begin, end) = (input.at, input.at + length);
        let kinds = input.number()?;
        if kinds > 0x7f {
            return Err(input.odd("a function with more than 127 kinds of locals"));
        }
        input.skip(2 * kinds)?;
        let mut function = Function { locals: &input.wasm[begin..input.at], code: Vec::new() };
        while input.at < end {
            function.code.push(instruction(input)?);
        }
        self.functions.push(function);
        Ok(())
    }
}

/// Section 5.4 of the WebAssembly specification: opcodes and what follows each.
fn instruction<'m>(input: &mut Input<'m>) -> Result<Instruction<'m>, Error> {
    let begin = input.at;
    let opcode = input.byte()?;
    let (mut kind, mut count) = (Kind::Local, 0);
    let mut has = |what, how_many| (kind, count) = (what, how_many);
    match opcode {
        // block, loop, if: a type. global.get and set, ref.null, ref.func, table.get and set, memory.size and grow.
        0x02..=0x04 | 0x23..=0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => input.skip(1)?,
        0x0c | 0x0d => has(Kind::Label, 1),
        // br_table: its length makes it another symbol.
        0x0e => has(Kind::Label, input.number()? + 1),
        0x10 => has(Kind::Call, 1),
        0x11 => input.skip(2)?,
        0x1c => {
            let types = input.number()?;
            input.skip(types)?;
        }
        0x20..=0x22 => has(Kind::Local, 1),
        // Loads and stores: the alignment nearly always follows from the opcode.
        0x28..=0x3e => {
            input.skip(1)?;
            has(Kind::Offset, 1);
        }
        0x41 => has(Kind::Const32, 1),
        0x42 => has(Kind::Const64, 1),
        0x43 => input.take(4)?,
        0x44 => input.take(8)?,
        0xfc => match input.number()? {
            0..=7 => {}
            8 | 10 | 12 | 14 => input.skip(2)?,
            9 | 11 | 13 | 15..=17 => input.skip(1)?,
            _ => return Err(input.odd("an instruction that is not known")),
        },
        0x00 | 0x01 | 0x05 | END | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
        _ => return Err(input.odd("an instruction that is not known")),
    }
    let fixed = &input.wasm[begin..input.at];
    let mut immediates = Vec::with_capacity(count);
    for _ in 0..count {
        let from = input.at;
        input.skip(1)?;
        immediates.push(&input.wasm[from..input.at]);
    }
    Ok(Instruction { fixed, kind, immediates })
}

/// A module, and how far it is read.
struct Input<'m> {
    wasm: &'m [u8],
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
