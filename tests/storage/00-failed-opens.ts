// Any step of an open may fail: afterwards every lock and handle is free, and the next open works.
import { open } from 'anchorite';
import { equal, ok } from '../page/assert';
import type { TestContext } from '../page/context';
import { NthCall, withFaults } from '../page/faults';
import { describe, test } from '../page/registry';

describe('failed open');

/** More calls than an open makes. */
const CALLS_MAX = 200;

const IN_PLACE = { contexts: ['window', 'inside'] } as const;

test('leaks nothing, whichever step fails', IN_PLACE, async (t) => {
  const db = await t.open();
  await db.exec("CREATE TABLE a (b); INSERT INTO a VALUES ('kept')");
  await db.close();
  const failed: string[] = [];
  for (let nth = 1; ; nth++) {
    ok(nth < CALLS_MAX, `an open in fewer than ${CALLS_MAX} calls; ${failed.join(' ')}`);
    const call = await openWithFault(t, nth);
    if (call === undefined) break;
    failed.push(call);
    await nothingHeld(t, call);
  }
  ok(failed.length > 5, `faults that were met, not ${failed.join(' ')}`);
});

/** The call that failed; undefined when the open had fewer. */
async function openWithFault(t: TestContext, nth: number): Promise<string | undefined> {
  const fault = new NthCall(nth);
  await withFaults(fault.decide, async () => {
    try {
      const db = await open(t.name(), t.options);
      await db.query('SELECT b FROM a').finally(() => db.close());
    } catch (error) {
      ok(fault.met !== undefined, `an open without a fault to work: ${String(error)}`);
    }
  });
  return fault.met;
}

async function nothingHeld(t: TestContext, call: string): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const ours = held.filter(({ name }) => name?.includes(t.name()));
  equal(ours, [], `locks held after ${call} failed`);
  const started = performance.now();
  const db = await open(t.name(), t.options);
  equal(await db.query('SELECT b FROM a'), [{ b: 'kept' }], `rows after ${call} failed`);
  await db.close();
  const took = performance.now() - started;
  ok(took < 5000, `the open after a failed ${call} not to wait for a handle, took ${took} ms`);
}
