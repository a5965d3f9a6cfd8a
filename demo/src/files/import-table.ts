/**
 * A file of rows on its way into a table: a look at it first, then one transaction that can be
 * given up. Called by imports.ts.
 */
import type { Database } from 'anchorite';
import { button, h, options } from '../dom.ts';
import { cellOf } from '../results/cells.ts';
import { quoteName } from '../sql/quote.ts';
import { count, size, visible } from '../words.ts';
import { type Encoding, readTabular, type Tabular, type Type } from './tabular.ts';

export interface Plan {
  readonly table: string;
  readonly types: readonly Type[];
  readonly data: Tabular;
}

const TYPES = [
  ['TEXT', 'TEXT'],
  ['INTEGER', 'INTEGER'],
  ['REAL', 'REAL'],
  ['REAL,', 'REAL, as 1,5'],
] as const;

const ENCODINGS = [
  ['utf-8', 'UTF-8'],
  ['windows-1252', 'Windows-1252'],
  ['utf-16le', 'UTF-16 LE'],
  ['utf-16be', 'UTF-16 BE'],
] as const;

/** Shows the first rows; `undefined` when the person thinks better of it. */
export async function askPlan(file: File, database: Database): Promise<Plan | undefined> {
  const taken = await takenNames(database);
  const form = new ImportForm(file, await readTabular(file, { header: true }));
  form.name.value = freeName(file.name.replace(/\.[^.]*$/, '').trim() || 'imported', taken);
  const problem = h('p', { class: 'problem', role: 'alert', 'data-testid': 'import-problem' });
  const element = h('form', { method: 'dialog', class: 'import-form' });
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'import-title' }, element);
  element.append(
    h('h2', { id: 'import-title', dir: 'auto' }, `Import ${visible(file.name)}`),
    h(
      'p',
      { class: 'soft', dir: 'auto' },
      `${size(file.size)}, into a new table of ${visible(database.name)}. ` +
        'These are its first rows; types are guesses.',
    ),
    ...form.parts,
    problem,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Cancel', () => dialog.close('')),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'import-ok' }, 'Import'),
    ),
  );
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    const { plan } = form;
    if (plan === undefined) return;
    if (!taken.has(plan.table.toLowerCase())) return dialog.close('yes');
    problem.textContent = `${visible(database.name)} has a “${visible(plan.table)}” already.`;
    form.name.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === 'yes' ? form.plan : undefined;
}

/** What no new table can be called, in lower case. */
async function takenNames(database: Database): Promise<ReadonlySet<string>> {
  const sql = "SELECT name FROM sqlite_schema WHERE type <> 'trigger'";
  const names = await database.query<string>(sql, [], { rows: 'scalar' });
  return new Set(names.map((name) => name.toLowerCase()));
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name} ${number}`;
  return free;
}

/** The table's name, how the file is read, and its first rows as they are read so. */
class ImportForm {
  readonly name: HTMLInputElement = h('input', {
    ...{ type: 'text', required: true, 'aria-label': 'Table', 'data-testid': 'import-table' },
  });
  readonly parts: readonly HTMLElement[];
  readonly #file: File;
  readonly #header = h('input', { type: 'checkbox', checked: true });
  readonly #encoding = h('select', { 'data-testid': 'encoding' }, ...options(ENCODINGS));
  readonly #body = h('div', {
    ...{ class: 'dialog-body preview', tabindex: 0, role: 'region', 'aria-label': 'First rows' },
  });
  #data: Tabular | undefined;
  #types: readonly HTMLSelectElement[] = [];

  constructor(file: File, data: Tabular) {
    this.#file = file;
    this.#encoding.value = data.encoding;
    this.#header.addEventListener('change', () => void this.#readAgain());
    this.#encoding.addEventListener('change', () => void this.#readAgain());
    const isJson = /json/i.test(file.name.split('.').at(-1) ?? '');
    const asText = [
      h('label', {}, this.#header, ' The first row has the names'),
      h('label', {}, 'Encoding ', this.#encoding),
    ];
    const bar = h('div', { class: 'import-bar' }, h('label', {}, 'New table ', this.name));
    if (!isJson) bar.append(...asText);
    this.parts = [bar, this.#body];
    this.#draw(data);
  }

  /** Nothing, where the file cannot be read so. */
  get plan(): Plan | undefined {
    const types = this.#types.map(({ value }) => value as Type);
    return this.#data && { table: this.name.value.trim(), types, data: this.#data };
  }

  async #readAgain(): Promise<void> {
    const reading = {
      header: this.#header.checked,
      encoding: this.#encoding.value as Encoding,
    };
    try {
      this.#draw(await readTabular(this.#file, reading));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#data = undefined;
      this.#body.replaceChildren(h('p', { class: 'problem' }, why));
    }
  }

  #draw(data: Tabular): void {
    this.#data = data;
    this.#types = data.columns.map(({ name, type }) => {
      const select = h('select', { 'aria-label': `Type of ${name}` }, ...options(TYPES));
      select.value = type;
      return select;
    });
    this.#body.replaceChildren(previewTable(data, this.#types));
  }
}

function previewTable({ columns, sample }: Tabular, selects: readonly HTMLElement[]): HTMLElement {
  const heads = columns.map(({ name }, index) =>
    h('th', { scope: 'col', dir: 'auto' }, visible(name), h('br'), selects[index]),
  );
  const lines = sample.map((row) => {
    const cells = row.map((value) => {
      const shown = typeof value === 'boolean' ? BigInt(value) : value;
      const { text, kind } = cellOf(shown as Parameters<typeof cellOf>[0]);
      return h('td', { class: kind, dir: 'auto' }, text);
    });
    return h('tr', {}, ...cells);
  });
  return h('table', {}, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...lines));
}

/** Makes the table and fills it, all or nothing; resolves to how many rows there are. */
export async function importTable(
  database: Database,
  file: File,
  { table, types, data }: Plan,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<number> {
  const columns = data.columns.map(
    ({ name }, index) => `${quoteName(name)} ${types[index]?.replace(',', '')}`,
  );
  let bytes = 0;
  let rows = 0;
  await database.transaction(
    async (tx) => {
      await tx.exec(`CREATE TABLE ${quoteName(table)} (${columns.join(', ')})`);
      const source = data.rows(types, (read) => {
        bytes = read;
      });
      const onProgress = (done: number) => {
        rows = done;
        const part = Math.min(100, Math.round((bytes / Math.max(file.size, 1)) * 100));
        say(bytes === 0 ? count(done, 'row') : `${part} %, ${count(done, 'row')}`);
      };
      await tx.insertMany(table, source, { signal, onProgress });
    },
    { name: 'import', signal },
  );
  return rows;
}
