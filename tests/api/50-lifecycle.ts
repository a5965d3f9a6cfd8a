// Opening, closing and opening again: quickly, twice, with calls under way.
import { open } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { describe, test } from '../page/registry';

describe('lifecycle');

test('close twice, one after the other and at once', async (t) => {
  const db = await t.open();
  await Promise.all([db.close(), db.close()]);
  await db.close();
  equal(db.closed, true);
});

test('calls after close say CLOSED', async (t) => {
  const db = await t.open();
  await db.close();
  for (const call of [() => db.exec('SELECT 1'), () => db.query('SELECT 1'), () => db.export()]) {
    await rejects(call(), { code: 'CLOSED' });
  }
});

test('close with calls pending settles every one of them', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (i)');
  const calls = Array.from({ length: 40 }, (_, i) => db.query('INSERT INTO a VALUES (?)', [i]));
  const closed = db.close();
  const settled = await Promise.allSettled(calls);
  await closed;
  const refused = settled.filter(({ status }) => status === 'rejected');
  for (const { reason } of refused as PromiseRejectedResult[]) equal(reason.code, 'CLOSED');
  const again = await t.open();
  equal(await again.query('SELECT count(*) AS n FROM a'), [{ n: 40 - refused.length }]);
});

test('close in the middle of a transaction rolls it back', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (1); BEGIN; INSERT INTO a VALUES (2)');
  await db.close();
  const again = await t.open();
  equal(await again.query('SELECT b FROM a'), [{ b: 1 }]);
});

test('open, close and open again at once, as a strict mode does', async (t) => {
  for (let round = 0; round < 5; round++) {
    const first = open(t.name(), t.options);
    const gone = first.then((db) => db.close());
    const db = await open(t.name(), t.options);
    await gone;
    await db.exec('CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)');
    equal(await db.query('SELECT count(*) AS n FROM a'), [{ n: round + 1 }]);
    await db.close();
  }
});

test('open again within 50 ms of a close', async (t) => {
  for (let round = 0; round < 5; round++) {
    const first = await t.open();
    await first.exec('CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1)');
    void first.close();
    const asked = performance.now();
    const second = await t.open();
    ok(performance.now() - asked < 4000, 'an open that does not wait out its 5 s');
    equal(await second.query('SELECT count(*) AS n FROM a'), [{ n: round + 1 }]);
    await second.close();
  }
});

test('an open that fails leaves nothing held', async (t) => {
  await rejects(open('..', t.options), { code: 'INVALID_NAME' });
  const db = await t.open();
  await db.close();
  const { held, pending } = await navigator.locks.query();
  const mine = [...(held ?? []), ...(pending ?? [])].filter(({ name }) => name?.includes(t.name()));
  equal(mine, []);
});
