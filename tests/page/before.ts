// Runs in the page before the library is loaded: remembers what the globals looked like, so that a
// test can see that the library left them alone. It must not import anything.

export interface Before {
  readonly differences: () => string[];
}

const watched: Record<string, object> = {
  globalThis,
  Symbol,
  WebAssembly,
  Promise,
  'Promise.prototype': Promise.prototype,
  'Object.prototype': Object.prototype,
  'Array.prototype': Array.prototype,
  'Function.prototype': Function.prototype,
  'Uint8Array.prototype': Uint8Array.prototype,
};

function look(): Map<string, unknown> {
  const seen = new Map<string, unknown>();
  for (const [name, holder] of Object.entries(watched)) {
    for (const key of Reflect.ownKeys(holder)) {
      const property = Object.getOwnPropertyDescriptor(holder, key);
      seen.set(`${name}.${String(key)}`, property?.get ?? property?.value);
    }
  }
  return seen;
}

const first = look();

const before: Before = {
  differences() {
    const now = look();
    const names = new Set([...first.keys(), ...now.keys()]);
    return [...names].filter((name) => {
      const ours = name === 'globalThis.anchoriteTestBefore' || /^globalThis\.\d+$/.test(name);
      return !ours && !Object.is(first.get(name), now.get(name));
    });
  },
};

Object.defineProperty(globalThis, 'anchoriteTestBefore', { value: before });
