/**
 * The table browser: pages of a table or view, a filter, and cells that can be edited with a look
 * at the SQL first and a way back after. Opened by the Schema panel in the place of the results.
 */
import type { SqlValue } from 'anchorite';
import type { App } from '../app.ts';
import { show } from '../dialogs.ts';
import { button, h } from '../dom.ts';
import { Grid, type Sorting } from '../results/grid.ts';
import { showValue } from '../results/viewer.ts';
import { quoteName } from '../sql/quote.ts';
import { count, visible } from '../words.ts';
import { editValue } from './edit-value.ts';
import { apply, type Edit, type Place, preview, reversed } from './edits.ts';
import { type Item, nameOf } from './read.ts';

const PAGE = 500;

export class TableBrowser {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #item: Item;
  readonly #place: Place;
  readonly #names: readonly string[];
  readonly #filter = h('input', {
    type: 'search',
    placeholder: "Filter, such as price > 10 AND name LIKE 'A%'",
    'aria-label': 'Filter: a condition in SQL',
    'data-testid': 'filter',
  });
  readonly #caption = h('p', { class: 'caption', role: 'status' });
  readonly #content = h('div', { class: 'result-content' });
  readonly #bar = h('div', { class: 'edit-bar', 'data-testid': 'edit-bar' });
  #rows: SqlValue[][] = [];
  #total = 0;
  #offset = 0;
  #sorting: Sorting | undefined;
  #edits = new Map<string, Edit>();
  #done: readonly Edit[] = [];
  #grid: Grid | undefined;

  constructor(app: App, item: Item) {
    this.#app = app;
    this.#item = item;
    this.#names = item.columns.map(({ name }) => name);
    this.#place = { table: nameOf(item), keys: keysOf(item) };
    const form = h('form', { class: 'browser-filter', role: 'search' }, this.#filter);
    form.append(h('button', { type: 'submit', class: 'small' }, 'Filter'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#go(0);
    });
    this.element = h(
      'div',
      { class: 'browser-view', 'data-testid': 'table-browser' },
      h(
        'div',
        { class: 'browser-head' },
        button('← Queries', () => app.browse(undefined), { class: 'small' }),
        h('h2', { dir: 'auto' }, visible(item.name)),
        form,
        this.#caption,
        button('Back', () => this.#go(this.#offset - PAGE), {
          class: 'small',
          'aria-label': 'Page before',
        }),
        button('Next', () => this.#go(this.#offset + PAGE), {
          class: 'small',
          'aria-label': 'Next page',
        }),
      ),
      this.#content,
      this.#bar,
    );
    this.#follow();
  }

  /** What others change shows, unless it would take edits away that wait. */
  #follow(): void {
    const { events } = this.#app.workspace;
    const changed = () => {
      if (!this.element.isConnected) events.removeEventListener('foreign', changed);
      else if (this.#edits.size === 0) this.load();
    };
    events.addEventListener('foreign', changed);
  }

  /** Reads the page anew; edits that wait are kept only with their page. */
  load(): void {
    void this.#app.perform(`Reading ${visible(this.#item.name)}…`, async (signal) => {
      const { opened } = this.#app.workspace;
      const where = this.#filter.value.trim() === '' ? '' : ` WHERE (${this.#filter.value}\n)`;
      const { table, keys } = this.#place;
      const columns = [...this.#names, ...keys].map(quoteName).join(', ');
      const sql = `SELECT ${columns} FROM ${table}${where}${this.#order()} LIMIT ? OFFSET ?`;
      const page = [PAGE, this.#offset];
      const rows = await opened.query<SqlValue[]>(sql, page, { rows: 'array', signal });
      const all = `SELECT count(*) FROM ${table}${where}`;
      this.#total = Number(await opened.get<bigint>(all, [], { rows: 'scalar', signal }));
      this.#rows = rows;
      this.#edits.clear();
      this.#draw();
      return 'Ready.';
    });
  }

  #go(offset: number): void {
    this.#offset = Math.max(0, offset >= this.#total && offset > 0 ? this.#offset : offset);
    this.load();
  }

  #order(): string {
    if (this.#sorting === undefined) return '';
    const { column, descending } = this.#sorting;
    return ` ORDER BY ${column + 1}${descending ? ' DESC' : ''}`;
  }

  #draw(): void {
    const first = this.#rows.length === 0 ? 0 : this.#offset + 1;
    const last = this.#offset + this.#rows.length;
    const range = `${first.toLocaleString('en')}–${last.toLocaleString('en')}`;
    this.#caption.textContent = `${range} of ${count(this.#total, 'row')}`;
    const rows = this.#rows;
    this.#grid = new Grid(
      {
        columns: this.#names,
        count: rows.length,
        row: (index) => this.#shownRow(index),
        mark: (row, column) => (this.#edits.has(`${row} ${column}`) ? 'changed' : undefined),
      },
      {
        label: `Rows of ${visible(this.#item.name)}`,
        sorting: this.#sorting,
        onOpen: (row, column) => void this.#edit(row, column),
        onSort: (column) => this.#sort(column),
      },
    );
    this.#content.replaceChildren(this.#grid.element);
    this.#drawBar();
  }

  #shownRow(index: number): readonly SqlValue[] | undefined {
    const row = this.#rows[index];
    return row?.slice(0, this.#names.length).map((value, column) => {
      return (
        this.#edits.get(`${index} ${column}`)?.after ??
        (this.#edits.has(`${index} ${column}`) ? null : value)
      );
    });
  }

  #sort(column: number): void {
    const { column: sorted, descending } = this.#sorting ?? { column: -1, descending: false };
    if (sorted !== column) this.#sorting = { column, descending: false };
    else this.#sorting = descending ? undefined : { column, descending: true };
    this.#go(0);
  }

  async #edit(row: number, column: number): Promise<void> {
    const values = this.#rows[row];
    const info = this.#item.columns[column];
    if (values === undefined || info === undefined) return;
    const value = this.#shownRow(row)?.[column] ?? null;
    const where = `${info.name}, row ${this.#offset + row + 1}`;
    if (this.#place.keys.length === 0 || info.generated) return showValue(value, where);
    const changed = await editValue(value, where);
    this.#grid?.element.focus();
    if (changed === undefined) return;
    const key = values.slice(this.#names.length);
    const edit = { row, column: info.name, before: values[column] ?? null, after: changed, key };
    this.#edits.set(`${row} ${column}`, edit);
    this.#done = [];
    this.#grid?.update();
    this.#drawBar();
  }

  #drawBar(): void {
    const number = this.#edits.size;
    this.#bar.hidden = number === 0 && this.#done.length === 0;
    if (number > 0) {
      this.#bar.replaceChildren(
        h('span', {}, `${count(number, 'change')} not made yet`),
        button('Show the SQL', () => this.#preview(), { class: 'small' }),
        button('Discard', () => this.load(), { class: 'small' }),
        button('Make the changes', () => this.#apply([...this.#edits.values()], false), {
          class: 'small primary',
          'data-testid': 'apply',
        }),
      );
    } else {
      this.#bar.replaceChildren(
        h('span', {}, `${count(this.#done.length, 'change')} made`),
        button('Undo', () => this.#apply(reversed(this.#place, this.#done), true), {
          class: 'small',
          'data-testid': 'undo',
        }),
      );
    }
  }

  #preview(): void {
    const text = preview(this.#place, [...this.#edits.values()]);
    void show('What will be run', h('pre', { dir: 'auto' }, text));
  }

  #apply(edits: readonly Edit[], undoing: boolean): void {
    void this.#app
      .perform(undoing ? 'Undoing…' : 'Changing…', async () => {
        await apply(this.#app.workspace.opened, this.#place, edits);
        this.#done = undoing ? [] : edits;
        this.#app.workspace.touch();
        return undoing ? 'The changes are undone.' : `${count(edits.length, 'change')} made.`;
      })
      .then((done) => done && this.load());
  }
}

/** What identifies a row; nothing in a view, which is only looked at. */
function keysOf({ kind, columns, withoutRowid, shadow }: Item): string[] {
  if (kind !== 'table' || shadow) return [];
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key);
  if (withoutRowid) return key.map(({ name }) => name);
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const free = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  return free === undefined ? [] : [free];
}
