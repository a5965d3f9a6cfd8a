// A sample of `cargo xtask torture wire`: what no page says, said to an engine; and many calls of a
// page, of which nothing is left.
import { equal, ok } from '../page/assert';
import { describe, test } from '../page/registry';
import { anySeed, fuzz } from '../page/wire/fuzz';
import { soak } from '../page/wire/soak';

describe('the wire');

const MESSAGES = 600;
const CALLS = 200;

/** In bytes. */
const GROWTH_MAX = 1_000_000;

/** Each mostly waits: for locks of others, and for the disk. */
const PAGE = { contexts: ['worker'], background: true } as const;

for (const place of ['worker', 'owner'] as const) {
  test(`a ${place} outlives what no page says`, PAGE, async (t) => {
    const request = { place, messages: MESSAGES, seed: anySeed(), prefix: t.name('x') };
    const { answered } = await fuzz({ ...request, twin: t.cell.twin });
    ok(answered > MESSAGES / 2, `${answered} answers`);
  });

  test(`nothing is left of many calls of a ${place}`, PAGE, async (t) => {
    const request = { place, calls: CALLS, prefix: t.name('x') };
    const { wasm, statements, locks } = await soak({ ...request, twin: t.cell.twin });
    equal(locks, 0);
    ok(wasm < GROWTH_MAX && statements < GROWTH_MAX, `${wasm} and ${statements} bytes`);
  });
}
