// Which build, and why: chooses, fetches and instantiates it. Used by engine.ts.
// Never falls back silently: the reason is reported, a forced build that cannot run is an error.

import { SqliteError, text } from '../errors.js';
import type { EngineChoice, EngineName } from '../protocol.js';
import { type Glue, instantiate } from '../wasm/anchorite.js';
import { Asyncify } from './asyncify.js';
import { type Jspi, probeJspi } from './jspi.js';

/** A loaded instance behind the same face, whichever build it is. */
export interface Loaded {
  readonly glue: Glue;
  /** Runs the staged job; resolves at its end. */
  readonly run: () => Promise<void>;
  readonly engine: EngineName;
  readonly reason: string;
  readonly wasmBytes: number;
}

/** Sizes in bytes, put in by build.mjs. */
declare const WASM_BYTES: Readonly<Record<EngineName, number>>;

/** What the suspending import does: waits for the promise that Rust waits for. */
type Wait = () => Promise<void>;

/** Loads the build of choice. `beforeResume` is called with the memory after each suspension. */
export async function load(
  choice: EngineChoice,
  beforeResume: ((memory: WebAssembly.Memory) => void) | undefined,
): Promise<Loaded> {
  const jspi = await probeJspi();
  const { engine, reason } = choose(choice, jspi);
  const url = wasmUrl(engine);
  const module = await compile(url);
  let glue: Glue;
  const wait = async () => {
    await settle(glue);
    beforeResume?.(glue.exports['memory'] as WebAssembly.Memory);
  };
  const connect = typeof jspi === 'string' || engine === 'asyncify' ? asyncify() : native(jspi);
  glue = await instantiate(module, { anchorite_wait: connect.suspending(wait) }).catch((error) => {
    throw loadError(`${url.href} (compiled)`, error);
  });
  const run = connect.promising(glue.exports);
  return { glue, run, engine, reason, wasmBytes: WASM_BYTES[engine] };
}

/** How the import and the export are wrapped. */
interface Connection {
  suspending(wait: Wait): WebAssembly.ImportValue;
  promising(exports: WebAssembly.Exports): () => Promise<void>;
}

function native(jspi: Jspi): Connection {
  return {
    suspending: (wait) => new jspi.Suspending(wait),
    promising: (exports) => jspi.promising(exports['anchorite_run'] as CallableFunction),
  };
}

function asyncify(): Connection {
  const standIn = new Asyncify();
  return {
    suspending: (wait) => standIn.suspending(wait),
    promising: (exports) => {
      standIn.attach(exports);
      return standIn.promising(exports['anchorite_run'] as () => void);
    },
  };
}

/** Never rejects: errors cross into Rust as values. */
async function settle(glue: Glue): Promise<void> {
  try {
    glue.settle(true, await glue.suspended_promise());
  } catch (error) {
    glue.settle(false, error);
  }
}

function choose(choice: EngineChoice, jspi: Jspi | string): { engine: EngineName; reason: string } {
  const missing = typeof jspi === 'string' ? jspi : undefined;
  switch (choice) {
    case 'asyncify':
      return { engine: 'asyncify', reason: 'the caller asked for it' };
    case 'jspi':
      if (missing !== undefined) {
        throw new SqliteError(`engine "jspi" cannot run: ${missing}`, {
          code: 'ENGINE_UNAVAILABLE',
        });
      }
      return { engine: 'jspi', reason: 'the caller asked for it' };
    case 'auto':
      return missing === undefined
        ? { engine: 'jspi', reason: 'this runtime has JSPI' }
        : { engine: 'asyncify', reason: missing };
  }
}

/** Literal URLs, so that bundlers see both files; relative to the bundled dist/*.js. */
function wasmUrl(engine: EngineName): URL {
  switch (engine) {
    case 'jspi':
      return new URL('./anchorite.wasm', import.meta.url);
    case 'asyncify':
      return new URL('./anchorite.asyncify.wasm', import.meta.url);
  }
}

/** Compiled modules of this context, by URL; a failed one may be tried again. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

function compile(url: URL): Promise<WebAssembly.Module> {
  const known = modules.get(url.href);
  if (known !== undefined) {
    return known;
  }
  const compiled = fetchAndCompile(url);
  modules.set(url.href, compiled);
  compiled.catch(() => modules.delete(url.href));
  return compiled;
}

async function fetchAndCompile(url: URL): Promise<WebAssembly.Module> {
  let served = 'no response';
  try {
    const response = await fetch(url, { credentials: 'same-origin' });
    const type = response.headers.get('content-type') ?? 'no MIME type';
    served = `status ${response.status}, ${type}`;
    if (!response.ok) {
      throw new Error('the server has no such file');
    }
    if (type === 'application/wasm') {
      return await WebAssembly.compileStreaming(response);
    }
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    throw loadError(`${url.href} (${served})`, error);
  }
}

function loadError(what: string, cause: unknown): SqliteError {
  const message = `cannot load ${what}: ${text(cause)}`;
  return new SqliteError(message, { code: 'WASM_LOAD_FAILED', cause });
}
