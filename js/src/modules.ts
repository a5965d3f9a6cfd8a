// The builds that workers of this page have compiled: the next worker gets them, for to compile one
// takes longer than all else of a start. Used by client.ts. It must not know what a build is for.

import type { EngineName, WireWasm } from './protocol.js';

/** By where it came from: its engine, and the URL that was given, if one was. */
const compiled = new Map<string, WebAssembly.Module>();

type Source = WireWasm['jspi'];

/** The same builds, compiled as far as they were before. */
export function known({ jspi, asyncify }: WireWasm): WireWasm {
  const find = (engine: EngineName, source: Source): Source =>
    typeof source === 'object' ? source : (compiled.get(key(engine, source)) ?? source);
  return { jspi: find('jspi', jspi), asyncify: find('asyncify', asyncify) };
}

/** Keeps what a worker has compiled of these builds. */
export function keep(
  wasm: WireWasm,
  engine: EngineName,
  module: WebAssembly.Module | undefined,
): void {
  const source = wasm[engine];
  if (module !== undefined && typeof source !== 'object') {
    compiled.set(key(engine, source), module);
  }
}

function key(engine: EngineName, url: string | undefined): string {
  return `${engine} ${url ?? ''}`;
}
