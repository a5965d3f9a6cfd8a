// A database in memory, in whatever runs this: Node, Deno, Bun. It has to end by itself.
import assert from 'node:assert/strict';
import { open, SqliteError, sql } from 'anchorite';
import { migrate } from 'anchorite/migrations';

const db = await open('notes.db', { storage: 'memory' });
assert.equal(db.info.context, 'node');
assert.equal(db.info.storage, 'memory');

await migrate(db, ['CREATE TABLE a (i INTEGER PRIMARY KEY, t TEXT NOT NULL UNIQUE)']);
await db.transaction(async (tx) => {
  await tx.run('INSERT INTO a VALUES (1, ?)', ['é']);
  await tx.run('INSERT INTO a VALUES (?, ?)', [2n ** 60n, 'big']);
});
const failing = db.transaction(async (tx) => {
  await tx.run("INSERT INTO a (t) VALUES ('lost')");
  await tx.run('INSERT INTO a (t) VALUES (?)', ['é']);
});
await assert.rejects(failing, (error) => {
  assert.ok(error instanceof SqliteError);
  assert.equal(error.extendedCode, 'SQLITE_CONSTRAINT_UNIQUE');
  return true;
});
const found = sql`SELECT i, t FROM a WHERE t IN (${sql.join(['é', 'big'])}) ORDER BY i`;
assert.deepEqual(await db.query(found), [
  { i: 1, t: 'é' },
  { i: 2n ** 60n, t: 'big' },
]);
async function* rows() {
  for (let i = 10; i < 2010; i += 1) yield [i, `row ${i}`];
}
assert.deepEqual(await db.insertMany('a', rows()), { changes: 2000 });
const bytes = await db.export();
assert.equal(new TextDecoder().decode(bytes.subarray(0, 15)), 'SQLite format 3');
const other = await open(':memory:', { engine: 'asyncify' });
assert.equal(await other.get('SELECT count(*) FROM sqlite_schema', [], { rows: 'scalar' }), 0);
await other.close();

// Without a directory there is nowhere to keep a file.
await assert.rejects(open('notes.db'), { code: 'OPFS_UNAVAILABLE', message: /setDirectory/ });
await db.close();
console.log(`${db.info.engine}: ${db.info.reason}`);
