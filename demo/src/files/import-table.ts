/**
 * A file of rows on its way into a table: a look at it first, then one transaction that can be
 * given up. Called by imports.ts.
 */
import type { Database } from 'anchorite';
import { button, h, options } from '../dom.ts';
import { cellOf } from '../results/cells.ts';
import { quoteName } from '../sql/quote.ts';
import { count, size, visible } from '../words.ts';
import { readTabular, type Tabular, type Type } from './tabular.ts';

export interface Plan {
  readonly table: string;
  readonly types: readonly Type[];
  readonly data: Tabular;
}

const TYPES = [
  ['TEXT', 'TEXT'],
  ['INTEGER', 'INTEGER'],
  ['REAL', 'REAL'],
] as const;

/** Shows the first rows; `undefined` when the person thinks better of it. */
export async function askPlan(file: File): Promise<Plan | undefined> {
  let data = await readTabular(file, true);
  let selects: HTMLSelectElement[] = [];
  const name = h('input', { type: 'text', 'aria-label': 'Table', 'data-testid': 'import-table' });
  name.value = file.name.replace(/\.[^.]*$/, '').trim() || 'imported';
  name.required = true;
  const header = h('input', { type: 'checkbox' });
  header.checked = true;
  const isJson = /json/i.test(file.name.split('.').at(-1) ?? '');
  const body = h('div', {
    class: 'dialog-body preview',
    tabindex: 0,
    role: 'region',
    'aria-label': 'First rows',
  });
  const draw = () => {
    selects = data.columns.map(({ name: column, type }) => {
      const select = h('select', { 'aria-label': `Type of ${column}` }, ...options(TYPES));
      select.value = type;
      return select;
    });
    body.replaceChildren(previewTable(data, selects));
  };
  header.addEventListener('change', () => {
    void readTabular(file, header.checked).then((read) => {
      data = read;
      draw();
    });
  });
  draw();
  const form = h('form', { method: 'dialog', class: 'import-form' });
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'import-title' }, form);
  form.append(
    h('h2', { id: 'import-title', dir: 'auto' }, `Import ${visible(file.name)}`),
    h('p', { class: 'soft' }, `${size(file.size)}. These are its first rows; types are guesses.`),
    h(
      'div',
      { class: 'import-bar' },
      h('label', {}, 'New table ', name),
      isJson ? undefined : h('label', {}, header, ' The first row has the names'),
    ),
    body,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Cancel', () => dialog.close('')),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'import-ok' }, 'Import'),
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    dialog.close('yes');
  });
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  if (dialog.returnValue !== 'yes') return undefined;
  return { table: name.value, types: selects.map(({ value }) => value as Type), data };
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
  const columns = data.columns.map(({ name }, index) => `${quoteName(name)} ${types[index]}`);
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
