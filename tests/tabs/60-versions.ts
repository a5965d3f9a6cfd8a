// Two versions of the library in one origin, as after every deployment: the older one lets go, and
// says so to its user.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { Hooked, TestContext } from '../page/context';
import { describe, SUSPENDING, test } from '../page/registry';

describe('versions', SUSPENDING);

/** Where a tab can have the files itself. */
const FILES = { browsers: ['chromium'], contexts: ['worker'] } as const;

const OLD = 1;
const NEW = 2;

/** With a hook every open gets a worker, and so a version, of its own. */
function speaking(protocol: number, more: Hooked = {}): Hooked {
  return { sharing: 'shared', ...more, testHooks: { protocol } };
}

async function older(t: TestContext, more: Hooked = {}): Promise<Database> {
  const db = await t.open(t.name(), speaking(OLD, more));
  await db.exec('CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)');
  return db;
}

const BOTH = /protocol 2.*this is 1/;

for (const sharing of ['shared', 'exclusive'] as const) {
  test(`an idle older one lets go, ${sharing}`, FILES, async (t) => {
    const old = await older(t, { sharing });
    const db = await t.open(t.name(), speaking(NEW, { sharing }));
    await db.exec('INSERT INTO a VALUES (2)');
    equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 2 }]);
    await rejects(old.query('SELECT b FROM a'), { code: 'OUTDATED', message: BOTH });
    await old.close();
  });

  test(`an older one ends its transaction first, ${sharing}`, FILES, async (t) => {
    const old = await older(t, { sharing });
    await old.exec('BEGIN; INSERT INTO a VALUES (2)');
    const opening = t.open(t.name(), speaking(NEW, { sharing }));
    for (let i = 0; i < 50; i++) await old.query('INSERT INTO a VALUES (?)', [i]);
    await old.exec('COMMIT');
    const db = await opening;
    equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: 52 }]);
    await rejects(old.exec('INSERT INTO a VALUES (3)'), { code: 'OUTDATED', message: BOTH });
  });
}

test('an older one that stays in its transaction is named', FILES, async (t) => {
  const old = await older(t);
  await old.exec('BEGIN; INSERT INTO a VALUES (2)');
  const opening = t.open(t.name(), speaking(NEW, { busyTimeout: 300 }));
  const error = await rejects(opening, { code: 'SQLITE_BUSY' });
  match(`${error.message} ${String(error['cause'])}`, /protocol 1.*protocol 1.*protocol 2/);
  await old.exec('COMMIT');
  await rejects(old.exec('SELECT 1'), { code: 'OUTDATED' }, 'it was asked to let go');
});

test('an older one is refused where a newer one is, at once', FILES, async (t) => {
  await t.open(t.name(), speaking(NEW));
  const asked = performance.now();
  await rejects(t.open(t.name(), speaking(OLD)), { code: 'OUTDATED', message: /protocol 2.*1/ });
  ok(performance.now() - asked < 2500, `not after ${performance.now() - asked} ms`);
});

test('what older tabs have committed is there, whenever a newer one comes', FILES, async (t) => {
  const olds = [await older(t), await older(t)];
  let committed = 2;
  const write = async (db: Database): Promise<void> => {
    for (;;) {
      await db.exec('INSERT INTO a VALUES (1)');
      committed += 1;
    }
  };
  const ends = olds.map((db) => rejects(write(db), { code: 'OUTDATED' }));
  const news = [t.open(t.name(), speaking(NEW)), t.open(t.name(), speaking(NEW))];
  const [first, second] = (await Promise.all(news)) as [Database, Database];
  await Promise.all(ends);
  await first.exec('INSERT INTO a VALUES (2)');
  equal(await second.query('SELECT count(*) AS n FROM a'), [{ n: committed + 1 }]);
  equal(await second.query('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
});
