/**
 * Asks for a cell's new value: its kind, and text that is read as that. Called by browser.ts.
 */
import type { SqlValue } from 'anchorite';
import { button, h, options } from '../dom.ts';
import { hex, real } from '../sql/quote.ts';
import { visible } from '../words.ts';

type Kind = 'null' | 'integer' | 'real' | 'text' | 'blob';

const KINDS = [
  ['text', 'TEXT'],
  ['integer', 'INTEGER'],
  ['real', 'REAL'],
  ['blob', 'BLOB in hex'],
  ['null', 'NULL'],
] as const;

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
      if (typeof read === 'object' && read !== null && 'problem' in read) {
        problem.textContent = read.problem;
        return;
      }
      resolve(read);
      dialog.close();
    });
  });
}

function textOf(value: SqlValue): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === 'number' ? real(value) : String(value);
}

function kindOf(value: SqlValue): Kind {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'blob';
  if (typeof value === 'bigint') return 'integer';
  return typeof value === 'number' ? 'real' : 'text';
}

function readAs(kind: Kind, text: string): SqlValue | { readonly problem: string } {
  const trimmed = text.trim();
  switch (kind) {
    case 'null':
      return null;
    case 'text':
      return text;
    case 'integer': {
      const value = /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
      const fits = value !== undefined && BigInt.asIntN(64, value) === value;
      return fits ? value : { problem: 'An INTEGER is a whole number of at most 64 bits.' };
    }
    case 'real': {
      const value = Number(trimmed);
      const isNumber = trimmed !== '' && !Number.isNaN(value);
      return isNumber ? value : { problem: 'A REAL is a number, such as 1.5 or -2e10.' };
    }
    case 'blob': {
      const digits = trimmed.replace(/\s/g, '');
      const isHex = /^(?:[0-9a-f]{2})*$/i.test(digits);
      if (!isHex) return { problem: 'Bytes are pairs of hexadecimal digits, such as 0AFF.' };
      return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    }
  }
}
