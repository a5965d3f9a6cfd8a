// What is compiled in beside SQLite's core: each extension does what it is for.
import type { Database } from 'anchorite';
import { equal, match, ok, rejects } from '../page/assert';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('extensions', SHOWN_ELSEWHERE);

function scalars(db: Database, sql: string, params: string[] = []): Promise<unknown[]> {
  return db.query(sql, params, { rows: 'scalar' });
}

test('FTS5 finds words, ranks them, and marks them', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE VIRTUAL TABLE f USING fts5 (title, body, tokenize = 'porter unicode61');
    INSERT INTO f VALUES ('Anchors', 'An anchor holds a ship'), ('Ships', 'Ships, ships, ships'),
      ('Été', 'Nothing of that kind')`);
  const found = 'SELECT title FROM f WHERE f MATCH ? ORDER BY rank';
  equal(await scalars(db, found, ['ship']), ['Ships', 'Anchors'], 'by its stem, the best first');
  equal(await scalars(db, found, ['ete']), ['Été'], 'without marks');
  equal(await scalars(db, found, ['anch* NOT kind']), ['Anchors']);
  equal(await scalars(db, found, ['title : ships']), ['Ships']);
  const marked = `SELECT highlight(f, 1, '<', '>') FROM f WHERE f MATCH ?`;
  equal(await scalars(db, marked, ['holds']), ['An anchor <holds> a ship']);
  await db.exec("DELETE FROM f WHERE title = 'Ships'; INSERT INTO f (f) VALUES ('optimize')");
  equal(await scalars(db, found, ['ship']), ['Anchors']);
  await db.exec("INSERT INTO f (f) VALUES ('integrity-check')");
});

test('FTS5 finds parts of words by their trigrams', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE VIRTUAL TABLE f USING fts5 (c, tokenize = 'trigram');
    INSERT INTO f VALUES ('anchorite'), ('Schiffsanker'), ('漢字かな交じり文')`);
  equal(await scalars(db, 'SELECT c FROM f WHERE f MATCH ?', ['horit']), ['anchorite']);
  equal(await scalars(db, 'SELECT c FROM f WHERE f MATCH ?', ['字かな']), ['漢字かな交じり文']);
  equal(await scalars(db, "SELECT c FROM f WHERE c LIKE '%FFSAN%'"), ['Schiffsanker']);
  match(await plan(db, "SELECT c FROM f WHERE c LIKE '%ffsan%'"), /VIRTUAL TABLE INDEX 0:L0/);
});

async function plan(db: Database, sql: string): Promise<string> {
  const steps = await db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  return steps.map(({ detail }) => detail).join('; ');
}

test('R-Tree finds what lies within a box', async (t) => {
  const db = await t.open();
  await db.exec('CREATE VIRTUAL TABLE r USING rtree (id, x0, x1, y0, y1, +name)');
  await db.insertMany(
    'r',
    Array.from({ length: 100 }, (_, i) => [i, i, i + 1, i, i + 1, `box ${i}`]),
  );
  const within = 'SELECT name FROM r WHERE x1 >= 10 AND x0 <= 12 AND y1 >= 10 AND y0 <= 12';
  equal(await scalars(db, within), ['box 9', 'box 10', 'box 11', 'box 12']);
  equal(await scalars(db, 'SELECT rtreecheck(?)', ['r']), ['ok']);
});

test('JSON is read, changed, taken apart and put together', async (t) => {
  const db = await t.open(':memory:');
  const text = '{"a": [1, {"b": "é漢😀"}], "c": null}';
  equal(await scalars(db, `SELECT ? ->> '$.a[1].b'`, [text]), ['é漢😀']);
  equal(await scalars(db, `SELECT json_set(?, '$.c', 5) -> 'c'`, [text]), ['5']);
  equal(await scalars(db, `SELECT fullkey FROM json_tree(?) WHERE type = 'text'`, [text]), [
    '$.a[1].b',
  ]);
  equal(await scalars(db, 'SELECT json_group_array(value) FROM json_each(?)', ['[1, 2]']), [
    '[1,2]',
  ]);
  equal(await scalars(db, `SELECT json(jsonb(?))`, ['{"x":1.5}']), ['{"x":1.5}']);
  await rejects(scalars(db, 'SELECT json(?)', ['{']), { message: /malformed JSON/ });
});

test('mathematics', async (t) => {
  const db = await t.open(':memory:');
  const row = await db.get(
    `SELECT sqrt(2), pow(2, 10), ln(exp(1)), log10(1000), degrees(pi()), ceil(1.2), mod(7, 3),
      atan2(1, 1) * 4 = pi(), sin(0), trunc(-1.7)`,
    [],
    { rows: 'array' },
  );
  equal(row, [Math.SQRT2, 1024, 1, 3, 180, 2, 1, 1, 0, -1]);
});

test('dbstat tells how much room each table takes', async (t) => {
  const db = await t.open();
  await db.exec('CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(100000)); CREATE TABLE c (d)');
  const rows = await db.query('SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name');
  const sizes = new Map(rows.map(({ name, size }) => [name, Number(size)]));
  ok((sizes.get('a') ?? 0) > 100_000, 'the size of a');
  equal(sizes.get('c'), 4096);
});

test('the session extension is there for changesets', async (t) => {
  const db = await t.open(':memory:');
  const options = await scalars(db, 'PRAGMA compile_options');
  for (const option of ['ENABLE_SESSION', 'ENABLE_PREUPDATE_HOOK']) {
    ok(options.includes(option), option);
  }
});

test('regexp finds patterns, in a CHECK and an index too, in linear time', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (b TEXT CHECK (b REGEXP '^[a-z]+@[a-z.]+$'));
    CREATE INDEX i ON a (b REGEXP 'org$')`);
  await db.run('INSERT INTO a VALUES (?), (?)', ['a@b.org', 'c@d.net']);
  equal(await scalars(db, "SELECT b FROM a WHERE b REGEXP 'org$'"), ['a@b.org']);
  match(await plan(db, "SELECT b FROM a WHERE (b REGEXP 'org$') = 1"), /USING INDEX i/);
  await rejects(db.run('INSERT INTO a VALUES (?)', ['nobody']), {
    extendedCode: 'SQLITE_CONSTRAINT_CHECK',
  });
  equal(await scalars(db, `SELECT '漢字' REGEXP '^..$'`), [1]);
  equal(await scalars(db, `SELECT ? REGEXP '^(a*)*$'`, [`${'a'.repeat(10_000)}b`]), [0]);
  const wrong = scalars(db, `SELECT 'a' REGEXP '('`);
  await rejects(wrong, { code: 'SQLITE_ERROR', message: /regexp: .* in the pattern "\("/ });
});

test('UUIDs are made, ordered by time if wanted, and read in every spelling', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (id TEXT PRIMARY KEY DEFAULT (uuid7()), b) WITHOUT ROWID;
    CREATE TABLE c (id BLOB PRIMARY KEY DEFAULT (uuid_blob(uuid())))`);
  await db.run('INSERT INTO a (b) VALUES (1)');
  const [first] = await scalars(db, 'SELECT id FROM a');
  match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const made = Number.parseInt(String(first).replace('-', '').slice(0, 12), 16);
  ok(Math.abs(made - Date.now()) < 60_000, 'the time of now');
  await db.exec('INSERT INTO c DEFAULT VALUES');
  const [text] = await scalars(db, 'SELECT uuid_str(id) FROM c');
  match(text, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const spelled = '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}';
  const plain = 'a0eebc999c0b4ef8bb6d6bb9bd380a11';
  equal(await scalars(db, 'SELECT uuid_str(?) = uuid_str(?)', [spelled, plain]), [1]);
  equal(await scalars(db, "SELECT coalesce(uuid_str('nope'), uuid_blob(x'00'), 'none')"), [
    'none',
  ]);
});
