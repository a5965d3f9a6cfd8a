// A sample of `cargo xtask torture wire`: what no page says, said to an engine; and many calls of a
// page, of which nothing is left.
import { equal, ok } from '../page/assert';
import { describe, SAME_IN_SYNC, SUSPENDING, test } from '../page/registry';
import { anySeed, fuzz } from '../page/wire/fuzz';
import { soak } from '../page/wire/soak';

describe('the wire');

const MESSAGES = 600;
const CALLS = 200;

/** In bytes. */
const GROWTH_MAX = 1_000_000;

/** Each mostly waits: for locks of others, and for the disk. */
const PAGE = { contexts: ['worker'], background: true } as const;

/** It is all the same there, and takes longest. */
const SLOW = [{ browser: 'firefox', twin: 'sync' }] as const;

for (const place of ['worker', 'owner'] as const) {
  const here = { ...PAGE, except: place === 'worker' ? SLOW : SAME_IN_SYNC.except };
  test(`a ${place} outlives what no page says`, here, async (t) => {
    const request = { place, messages: MESSAGES, seed: anySeed(), prefix: t.name('x') };
    const { answered } = await fuzz({ ...request, twin: t.cell.twin });
    ok(answered > MESSAGES / 2, `${answered} answers`);
  });

  // Some are of functions of the page, and some are given up.
  test(`nothing is left of many calls of a ${place}`, { ...PAGE, ...SUSPENDING }, async (t) => {
    const request = { place, calls: CALLS, prefix: t.name('x') };
    const { wasm, statements, locks } = await soak({ ...request, twin: t.cell.twin });
    equal(locks, 0);
    ok(wasm < GROWTH_MAX && statements < GROWTH_MAX, `${wasm} and ${statements} bytes`);
  });
}
