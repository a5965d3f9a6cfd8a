/**
 * One result: its grid, its chart and its plan, and what can be done with its rows.
 * Made by panel.ts. Sorting asks the same SQL again, with an ORDER BY around it.
 */
import { button, h, options } from '../dom.ts';
import { count, duration, visible } from '../words.ts';
import { FORMATS, type FormatName } from './formats.ts';
import { Grid, type Sorting, type Source } from './grid.ts';
import type { Perform } from './panel.ts';
import { planTree } from './plan.ts';
import { type Query, Rows, tableOf } from './rows.ts';
import { copyText, download, toBlob } from './save.ts';
import { showValue } from './viewer.ts';

type View = 'table' | 'chart' | 'plan';

/** More text than a clipboard should be given. */
const COPY_MAX = 20_000_000;

export class ResultView {
  readonly element: HTMLElement = h('div', { class: 'result-view' });
  readonly #perform: Perform;
  /** As it was run, without the order that was asked for later. */
  readonly #query: Query;
  readonly #caption = h('p', { class: 'caption', role: 'status' });
  readonly #content = h('div', { class: 'result-content' });
  readonly #format = h('select', { 'aria-label': 'Format' });
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
    const formats = Object.entries(FORMATS).map(([name, { words }]) => [name, words] as const);
    this.#format.append(...options(formats));
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
      h(
        'div',
        { class: 'result-save' },
        this.#format,
        button('Copy', () => this.#copy(), { class: 'small', 'data-testid': 'copy' }),
        button('Download', () => this.#download(), { class: 'small', 'data-testid': 'download' }),
      ),
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
        if (value !== undefined) showValue(value, `${columns[column]}, row ${row + 1}`);
      },
      ...(canWrap(this.#query) ? { onSort: (column: number) => this.#sort(column) } : {}),
    });
    this.#content.replaceChildren(this.#grid.element);
  }

  #showPlan(): void {
    const { database, sql, params } = this.#rows.query;
    const text = /^EXPLAIN\b/i.test(sql) ? 'SELECT 0 WHERE 0' : `EXPLAIN QUERY PLAN ${sql}`;
    const values = text === 'SELECT 0 WHERE 0' ? [] : params;
    void this.#perform('Asking for the plan…', async (signal) => {
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

  #saved() {
    const rows = this.#rows;
    const columns = rows.query.columns.map(({ name }) => name);
    return { columns, table: tableOf(this.#query), rows: rows.all() };
  }

  #copy(): void {
    const name = this.#format.value as FormatName;
    void this.#perform('Copying…', async () => {
      const blob = await toBlob(this.#saved(), name);
      if (blob.size > COPY_MAX) throw new Error('This is too much to copy. Download it instead.');
      await copyText(await blob.text());
      return `Copied ${this.#extent()} as ${FORMATS[name].words}.`;
    });
  }

  #download(): void {
    const name = this.#format.value as FormatName;
    void this.#perform('Writing…', async (_, say) => {
      const blob = await toBlob(this.#saved(), name, (rows) => say(count(rows, 'row')));
      download(`${visible(tableOf(this.#query))}.${FORMATS[name].extension}`, blob);
      return `Wrote ${this.#extent()} as ${FORMATS[name].words}.`;
    });
  }

  #extent(): string {
    const words = count(this.#rows.count, 'row');
    return this.#rows.state === 'first' ? `the first ${words}` : words;
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
