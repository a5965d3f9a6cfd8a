// Loads the contract's module with the library's own loader, in place, and runs cases in it.
// 00-cases.ts calls it. build.mjs points the loader at the contract's pair of modules, which is
// made as the library's is but with SQLite as sqlite-wasm-rs compiles it.
import { load } from '../../js/src/worker/load';
import type { Twin } from '../wire';

export type Handles = 'sync' | 'async';

/** The exports of tests/contract/wasm. */
interface Glue {
  stage_case(synchronous: boolean, prefix: string, name: string): void;
  stage_machine(synchronous: boolean, prefix: string, steps: number, seed: number): void;
  take_failure(): string | undefined;
  last_panic(): string | undefined;
}

interface Instance {
  readonly glue: Glue;
  readonly run: () => Promise<void>;
}

const instances = new Map<Twin, Promise<Instance>>();

/** Runs what `stage` puts down; throws what was not as it should be. */
export async function runStaged(twin: Twin, stage: (glue: Glue) => void): Promise<void> {
  const { glue, run } = await instanceOf(twin);
  stage(glue);
  try {
    await run();
  } catch (trap) {
    // Its memory may be anything now, so the next case gets another instance.
    instances.delete(twin);
    throw new Error(`trapped: ${glue.last_panic() ?? String(trap)}`, { cause: trap });
  }
  const failure = glue.take_failure();
  if (failure !== undefined) throw new Error(failure);
}

function instanceOf(twin: Twin): Promise<Instance> {
  const known = instances.get(twin);
  if (known !== undefined) return known;
  const started = start(twin);
  instances.set(twin, started);
  return started;
}

async function start(twin: Twin): Promise<Instance> {
  const { glue, run } = await load(twin, undefined);
  return { glue: glue as unknown as Glue, run };
}
