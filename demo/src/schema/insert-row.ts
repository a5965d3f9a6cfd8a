/**
 * Asks for the values of a new row: a field for each column, with its type, its default and whether
 * it may be NULL. What is left empty gets the column's default. Opened by browser.ts, which inserts
 * the row; until that has worked the form stays, with what is wrong.
 */
import type { SqlValue } from 'anchorite';
import { button, h, options } from '../dom.ts';
import type { Failure } from '../run/failure.ts';
import { visible } from '../words.ts';
import { type Insertion, type Place, preview } from './changes.ts';
import { type Column, factsOf, type Item } from './read.ts';
import { guessKind, isProblem, KINDS, type Kind, type Problem, readAs } from './values.ts';

/** Does it: resolves to whether it was done, and tells of what has failed. */
export type Insert = (
  insertion: Insertion,
  signal: AbortSignal,
  onFailure: (failure: Failure) => void,
) => Promise<boolean>;

const CHOICES = [['default', 'Default'], ...KINDS] as const;

/** Shows the form until the row is there, or until somebody thinks better of it. */
export function insertRow(item: Item, place: Place, insert: Insert): Promise<void> {
  const fields = item.columns
    .filter(({ generated }) => !generated)
    .map((column) => new Field(column, placeholderOf(item, column), () => showSql()));
  const given = new AbortController();
  const dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'insert-title' });
  const problem = h('p', { class: 'problem', role: 'alert', 'data-testid': 'insert-problem' });
  const sql = h('pre', { dir: 'auto', tabindex: 0, role: 'region', 'aria-label': 'SQL' });
  const form = h('form', { class: 'insert-form', method: 'dialog', 'data-testid': 'insert-form' });
  const showSql = () => {
    const read = collect(fields);
    sql.textContent = 'problem' in read ? read.problem : preview(place, [read]);
  };
  form.append(
    h('h2', { id: 'insert-title', dir: 'auto' }, `New row of “${visible(item.name)}”`),
    h('div', { class: 'insert-fields' }, ...fields.flatMap(({ parts }) => parts)),
    h('details', {}, h('summary', {}, 'The SQL'), sql),
    problem,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'insert-ok' }, 'Insert'),
    ),
  );
  form.addEventListener('keydown', (event) => submitByEnter(event, form));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    problem.textContent = '';
    const read = collect(fields);
    if ('problem' in read) {
      problem.textContent = read.problem;
      read.field.area.focus();
      return;
    }
    const say = (failure: Failure) => problem.replaceChildren(...failureWords(failure));
    void insert(read, given.signal, say).then((done) => done && dialog.close());
  });
  dialog.append(form);
  document.body.append(dialog);
  showSql();
  dialog.showModal();
  firstToFill(fields)?.area.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      given.abort(new DOMException('No row was inserted.', 'AbortError'));
      dialog.remove();
      resolve();
    });
  });
}

/** A column's field. Its kind is “Default” while it is empty, then what its text seems to be. */
class Field {
  readonly column: Column;
  readonly area: HTMLTextAreaElement;
  readonly parts: readonly HTMLElement[];
  readonly #kind: HTMLSelectElement;
  /** Whether somebody has chosen the kind. */
  #chosen = false;

  constructor(column: Column, placeholder: string, onChange: () => void) {
    this.column = column;
    const name = visible(column.name);
    this.area = h('textarea', {
      rows: 1,
      placeholder,
      'aria-label': name,
      'aria-required': column.notNull && column.default === null && column.key === 0,
      'data-testid': `field ${column.name}`,
    });
    this.#kind = h('select', { 'aria-label': `Kind of ${name}` }, ...options(CHOICES));
    this.area.addEventListener('input', () => {
      this.#guess();
      onChange();
    });
    this.#kind.addEventListener('change', () => {
      this.#choose();
      onChange();
    });
    const label = h(
      'div',
      {},
      h('span', { class: 'insert-name', dir: 'auto' }, name),
      h('span', { class: 'soft' }, factsOf(column)),
    );
    this.parts = [label, this.area, this.#kind];
  }

  /** Its value; `undefined` for the default. */
  read(): SqlValue | undefined | Problem {
    const kind = this.#kind.value as Kind | 'default';
    return kind === 'default' ? undefined : readAs(kind, this.area.value);
  }

  #guess(): void {
    const { value } = this.area;
    if (this.#chosen) return;
    this.#kind.value = value === '' ? 'default' : guessKind(value, this.column.type);
  }

  #choose(): void {
    const { value } = this.#kind;
    this.#chosen = value !== 'default';
    if (!this.#chosen) this.area.value = '';
    this.area.disabled = value === 'null';
  }
}

function collect(fields: readonly Field[]): Insertion | (Problem & { readonly field: Field }) {
  const columns: string[] = [];
  const values: SqlValue[] = [];
  for (const field of fields) {
    const read = field.read();
    if (read === undefined) continue;
    if (isProblem(read)) {
      return { problem: `${visible(field.column.name)}: ${read.problem}`, field };
    }
    columns.push(field.column.name);
    values.push(read);
  }
  return { kind: 'insert', columns, values };
}

/** What becomes of a column that is left empty. */
function placeholderOf({ columns, withoutRowid }: Item, column: Column): string {
  const isOnlyKey = column.key > 0 && columns.filter(({ key }) => key > 0).length === 1;
  if (isOnlyKey && !withoutRowid && /^INTEGER$/i.test(column.type)) return 'the next number';
  if (column.default !== null) return `default: ${visible(column.default)}`;
  return column.notNull ? 'needs a value' : 'NULL';
}

/** The first that is not filled by itself. */
function firstToFill(fields: readonly Field[]): Field | undefined {
  return fields.find(({ area }) => area.placeholder !== 'the next number') ?? fields[0];
}

/** Enter inserts; with Shift it begins a line, as in any text. */
function submitByEnter(event: KeyboardEvent, form: HTMLFormElement): void {
  const isText = event.target instanceof HTMLTextAreaElement;
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !isText) return;
  event.preventDefault();
  form.requestSubmit();
}

function failureWords({ code, message, advice }: Failure): (Node | string)[] {
  const words = [h('code', {}, code), ` ${message}`];
  return advice === undefined ? words : [...words, h('br'), advice];
}
