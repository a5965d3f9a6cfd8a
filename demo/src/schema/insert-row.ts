/**
 * Asks for the values of a new row: a field for each column, with its type, its default and whether
 * it may be NULL. What is left empty gets the column's default. Opened by browser.ts, which inserts
 * the row; until that has worked the form stays, with what is wrong.
 */
import type { SqlValue } from 'anchorite';
import { button, h } from '../dom.ts';
import type { Failure } from '../run/failure.ts';
import { count, visible } from '../words.ts';
import { type Insertion, type Place, preview } from './changes.ts';
import { type Column, factsOf, type Item } from './read.ts';
import { ValueInput } from './value-input.ts';
import { guessKind, isProblem, type Problem } from './values.ts';

/** Does it: resolves to whether it was done, and tells of what has failed. */
export type Insert = (
  insertion: Insertion,
  signal: AbortSignal,
  onFailure: (failure: Failure) => void,
) => Promise<boolean>;

/**
 * Shows the form until the row is there and no other one is wanted, or until somebody thinks better
 * of it.
 */
export function insertRow(item: Item, place: Place, insert: Insert): Promise<void> {
  const form = new InsertForm(item, place, insert);
  const { dialog } = form;
  document.body.append(dialog);
  dialog.showModal();
  form.begin();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      form.given.abort(new DOMException('No row was inserted.', 'AbortError'));
      dialog.remove();
      resolve();
    });
  });
}

class InsertForm {
  readonly dialog: HTMLDialogElement;
  /** Aborts what is being inserted. */
  readonly given: AbortController = new AbortController();
  readonly #place: Place;
  readonly #insert: Insert;
  readonly #fields: readonly Field[];
  readonly #problem = h('p', {
    ...{ class: 'problem', role: 'alert', 'data-testid': 'insert-problem' },
  });
  readonly #done = h('p', { class: 'soft', role: 'status', 'data-testid': 'inserted' });
  readonly #sql = h('pre', { dir: 'auto', tabindex: 0, role: 'region', 'aria-label': 'SQL' });
  readonly #cancel = button('Cancel', () => this.dialog.close());
  readonly #another = h(
    'button',
    { type: 'submit', 'data-testid': 'insert-more' },
    'Insert and another',
  );
  #rows = 0;

  constructor(item: Item, place: Place, insert: Insert) {
    this.#place = place;
    this.#insert = insert;
    this.#fields = item.columns
      .filter(({ generated }) => !generated)
      .map((column) => new Field(column, placeholderOf(item, column), () => this.#showSql()));
    const form = h(
      'form',
      { class: 'insert-form', method: 'dialog', 'data-testid': 'insert-form' },
      h('h2', { id: 'insert-title', dir: 'auto' }, `New row of “${visible(item.name)}”`),
      h('div', { class: 'insert-fields' }, ...this.#fields.flatMap(({ parts }) => parts)),
      h('details', {}, h('summary', {}, 'The SQL'), this.#sql),
      this.#problem,
      this.#done,
      h(
        'p',
        { class: 'dialog-buttons' },
        this.#cancel,
        this.#another,
        h('button', { type: 'submit', class: 'primary', 'data-testid': 'insert-ok' }, 'Insert'),
      ),
    );
    form.addEventListener('keydown', (event) => submitByEnter(event, form, this.#another));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(event.submitter === this.#another);
    });
    this.dialog = h('dialog', { class: 'wide', 'aria-labelledby': 'insert-title' }, form);
  }

  /** With an empty row, at the first field that is not filled by itself. */
  begin(): void {
    for (const field of this.#fields) field.clear();
    this.#showSql();
    const inputs = this.#fields.map(({ input }) => input);
    const first = inputs.find(({ area }) => area.placeholder !== 'the next number');
    (first ?? inputs[0])?.focus();
  }

  #showSql(): void {
    const read = collect(this.#fields);
    this.#sql.textContent = 'problem' in read ? read.problem : preview(this.#place, [read]);
  }

  async #submit(goesOn: boolean): Promise<void> {
    this.#problem.textContent = '';
    const read = collect(this.#fields);
    if ('problem' in read) {
      this.#problem.textContent = read.problem;
      read.field.input.focus();
      return;
    }
    const say = (failure: Failure) => this.#problem.replaceChildren(...failureWords(failure));
    if (!(await this.#insert(read, this.given.signal, say))) return;
    if (!goesOn) return this.dialog.close();
    this.#rows += 1;
    this.#done.textContent = `${count(this.#rows, 'row')} inserted. This is the next one.`;
    this.#cancel.textContent = 'Done';
    this.begin();
  }
}

/** A column's field. Its kind is “Default” while it is empty, then what its text seems to be. */
class Field {
  readonly column: Column;
  readonly input: ValueInput;
  readonly parts: readonly HTMLElement[];
  /** Whether somebody has chosen the kind. */
  #chosen = false;

  constructor(column: Column, placeholder: string, onChange: () => void) {
    this.column = column;
    const name = visible(column.name);
    this.input = new ValueInput({
      ...{ label: name, rows: 1, placeholder, hasDefault: true, onChange },
      testid: `field ${column.name}`,
      required: column.notNull && column.default === null && column.key === 0,
      onText: () => this.#guess(),
      onWay: () => this.#choose(),
    });
    const label = h(
      'div',
      {},
      h('span', { class: 'insert-name', dir: 'auto' }, name),
      h('span', { class: 'soft' }, factsOf(column)),
    );
    this.parts = [label, this.input.element, this.input.select];
  }

  clear(): void {
    this.#chosen = false;
    this.input.clear('default');
  }

  #guess(): void {
    const { value } = this.input.area;
    if (this.#chosen) return;
    this.input.way = value === '' ? 'default' : guessKind(value, this.column.type);
  }

  #choose(): void {
    this.#chosen = this.input.way !== 'default';
    if (!this.#chosen) this.input.area.value = '';
  }
}

function collect(fields: readonly Field[]): Insertion | (Problem & { readonly field: Field }) {
  const columns: string[] = [];
  const values: SqlValue[] = [];
  for (const field of fields) {
    const read = field.input.read();
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

/** Enter inserts, with Ctrl it goes on; with Shift it begins a line, as in any text. */
function submitByEnter(
  event: KeyboardEvent,
  form: HTMLFormElement,
  another: HTMLButtonElement,
): void {
  const isText = event.target instanceof HTMLTextAreaElement;
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !isText) return;
  event.preventDefault();
  form.requestSubmit(event.ctrlKey || event.metaKey ? another : undefined);
}

function failureWords({ code, message, advice }: Failure): (Node | string)[] {
  const words = [h('code', {}, code), ` ${message}`];
  return advice === undefined ? words : [...words, h('br'), advice];
}
