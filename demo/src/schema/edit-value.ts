/**
 * Asks for a cell's new value. Called by browser.ts.
 */
import type { SqlValue } from 'anchorite';
import { button, h } from '../dom.ts';
import { showValue } from '../results/viewer.ts';
import { size, visible } from '../words.ts';
import { ValueInput } from './value-input.ts';
import { isProblem, kindOf, textOf } from './values.ts';

/** More bytes than anybody edits as digits. */
const EDITED_MAX = 16_384;

/** The new value; `undefined` when it stays as it is. */
export function editValue(value: SqlValue, where: string): Promise<SqlValue | undefined> {
  const input = new ValueInput({ label: 'Value', rows: 6, testid: 'edit-value' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  if (value instanceof Uint8Array && value.length > EDITED_MAX) {
    input.way = 'file';
    problem.textContent = `It is a BLOB of ${size(value.length)}: a file can take its place.`;
  } else {
    input.area.value = textOf(value);
    input.way = kindOf(value);
  }
  const form = h('form', { method: 'dialog' });
  const dialog = h('dialog', { 'aria-labelledby': 'edit-title' }, form);
  form.append(
    h('h2', { id: 'edit-title', dir: 'auto' }, visible(where)),
    h('label', {}, 'Kind ', input.select),
    input.element,
    problem,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('View', () => showValue(value, where), { 'data-testid': 'edit-view' }),
      button('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'edit-ok' }, 'Change'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  input.area.select();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(undefined);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const read = input.read();
      if (isProblem(read)) {
        problem.textContent = read.problem;
        return;
      }
      resolve(read);
      dialog.close();
    });
  });
}
