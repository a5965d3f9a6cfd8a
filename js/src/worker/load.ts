// Which engine, and why: chooses, fetches and instantiates its build. Used by engine.ts.
// Never falls back silently: the reason is reported, a forced build that cannot run is an error.

import { SqliteError, text } from '../errors.js';
import type { EngineChoice, EngineName, WireWasm } from '../protocol.js';
import { type Glue, instantiate } from '../wasm/anchorite.js';
import { Asyncify } from './asyncify.js';
import { type Jspi, probeJspi } from './jspi.js';

/** A build; the engine "sync" runs that of "jspi". */
type Build = keyof WireWasm;

/** A loaded instance behind the same face, whichever engine it is. */
export interface Loaded {
  readonly glue: Glue;
  /** Runs the staged job; resolves at its end. */
  readonly run: () => Promise<void>;
  readonly engine: EngineName;
  readonly reason: string;
  readonly wasmBytes: number;
  readonly module: WebAssembly.Module;
}

/** Sizes in bytes, put in by build.mjs. */
declare const WASM_BYTES: Readonly<Record<Build, number>>;

/** What the suspending import does: waits for the promise that Rust waits for. */
type Wait = () => Promise<void>;

/** Loads the build of choice. `beforeResume` is called with the memory after each suspension. */
export async function load(
  choice: EngineChoice,
  beforeResume: ((memory: WebAssembly.Memory) => void) | undefined,
  sources?: WireWasm,
): Promise<Loaded> {
  const jspi = await probeJspi();
  const { engine, reason } = choose(choice, jspi);
  const build = engine === 'asyncify' ? engine : 'jspi';
  const given = sources?.[build];
  const source = given ?? wasmUrl(build).href;
  const module = await compile(source);
  if (given !== undefined) {
    checkBuild(build, module);
  }
  let glue: Glue;
  const wait = async () => {
    await settle(glue);
    beforeResume?.(glue.exports['memory'] as WebAssembly.Memory);
  };
  const connect = connection(engine, jspi);
  glue = await instantiate(module, { anchorite_wait: connect.suspending(wait) }).catch((error) => {
    throw loadError(`${nameOf(source)} (compiled)`, error);
  });
  const run = connect.promising(glue);
  return { glue, run, engine, reason, wasmBytes: WASM_BYTES[build], module };
}

/** How the import and the export are wrapped. */
interface Connection {
  suspending(wait: Wait): WebAssembly.ImportValue;
  promising(glue: Glue): () => Promise<void>;
}

function connection(engine: EngineName, jspi: Jspi | string): Connection {
  if (engine === 'sync') {
    return sync();
  }
  return typeof jspi === 'string' || engine === 'asyncify' ? asyncify() : native(jspi);
}

function native(jspi: Jspi): Connection {
  return {
    suspending: (wait) => new jspi.Suspending(wait),
    promising: ({ exports }) => jspi.promising(exports['anchorite_run'] as CallableFunction),
  };
}

function asyncify(): Connection {
  const standIn = new Asyncify();
  return {
    suspending: (wait) => standIn.suspending(wait),
    promising: ({ exports }) => {
      standIn.attach(exports);
      return standIn.promising(exports['anchorite_run'] as () => void);
    },
  };
}

/**
 * Nothing suspends: a job that has to wait comes back and, once its promise has settled, is tried
 * anew (vfs/src/suspend.rs).
 */
function sync(): Connection {
  return {
    suspending: () => () => {
      throw new Error('the engine "sync" does not suspend');
    },
    promising: (glue) => {
      glue.cannot_suspend();
      const run = glue.exports['anchorite_run'] as () => void;
      return async () => {
        for (run(); glue.is_unfinished(); run()) {
          await settle(glue);
        }
      };
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
    case 'sync':
      return { engine: choice, reason: 'the caller asked for it' };
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
function wasmUrl(build: Build): URL {
  switch (build) {
    case 'jspi':
      return new URL('./anchorite.wasm', import.meta.url);
    case 'asyncify':
      return new URL('./anchorite.asyncify.wasm', import.meta.url);
  }
}

/** Compiled modules of this context, by URL; a failed one may be tried again. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

type Source = NonNullable<WireWasm[Build]>;

function compile(source: Source): Promise<WebAssembly.Module> {
  if (typeof source !== 'string') {
    return compileGiven(source);
  }
  const known = modules.get(source);
  if (known !== undefined) {
    return known;
  }
  const compiled = fetchAndCompile(source);
  modules.set(source, compiled);
  compiled.catch(() => modules.delete(source));
  return compiled;
}

async function compileGiven(
  source: BufferSource | WebAssembly.Module,
): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) {
    return source;
  }
  try {
    return await WebAssembly.compile(source);
  } catch (error) {
    throw loadError(nameOf(source), error);
  }
}

/** One build in place of the other would run up to the first wait. */
function checkBuild(build: Build, module: WebAssembly.Module): void {
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  const isTwin = names.includes('asyncify_get_state');
  if (!names.includes('anchorite_run') || isTwin !== (build === 'asyncify')) {
    throw loadError(`the build "${build}"`, new Error('what was given is another module'));
  }
}

/** What is said of a source in an error. */
function nameOf(source: Source): string {
  return typeof source === 'string' ? source : 'the module that was given';
}

async function fetchAndCompile(url: string): Promise<WebAssembly.Module> {
  let served = 'no response';
  try {
    const response = await fetch(new URL(url), { credentials: 'same-origin' });
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
    throw loadError(`${url} (${served})`, error);
  }
}

function loadError(what: string, cause: unknown): SqliteError {
  const message = `cannot load ${what}: ${text(cause)}`;
  return new SqliteError(message, { code: 'WASM_LOAD_FAILED', cause });
}
