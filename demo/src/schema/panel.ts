/**
 * The Schema panel: what the open database holds, how much of it, and how it was made.
 * Made by main.ts. It asks read.ts; a table is looked into by browser.ts.
 */
import type { Database } from 'anchorite';
import type { App, Panel } from '../app.ts';
import { show } from '../dialogs.ts';
import { button, h, redraw } from '../dom.ts';
import { plainName } from '../sql/quote.ts';
import { size, visible } from '../words.ts';
import type { TableBrowser } from './browser.ts';
import {
  type Column,
  databaseBytes,
  type Extent,
  factsOf,
  type Item,
  measure,
  nameOf,
  readSchema,
} from './read.ts';

/** A database that is larger is counted only if somebody asks for it. */
const COUNTED_UNASKED = 16_000_000;

const GROUPS = [
  ['table', 'Tables'],
  ['view', 'Views'],
  ['index', 'Indexes'],
  ['trigger', 'Triggers'],
] as const;

export class SchemaPanel implements Panel {
  readonly name = 'Schema';
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #list = h('div', { class: 'tree', 'data-testid': 'schema' });
  readonly #filter = h('input', {
    type: 'search',
    placeholder: 'Filter by name',
    'aria-label': 'Filter by name',
    oninput: () => this.#draw(),
  });
  readonly #count: HTMLButtonElement;
  /** The name of the database whose items these are. */
  #of: string | undefined;
  #items: readonly Item[] = [];
  #extents = new Map<string, Extent>();
  #seen = '';
  readonly #open = new Set<string>(['group table', 'group view']);

  constructor(app: App) {
    this.#app = app;
    this.#count = button('Count rows', () => this.#measure(), { class: 'small', hidden: true });
    this.element = h(
      'div',
      { class: 'panel' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Schema'), this.#count),
      this.#filter,
      this.#list,
    );
  }

  async refresh(): Promise<void> {
    const { workspace } = this.#app;
    const { database } = workspace;
    if (database?.name !== this.#of) this.#forget(database);
    if (database === undefined) return;
    const items = await readSchema(database);
    if (database !== workspace.database) return;
    this.#items = items;
    this.#drawIfNew();
    const small = (await databaseBytes(database)) <= COUNTED_UNASKED;
    this.#count.hidden = small || items.length === 0;
    if (!small) return;
    const extents = await measure(database, items);
    if (database !== workspace.database) return;
    this.#extents = extents;
    this.#drawIfNew();
  }

  /** What was there is another database's; what is here is not known yet. */
  #forget(database: Database | undefined): void {
    this.#of = database?.name;
    this.#items = [];
    this.#extents = new Map();
    this.#seen = '';
    this.#count.hidden = true;
    const words = database === undefined ? 'No database is open.' : 'Reading…';
    this.#list.replaceChildren(h('p', { class: 'soft' }, words));
  }

  /** To draw anew what is the same would take the focus away from it. */
  #drawIfNew(): void {
    const seen = JSON.stringify([this.#of, this.#items, [...this.#extents]]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#draw();
  }

  #measure(): void {
    void this.#app.perform('Counting…', async (signal) => {
      this.#extents = await measure(this.#app.workspace.opened, this.#items, signal);
      this.#draw();
      return 'Ready.';
    });
  }

  #draw(): void {
    const wanted = this.#filter.value.toLowerCase();
    const shown = this.#items.filter(({ name }) => name.toLowerCase().includes(wanted));
    const groups = GROUPS.map(([kind, title]) => {
      return this.#group(
        title,
        `group ${kind}`,
        shown.filter((item) => item.kind === kind && !item.shadow),
      );
    });
    groups.push(
      this.#group(
        'Inside virtual tables',
        'group shadow',
        shown.filter((item) => item.shadow),
      ),
    );
    const some = groups.filter((group) => group !== undefined);
    const words =
      wanted === ''
        ? 'Nothing here yet. CREATE TABLE makes a beginning, or a file that is imported.'
        : `Nothing here is called “${this.#filter.value}”.`;
    const nothing = h('p', { class: 'soft' }, words);
    redraw(this.#list, ...(some.length > 0 ? some : [nothing]));
  }

  #group(title: string, key: string, items: readonly Item[]): HTMLElement | undefined {
    if (items.length === 0) return undefined;
    const words = h('summary', {}, title, h('span', { class: 'soft' }, ` ${items.length}`));
    return this.#details(key, words, 'tree-group', () => items.map((item) => this.#item(item)));
  }

  #item(item: Item): HTMLElement {
    const { rows, bytes } = this.#extents.get(nameOf(item)) ?? {};
    const facts = [
      item.schema === 'main' ? undefined : visible(item.schema),
      rows?.toLocaleString('en'),
      bytes === undefined ? undefined : size(bytes),
    ];
    const summary = h(
      'summary',
      {},
      h('span', { class: 'tree-name', dir: 'auto' }, visible(item.name)),
      h('span', { class: 'soft' }, facts.filter((fact) => fact !== undefined).join(' · ')),
    );
    return this.#details(`${item.kind} ${nameOf(item)}`, summary, 'tree-item', () =>
      this.#inside(item),
    );
  }

  /** What is inside is made when it is opened. */
  #details(
    key: string,
    summary: HTMLElement,
    className: string,
    inside: () => Node[],
  ): HTMLElement {
    const details = h('details', { class: className }, summary);
    summary.dataset['testid'] = key;
    const fill = () => {
      if (details.open) this.#open.add(key);
      else this.#open.delete(key);
      if (details.open && details.childElementCount === 1) details.append(...inside());
    };
    details.open = this.#open.has(key);
    if (details.open) fill();
    details.addEventListener('toggle', fill);
    return details;
  }

  #inside(item: Item): Node[] {
    const acts = h('p', { class: 'tree-acts' });
    if (item.kind === 'table' || item.kind === 'view') {
      const name = item.schema === 'main' ? plainName(item.name) : nameOf(item);
      const text = `SELECT *\nFROM ${name}\nLIMIT 100;\n`;
      acts.append(
        button('Browse', () => this.#browse(item), { class: 'small', 'data-testid': 'browse' }),
        button('SELECT', () => this.#app.openText(text, { title: item.name, run: true }), {
          class: 'small',
        }),
      );
    }
    const ddl = item.ddl ?? 'It was made by a constraint, and has no text of its own.';
    acts.append(
      button('DDL', () => void show(visible(item.name), h('pre', { dir: 'auto' }, ddl)), {
        class: 'small',
      }),
    );
    const nodes: Node[] = [acts];
    if (item.kind === 'index' || item.kind === 'trigger') {
      nodes.push(h('p', { class: 'soft' }, `of ${visible(item.table)}`));
    }
    if (item.columns.length > 0) nodes.push(h('ul', {}, ...item.columns.map(columnLine)));
    return nodes;
  }

  /** It is loaded when somebody looks into a table for the first time. */
  #browse(item: Item): void {
    let browser: TableBrowser | undefined;
    void this.#app
      .perform('Opening the table…', async () => {
        const { TableBrowser } = await import('./browser.ts');
        const opened = new TableBrowser(this.#app, item);
        if (!(await this.#app.browse(opened))) return 'The changes still wait.';
        browser = opened;
        return 'Ready.';
      })
      .then(() => browser?.load());
  }
}

function columnLine(column: Column): HTMLElement {
  return h(
    'li',
    {},
    h('span', { dir: 'auto' }, visible(column.name)),
    h('span', { class: 'soft' }, factsOf(column)),
  );
}
