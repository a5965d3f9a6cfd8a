// The contract between SQLite and a VFS over real OPFS: each case of tests/contract/src/list.rs is
// a test of its name, on synchronous handles in a worker and on asynchronous ones in a window.
import type { TestContext } from '../page/context';
import { describe, test } from '../page/registry';
import type { Options } from '../page/registry';
import { inContract } from './runner';
import type { Handles } from './runner';

describe('contract');

/** The names in list.rs, put in by build.mjs. */
declare const CONTRACT: { readonly every: readonly string[]; readonly sparse: readonly string[] };

/** Where a kind of handle is at home. WebKitGTK has the asynchronous ones only. */
const HOME: Record<Handles, Options> = {
  sync: { contexts: ['inside'] },
  async: { contexts: ['window'] },
};

/** Steps of the state machine in each cell, in parts that end within the time for one test. */
const STEPS = 2000;
const PARTS = 5;

for (const handles of ['sync', 'async'] as const) {
  for (const name of CONTRACT.every) addCase(name, handles);
  for (let part = 1; part <= PARTS; part++) {
    const name = `random calls answer as the model does, part ${part}, ${handles} handles`;
    test(name, HOME[handles], (t) =>
      inContract(t.build, (module) =>
        module.run_machine(handles === 'sync', prefix(t, handles), STEPS / PARTS, seedOf(t)),
      ),
    );
  }
}

// An asynchronous handle replaces a file as a whole: 4 GiB at each sync are beyond it.
for (const name of CONTRACT.sparse) addCase(name, 'sync');

function addCase(name: string, handles: Handles): void {
  test(`${name}, ${handles} handles`, HOME[handles], (t) =>
    inContract(t.build, (module) =>
      module.run_case(handles === 'sync', prefix(t, handles), name),
    ),
  );
}

/** Of the names of files. */
function prefix(t: TestContext, handles: Handles): string {
  return t.name(handles).replace(/sqlite$/, '');
}

/** Another one for each cell, the same in each run. */
function seedOf(t: TestContext): number {
  return [...t.name()].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7);
}
