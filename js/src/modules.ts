// The builds that workers of this page have compiled: the next worker gets them, for to compile one
// takes longer than all else of a start. Used by client.ts. It must not know what a build is for.

import type { EngineName, WireWasm } from './protocol.js';

/** By where it came from: which it is, and the URL that was given, if one was. */
const compiled = new Map<string, WebAssembly.Module>();

type Source = WireWasm['jspi'];

/** Which of the builds an engine runs. */
type Build = keyof WireWasm;

/** The same builds, compiled as far as they were before. */
export function known({ jspi, asyncify }: WireWasm): WireWasm {
  const find = (build: Build, source: Source): Source =>
    typeof source === 'object' ? source : (compiled.get(key(build, source)) ?? source);
  return { jspi: find('jspi', jspi), asyncify: find('asyncify', asyncify) };
}

/** Keeps what a worker has compiled of these builds. */
export function keep(
  wasm: WireWasm,
  engine: EngineName,
  module: WebAssembly.Module | undefined,
): void {
  const build = engine === 'asyncify' ? engine : 'jspi';
  const source = wasm[build];
  if (module !== undefined && typeof source !== 'object') {
    compiled.set(key(build, source), module);
  }
}

function key(build: Build, url: string | undefined): string {
  return `${build} ${url ?? ''}`;
}
