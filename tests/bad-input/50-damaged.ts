// A thousand damaged copies of Chinook, each with a few bytes changed: what native SQLite read of
// the same copy, rows or an error, is what comes out here; and no byte changes. The rules are
// those of tests/oracle/src/damaged.rs.
import { open, SqliteError } from 'anchorite';
import type { Database, OpenOptions } from 'anchorite';
import { AssertionError, equal, ok, rejects } from '../page/assert';
import type { TestContext } from '../page/context';
import { chinook, oracle } from '../page/data';
import { readFile, writeFile } from '../page/disk';
import { describe, SAME_IN_SYNC, test } from '../page/registry';

describe('damaged', SAME_IN_SYNC);

const CASES = 1000;
/** A phase has its time limit. */
const CASES_PER_TEST = 50;

const HEADER_SIZE = 100;
const PAGE_SIZE = 4096;

const QUERIES: readonly string[] = [
  'SELECT group_concat(quote(name) || quote(sql)) AS t FROM sqlite_schema',
  `SELECT group_concat(quote(TrackId) || quote(Name) || quote(Composer) || quote(UnitPrice))
     AS t FROM Track`,
  `SELECT group_concat(quote(LastName) || quote(Total)) AS t
     FROM Customer JOIN Invoice USING (CustomerId) ORDER BY InvoiceId`,
  'SELECT quote(count(*)) || quote(sum(TrackId)) AS t FROM PlaylistTrack',
  'SELECT group_concat(quick_check) AS t FROM pragma_quick_check(3)',
];

/** Mulberry32. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function damage(bytes: Uint8Array, number: number): void {
  const random = mulberry(number);
  const below = (end: number) => random() % end;
  const { length } = bytes;
  for (let left = 1 + below(4); left > 0; left--) {
    const where = below(4);
    let place: number;
    if (where === 0) place = below(HEADER_SIZE);
    else if (where === 1) place = below(length / PAGE_SIZE) * PAGE_SIZE + below(16);
    else place = below(length);
    bytes[place] = random() & 0xff;
  }
}

/** FNV-1a over UTF-16 units. */
function digest(answers: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const answer of answers) {
    for (let i = 0; i <= answer.length; i++) {
      const unit = i < answer.length ? answer.charCodeAt(i) : 0;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
  }
  return hash >>> 0;
}

function codeOf(error: unknown): string {
  if (!(error instanceof SqliteError)) throw error;
  ok(error.code.startsWith('SQLITE_'), `a code of SQLite, not ${error.code}: ${error.message}`);
  return error.code;
}

async function ask(db: Database, sql: string): Promise<string> {
  try {
    const text = (await db.query(sql))[0]?.['t'];
    return typeof text === 'string' ? text : 'no text';
  } catch (error) {
    return codeOf(error);
  }
}

async function answers(name: string, options: OpenOptions): Promise<string[]> {
  const db = await open(name, { ...options, readonly: true }).catch(codeOf);
  if (typeof db === 'string') return [db];
  const all: string[] = [];
  for (const sql of QUERIES) all.push(await ask(db, sql));
  await db.close();
  return all;
}

/** What lib.dom leaves out, since it works in workers only. */
interface AccessHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
  close(): void;
}

/** Works on the bytes of the file in place, which is much faster than to write it anew. */
async function withFile<T>(
  name: string,
  work: (handle: AccessHandle) => T,
): Promise<T> {
  const file: unknown = await (await navigator.storage.getDirectory()).getFileHandle(name);
  const opened = (file as { createSyncAccessHandle(): Promise<AccessHandle> })
    .createSyncAccessHandle();
  const handle = await opened;
  try {
    return work(handle);
  } finally {
    handle.close();
  }
}

/** Compares without a call for each byte, of which there are a thousand million here. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at === a.length && at === b.length;
}

async function run(t: TestContext, first: number): Promise<void> {
  const sound = await chinook();
  const { damaged } = await oracle();
  equal(damaged.length, CASES, 'native answers');
  await writeFile(t.name(), sound);
  const found = sound.slice();
  for (let number = first; number < first + CASES_PER_TEST; number++) {
    const bytes = sound.slice();
    damage(bytes, number);
    await withFile(t.name(), (handle) => handle.write(bytes, { at: 0 }));
    const all = await answers(t.name(), t.options);
    if (digest(all) !== damaged[number]) {
      throw new AssertionError(`copy ${number} reads as ${JSON.stringify(all).slice(0, 600)}`);
    }
    const size = await withFile(t.name(), (handle) => {
      handle.read(found, { at: 0 });
      return handle.getSize();
    });
    ok(size === bytes.length && same(found, bytes), `copy ${number} unchanged`);
  }
}

const ONE_CELL = { browsers: ['chromium'], twins: ['jspi'], contexts: ['inside'] } as const;

for (let first = 0; first < CASES; first += CASES_PER_TEST) {
  const last = first + CASES_PER_TEST - 1;
  test(`copies ${first} to ${last} read as they do natively`, ONE_CELL, (t) => run(t, first));
}

test('a file that is cut off, or in WAL without its -wal', async (t) => {
  const sound = await chinook();
  for (const size of [15, 99, 511, 4096, sound.length - PAGE_SIZE]) {
    const bytes = sound.slice(0, size);
    await writeFile(t.name(), bytes);
    const all = (await answers(t.name(), t.options)).join();
    ok(/SQLITE_(NOTADB|CORRUPT)|page/.test(all), `${size} bytes found out: ${all.slice(0, 99)}`);
    equal(await readFile(t.name()), bytes, `${size} bytes afterwards`);
  }
  const wal = sound.slice();
  wal.fill(2, 18, 20);
  await writeFile(t.name('wal'), wal);
  const db = await t.open(t.name('wal'), { readonly: true });
  equal(await db.query('SELECT count(*) AS n FROM Track'), [{ n: 3503 }]);
  await db.close();
  equal(await readFile(t.name('wal')), wal, 'nothing was written');
  await rejects(t.open(t.name('none'), { readonly: true }), { code: 'SQLITE_CANTOPEN' });
});
