// A wasm module whose memory may not grow beyond a limit. files.ts serves the library with it, for
// tests of what happens when memory runs out. It must not know what the module does.

const HEADER_SIZE = 8;
const MEMORY_SECTION = 5;
const PAGES_PER_MIB = 16;
/** The flag of limits that have a maximum. */
const HAS_MAXIMUM = 1;

/** The same module with another maximum in its one memory. */
export function capped(wasm: Buffer, maximumMib: number): Buffer {
  for (let at = HEADER_SIZE; at < wasm.length; ) {
    const size = number(wasm, at + 1);
    const end = size.next + size.value;
    if (wasm[at] === MEMORY_SECTION) {
      const section = limits(wasm.subarray(size.next, end), maximumMib * PAGES_PER_MIB);
      const head = Buffer.from([MEMORY_SECTION, ...bytes(section.length)]);
      return Buffer.concat([wasm.subarray(0, at), head, section, wasm.subarray(end)]);
    }
    at = end;
  }
  throw new Error('the module has no memory of its own');
}

/** The content of the memory section: how many, flags, minimum, maximum. */
function limits(old: Buffer, maximum: number): Buffer {
  const count = number(old, 0);
  const flags = number(old, count.next);
  const minimum = number(old, flags.next);
  const plain = count.value === 1 && (flags.value === 0 || flags.value === HAS_MAXIMUM);
  if (!plain) throw new Error('the module has another kind of memory');
  return Buffer.from([1, HAS_MAXIMUM, ...bytes(minimum.value), ...bytes(maximum)]);
}

/** An unsigned LEB128 number, and where the next thing begins. */
function number(from: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    const byte = from[at];
    if (byte === undefined || shift > 28) throw new Error('the module breaks off');
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
}

function bytes(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...bytes(value >>> 7)];
}
