// Runs cases in the contract's module, loaded by its own glue as the module of any application.
// 00-cases.ts calls it.
import { instance } from 'contract-module';
import type { Instance } from 'contract-module';
import type { Build } from '../wire';

export type Handles = 'sync' | 'async';

const instances = new Map<Build, Promise<Instance>>();

/** Runs a part of the contract; throws what was not as it should be. */
export async function inContract(
  build: Build,
  run: (module: Instance) => Promise<string | undefined>,
): Promise<void> {
  let failure: string | undefined;
  try {
    failure = await run(await instanceOf(build));
  } catch (trap) {
    // Its memory may be anything now, so the next case gets another instance.
    instances.delete(build);
    throw new Error(`trapped: ${String(trap)}`, { cause: trap });
  }
  if (failure !== undefined) throw new Error(failure);
}

function instanceOf(build: Build): Promise<Instance> {
  const known = instances.get(build);
  if (known !== undefined) return known;
  const started = instance({ engine: build });
  instances.set(build, started);
  return started;
}
