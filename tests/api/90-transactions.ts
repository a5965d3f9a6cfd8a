// transaction(): what is inside, who waits, what is taken back, and that nothing runs outside of a
// transaction that SQLite has rolled back by itself.
import type { Database, Transaction } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('transactions', SHOWN_ELSEWHERE);

async function openOne(t: TestContext): Promise<Database> {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b UNIQUE)');
  return db;
}

const all = (db: Database | Transaction) =>
  db.query<number>('SELECT b FROM a ORDER BY b', [], { rows: 'scalar' });

const insert = (tx: Database | Transaction, value: number) =>
  tx.run('INSERT INTO a VALUES (?)', [value]);

/** A promise, and how to fulfil it. */
function gate(): { open: () => void; passed: Promise<void> } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

test('commits what its function has done, and answers what that does', async (t) => {
  const db = await openOne(t);
  const other = await t.open();
  const value = await db.transaction(async (tx) => {
    await insert(tx, 1);
    await tx.exec('INSERT INTO a VALUES (2)');
    equal(await all(other), [], 'nobody else sees it yet');
    equal(await tx.get('SELECT count(*) AS n FROM a'), { n: 2 });
    return 'done';
  });
  equal(value, 'done');
  equal(await all(other), [1, 2]);
  equal(await db.transaction(() => 5), 5, 'nothing done, nothing awaited');
});

test('rolls back what its function has done when that throws', async (t) => {
  const db = await openOne(t);
  const thrown = new Error('no');
  const failing = db.transaction(async (tx) => {
    await insert(tx, 1);
    throw thrown;
  });
  equal(await rejects(failing, {}), thrown);
  const refused = db.transaction(async (tx) => {
    await insert(tx, 1);
    await tx.query('SELECT nope');
  });
  await rejects(refused, { code: 'SQLITE_ERROR', sql: 'SELECT nope' });
  equal(await all(db), []);
});

test('an error that its function swallows costs one statement', async (t) => {
  const db = await openOne(t);
  await db.transaction(async (tx) => {
    await insert(tx, 1);
    await rejects(insert(tx, 1), { code: 'SQLITE_CONSTRAINT' });
    await insert(tx, 2);
  });
  equal(await all(db), [1, 2]);
});

test('calls of others wait and never fall inside', async (t) => {
  const db = await openOne(t);
  const order: string[] = [];
  const { open, passed } = gate();
  const first = db.transaction(async (tx) => {
    await insert(tx, 1);
    order.push('first');
    await passed;
    throw new Error('rolled back');
  });
  const calls = [
    insert(db, 2).then(() => order.push('run')),
    db.exec('INSERT INTO a VALUES (3)').then(() => order.push('exec')),
    db.transaction((tx) => insert(tx, 4)).then(() => order.push('second')),
    db.batch(['INSERT INTO a VALUES (5)']).then(() => order.push('batch')),
    db.insertMany('a', [[6]]).then(() => order.push('many')),
    all(db).then((rows) => order.push(`sees ${rows.join()}`)),
  ];
  const closing = db.close();
  open();
  await rejects(first, { message: /rolled back/ });
  await Promise.all([...calls, closing]);
  equal(order, ['first', 'run', 'exec', 'second', 'batch', 'many', 'sees 2,3,4,5,6']);
  await rejects(db.transaction(async () => {}), { code: 'CLOSED' });
});

test('is nested as savepoints', async (t) => {
  const db = await openOne(t);
  await db.transaction(async (tx) => {
    await insert(tx, 1);
    const inner = tx.transaction(async (part) => {
      await insert(part, 2);
      await rejects(
        part.transaction(async (deep) => {
          await insert(deep, 3);
          throw new Error('deep');
        }),
        { message: /deep/ },
      );
      await insert(part, 4);
      return 'kept';
    });
    const beside = insert(tx, 5);
    equal(await inner, 'kept');
    await beside;
    const undone = tx.transaction(async (part) => {
      await insert(part, 6);
      await insert(part, 1);
    });
    await rejects(undone, { code: 'SQLITE_CONSTRAINT' });
    const failed = tx.insertMany('a', [[7], [7]]);
    await rejects(failed, { code: 'SQLITE_CONSTRAINT' });
    await rejects(tx.batch(['INSERT INTO a VALUES (8)', 'SELECT nope']), { code: 'SQLITE_ERROR' });
    await tx.batch(['INSERT INTO a VALUES (9)']);
  });
  equal(await all(db), [1, 2, 4, 5, 9]);
});

test('a part that is left running after its whole is rolled back does nothing', async (t) => {
  const db = await openOne(t);
  const { open, passed } = gate();
  const left: Promise<unknown>[] = [];
  const whole = db.transaction(async (tx) => {
    await rejects(
      tx.transaction(async (part) => {
        const deep = part.transaction(async (deepest) => {
          await insert(deepest, 1);
          await passed;
          await insert(deepest, 2);
        });
        left.push(rejects(deep, { code: 'CLOSED' }));
        throw new Error('middle');
      }),
      { message: /middle/ },
    );
    open();
    await insert(tx, 3);
  });
  await whole;
  await Promise.all(left);
  equal(await all(db), [3]);
});

test('tx is of no use after the end', async (t) => {
  const db = await openOne(t);
  let kept: Transaction | undefined;
  await db.transaction(async (tx) => {
    kept = tx;
    await insert(tx, 1);
  });
  ok(kept, 'a transaction');
  for (const call of [
    insert(kept, 2),
    kept.exec('DELETE FROM a'),
    kept.batch(['DELETE FROM a']),
    kept.transaction(async (part) => insert(part, 2)),
    kept.insertMany('a', [[2]]),
    kept.prepare('SELECT 1'),
  ]) {
    match((await rejects(call, { code: 'CLOSED' })).message, /over/);
  }
  equal(await all(db), [1]);
});

/** What makes SQLite roll back by itself, and the code of its error. */
const KILLERS: readonly (readonly [string, string, (tx: Transaction) => Promise<unknown>])[] = [
  [
    'a conflict',
    'SQLITE_CONSTRAINT',
    (tx) => tx.run('INSERT OR ROLLBACK INTO a VALUES (?)', [0]),
  ],
  ['a trigger', 'SQLITE_CONSTRAINT', (tx) => tx.run('INSERT INTO a VALUES (?)', [-1])],
  [
    'a full disk',
    'SQLITE_FULL',
    async (tx) => {
      await tx.exec('PRAGMA max_page_count = 8');
      // A single row without an index: SQLite keeps no journal of the statement alone.
      await tx.run('INSERT INTO f VALUES (zeroblob(1000000))');
    },
  ],
  [
    'a conflict in a batch',
    'SQLITE_CONSTRAINT',
    (tx) => tx.batch(['INSERT OR ROLLBACK INTO a VALUES (0)', 'INSERT INTO a VALUES (1)']),
  ],
  ['a trigger among many rows', 'SQLITE_CONSTRAINT', (tx) => tx.insertMany('a', [[8], [-1], [9]])],
  [
    'a conflict in a part',
    'SQLITE_CONSTRAINT',
    (tx) => tx.transaction((part) => part.run('INSERT OR ROLLBACK INTO a VALUES (0)')),
  ],
];

for (const [what, code, kill] of KILLERS) {
  test(`${what} that ends it: 0 rows written, and everybody is told`, async (t) => {
    const db = await openOne(t);
    await db.exec(`INSERT INTO a VALUES (0); CREATE TABLE f (c);
      CREATE TRIGGER low BEFORE INSERT ON a WHEN new.b = -1
      BEGIN SELECT RAISE(ROLLBACK, 'too low'); END`);
    const aborted = { code: 'TRANSACTION_ABORTED' };
    const ended = db.transaction(async (tx) => {
      await insert(tx, 1);
      const before = rejects(insert(tx, 0), { code: 'SQLITE_CONSTRAINT' }, 'one that ends nothing');
      const killed = rejects(kill(tx), { code });
      const sent = what.includes('full') ? [] : [rejects(insert(tx, 2), aborted, 'sent before')];
      await Promise.all([before, killed, ...sent]);
      const later = await rejects(insert(tx, 3), aborted);
      equal((later.cause as { code?: unknown }).code, code, 'the first error');
      await rejects(tx.exec('INSERT INTO a VALUES (4)'), aborted);
      await rejects(tx.batch(['INSERT INTO a VALUES (5)']), aborted);
      await rejects(tx.insertMany('a', [[6]]), aborted);
      await rejects(tx.query('SELECT b FROM a'), aborted);
      await rejects(tx.transaction((part) => insert(part, 7)), aborted);
    });
    const error = await rejects(ended, aborted, 'although its function has swallowed everything');
    equal((error.cause as { code?: unknown }).code, code);
    await db.exec('PRAGMA max_page_count = 1000000');
    equal(await all(db), [0], 'nothing in autocommit');
    await db.transaction((tx) => insert(tx, 1));
    equal(await all(db), [0, 1], 'and the database goes on');
  });
}

test('one that its function ends by a statement is not committed a second time', async (t) => {
  const db = await openOne(t);
  const ended = db.transaction(async (tx) => {
    await tx.exec('INSERT INTO a VALUES (1); ROLLBACK');
    await rejects(insert(tx, 2), { code: 'TRANSACTION_ABORTED' });
  });
  await rejects(ended, { code: 'TRANSACTION_ABORTED' });
  equal(await all(db), []);
});

test('a forgotten one ends after its time without a call, by name', async (t) => {
  const db = await openOne(t);
  const idleTimeout = 300;
  const waits = async (tx: Transaction) => {
    await insert(tx, 1);
    await db.query('SELECT 1');
  };
  const forgotten = db.transaction(waits, { idleTimeout });
  const error = await rejects(forgotten, { code: 'TIMEOUT' });
  match(error.message, /"waits".* 300 ms/);
  const named = db.transaction(() => new Promise(() => {}), { idleTimeout, name: 'import' });
  match((await rejects(named, { code: 'TIMEOUT' })).message, /"import"/);
  let late: Promise<unknown> | undefined;
  const nested = db.transaction(
    (tx) =>
      tx.transaction(async (part) => {
        await insert(part, 1);
        const { passed } = gate();
        late = rejects(tx.run('DELETE FROM a'), {});
        await passed;
      }),
    { idleTimeout },
  );
  await rejects(nested, { code: 'TIMEOUT' });
  await late;
  equal(await all(db), []);
  for (const wrong of [{ idleTimeout: 0 }, { mode: 'write' }, { timeout: 0 }]) {
    await rejects(db.transaction(async () => {}, wrong as never), { code: 'INVALID_OPTION' });
  }
  await rejects(db.transaction('BEGIN' as never), { message: /function/ });
});

test('its mode says when it takes its locks', async (t) => {
  const db = await openOne(t);
  const other = await t.open(t.name(), { busyTimeout: 0 });
  const busy = { code: 'SQLITE_BUSY' };
  await db.transaction(async () => {
    await rejects(other.transaction(async () => {}), busy, 'immediate is the default');
    await other.transaction((tx) => all(tx), { mode: 'deferred' });
  });
  await db.transaction(
    async () => {
      await other.transaction((tx) => insert(tx, 1));
    },
    { mode: 'deferred' },
  );
  const reader = await t.open(t.name(), { readonly: true });
  equal(await reader.transaction((tx) => all(tx)), [1]);
  await db.exec('BEGIN');
  await rejects(db.transaction(async () => {}), { code: 'SQLITE_ERROR' }, 'one begun by exec');
  await db.exec('COMMIT');
});

test('one whose commit fails is rolled back', async (t) => {
  const db = await t.open();
  await db.exec(`PRAGMA foreign_keys = ON; CREATE TABLE p (i INTEGER PRIMARY KEY);
    CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)`);
  const orphan = db.transaction((tx) => tx.run('INSERT INTO c VALUES (1)'));
  await rejects(orphan, { extendedCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
  equal(await db.get('SELECT count(*) AS n FROM c'), { n: 0 });
  await db.transaction(async (tx) => {
    await tx.run('INSERT INTO c VALUES (1)');
    await tx.run('INSERT INTO p VALUES (1)');
  });
  equal(await db.get('SELECT count(*) AS n FROM c'), { n: 1 });
});
