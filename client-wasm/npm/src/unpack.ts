/** Puts the inlined module together again; `xtask/src/pack.rs` takes it apart, and describes the form. */

const LOCALS = 3;
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

  // Each is some instructions in a row.
  const symbols: [fixed: number[], immediates: number[]][][] = [];
  for (read = table; read < locals; ) {
    symbols.push(Array.from({ length: number() }, () => [bytes(), bytes()]));
  }

  module.set(packed.subarray(before, after));
  let written = after - before;
  let at: number;
  const copy = (stream: number): number => {
    for (;;) {
      const byte = (module[at++] = packed[places[stream]!++]!);
      if (byte < 128) return byte;
    }
  };
  for (read = code; read < immediates; ) {
    const begin = (at = written + LENGTH);
    for (let left = copy(LOCALS) * 2; left > 0; left--) copy(LOCALS);
    for (let depth = 1; depth > 0; ) {
      for (const [fixed, streams] of symbols[packed[read++]!]!) {
        for (const byte of fixed) module[at++] = byte;
        for (const stream of streams) copy(stream);
        const opcode = fixed[0]!;
        if (opcode === END) depth--;
        else if (opcode >= BLOCK && opcode <= IF) depth++;
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
