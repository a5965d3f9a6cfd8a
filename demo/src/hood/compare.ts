/**
 * One question, asked of each engine in turn: times, counters, and whether the answers are equal.
 * Loaded by the Engine panel when somebody asks for it. Each engine has a copy of the database of
 * its own: not all of them can share one, and an owner has one engine for a name.
 */
import { type Database, deleteDatabase, type OpenOptions, open, type SqlValue } from 'anchorite';
import { h } from '../dom.ts';
import { describe } from '../run/failure.ts';
import { count, duration, size, visible } from '../words.ts';

type Engine = Database['info']['engine'];

export interface Asked {
  readonly database: Database;
  readonly options: OpenOptions;
  readonly sql: string;
}

/** What an engine has made of it. */
interface Ran {
  readonly engine: Engine;
  readonly opened: number;
  readonly first: number;
  /** In order of size. */
  readonly times: readonly number[];
  readonly rows: number;
  /** Of all values of all rows, in their order. */
  readonly digest: number;
  readonly counters: readonly (readonly [name: string, value: number])[];
}

/** Why there is nothing to compare. */
interface Refused {
  readonly engine: Engine;
  readonly why: string;
}

type Outcome = Ran | Refused;

const ENGINES: readonly Engine[] = ['jspi', 'asyncify', 'sync'];
const RUNS = 5;
/** A question that takes longer is asked fewer times. */
const SLOW_MS = 2000;
const LIMIT_MS = 60_000;

/** Asks them all, and gives what is to be shown. */
export async function compare(
  asked: Asked,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<HTMLElement> {
  await askable(asked, signal);
  const outcomes: Outcome[] = [];
  for (const engine of ENGINES) {
    const name = `console-compare-${engine}.sqlite`;
    const onProgress = (bytes: number) => say(`${engine}, copied ${size(bytes)}`);
    try {
      await asked.database.backupTo(name, { overwrite: true, signal, onProgress });
      say(engine);
      outcomes.push(await tryOn(name, engine, asked, signal));
    } finally {
      await deleteDatabase(name, asked.options.worker === false ? { worker: false } : {});
    }
  }
  return h('div', {}, table(outcomes), ...sentences(outcomes, asked.database));
}

async function askable({ database, sql }: Asked, signal: AbortSignal): Promise<void> {
  const { onlyReads, columns, parameters } = await database.prepare(sql, { signal });
  if (onlyReads && columns.length > 0 && parameters.length === 0) return;
  throw new Error(
    'Only one SELECT without parameters can be compared, since it is run several times. ' +
      'Run one, and compare then.',
  );
}

async function tryOn(
  name: string,
  engine: Engine,
  { options, sql }: Asked,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const started = performance.now();
    const database = await open(name, { ...options, engine, create: false, signal });
    const opened = performance.now() - started;
    try {
      const { info } = database;
      if (info.engine === engine) return await measure(database, opened, sql, signal);
      return { engine, why: `${info.engine} answers in its place: ${info.reason}.` };
    } finally {
      await database.close();
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return { engine, why: describe(error).message };
  }
}

async function measure(
  database: Database,
  opened: number,
  sql: string,
  signal: AbortSignal,
): Promise<Ran> {
  const { engine, can } = database.info;
  // What cannot be given up has a limit instead, and is given up between two runs.
  const limits = can.cancel ? { signal } : { timeout: LIMIT_MS };
  const ask = () => database.iterate<SqlValue[]>(sql, [], { rows: 'array', ...limits });
  const before = await database.stats();
  let [rows, digest, started] = [0, 0, performance.now()];
  for await (const row of ask()) {
    rows += 1;
    digest = digestOf(row, digest);
  }
  const first = performance.now() - started;
  const counters = countersOf(before, await database.stats());
  const times: number[] = [];
  for (let run = 0; run < (first > SLOW_MS ? 1 : RUNS); run += 1) {
    signal.throwIfAborted();
    started = performance.now();
    for await (const _ of ask());
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return { engine, opened, first, times, rows, digest, counters };
}

type Stats = Awaited<ReturnType<Database['stats']>>;

function countersOf(before: Stats, after: Stats): Ran['counters'] {
  return [
    ['Reads', after.files.reads - before.files.reads],
    ['Writes', after.files.writes - before.files.writes],
    ['Flushes', after.files.flushes - before.files.flushes],
    ['Suspensions', after.suspensions - before.suspensions],
    ['Lock waits', after.lockWaits - before.lockWaits],
  ];
}

/** FNV-1a over the values with their types, so that `1` and `1.0` differ. */
function digestOf(row: readonly SqlValue[], seed: number): number {
  let digest = seed ^ 0x811c9dc5;
  const take = (code: number) => {
    digest = Math.imul(digest ^ code, 0x01000193);
  };
  for (const value of row) {
    take(typeof value === 'string' ? 1 : typeof value === 'number' ? 2 : value === null ? 3 : 4);
    if (value instanceof Uint8Array) value.forEach(take);
    else for (const character of String(value)) take(character.codePointAt(0) ?? 0);
  }
  return digest;
}

function table(outcomes: readonly Outcome[]): HTMLElement {
  const ran = outcomes.filter((outcome) => 'times' in outcome);
  const line = (label: string, value: (one: Ran) => string) =>
    h('tr', {}, h('th', { scope: 'row' }, label), ...ran.map((one) => h('td', {}, value(one))));
  const [most] = ran;
  return h(
    'table',
    { class: 'compared' },
    h(
      'thead',
      {},
      h('tr', {}, h('td', {}), ...ran.map(({ engine }) => h('th', { scope: 'col' }, engine))),
    ),
    h(
      'tbody',
      {},
      line('Median', ({ times }) => duration(times[times.length >> 1] ?? 0)),
      line('Least', ({ times }) => duration(times[0] ?? 0)),
      line('Most', ({ times }) => duration(times.at(-1) ?? 0)),
      line('First run', ({ first }) => duration(first)),
      line('To open', ({ opened }) => duration(opened)),
      ...(most?.counters ?? []).map(([label], index) =>
        line(label, ({ counters }) => (counters[index]?.[1] ?? 0).toLocaleString('en')),
      ),
    ),
  );
}

function sentences(outcomes: readonly Outcome[], { name, info }: Database): HTMLElement[] {
  const ran = outcomes.filter((outcome) => 'times' in outcome);
  const refused = outcomes.filter((outcome) => 'why' in outcome);
  const words: string[] = [];
  const [one] = ran;
  if (one !== undefined) {
    const same = ran.every(({ rows, digest }) => rows === one.rows && digest === one.digest);
    const rows = count(one.rows, 'row');
    if (ran.length === 1) words.push(`Only ${one.engine} has answered, with ${rows}.`);
    else if (same) words.push(`The answers are equal: ${rows}, by a digest of all values.`);
    else words.push('The answers differ, as those of random() or of an order left open may.');
    const runs = count(one.times.length, 'run');
    words.push(
      `Times are of ${runs} after the first, until the page has every row; counters are of the ` +
        `first, with an empty cache. Each engine had a copy of ${visible(name)} to itself; ` +
        `${info.engine} still has the open one.`,
    );
  }
  for (const { engine, why } of refused) words.push(`${engine} has not run. ${visible(why)}`);
  return words.map((text) => h('p', { class: 'soft' }, text));
}
