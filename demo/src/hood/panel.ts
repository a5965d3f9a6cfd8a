/**
 * The Engine panel: what runs and why, how the database is kept and shared, and what the last query
 * has cost. Made by main.ts, which tells it of each run.
 */
import { type Database, open, type Stats } from 'anchorite';
import type { App, Panel } from '../app.ts';
import { button, h } from '../dom.ts';
import { count, duration, size, visible } from '../words.ts';

/** What the last run has cost. */
export interface Cost {
  readonly sql: string;
  readonly ms: number;
  readonly before: Stats;
  readonly after: Stats;
}

type Fact = readonly [label: string, value: string, why?: string];

export class EnginePanel implements Panel {
  readonly name = 'Engine';
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #facts = h('div', { 'data-testid': 'engine-facts' });
  readonly #cost = h('div', { 'data-testid': 'cost' });
  readonly #compared = h('p', { class: 'soft', role: 'status' });
  #last: Cost | undefined;

  constructor(app: App) {
    this.#app = app;
    this.element = h(
      'div',
      { class: 'panel' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Under the hood')),
      this.#facts,
      h('h3', {}, 'The last run'),
      this.#cost,
      button('Run it on the other build', () => this.#compare(), { class: 'small' }),
      this.#compared,
    );
  }

  /** A run is over. */
  ran(cost: Cost): void {
    this.#last = cost;
    this.#drawCost();
  }

  async refresh(): Promise<void> {
    const { database } = this.#app.workspace;
    if (database === undefined) return this.#facts.replaceChildren();
    const stats = await database.stats();
    const journal = await database.get<string>('PRAGMA journal_mode', [], { rows: 'scalar' });
    this.#facts.replaceChildren(
      list('Engine', engineFacts(database)),
      list('Sharing', sharingFacts(database, stats)),
      list('Storage', storageFacts(stats, journal ?? '')),
    );
    this.#drawCost();
  }

  #drawCost(): void {
    const nothing = h('p', { class: 'soft' }, 'Run something to see what it costs.');
    const shown = this.#last === undefined ? nothing : list('', costFacts(this.#last));
    this.#cost.replaceChildren(shown);
  }

  /** The same SQL by the other build, on a connection of its own: what was first stays open. */
  #compare(): void {
    const { database, options } = this.#app.workspace;
    const last = this.#last;
    if (database === undefined || last === undefined) return;
    const engine = database.info.engine === 'jspi' ? 'asyncify' : 'jspi';
    void this.#app.perform(`Running it on ${engine}…`, async (signal) => {
      const here = await timed(database, last.sql, signal);
      const other = await open(database.name, { ...options, engine, signal, busyTimeout: 2000 });
      try {
        const there = await timed(other, last.sql, signal);
        const times = [database.info.engine, duration(here.ms), engine, duration(there.ms)];
        const rows = here.rows === there.rows ? count(here.rows, 'row') : 'not the same rows';
        this.#compared.textContent = `${times.join(' ')}, for ${rows}`;
      } finally {
        await other.close();
      }
      return 'Ready.';
    });
  }
}

/** Reads all rows of one statement that changes nothing. */
async function timed(
  database: Database,
  sql: string,
  signal: AbortSignal,
): Promise<{ readonly ms: number; readonly rows: number }> {
  const { onlyReads, columns, parameters } = await database.prepare(sql, { signal });
  if (!onlyReads || columns.length === 0 || parameters.length > 0) {
    throw new Error('Only one SELECT without parameters can be compared.');
  }
  const started = performance.now();
  let rows = 0;
  for await (const _ of database.iterate(sql, [], { rows: 'array', signal })) rows += 1;
  return { ms: performance.now() - started, rows };
}

function engineFacts({ info }: Database): Fact[] {
  return [
    ['Build', info.engine, info.reason],
    ['SQLite', info.sqliteVersion],
    ['Runs in', info.context.replaceAll('-', ' ')],
    ['Module', size(info.wasmBytes)],
  ];
}

function sharingFacts({ info }: Database, { holders }: Stats): Fact[] {
  const open = holders.filter(({ lock }) => lock === 'database');
  const locks = holders.filter(({ lock }) => lock !== 'database');
  return [
    ['Mode', info.sharing, info.sharingReason],
    ['Open in', count(Math.max(open.length, 1), 'place'), open.map(({ who }) => who).join('\n')],
    [
      'Locks',
      locks.length === 0 ? 'none' : locks.map(({ lock, who }) => `${lock}: ${who}`).join('\n'),
    ],
  ];
}

function storageFacts({ wal, cache, memory }: Stats, journal: string): Fact[] {
  const pages = cache.hits + cache.misses;
  const hits = pages === 0 ? '–' : `${Math.round((cache.hits / pages) * 100)} %`;
  return [
    ['Journal', journal],
    ['WAL', wal === undefined ? 'none' : `${size(wal.bytes)}, ${count(wal.frames, 'frame')}`],
    ['Page cache', `${size(cache.bytes)}, ${hits} hits`],
    ['Memory', size(memory.bytes)],
  ];
}

function costFacts({ ms, before, after }: Cost): Fact[] {
  const files = (key: keyof Stats['files']) => after.files[key] - before.files[key];
  const cache = (key: 'hits' | 'misses') => after.cache[key] - before.cache[key];
  return [
    ['Time', duration(ms)],
    ['Reads', `${files('reads').toLocaleString('en')}, ${size(files('readBytes'))}`],
    ['Writes', `${files('writes').toLocaleString('en')}, ${size(files('writtenBytes'))}`],
    ['Flushes', files('flushes').toLocaleString('en')],
    [
      'Cache',
      `${cache('hits').toLocaleString('en')} hits, ${cache('misses').toLocaleString('en')} misses`,
    ],
    ['Suspensions', (after.suspensions - before.suspensions).toLocaleString('en')],
    ['Lock waits', (after.lockWaits - before.lockWaits).toLocaleString('en')],
  ];
}

function list(title: string, facts: readonly Fact[]): HTMLElement {
  const lines = facts.map(([label, value, why]) =>
    h(
      'div',
      {},
      h('dt', {}, label),
      h('dd', {}, visible(value), why ? h('span', { class: 'soft why' }, why) : undefined),
    ),
  );
  return h(
    'div',
    {},
    title === '' ? undefined : h('h3', {}, title),
    h('dl', { class: 'facts' }, ...lines),
  );
}
