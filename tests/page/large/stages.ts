// The campaign on large databases: one stage, in a dedicated worker of its own, with the library in
// place on sync handles and a wasm module whose memory is limited. main.ts starts it and takes the
// outcome; harness/large.ts decides which stages run. It must not know any browser.
import type * as Anchorite from 'anchorite';
import type { Database } from 'anchorite';
import type { LargeFigures, LargeRequest } from '../../large-wire';
import { ok, rejects } from '../assert';
import { removeAll } from '../disk';
import { settle } from '../settle';
import {
  INDEX,
  MEMORY_SPENT,
  copyOut,
  fill,
  index,
  rowsIn,
  scan,
  sizeMib,
  sort,
  spendMemory,
  stillWorks,
  vacuum,
} from './sql';
import { expectSparseWorks } from './sparse-sql';
import { expectNoTemporaryFile, watch } from './watch';

const NAME = 'large.sqlite';
const SPARSE = 'sparse.sqlite';

/** The page cache of a connection, and what the rest of the library may add to it. */
const CACHE_MIB = 16;
const OVERHEAD_MIB = 16;
/** Of temporary files. */
const TEMP_MEMORY_MIB = 64;

/** What a stage works with. */
interface Around extends LargeRequest {
  readonly rows: number;
  readonly library: typeof Anchorite;
  open(name: string): Promise<Database>;
  memoryMib(): number;
}

type Stage = (around: Around) => Promise<string>;

const STAGES: Record<LargeRequest['stage'], Stage> = {
  async fill({ open, rows, mib }) {
    const db = await open(NAME);
    await fill(db, rows);
    await db.query('PRAGMA wal_checkpoint(TRUNCATE)');
    const size = await sizeMib(db);
    ok(size >= mib, `${mib} MiB, not ${size}`);
    return `a database of ${size.toFixed(0)} MiB`;
  },
  async scan({ open, rows, memoryMib }) {
    await scan(await open(NAME), rows);
    const most = CACHE_MIB + OVERHEAD_MIB;
    ok(memoryMib() <= most, `at most ${most} MiB, not ${memoryMib()}`);
    return 'every byte read';
  },
  async 'ORDER BY'({ open, rows }) {
    await sort(await open(NAME), rows);
    return 'in order';
  },
  async 'CREATE INDEX'({ open, rows }) {
    return `an index of ${(await index(await open(NAME), rows)).toFixed(0)} MiB`;
  },
  async VACUUM({ open, rows }) {
    const sizes = await vacuum(await open(NAME), rows);
    return `${sizes.map((size) => size.toFixed(0)).join(' → ')} MiB`;
  },
  async 'stream and backup'({ library, open, rows, twin, memoryMib }) {
    await copyOut(library, await open(NAME), rows, { engine: twin, worker: false });
    const most = CACHE_MIB + OVERHEAD_MIB + TEMP_MEMORY_MIB;
    ok(memoryMib() <= most, `at most ${most} MiB, not ${memoryMib()}`);
    return 'both whole';
  },
  async 'temp_store = MEMORY'({ open, rows }) {
    const db = await open(NAME);
    await db.exec('PRAGMA temp_store = MEMORY');
    await rejects(sort(db, rows), MEMORY_SPENT, 'ORDER BY');
    await rejects(db.exec(INDEX), MEMORY_SPENT, 'CREATE INDEX');
    await stillWorks(db);
    return 'ORDER BY, CREATE INDEX: SQLITE_NOMEM';
  },
  async 'rows and export'({ open }) {
    const db = await open(NAME);
    await rejects(db.query('SELECT * FROM big'), MEMORY_SPENT, 'rows');
    await stillWorks(db);
    await rejects(db.export(), MEMORY_SPENT, 'export');
    await stillWorks(db);
    return 'SELECT *, export: SQLITE_NOMEM';
  },
  async ':memory:'({ open, limitMib }) {
    await spendMemory(await open(':memory:'), limitMib);
    return 'filling it, and with 70 % in it all eight: SQLITE_NOMEM';
  },
  async remove() {
    await removeAll(NAME);
    return '';
  },
  async 'beyond 4 GiB'({ open }) {
    const note = await expectSparseWorks(SPARSE, open);
    await removeAll(SPARSE);
    return note;
  },
};

async function run(request: LargeRequest): Promise<LargeFigures> {
  const watched = watch();
  const url = `/capped/${request.limitMib}/index.js`;
  const library = (await import(url)) as typeof Anchorite;
  const opened: Database[] = [];
  const open = async (name: string) => {
    const db = await library.open(name, { engine: request.twin, worker: false });
    opened.push(db);
    return db;
  };
  const { memoryMib } = watched;
  const around = { ...request, library, rows: rowsIn(request.mib), open, memoryMib };
  const started = performance.now();
  const note = await STAGES[request.stage](around);
  for (const db of opened) await db.close();
  const seconds = (performance.now() - started) / 1000;
  await expectNoTemporaryFile();
  if (opened.length === 0) return { seconds, memoryMib: 0, spilledMib: 0, note };
  const figures = { seconds, memoryMib: memoryMib(), spilledMib: watched.spilledMib(), note };
  watched.expectLimit(request.limitMib);
  return figures;
}

self.addEventListener('message', (event) => {
  void settle(() => run(event.data as LargeRequest)).then((outcome) => self.postMessage(outcome));
});
