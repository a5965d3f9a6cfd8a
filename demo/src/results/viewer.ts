/**
 * One value in full: as text, as a JSON tree, as bytes, as an image. Opened by the grids.
 * Shows at most so much at once that the page stays quick; the whole can be copied and downloaded.
 */
import type { SqlValue } from 'anchorite';
import { button, h } from '../dom.ts';
import { size, visible } from '../words.ts';
import { cellOf } from './cells.ts';
import { plainText } from './formats.ts';
import { copyText, download } from './save.ts';

const TEXT_SHOWN = 200_000;
const BYTES_SHOWN = 16_384;
const ITEMS_SHOWN = 500;
/** What is open of a JSON tree to begin with. */
const OPEN_DEPTH = 3;
const OPEN_ITEMS = 50;

type View = readonly [name: string, make: () => HTMLElement];

/** Opens a dialog with the value. */
export function showValue(value: SqlValue, where: string): void {
  const body = h('div', {
    class: 'viewer-body',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Value',
  });
  const views = viewsOf(value);
  const choices = views.map(([name, make]) =>
    button(name, () => choose(name, make), { 'aria-pressed': false, class: 'chip' }),
  );
  const choose = (name: string, make: () => HTMLElement) => {
    for (const choice of choices) choice.ariaPressed = String(choice.textContent === name);
    body.replaceChildren(make());
  };
  const dialog = h(
    'dialog',
    { class: 'wide', 'aria-label': `Value of ${where}`, 'data-testid': 'viewer' },
    h('h2', { dir: 'auto' }, visible(where)),
    h('p', { class: 'soft' }, describe(value)),
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Shown as' }, ...choices),
    body,
    h(
      'p',
      { class: 'dialog-buttons' },
      button('Copy', () => void copyText(plainText(value)).catch(() => undefined)),
      button('Download', () => download(...fileOf(value))),
      button('Close', () => dialog.close(), { class: 'primary' }),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  const [first] = views;
  if (first !== undefined) choose(first[0], first[1]);
  dialog.showModal();
}

function describe(value: SqlValue): string {
  if (value === null) return 'NULL: no value';
  if (value instanceof Uint8Array) return `BLOB, ${size(value.length)}`;
  if (typeof value === 'bigint') return 'INTEGER';
  if (typeof value === 'number') return 'REAL';
  const bytes = new TextEncoder().encode(value).length;
  return `TEXT, ${value.length.toLocaleString('en')} characters (${size(bytes)})`;
}

/** The most telling one first. */
function viewsOf(value: SqlValue): View[] {
  if (typeof value === 'string') {
    const parsed = parse(value);
    const text: View = ['Text', () => textView(value)];
    const bytes: View = ['Hex', () => hexView(new TextEncoder().encode(value))];
    if (parsed === undefined) return [text, bytes];
    return [['JSON', () => jsonView(parsed.value)], text, bytes];
  }
  if (!(value instanceof Uint8Array)) return [['Value', () => textView(cellOf(value).text)]];
  const bytes: View = ['Hex', () => hexView(value)];
  const text: View = ['Text', () => textView(new TextDecoder().decode(value))];
  const type = imageType(value);
  if (type === undefined) return [bytes, text];
  return [['Image', () => imageView(value, type)], bytes, text];
}

function parse(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[[{]/.test(text) || text.length > 4_000_000) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function textView(text: string): HTMLElement {
  const shown = text.slice(0, TEXT_SHOWN);
  const pre = h('pre', { dir: 'auto' });
  pre.textContent = shown.replace(/[^\n\t]+/g, visible);
  return h('div', {}, pre, note(text.length - shown.length, 'characters'));
}

function note(left: number, what: string): HTMLElement | undefined {
  if (left <= 0) return undefined;
  const words = `${left.toLocaleString('en')} more ${what}: download the value to see them.`;
  return h('p', { class: 'soft' }, words);
}

function hexView(bytes: Uint8Array): HTMLElement {
  const lines: string[] = [];
  const end = Math.min(bytes.length, BYTES_SHOWN);
  for (let at = 0; at < end; at += 16) {
    const part = [...bytes.subarray(at, Math.min(at + 16, end))];
    const pairs = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·'));
    lines.push(`${at.toString(16).padStart(8, '0')}  ${pairs.padEnd(47)}  ${text.join('')}`);
  }
  return h('div', {}, h('pre', {}, lines.join('\n')), note(bytes.length - end, 'bytes'));
}

/** What the first bytes say; SVG is not among them, as it is a document of its own. */
function imageType(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  if (start.startsWith('\x89PNG')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (start.startsWith('GIF8')) return 'image/gif';
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'image/webp';
  return start.slice(4, 12) === 'ftypavif' ? 'image/avif' : undefined;
}

function imageView(bytes: Uint8Array, type: string): HTMLElement {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }));
  const free = () => URL.revokeObjectURL(url);
  return h('img', {
    src: url,
    alt: `The value as an image (${type})`,
    onload: free,
    onerror: free,
  });
}

function jsonView(value: unknown): HTMLElement {
  const tree = h('div', { class: 'json' });
  tree.append(jsonNode(undefined, value, 0));
  return tree;
}

function jsonNode(name: string | undefined, value: unknown, depth: number): HTMLElement {
  const label = name === undefined ? '' : `${visible(name)}: `;
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    const text = visible(JSON.stringify(value).slice(0, TEXT_SHOWN));
    return h('div', {}, label, h('span', { class: `json-${kind}`, dir: 'auto' }, text));
  }
  const entries = Object.entries(value);
  const words = Array.isArray(value) ? `[ ${entries.length} ]` : `{ ${entries.length} }`;
  const details = h('details', {}, h('summary', {}, label + words));
  const fill = () => {
    const shown = entries.slice(0, ITEMS_SHOWN);
    details.append(...shown.map(([key, item]) => jsonNode(key, item, depth + 1)));
    details.append(note(entries.length - shown.length, 'entries') ?? '');
  };
  details.addEventListener('toggle', fill, { once: true });
  details.open = depth < OPEN_DEPTH && entries.length <= OPEN_ITEMS;
  return details;
}

function fileOf(value: SqlValue): [string, Blob] {
  if (!(value instanceof Uint8Array)) return ['value.txt', new Blob([plainText(value)])];
  const type = imageType(value);
  const bytes = value as Uint8Array<ArrayBuffer>;
  if (type === undefined) return ['value.bin', new Blob([bytes])];
  return [`value.${type.replace('image/', '')}`, new Blob([bytes], { type })];
}
