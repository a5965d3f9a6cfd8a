// Who may open what somebody else has open: each way of sharing against each. docs/locking.md has
// the table.
import { equal, match, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';
import { Tab } from '../page/tabs';

describe('ways of sharing', SUSPENDING);

/** By name: what a tab asks for, and what its context then has. */
const WAYS: Readonly<Record<string, Hooked>> = {
  shared: { sharing: 'shared' },
  'hand-over': { sharing: 'hand-over' },
  owner: { sharing: 'owner' },
  exclusive: { sharing: 'exclusive' },
  'in place': { worker: false },
};

/** In the page, on asynchronous handles, nothing can be shared. */
const modeOf = (way: string) => (way === 'in place' ? 'exclusive' : way);

/** Those of one way join each other, but for the one that joins nobody. */
const joins = (holder: string, opener: string) =>
  holder === opener && modeOf(opener) !== 'exclusive';

async function openAs(t: TestContext, way: string) {
  const engine = t.cell.twin;
  return (await Tab.make(t)).open(t.name(), { engine, busyTimeout: 200, ...WAYS[way] });
}

for (const holder of Object.keys(WAYS)) {
  for (const opener of Object.keys(WAYS)) {
    const outcome = joins(holder, opener) ? 'joins' : 'is refused by';
    const isShared = [holder, opener].includes('shared');
    const browsers = isShared ? ['chromium'] : ['chromium', 'firefox'];
    const cells = { browsers, contexts: ['worker'] } as const;
    test(`${opener} ${outcome} ${holder}`, cells as never, async (t) => {
      const has = await openAs(t, holder);
      await has.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1)');
      equal(has.info.sharing, modeOf(holder));
      if (joins(holder, opener)) {
        const db = await openAs(t, opener);
        equal(await db.query('SELECT b FROM a'), [{ b: 1 }]);
        await db.exec('INSERT INTO a VALUES (2)');
      } else {
        const { message } = await rejects(openAs(t, opener), { code: 'SQLITE_BUSY' });
        match(message, new RegExp(`held by the .*sharing "${modeOf(holder)}"`));
      }
      equal(await has.query('SELECT min(b) AS b FROM a'), [{ b: 1 }]);
    });
  }
}
