/**
 * One result: its grid, its chart and its plan, and what can be done with its rows.
 * Made by panel.ts. Sorting asks the same SQL again, with an ORDER BY around it.
 */
import type { SqlValue } from 'anchorite';
import { button, h } from '../dom.ts';
import { count, duration } from '../words.ts';
import { Grid, type Sorting, type Source } from './grid.ts';
import type { Perform } from './panel.ts';
import { type Query, Rows, tableOf } from './rows.ts';
import { type Savable, saveBar } from './save-bar.ts';

type View = 'table' | 'chart' | 'plan';

export class ResultView {
  readonly element: HTMLElement = h('div', { class: 'result-view' });
  readonly #perform: Perform;
  /** As it was run, without the order that was asked for later. */
  readonly #query: Query;
  readonly #caption = h('p', { class: 'caption', role: 'status' });
  readonly #content = h('div', { class: 'result-content' });
  readonly #views = new Map<View, HTMLButtonElement>();
  readonly #stop: HTMLButtonElement;
  #rows: Rows;
  #grid: Grid | undefined;
  #sorting: Sorting | undefined;
  #view: View = 'table';
  #keeping: AbortController | undefined;
  #kept: Promise<void> | undefined;

  constructor(rows: Rows, perform: Perform) {
    this.#rows = rows;
    this.#query = rows.query;
    this.#perform = perform;
    this.#stop = button('Stop', () => this.#keeping?.abort(), { class: 'chip' });
    this.element.append(this.#bar(), this.#content);
    this.#show('table');
    this.#listen();
  }

  /** Ends what goes on, and gives the temporary table back. */
  async close(): Promise<void> {
    this.#keeping?.abort();
    await this.#kept;
    await this.#rows.drop();
  }

  /** Keeps rows beyond the first ones aside, while the person may read those. */
  keepRest(): void {
    const { state, trouble } = this.#rows;
    if (state !== 'first' || trouble !== undefined || !canWrap(this.#query)) return;
    const controller = new AbortController();
    const rows = this.#rows;
    const started = performance.now();
    this.#keeping = controller;
    const clock = setInterval(() => this.#describe(performance.now() - started), 100);
    this.#kept = rows.keep(controller.signal).finally(() => {
      clearInterval(clock);
      this.#keeping = undefined;
      this.#describe();
    });
  }

  #bar(): HTMLElement {
    const views: HTMLElement[] = [];
    for (const [view, words] of VIEWS) {
      const choice = button(words, () => this.#show(view), {
        class: 'chip',
        'aria-pressed': false,
      });
      this.#views.set(view, choice);
      views.push(choice);
    }
    return h(
      'div',
      { class: 'result-bar' },
      h('div', { class: 'chips', role: 'group', 'aria-label': 'View' }, ...views),
      this.#caption,
      this.#stop,
      saveBar(this.#perform, (_, signal) => this.#savable(signal)),
    );
  }

  #listen(): void {
    const rows = this.#rows;
    rows.changed.addEventListener('change', () => {
      if (rows !== this.#rows) return;
      this.#grid?.update();
      this.#describe();
    });
    this.#describe();
  }

  #describe(ms?: number): void {
    const { state, count: number, trouble } = this.#rows;
    const words = count(number, 'row');
    this.#stop.hidden = state !== 'keeping';
    this.#content.toggleAttribute('data-empty', number === 0 && state === 'whole');
    this.#caption.textContent = {
      streaming: `${words} so far…`,
      whole: words,
      kept: words,
      first: `The first ${words}; there ${trouble === undefined ? 'are' : 'may be'} more`,
      keeping: `The first ${words}; fetching the rest… ${ms === undefined ? '' : duration(ms)}`,
    }[state];
    if (trouble !== undefined) this.#caption.append(` (${trouble})`);
  }

  #show(view: View): void {
    this.#view = view;
    for (const [name, choice] of this.#views) choice.ariaPressed = String(name === view);
    if (view === 'table') this.#showTable();
    else if (view === 'plan') this.#showPlan();
    else this.#showChart();
  }

  #showTable(): void {
    const rows = this.#rows;
    const columns = rows.query.columns.map(({ name }) => name);
    const source: Source = {
      columns,
      get count() {
        return rows.count;
      },
      row: (index) => rows.row(index),
    };
    this.#grid = new Grid(source, {
      label: 'Rows',
      sorting: this.#sorting,
      onOpen: (row, column) => {
        const value = rows.row(row)?.[column];
        if (value !== undefined) this.#open(value, `${columns[column]}, row ${row + 1}`);
      },
      ...(canWrap(this.#query) ? { onSort: (column: number) => this.#sort(column) } : {}),
    });
    this.#content.replaceChildren(this.#grid.element);
  }

  #open(value: SqlValue, where: string): void {
    void this.#perform('Opening the value…', async () => {
      const { showValue } = await import('./viewer.ts');
      showValue(value, where);
      return 'Ready.';
    });
  }

  #showPlan(): void {
    const { database, sql, params } = this.#rows.query;
    const text = /^EXPLAIN\b/i.test(sql) ? 'SELECT 0 WHERE 0' : `EXPLAIN QUERY PLAN ${sql}`;
    const values = text === 'SELECT 0 WHERE 0' ? [] : params;
    void this.#perform('Asking for the plan…', async (signal) => {
      const { planTree } = await import('./plan.ts');
      const rows = await database.query<never[]>(text, values, { rows: 'array', signal });
      if (this.#view === 'plan') this.#content.replaceChildren(planTree(rows));
      return 'Ready.';
    });
  }

  #showChart(): void {
    void this.#perform('Drawing…', async () => {
      const { chartOf } = await import('./chart.ts');
      if (this.#view === 'chart') this.#content.replaceChildren(await chartOf(this.#rows));
      return 'Ready.';
    });
  }

  /** Ascending, descending, and as it was. */
  #sort(column: number): void {
    const { column: sorted, descending } = this.#sorting ?? { column: -1, descending: false };
    if (sorted !== column) this.#sorting = { column, descending: false };
    else this.#sorting = descending ? undefined : { column, descending: true };
    void this.#perform('Sorting…', async (signal) => {
      this.#keeping?.abort();
      await this.#kept;
      await this.#rows.drop();
      this.#rows = new Rows(sortedQuery(this.#query, this.#sorting), this.#rows.limit);
      this.#listen();
      this.#show('table');
      this.#grid?.element.focus();
      await this.#rows.stream(signal);
      this.keepRest();
      return 'Ready.';
    });
  }

  #savable(signal: AbortSignal): Savable {
    const rows = this.#rows;
    const table = tableOf(this.#query);
    const columns = rows.query.columns.map(({ name }) => name);
    const isFirst = rows.state === 'first';
    const extent = (number: number) => `${isFirst ? 'the first ' : ''}${count(number, 'row')}`;
    return { columns, table, name: table, rows: rows.all(signal), extent };
  }
}

const VIEWS = [
  ['table', 'Table'],
  ['chart', 'Chart'],
  ['plan', 'Plan'],
] as const;

/** Whether a statement can stand in the FROM of another one. */
function canWrap({ sql }: Query): boolean {
  return /^(?:SELECT|VALUES|WITH)\b/i.test(sql);
}

function sortedQuery(query: Query, sorting: Sorting | undefined): Query {
  if (sorting === undefined) return query;
  const order = `${sorting.column + 1}${sorting.descending ? ' DESC' : ''}`;
  return { ...query, sql: `SELECT * FROM (${query.sql}\n) ORDER BY ${order}` };
}
