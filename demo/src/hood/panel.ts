/**
 * The Engine panel: what runs and why, how the database is kept and shared, and what the last query
 * has cost. Made by main.ts, which tells it of each run.
 */
import type { Database, Stats } from 'anchorite';
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
  readonly #compared = h('div', { role: 'status', 'data-testid': 'compared' });
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
      button('Compare the engines', () => this.#compare(), {
        class: 'small',
        title: 'Runs it on jspi, asyncify and sync, one after the other',
        'data-testid': 'compare',
      }),
      this.#compared,
    );
  }

  /** A run is over. */
  ran(cost: Cost): void {
    this.#last = cost;
    this.#compared.replaceChildren();
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

  /** The same SQL by each engine. */
  #compare(): void {
    const { database, options } = this.#app.workspace;
    const last = this.#last;
    if (database === undefined || last === undefined) {
      this.#app.note('Run a SELECT first; then it can be compared.');
      return;
    }
    void this.#app.perform('Comparing…', async (signal, say) => {
      const { compare } = await import('./compare.ts');
      const { sql } = last;
      this.#compared.replaceChildren(await compare({ database, options, sql }, signal, say));
      return 'Compared.';
    });
  }
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
