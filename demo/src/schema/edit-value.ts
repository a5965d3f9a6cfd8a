/**
 * Asks for a cell's new value: its kind, and text that is read as that. Called by browser.ts.
 */
import type { SqlValue } from 'anchorite';
import { button, h, options } from '../dom.ts';
import { visible } from '../words.ts';
import { isProblem, type Kind, KINDS, kindOf, readAs, textOf } from './values.ts';

/** The new value; `undefined` when it stays as it is. */
export function editValue(value: SqlValue, where: string): Promise<SqlValue | undefined> {
  const area = h('textarea', { rows: 6, 'aria-label': 'Value', 'data-testid': 'edit-value' });
  const kind = h('select', { 'aria-label': 'Kind', 'data-testid': 'edit-kind' }, ...options(KINDS));
  area.value = textOf(value);
  kind.value = kindOf(value);
  const enable = () => {
    area.disabled = kind.value === 'null';
  };
  enable();
  kind.addEventListener('change', enable);
  const problem = h('p', { class: 'problem', role: 'alert' });
  const form = h('form', { method: 'dialog' });
  const dialog = h('dialog', { 'aria-labelledby': 'edit-title' }, form);
  form.append(
    h('h2', { id: 'edit-title', dir: 'auto' }, visible(where)),
    h('label', {}, 'Kind ', kind),
    area,
    problem,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'edit-ok' }, 'Change'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  area.select();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(undefined);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const read = readAs(kind.value as Kind, area.value);
      if (isProblem(read)) {
        problem.textContent = read.problem;
        return;
      }
      resolve(read);
      dialog.close();
    });
  });
}
