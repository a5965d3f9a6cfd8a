// Runs cases in the contract's module, loaded by its own glue as the module of any application.
// 00-cases.ts calls it.
import { instance } from 'contract-module';
import type { Instance } from 'contract-module';
import type { Twin } from '../wire';

export type Handles = 'sync' | 'async';

const instances = new Map<Twin, Promise<Instance>>();

/** Runs a part of the contract; throws what was not as it should be. */
export async function inContract(
  twin: Twin,
  run: (module: Instance) => Promise<string | undefined>,
): Promise<void> {
  let failure: string | undefined;
  try {
    failure = await run(await instanceOf(twin));
  } catch (trap) {
    // Its memory may be anything now, so the next case gets another instance.
    instances.delete(twin);
    throw new Error(`trapped: ${String(trap)}`, { cause: trap });
  }
  if (failure !== undefined) throw new Error(failure);
}

function instanceOf(twin: Twin): Promise<Instance> {
  const known = instances.get(twin);
  if (known !== undefined) return known;
  const started = instance({ engine: twin });
  instances.set(twin, started);
  return started;
}
