/** Puts the inlined module together again; `xtask/src/pack.rs` takes it apart, and describes the form. */

/** The stream of the declarations of locals. */
const LOCALS = 3;
/** Beyond all bytes. */
const STREAM = 256;
/** Most bytes that the length of a function takes. */
const LENGTH = 5;

const BLOCK = 2;
const IF = 4;
const END = 11;

/**
 * The module that was packed.
 *
 * @param packed its streams, inflated
 */
export function unpack(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  let read = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = packed[read++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (): number[] => {
    const length = number();
    return [...packed.subarray(read, (read += length))];
  };

  const size = number();
  // A function is put behind the place for the longest length, and then moved to its own.
  const module = new Uint8Array(size + LENGTH);
  const lengths = Array.from({ length: number() }, number);
  // How far each stream is read; those below are where they begin.
  const places = lengths.map((length) => (read += length) - length);
  const [before, after, table, locals, code, immediates] = places as [number, number, number, number, number, number];

  // Each is what to write: a byte, or from `STREAM` on what comes next in a stream; and by how many blocks it goes deeper.
  const symbols: number[][] = [];
  const depths: number[] = [];
  for (read = table; read < locals; ) {
    const symbol: number[] = [];
    let deeper = 0;
    for (let parts = number(); parts > 0; parts--) {
      const fixed = bytes();
      symbol.push(...fixed, ...bytes().map((stream) => STREAM + stream));
      const opcode = fixed[0]!;
      if (opcode === END) deeper--;
      else if (opcode >= BLOCK && opcode <= IF) deeper++;
    }
    symbols.push(symbol);
    depths.push(deeper);
  }

  module.set(packed.subarray(before, after));
  let written = after - before;
  let at: number;
  const copy = (stream: number): number => {
    let place = places[stream]!;
    let byte: number;
    do byte = module[at++] = packed[place++]!;
    while (byte > 127);
    places[stream] = place;
    return byte;
  };
  // Loops by index: a browser has not yet compiled this when it is done.
  for (read = code; read < immediates; ) {
    const begin = (at = written + LENGTH);
    for (let left = copy(LOCALS) * 2; left > 0; left--) copy(LOCALS);
    for (let depth = 1; depth > 0; ) {
      const which = packed[read++]!;
      const symbol = symbols[which]!;
      depth += depths[which]!;
      for (let step = 0; step < symbol.length; step++) {
        const what = symbol[step]!;
        if (what < STREAM) module[at++] = what;
        else copy(what - STREAM);
      }
    }
    let length = at - begin;
    for (; length > 127; length >>= 7) module[written++] = (length & 127) | 128;
    module[written++] = length;
    module.copyWithin(written, begin, at);
    written += at - begin;
  }
  module.set(packed.subarray(after, table), written);
  return module.subarray(0, size);
}
