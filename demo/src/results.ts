/**
 * The result of a run: a table of rows, a sentence, or an error. Called by main.ts.
 * Builds DOM nodes from values; must not know how they were obtained.
 */
import type { Row, SqlValue } from 'anchorite';
import type { Failure } from './failure.ts';

const MAX_ROWS_SHOWN = 1000;
const MAX_TEXT_SHOWN = 200;
const MAX_TITLE = 2000;
const MAX_BLOB_BYTES_SHOWN = 16;

/** A button under an error. */
export interface Remedy {
  label: string;
  act: () => void;
}

/** The result panel's face to the rest of the page. Each call replaces what was shown before. */
export interface Results {
  showRows(rows: readonly Row[]): void;
  showMessage(title: string, detail?: string): void;
  /** `place` says where in the text the error is, where that is known. */
  showFailure(failure: Failure, place?: string, remedy?: Remedy): void;
}

/** Builds the result panel over its two elements. */
export function createResults(panel: HTMLElement, errorPanel: HTMLElement): Results {
  const replace = (...nodes: Node[]) => {
    errorPanel.hidden = true;
    errorPanel.replaceChildren();
    panel.replaceChildren(...nodes);
  };
  return {
    showRows(rows) {
      if (rows.length === 0) return replace(sentence('No rows.'));
      replace(...caption(rows.length), table(rows));
    },
    showMessage(title, detail) {
      replace(sentence(title, detail));
    },
    showFailure(failure, place, remedy) {
      replace();
      errorPanel.replaceChildren(...failureNodes(failure, place, remedy));
      errorPanel.hidden = false;
    },
  };
}

/** A count of rows in words. */
export function countRows(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`;
}

function caption(count: number): HTMLElement[] {
  if (count <= MAX_ROWS_SHOWN) return [];
  const shown = MAX_ROWS_SHOWN.toLocaleString('en');
  return [paragraph(`Showing ${shown} of ${countRows(count)}.`, 'caption')];
}

function table(rows: readonly Row[]): HTMLElement {
  const columns = Object.keys(rows[0] ?? {});
  const headings = element('tr');
  headings.append(element('td', 'row-number'), ...columns.map((name) => heading(name, rows)));
  const head = element('thead');
  head.append(headings);
  const body = element('tbody');
  body.append(
    ...rows.slice(0, MAX_ROWS_SHOWN).map((row, index) => tableRow(row, columns, index + 1)),
  );
  const grid = element('table');
  grid.append(head, body);
  const scroller = element('div', 'scroller');
  scroller.tabIndex = 0;
  scroller.setAttribute('role', 'region');
  scroller.setAttribute('aria-label', 'Rows');
  scroller.append(grid);
  return scroller;
}

function heading(name: string, rows: readonly Row[]): HTMLElement {
  const cell = element('th', isNumber(rows[0]?.[name]) ? 'number' : '');
  cell.setAttribute('scope', 'col');
  cell.append(clipped(name));
  return cell;
}

function tableRow(row: Row, columns: readonly string[], number: number): HTMLElement {
  const line = element('tr');
  const counter = element('td', 'row-number');
  counter.textContent = String(number);
  line.append(counter, ...columns.map((name) => valueCell(row[name] ?? null)));
  return line;
}

function valueCell(value: SqlValue): HTMLElement {
  const cell = element('td');
  if (value === null) {
    cell.className = 'null';
    cell.append(mark('NULL'));
  } else if (value instanceof Uint8Array) {
    cell.className = 'blob';
    cell.append(mark(countBytes(value.length)), ` ${hexHead(value)}`);
  } else if (isNumber(value)) {
    cell.className = 'number';
    cell.textContent = String(value);
  } else {
    cell.className = 'text';
    cell.append(clipped(value));
  }
  return cell;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** A count of bytes in words. */
export function countBytes(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'byte' : 'bytes'}`;
}

function hexHead(bytes: Uint8Array): string {
  const pairs = Array.from(bytes.subarray(0, MAX_BLOB_BYTES_SHOWN), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return pairs.join(' ') + (bytes.length > MAX_BLOB_BYTES_SHOWN ? ' …' : '');
}

/** Text at most as long as a cell can carry; the title holds more of it. */
function clipped(text: string): HTMLElement {
  const span = element('span');
  span.textContent = head(text, MAX_TEXT_SHOWN);
  span.title = head(text, MAX_TITLE);
  return span;
}

function head(text: string, length: number): string {
  if (text.length <= length) return text;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(length - 1));
  return `${text.slice(0, splitsPair ? length - 1 : length)}…`;
}

function mark(text: string): HTMLElement {
  const span = element('span', 'mark');
  span.textContent = text;
  return span;
}

function sentence(title: string, detail?: string): HTMLElement {
  const box = element('div', 'message');
  const first = element('p', 'message-title');
  first.textContent = title;
  box.append(first);
  if (detail !== undefined) box.append(paragraph(detail));
  return box;
}

function failureNodes(failure: Failure, place?: string, remedy?: Remedy): HTMLElement[] {
  const title = element('p', 'error-title');
  const code = element('code');
  code.textContent = failure.code;
  title.append(code);
  if (place !== undefined) title.append(` ${place}`);
  const nodes = [title, paragraph(failure.message, 'error-message')];
  if (failure.cause !== undefined) nodes.push(paragraph(failure.cause, 'error-cause'));
  if (failure.advice !== undefined) nodes.push(paragraph(failure.advice, 'error-advice'));
  if (remedy !== undefined) nodes.push(remedyButton(remedy));
  return nodes;
}

function remedyButton(remedy: Remedy): HTMLElement {
  const button = element('button');
  button.setAttribute('type', 'button');
  button.setAttribute('data-testid', 'retry');
  button.textContent = remedy.label;
  button.addEventListener('click', remedy.act);
  return button;
}

function paragraph(text: string, className = ''): HTMLElement {
  const node = element('p', className);
  node.textContent = text;
  return node;
}

function element(name: string, className = ''): HTMLElement {
  const node = document.createElement(name);
  if (className !== '') node.className = className;
  return node;
}
