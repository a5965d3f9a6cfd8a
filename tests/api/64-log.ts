// onLog: what SQLite logs reaches the page that has opened the database, and no other.
import type { LogLine } from 'anchorite';
import { equal, ok, rejects } from '../page/assert';
import { readFile, writeFile } from '../page/disk';
import { SHOWN_ELSEWHERE, describe, test } from '../page/registry';

describe('log', SHOWN_ELSEWHERE);

/** Lines as they come, and a wait for one. */
function lines() {
  const heard: LogLine[] = [];
  let look = (): void => undefined;
  return {
    heard,
    onLog: (line: LogLine): void => {
      heard.push(line);
      look();
    },
    until: (code: string, message: RegExp): Promise<void> =>
      new Promise((resolve) => {
        look = () => {
          if (heard.some((line) => line.code === code && message.test(line.message))) resolve();
        };
        look();
      }),
  };
}

test('a statement that fails is logged to its own connection', async (t) => {
  const [own, other] = [lines(), lines()];
  const db = await t.open(t.name(), { onLog: own.onLog });
  const beside = await t.open(t.name(), { onLog: other.onLog });
  await db.exec('CREATE TABLE a (b UNIQUE)');
  await rejects(db.query('SELECT nope FROM a'), { code: 'SQLITE_ERROR' });
  await own.until('SQLITE_ERROR', /no such column: nope/);
  await rejects(beside.exec('INSERT INTO a VALUES (1), (1)'), { code: 'SQLITE_CONSTRAINT' });
  await other.until('SQLITE_CONSTRAINT_UNIQUE', /UNIQUE constraint failed: a\.b/);
  const texts = [own, other].map(({ heard }) => heard.map(({ message }) => message).join());
  ok(!/UNIQUE/.test(texts[0] ?? '') && !/nope/.test(texts[1] ?? ''), 'each its own');
});

test('a WAL that is recovered and a page that is damaged are logged', async (t) => {
  const db = await t.open();
  await db.exec(`CREATE TABLE a (b); PRAGMA wal_checkpoint(TRUNCATE);
    INSERT INTO a VALUES (zeroblob(20000))`);
  const copy = t.name('copy');
  for (const side of ['', '-wal']) {
    const bytes = await readFile(t.name() + side);
    ok(bytes !== undefined && bytes.length > 0, `a file ${side}`);
    await writeFile(copy + side, bytes);
  }
  await db.close();
  const { heard, onLog, until } = lines();
  const recovered = await t.open(copy, { onLog });
  await until('SQLITE_NOTICE_RECOVER_WAL', /recovered \d+ frames from WAL file/);
  equal(await recovered.get('SELECT length(b) AS n FROM a'), { n: 20_000 });
  equal(heard.length, 1);
  await recovered.close();
  const bytes = await readFile(copy);
  ok(bytes !== undefined, 'the database');
  bytes.fill(0xff, 4096, 8192);
  await writeFile(copy, bytes);
  const damaged = await t.open(copy, { onLog });
  await rejects(damaged.query('SELECT b FROM a'), { code: 'SQLITE_CORRUPT' });
  await until('SQLITE_CORRUPT', /database corruption/);
});

test('what keeps a database from being opened is logged too', async (t) => {
  await writeFile(t.name(), new TextEncoder().encode('no database, but a text. '.repeat(500)));
  const { onLog, until } = lines();
  await rejects(t.open(t.name(), { onLog }), { code: 'SQLITE_NOTADB' });
  await until('SQLITE_NOTADB', /file is not a database/);
});

test('a listener is a function', async (t) => {
  const wrong = t.open(t.name(), { onLog: 'console' as never });
  await rejects(wrong, { code: 'INVALID_OPTION', message: /"onLog" cannot be "console"/ });
});
