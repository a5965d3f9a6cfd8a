/**
 * Asks for the values of a statement's parameters. Called by main.ts; remembers the last ones by
 * name while the page is open. Knows kinds of values; must not know databases.
 */
import type { BindValue, Params } from 'anchorite';
import { button, h, options } from '../dom.ts';
import { head, visible } from '../words.ts';

type Kind = 'auto' | 'text' | 'null' | 'blob';

const KINDS = [
  ['auto', 'number or text'],
  ['text', 'text'],
  ['null', 'NULL'],
  ['blob', 'BLOB in hex'],
] as const;

interface Field {
  readonly name: string;
  readonly input: HTMLInputElement;
  readonly kind: HTMLSelectElement;
}

const remembered = new Map<string, { readonly text: string; readonly kind: Kind }>();

/** Shows the form; rejects with an AbortError when it is closed. */
export function askParams(names: readonly (string | undefined)[], sql: string): Promise<Params> {
  const fields = names.map((name, index) => field(name ?? `?${index + 1}`));
  const dialog = h('dialog', { 'aria-labelledby': 'params-title', 'data-testid': 'params' });
  const form = h('form', { method: 'dialog' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  form.append(
    h('h2', { id: 'params-title' }, 'Parameters'),
    h('code', { class: 'excerpt' }, head(visible(sql), 200)),
    h('div', { class: 'fields' }, ...fields.map(fieldRow)),
    problem,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'primary', 'data-testid': 'params-ok' }, 'Run'),
    ),
  );
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve, reject) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      try {
        resolve(collect(names, fields));
        dialog.close();
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
      }
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      reject(new DOMException('No values were given, so nothing ran.', 'AbortError'));
    });
  });
}

function field(name: string): Field {
  const before = remembered.get(name);
  const input = h('input', { type: 'text', autocomplete: 'off', 'aria-label': `Value of ${name}` });
  const kind = h('select', { 'aria-label': `Kind of ${name}` }, ...options(KINDS));
  input.value = before?.text ?? '';
  kind.value = before?.kind ?? 'auto';
  return { name, input, kind };
}

function fieldRow({ name, input, kind }: Field): HTMLElement {
  return h('div', { class: 'field' }, h('code', {}, name), input, kind);
}

function collect(names: readonly (string | undefined)[], fields: readonly Field[]): Params {
  const values = fields.map(({ name, input, kind }) => {
    const chosen = kind.value as Kind;
    remembered.set(name, { text: input.value, kind: chosen });
    return valueFrom(input.value, chosen, name);
  });
  if (names.every((name) => name === undefined || name.startsWith('?'))) return values;
  return Object.fromEntries(fields.map(({ name }, index) => [name, values[index] ?? null]));
}

function valueFrom(text: string, kind: Kind, name: string): BindValue {
  if (kind === 'null') return null;
  if (kind === 'text') return text;
  if (kind === 'blob') return bytesOf(text, name);
  if (/^[+-]?\d{1,18}$/.test(text.trim())) return BigInt(text);
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

function bytesOf(text: string, name: string): Uint8Array {
  const digits = text.replace(/\s/g, '');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) {
    throw new Error(`${name} needs pairs of hexadecimal digits, such as 0AFF.`);
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
