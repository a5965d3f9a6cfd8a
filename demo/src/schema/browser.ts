/**
 * The table browser: pages of a table or view, a filter, and rows that can be changed and deleted,
 * with a look at what will be done first and a way back after. Opened by the Schema panel in the
 * place of the results. What it changes goes through changes.ts.
 */
import type { SqlValue } from 'anchorite';
import type { App } from '../app.ts';
import { type Confirmation, confirm, show } from '../dialogs.ts';
import { button, h } from '../dom.ts';
import type { FormatName } from '../results/formats.ts';
import { Grid, type Sorting } from '../results/grid.ts';
import { type Savable, saveBar } from '../results/save-bar.ts';
import { RowSelection } from '../results/selection.ts';
import { showValue } from '../results/viewer.ts';
import { plainName, quoteName } from '../sql/quote.ts';
import type { Shown } from '../stage.ts';
import { count, visible } from '../words.ts';
import { askDeletion, askLeave, changedWords, waitingWords } from './change-words.ts';
import {
  apply,
  type CellChange,
  type Change,
  type Deletion,
  type Made,
  type Place,
  preview,
  reversed,
} from './changes.ts';
import { editValue } from './edit-value.ts';
import { insertRow } from './insert-row.ts';
import { placeOf, whyFixed } from './place.ts';
import type { Item } from './read.ts';

const PAGE = 500;
const NOTHING: Made = { changes: [], elsewhere: 0 };

export class TableBrowser implements Shown {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #item: Item;
  readonly #place: Place;
  readonly #names: readonly string[];
  /** Why no row can be changed here. */
  readonly #fixed: string | undefined;
  readonly #filter = h('input', {
    type: 'search',
    placeholder: "Filter, such as price > 10 AND name LIKE 'A%'",
    'aria-label': 'Filter: a condition in SQL',
    'data-testid': 'filter',
  });
  readonly #caption = h('p', { class: 'caption', role: 'status' });
  readonly #content = h('div', { class: 'result-content' });
  readonly #bar = h('div', { class: 'edit-bar', role: 'status', 'data-testid': 'edit-bar' });
  readonly #delete: HTMLButtonElement;
  readonly #selection = new RowSelection();
  #rows: SqlValue[][] = [];
  #total = 0;
  #offset = 0;
  /** What the filter has said when it was used last. */
  #condition = '';
  #sorting: Sorting | undefined;
  #edits = new Map<string, CellChange>();
  #made: Made = NOTHING;
  #grid: Grid | undefined;

  constructor(app: App, item: Item) {
    this.#app = app;
    this.#item = item;
    this.#names = item.columns.map(({ name }) => name);
    this.#place = placeOf(item);
    this.#fixed = whyFixed(item);
    this.#delete = button('Delete row…', () => void this.#deleteRows(), {
      class: 'small',
      'data-testid': 'delete-rows',
    });
    const { name } = item;
    this.element = h(
      'div',
      { class: 'browser-view', 'data-testid': 'table-browser' },
      h(
        'div',
        { class: 'browser-head' },
        button('← Queries', () => void app.browse(undefined), { class: 'small' }),
        h('h2', { dir: 'auto', title: visible(name) }, visible(name)),
        this.#filterForm(),
      ),
      this.#tools(),
      this.#content,
      this.#bar,
    );
    this.#follow();
  }

  get waits(): boolean {
    return this.#edits.size > 0;
  }

  /** Asks before edits that wait are given up. */
  mayLeave(): Promise<boolean> {
    return confirm(askLeave(this.#edits.size, this.#item.name));
  }

  #filterForm(): HTMLElement {
    const form = h('form', { class: 'browser-filter', role: 'search' }, this.#filter);
    form.append(h('button', { type: 'submit', class: 'small' }, 'Filter'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#edits.size === 0) this.#condition = this.#filter.value;
      this.#go(0);
    });
    return form;
  }

  #tools(): HTMLElement {
    const isFixed = this.#fixed !== undefined;
    const insert = button('Insert row…', () => void this.#insertRow(), {
      class: 'small',
      'data-testid': 'insert-row',
    });
    const page = (label: string, words: string, step: number) =>
      button(label, () => this.#go(this.#offset + step * PAGE), {
        class: 'small',
        'aria-label': words,
        'data-testid': words.toLowerCase().replaceAll(' ', '-'),
      });
    return h(
      'div',
      { class: 'browser-tools' },
      ...(isFixed ? [h('p', { class: 'soft' }, this.#fixed)] : [insert, this.#delete]),
      this.#caption,
      page('Back', 'Back a page', -1),
      page('Next', 'Next page', 1),
      saveBar(this.#app.perform, (format, signal) => this.#savable(format, signal)),
    );
  }

  /** All rows that the filter lets through, of whatever page; INSERT without what is computed. */
  #savable(format: FormatName, signal: AbortSignal): Savable {
    const { table, columns: stored } = this.#place;
    const columns = format === 'insert' ? stored : this.#names;
    const names = columns.map(quoteName).join(', ');
    const sql = `SELECT ${names} FROM ${table}${this.#where()}${this.#order()}`;
    const { opened } = this.#app.workspace;
    const { name } = this.#item;
    return {
      ...{ columns, table: plainName(name), name },
      rows: opened.iterate<SqlValue[]>(sql, [], { rows: 'array', signal }),
      extent: (rows) => `${count(rows, 'row')} of ${visible(name)}`,
    };
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
      await this.#read(signal);
      return 'Ready.';
    });
  }

  async #read(signal?: AbortSignal): Promise<void> {
    const { opened } = this.#app.workspace;
    const columns = [...this.#names, ...this.#place.keys].map(quoteName).join(', ');
    const from = `FROM ${this.#place.table}${this.#where()}`;
    const sql = `SELECT ${columns} ${from}${this.#order()} LIMIT ? OFFSET ?`;
    const total = `SELECT count(*) ${from}`;
    this.#total = Number(await opened.get<bigint>(total, [], { rows: 'scalar', signal }));
    // Of what was the last page nothing may be left.
    if (this.#offset >= this.#total) this.#offset = lastPage(this.#total);
    const page = [PAGE, this.#offset];
    this.#rows = await opened.query<SqlValue[]>(sql, page, { rows: 'array', signal });
    this.#edits.clear();
    this.#selection.clear();
    this.#draw();
  }

  #go(offset: number): void {
    if (!this.#nothingWaits()) return;
    this.#app.clearFailure();
    this.#offset = Math.max(0, offset >= this.#total && offset > 0 ? this.#offset : offset);
    this.load();
    this.#grid?.go(0, 0);
  }

  #where(): string {
    return this.#condition.trim() === '' ? '' : ` WHERE (${this.#condition}\n)`;
  }

  /** By the key in the end, so that each row is on one page. */
  #order(): string {
    const { keys } = this.#place;
    const { column, descending } = this.#sorting ?? { column: -1, descending: false };
    const sorted = this.#names[column];
    const first = sorted === undefined ? [] : [`${quoteName(sorted)}${descending ? ' DESC' : ''}`];
    const terms = [...first, ...keys.filter((key) => key !== sorted).map(quoteName)];
    return terms.length === 0 ? '' : ` ORDER BY ${terms.join(', ')}`;
  }

  #draw(): void {
    if (this.#grid === undefined) this.#makeGrid();
    else this.#grid.update();
    this.#describe();
    this.#drawBar();
  }

  #makeGrid(): void {
    const browser = this;
    this.#grid = new Grid(
      {
        columns: this.#names,
        get count() {
          return browser.#rows.length;
        },
        get before() {
          return browser.#offset;
        },
        row: (index) => this.#shownRow(index),
        mark: (row, column) => (this.#edits.has(`${row} ${column}`) ? 'changed' : undefined),
      },
      {
        label: `Rows of ${visible(this.#item.name)}`,
        sorting: this.#sorting,
        onOpen: (row, column) => void this.#edit(row, column),
        onSort: (column) => this.#sort(column),
        ...(this.#fixed === undefined ? { selection: this.#selection } : {}),
        onSelect: () => this.#describe(),
        onKey: (key) => this.#key(key),
      },
    );
    // Whoever opens a table goes on in its rows, but for who types a filter already.
    const isFirst = this.#content.querySelector('.grid') === null;
    const hadFocus = this.#content.contains(document.activeElement);
    this.#content.replaceChildren(this.#grid.element);
    const takes = isFirst && document.activeElement !== this.#filter;
    if (hadFocus || takes) this.#grid.element.focus();
  }

  #describe(): void {
    const first = this.#rows.length === 0 ? 0 : this.#offset + 1;
    const last = this.#offset + this.#rows.length;
    const range = `${first.toLocaleString('en')}–${last.toLocaleString('en')}`;
    const { size } = this.#selection;
    const selected = size === 0 ? '' : ` · ${size.toLocaleString('en')} selected`;
    this.#content.toggleAttribute('data-empty', this.#total === 0);
    this.#caption.textContent = `${range} of ${count(this.#total, 'row')}${selected}`;
    this.#delete.textContent = size < 2 ? 'Delete row…' : `Delete ${count(size, 'row')}…`;
  }

  #shownRow(index: number): readonly SqlValue[] | undefined {
    const row = this.#rows[index];
    return row?.slice(0, this.#names.length).map((value, column) => {
      const edit = this.#edits.get(`${index} ${column}`);
      return edit === undefined ? value : edit.after;
    });
  }

  #sort(column: number): void {
    if (!this.#nothingWaits()) return;
    const { column: sorted, descending } = this.#sorting ?? { column: -1, descending: false };
    if (sorted !== column) this.#sorting = { column, descending: false };
    else this.#sorting = descending ? undefined : { column, descending: true };
    this.#grid = undefined;
    this.#go(0);
  }

  #key(key: string): boolean {
    if (key === 'Insert') void this.#insertRow();
    else if (key === 'Delete' || key === 'Backspace') void this.#deleteRows();
    else return false;
    return true;
  }

  async #edit(row: number, column: number): Promise<void> {
    const values = this.#rows[row];
    const info = this.#item.columns[column];
    if (values === undefined || info === undefined) return;
    const value = this.#shownRow(row)?.[column] ?? null;
    const number = this.#offset + row + 1;
    const where = `${info.name}, row ${number.toLocaleString('en')}`;
    if (this.#fixed !== undefined || info.generated) return showValue(value, where);
    const after = await editValue(value, where);
    this.#grid?.element.focus();
    if (after === undefined) return;
    const key = values.slice(this.#names.length);
    const before = values[column] ?? null;
    const edit: CellChange = { kind: 'cell', row: number, column: info.name, before, after, key };
    this.#edits.set(`${row} ${column}`, edit);
    this.#made = NOTHING;
    this.#grid?.update();
    this.#drawBar();
  }

  /** What is inserted stays, whatever becomes of the looking for it. */
  async #insertRow(): Promise<void> {
    if (!this.#mayChange()) return;
    this.#app.clearFailure();
    const { perform } = this.#app;
    let made = NOTHING;
    await insertRow(this.#item, this.#place, (insertion, given, onFailure) =>
      perform(
        'Inserting…',
        async (signal) => {
          const one = await this.#make([insertion], AbortSignal.any([signal, given]));
          // Several rows of one form are taken back together.
          made = joined(made, one);
          this.#made = made;
          this.#drawBar();
          return this.#madeWords();
        },
        onFailure,
      ),
    );
    this.#grid?.element.focus();
    if (made.changes.length > 0) this.#showInserted(made);
  }

  #showInserted(made: Made): void {
    const row = made.changes.at(-1);
    void this.#app.perform('Looking for the row…', async () => {
      if (row?.kind === 'insert' && row.as !== undefined) await this.#find(row.as.key);
      else await this.#read();
      return this.#madeWords();
    });
  }

  /** Goes to a row; a filter that hides it is taken off. */
  async #find(key: readonly SqlValue[]): Promise<void> {
    let place = await this.#positionOf(key);
    if (place === undefined) {
      this.#filter.value = '';
      this.#condition = '';
      place = await this.#positionOf(key);
    }
    this.#offset = Math.floor((place ?? 0) / PAGE) * PAGE;
    await this.#read();
    if (place === undefined) return;
    const row = place - this.#offset;
    this.#selection.only(row);
    this.#grid?.go(row, 0);
    this.#describe();
  }

  /** How many rows come before that of a key. */
  async #positionOf(key: readonly SqlValue[]): Promise<number | undefined> {
    const { table, keys } = this.#place;
    const names = keys.map((name, index) => `${quoteName(name)} AS k${index}`).join(', ');
    const place = `row_number() OVER (${this.#order()}) - 1 AS place`;
    const all = `SELECT ${names}, ${place} FROM ${table}${this.#where()}`;
    const found = keys.map((_, index) => `k${index} IS ?`).join(' AND ');
    const sql = `SELECT place FROM (${all}) WHERE ${found}`;
    const [row] = await this.#app.workspace.opened.query<bigint>(sql, [...key], { rows: 'scalar' });
    return row === undefined ? undefined : Number(row);
  }

  /** The rows that are selected, or else the one that keys act on. */
  async #deleteRows(): Promise<void> {
    if (!this.#mayChange()) return;
    const { row } = this.#grid?.active ?? { row: 0 };
    if (this.#selection.size === 0 && this.#rows[row] !== undefined) this.#selection.only(row);
    this.#grid?.update();
    this.#describe();
    const deletions = this.#selection.rows().flatMap((row) => this.#deletion(row));
    if (deletions.length === 0) return this.#app.note('There is no row to delete.');
    const { workspace } = this.#app;
    let question: Confirmation | undefined;
    await this.#app.perform('Looking for what depends on it…', async () => {
      question = await askDeletion(workspace.opened, this.#item, this.#place, deletions);
      return 'Ready.';
    });
    if (question !== undefined && (await confirm(question))) this.#apply(deletions);
  }

  #deletion(row: number): Deletion[] {
    const values = this.#rows[row];
    if (values === undefined) return [];
    const stored = values.filter((_, column) => this.#item.columns[column]?.generated === false);
    const key = values.slice(this.#names.length);
    return [{ kind: 'delete', row: this.#offset + row + 1, key, values: stored }];
  }

  /** Whether rows can come and go now; it says why not. */
  #mayChange(): boolean {
    if (this.#fixed !== undefined) this.#app.note(this.#fixed);
    return this.#fixed === undefined && this.#nothingWaits();
  }

  /** Whether another page takes nothing away; it says so. */
  #nothingWaits(): boolean {
    const wait = this.#edits.size;
    if (wait > 0) this.#app.note(`${waitingWords(wait)}: make or discard what waits first.`);
    return wait === 0;
  }

  #drawBar(): void {
    const { changes } = this.#made;
    const edits = [...this.#edits.values()];
    this.#bar.hidden = edits.length === 0 && changes.length === 0;
    if (edits.length > 0) {
      this.#bar.replaceChildren(
        h('span', {}, waitingWords(edits.length)),
        button('Show the SQL', () => this.#preview(edits), { class: 'small' }),
        button('Discard', () => this.load(), { class: 'small' }),
        button('Make the changes', () => this.#apply(edits), {
          class: 'small primary',
          'data-testid': 'apply',
        }),
      );
    } else {
      const back = reversed(this.#place, changes);
      const undo = () => back && this.#apply(back, 'Undoing…');
      this.#bar.replaceChildren(
        h('span', {}, this.#madeWords()),
        back ? button('Undo', undo, { class: 'small', 'data-testid': 'undo' }) : '',
      );
    }
  }

  #madeWords(): string {
    return changedWords(this.#made, reversed(this.#place, this.#made.changes) !== undefined);
  }

  #preview(changes: readonly Change[]): void {
    const text = preview(this.#place, changes);
    void show('What will be run', h('pre', { dir: 'auto' }, text));
  }

  async #make(changes: readonly Change[], signal: AbortSignal): Promise<Made> {
    const { workspace } = this.#app;
    // A transaction of the person's own is theirs to end.
    const { transaction } = await workspace.opened.stats();
    if (transaction) throw new Error('A transaction is open: commit it or roll it back first.');
    this.#made = await apply(workspace.opened, this.#place, changes, signal);
    this.#edits.clear();
    this.#drawBar();
    workspace.touch();
    return this.#made;
  }

  /** Makes changes, and shows what has become of them; what fails leaves all as it was. */
  #apply(changes: readonly Change[], undoing?: string): void {
    this.#app.clearFailure();
    void this.#app.perform(undoing ?? 'Changing…', async (signal) => {
      await this.#make(changes, signal);
      if (undoing !== undefined) this.#made = NOTHING;
      // What is made is made, and no longer to be given up.
      await this.#read();
      // The button that was pressed may be gone.
      this.#grid?.element.focus();
      return undoing === undefined ? this.#madeWords() : 'The changes are undone.';
    });
  }
}

function joined(first: Made, second: Made): Made {
  return {
    changes: [...first.changes, ...second.changes],
    elsewhere: first.elsewhere + second.elsewhere,
  };
}

function lastPage(total: number): number {
  return Math.floor(Math.max(0, total - 1) / PAGE) * PAGE;
}
