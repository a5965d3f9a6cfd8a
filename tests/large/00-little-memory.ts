// A sample of `cargo xtask torture large`: statements that need more room than Wasm memory has.
// The wasm module is the shipped one but for the limit of its memory.
import type * as Anchorite from 'anchorite';
import type { Database } from 'anchorite';
import { ok } from '../page/assert';
import type { TestContext } from '../page/context';
import { copyOut, fill, index, rowsIn, sort, spendMemory, vacuum } from '../page/large/sql';
import { describe, test } from '../page/registry';
import { expectNoTemporaryFile, watch } from '../page/large/watch';

describe('little memory');

/** Two cells: those are enough for what is no engine's own, and it takes seconds. */
const CELLS = { browsers: ['chromium', 'firefox'], twins: ['jspi'], contexts: ['inside'] } as const;

async function libraryIn(limitMib: number): Promise<typeof Anchorite> {
  const url = `/capped/${limitMib}/index.js`;
  return (await import(url)) as typeof Anchorite;
}

async function openIn(t: TestContext, limitMib: number, name: string): Promise<Database> {
  const { open } = await libraryIn(limitMib);
  const db = await open(name, { ...t.options, tempMemory: TEMP_MEMORY });
  t.defer(() => db.close());
  return db;
}

const TEMP_MEMORY = 4 * 1024 * 1024;

/** Of the page cache, and of what a sort gathers before it writes. */
const CACHE = 'PRAGMA cache_size = -2048';

/** More than what all three may take together, and less than what a copy would take besides. */
const MIB = 12;
const LIMIT_MIB = 20;
/** Another limit is another module, and so an instance whose memory has not grown. */
const COPY_LIMIT_MIB = LIMIT_MIB + 1;

test('for ORDER BY, CREATE INDEX and VACUUM', CELLS, async (t) => {
  const watched = watch();
  t.defer(() => watched.stop());
  const db = await openIn(t, LIMIT_MIB, t.name());
  await db.exec(CACHE);
  await fill(db, rowsIn(MIB));
  for (const work of [sort, index, vacuum]) {
    await work(db, rowsIn(MIB));
    const spilled = watched.spilledMib();
    ok(spilled >= MIB * 0.9, `${MIB} MiB spilled by ${work.name}, not ${spilled}`);
    await expectNoTemporaryFile();
  }
  watched.expectLimit(LIMIT_MIB);
});

test('for a stream and a backup', CELLS, async (t) => {
  const watched = watch();
  t.defer(() => watched.stop());
  const db = await openIn(t, COPY_LIMIT_MIB, t.name());
  await db.exec(CACHE);
  await fill(db, rowsIn(MIB));
  await copyOut(await libraryIn(COPY_LIMIT_MIB), db, rowsIn(MIB), t.options);
  const spilled = watched.spilledMib();
  ok(spilled >= MIB * 0.9, `${MIB} MiB spilled by the stream, not ${spilled}`);
  await expectNoTemporaryFile();
  watched.expectLimit(COPY_LIMIT_MIB);
});

test('is SQLITE_NOMEM for a database in memory, which goes on', CELLS, async (t) => {
  const limit = 48;
  const db = await openIn(t, limit, ':memory:');
  await spendMemory(db, limit);
});
