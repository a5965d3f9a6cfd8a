// A suspension while the memory of the wasm instance grows is survived: the hook grows it at every
// one, so that any view kept over a suspension is detached and any address lost.
import { equal } from '../page/assert';
import type { TestContext } from '../page/context';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('memory growth', SAME_IN_SYNC);

test('at every suspension changes no answer', async (t) => {
  equal(await workload(t, 'growing', true), await workload(t, 'plain', false));
});

const SETUP = `
  CREATE TABLE a (id INTEGER PRIMARY KEY, text, data BLOB);
  CREATE INDEX a_text ON a (text);
  BEGIN;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400)
    INSERT INTO a SELECT i, 'row ' || (i * 7919 % 400), zeroblob(i * 13) FROM n;
  COMMIT;
  UPDATE a SET data = CAST(text || id AS BLOB) WHERE id % 3 = 0;
  DELETE FROM a WHERE id % 5 = 0;
  CREATE VIRTUAL TABLE words USING fts5(text);
  INSERT INTO words SELECT text FROM a`;

const QUESTIONS = [
  'PRAGMA integrity_check',
  'SELECT count(*) AS n, sum(length(data)) AS bytes FROM a',
  'SELECT id, text, hex(substr(data, 1, 20)) AS head FROM a ORDER BY text, id LIMIT 50',
  "SELECT rowid AS id FROM words WHERE words MATCH 'row AND 7' ORDER BY rowid",
];

async function workload(t: TestContext, label: string, growOnSuspend: boolean): Promise<unknown> {
  const options = { testHooks: { growOnSuspend } };
  const db = await t.open(t.name(label), options);
  await db.exec(SETUP);
  for (let i = 0; i < 20; i++) {
    await db.query('INSERT INTO a (text, data) VALUES (?, ?)', [
      `é漢😀 ${i}`,
      new Uint8Array(9000),
    ]);
  }
  await db.close();
  const again = await t.open(t.name(label), options);
  const answers = [];
  for (const question of QUESTIONS) answers.push(await again.query(question));
  equal(answers[0], [{ integrity_check: 'ok' }], label);
  await again.exec('VACUUM');
  answers.push((await again.export()).length);
  return answers;
}
