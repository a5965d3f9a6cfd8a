/**
 * A grid of any number of rows and columns, of which only those in view are elements.
 * Used for results and by the table browser. It shows values; it must not know where they are from.
 *
 * By keys: arrows, Page, Home and End move; Enter opens a cell, or sorts by a column from the head;
 * Alt with an arrow makes a column wider or narrower; Ctrl-C copies the cell. Where rows can be
 * selected, Space takes one, Shift with what moves takes all on the way, Ctrl-A takes all, and
 * Escape none; the same by clicks on their numbers.
 */
import type { SqlValue } from 'anchorite';
import { h } from '../dom.ts';
import { visible } from '../words.ts';
import { cellOf } from './cells.ts';
import * as layout from './layout.ts';
import type { RowSelection } from './selection.ts';

export interface Source {
  readonly columns: readonly string[];
  readonly count: number;
  /** How many rows come before the first one, elsewhere. */
  readonly before?: number;
  row(index: number): readonly SqlValue[] | undefined;
  /** Marks a cell, for instance as changed. */
  mark?(row: number, column: number): string | undefined;
}

export interface Sorting {
  readonly column: number;
  readonly descending: boolean;
}

export interface GridOptions {
  readonly label: string;
  readonly sorting?: Sorting | undefined;
  /** Enter, or a double click, on a cell. */
  onOpen(row: number, column: number): void;
  /** A click on a head. */
  onSort?(column: number): void;
  /** What rows are selected, where they can be. */
  readonly selection?: RowSelection;
  onSelect?(): void;
  /** Any other key. Gives whether it does something. */
  onKey?(key: string): boolean;
}

/** The head's place among the rows. */
const HEAD = -1;
const SAMPLED = 100;
/** Beyond it, to look at rows is to fetch them. */
const MEASURED_MAX = 5000;
const RESIZE_STEP = 24;

let grids = 0;

export class Grid {
  readonly element: HTMLElement;
  readonly #source: Source;
  readonly #options: GridOptions;
  readonly #id: string;
  readonly #head = h('div', { class: 'grid-head', role: 'row', 'aria-rowindex': 1 });
  readonly #body = h('div', { class: 'grid-body', role: 'rowgroup' });
  readonly #pool = new Map<number, HTMLElement>();
  #widths: number[] = [];
  #edges: number[] = [0];
  #measured = 0;
  readonly #dragged = new Map<number, number>();
  #gutter = 0;
  #row = 0;
  #column = 0;

  constructor(source: Source, options: GridOptions) {
    grids += 1;
    this.#id = `grid${grids}`;
    this.#source = source;
    this.#options = options;
    this.element = h(
      'div',
      {
        class: 'grid',
        role: 'grid',
        tabindex: 0,
        'aria-label': options.label,
        'aria-colcount': source.columns.length + 1,
        'aria-multiselectable': options.selection && true,
        'data-testid': 'grid',
        onscroll: () => this.#draw(),
        onkeydown: (event: KeyboardEvent) => this.#key(event),
        onpointerdown: (event: PointerEvent) => this.#press(event),
        onmousedown: (event: MouseEvent) => this.#keepText(event),
        onclick: (event: PointerEvent) => this.#click(event),
        ondblclick: (event: MouseEvent) => this.#doubleClick(event),
        onfocus: () => this.#drawActive(),
      },
      h('div', { role: 'rowgroup', class: 'grid-headgroup' }, this.#head),
      this.#body,
    );
    new ResizeObserver(() => this.#draw()).observe(this.element);
    this.update();
  }

  /** Shows what the source has now. */
  update(): void {
    this.#row = Math.min(this.#row, Math.max(0, this.#source.count - 1));
    this.#measure();
    this.element.setAttribute('aria-rowcount', String(this.#source.count + 1));
    this.#body.style.height = `${layout.scrollHeight(this.#source.count)}px`;
    for (const line of this.#pool.values()) delete line.dataset['filled'];
    this.#draw();
  }

  /** Makes a cell the active one, and shows it. */
  go(row: number, column: number): void {
    this.#go(row, column);
  }

  /** The cell that keys act on. */
  get active(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** Columns are as wide as their names and some rows, until somebody makes them otherwise. */
  #measure(): void {
    const { columns, count } = this.#source;
    if (this.#widths.length === 0 || (count > this.#measured * 2 && count <= MEASURED_MAX)) {
      this.#measured = count;
      const step = Math.max(1, Math.floor(count / SAMPLED));
      const rows: (readonly SqlValue[] | undefined)[] = [];
      for (let index = 0; index < count; index += step) rows.push(this.#source.row(index));
      this.#widths = columns.map((name, column) => {
        const texts = rows.map((row) => (row ? cellOf(row[column] ?? null).text.length : 0));
        const width = layout.widthFor(Math.max(visible(name).length + 2, ...texts));
        return this.#dragged.get(column) ?? width;
      });
    }
    this.#gutter = 24 + String(count + (this.#source.before ?? 0)).length * 7.5;
    this.#edges = layout.edgesOf(this.#widths, this.#gutter);
  }

  #draw(): void {
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.element;
    const { count } = this.#source;
    const width = `${this.#edges.at(-1) ?? 0}px`;
    this.#body.style.width = width;
    this.#head.style.width = width;
    const view = Math.max(0, clientHeight - layout.ROW_HEIGHT);
    const offset = layout.rowOffset(scrollTop, view, count);
    const rows = layout.rowRange(offset, view, count);
    const columns = layout.columnRange(this.#edges, scrollLeft + this.#gutter, clientWidth);
    this.#drawHead(columns);
    for (const [slot, line] of this.#pool) {
      const index = Number(line.dataset['row']);
      if (index < rows.first || index >= rows.last) {
        line.remove();
        this.#pool.delete(slot);
      }
    }
    for (let index = rows.first; index < rows.last; index += 1) {
      const line = this.#line(index);
      const top = Math.round(scrollTop - offset + index * layout.ROW_HEIGHT);
      line.style.transform = `translateY(${top}px)`;
      this.#drawSelected(line, index);
      this.#fill(line, index, columns);
    }
    this.#drawActive();
  }

  #drawSelected(line: HTMLElement, index: number): void {
    const { selection } = this.#options;
    if (selection !== undefined) line.ariaSelected = String(selection.has(index));
  }

  #line(index: number): HTMLElement {
    let line = this.#pool.get(index);
    if (line === undefined) {
      line = h('div', { class: 'grid-row', role: 'row', 'aria-rowindex': index + 2 });
      line.dataset['row'] = String(index);
      line.classList.toggle('odd', index % 2 === 1);
      this.#pool.set(index, line);
      this.#body.append(line);
    }
    return line;
  }

  #fill(line: HTMLElement, index: number, { first, last }: layout.Range): void {
    const row = this.#source.row(index);
    const key = `${first}-${last}-${row !== undefined}-${this.#gutter}`;
    if (line.dataset['filled'] === key) return;
    line.dataset['filled'] = key;
    const cells = [this.#number(index)];
    for (let column = first; column < last; column += 1) {
      cells.push(this.#cell(index, column, row));
    }
    line.replaceChildren(...cells);
  }

  #number(index: number): HTMLElement {
    const cell = h('div', { class: 'grid-number', role: 'rowheader', 'aria-colindex': 1 });
    cell.textContent = String((this.#source.before ?? 0) + index + 1);
    cell.style.width = `${this.#gutter}px`;
    return cell;
  }

  #cell(index: number, column: number, row: readonly SqlValue[] | undefined): HTMLElement {
    const { text, kind } = row === undefined ? PENDING : cellOf(row[column] ?? null);
    const mark = this.#source.mark?.(index, column);
    const cell = h('div', {
      class: `grid-cell ${kind}${mark === undefined ? '' : ` ${mark}`}`,
      role: 'gridcell',
      id: this.#cellId(index, column),
      'aria-colindex': column + 2,
      ...(kind === 'text' ? { dir: 'auto' } : {}),
    });
    cell.textContent = text;
    cell.dataset['column'] = String(column);
    this.#place(cell, column);
    return cell;
  }

  #place(cell: HTMLElement, column: number): void {
    cell.style.left = `${this.#edges[column] ?? 0}px`;
    cell.style.width = `${this.#widths[column] ?? 0}px`;
  }

  #drawHead({ first, last }: layout.Range): void {
    const key = `${first}-${last}-${this.#gutter}-${this.#widths.join()}-${this.#source.count > 0}`;
    if (this.#head.dataset['filled'] === key) return;
    this.#head.dataset['filled'] = key;
    const { sorting } = this.#options;
    const corner = h('div', { class: 'grid-number', role: 'columnheader', 'aria-colindex': 1 });
    corner.append(h('span', { class: 'unseen' }, 'Row'));
    corner.style.width = `${this.#gutter}px`;
    const heads: HTMLElement[] = [corner];
    for (let column = first; column < last; column += 1) {
      const sorted = sorting?.column === column;
      const way = sorting?.descending ? 'descending' : 'ascending';
      const name = visible(this.#source.columns[column] ?? '');
      const head = h(
        'div',
        {
          class: `grid-cell${this.#isNumeric(column) ? ' number' : ''}`,
          role: 'columnheader',
          id: this.#cellId(HEAD, column),
          'aria-colindex': column + 2,
          ...(sorted ? { 'aria-sort': way } : {}),
        },
        h('span', { class: 'grid-name', title: name, dir: 'auto' }, name),
        h('span', { class: 'grid-grip', 'data-grip': column }),
      );
      head.dataset['column'] = String(column);
      this.#place(head, column);
      heads.push(head);
    }
    this.#head.replaceChildren(...heads);
  }

  #isNumeric(column: number): boolean {
    for (let index = 0; index < Math.min(this.#source.count, 5); index += 1) {
      const value = this.#source.row(index)?.[column];
      if (value !== null && value !== undefined) return cellOf(value).kind === 'number';
    }
    return false;
  }

  #cellId(row: number, column: number): string {
    return `${this.#id}-${row}-${column}`;
  }

  #drawActive(): void {
    for (const old of this.element.querySelectorAll('.active')) {
      old.classList.remove('active');
      old.removeAttribute('aria-selected');
    }
    const id = this.#cellId(this.#row, this.#column);
    const cell = this.element.querySelector(`#${id}`);
    if (cell === null) {
      this.element.removeAttribute('aria-activedescendant');
      return;
    }
    cell.classList.add('active');
    this.element.setAttribute('aria-activedescendant', id);
    const rowsAreSelected = this.#options.selection !== undefined;
    if (this.#row !== HEAD && !rowsAreSelected) cell.setAttribute('aria-selected', 'true');
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      this.#resize(this.#column, (this.#widths[this.#column] ?? 0) + stepOf(event.key));
    } else if (event.key === 'Enter') {
      this.#enter();
    } else if (event.key.toLowerCase() === 'c' && (event.ctrlKey || event.metaKey)) {
      this.#copy();
    } else if (this.#selectByKey(event) || this.#options.onKey?.(event.key)) {
      event.stopPropagation();
    } else {
      const page = Math.max(1, Math.floor(this.element.clientHeight / layout.ROW_HEIGHT) - 2);
      const target = this.#target(event, page);
      if (target === undefined) return;
      const from = Math.max(this.#row, 0);
      this.#go(target[0], target[1]);
      if (event.shiftKey && target[0] !== from) this.#extend(from);
    }
    event.preventDefault();
  }

  #selectByKey({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const { selection } = this.#options;
    const { count } = this.#source;
    if (selection === undefined || count === 0) return false;
    if (key === ' ' && this.#row !== HEAD) this.#select((rows) => rows.toggle(this.#row));
    else if (key === 'Escape' && selection.size > 0) this.#select((rows) => rows.clear());
    else if (key.toLowerCase() === 'a' && (ctrlKey || metaKey)) {
      this.#select((rows) => rows.range(0, count - 1));
    } else return false;
    return true;
  }

  #select(change: (rows: RowSelection) => void): void {
    const { selection, onSelect } = this.#options;
    if (selection === undefined) return;
    change(selection);
    for (const [index, line] of this.#pool) this.#drawSelected(line, index);
    onSelect?.();
  }

  #extend(from: number): void {
    this.#select((rows) => rows.extend(from, Math.max(this.#row, 0)));
  }

  #target(event: KeyboardEvent, page: number): [number, number] | undefined {
    const [row, column] = [this.#row, this.#column];
    const last = Math.max(0, this.#source.columns.length - 1);
    const all = event.ctrlKey || event.metaKey;
    switch (event.key) {
      case 'ArrowDown':
        return [row + 1, column];
      case 'ArrowUp':
        return [row - 1, column];
      case 'ArrowRight':
        return [row, column + 1];
      case 'ArrowLeft':
        return [row, column - 1];
      case 'PageDown':
        return [row + page, column];
      case 'PageUp':
        return [Math.max(row - page, 0), column];
      case 'Home':
        return all ? [0, 0] : [row, 0];
      case 'End':
        return all ? [this.#source.count - 1, last] : [row, last];
      default:
        return undefined;
    }
  }

  /** Makes a cell the active one, and scrolls so that it is in view. */
  #go(row: number, column: number): void {
    const { count, columns } = this.#source;
    const top = this.#options.onSort === undefined ? 0 : HEAD;
    this.#row = Math.min(Math.max(row, top), count - 1);
    this.#column = Math.min(Math.max(column, 0), columns.length - 1);
    const { element } = this;
    const view = element.clientHeight - layout.ROW_HEIGHT;
    const offset = layout.rowOffset(element.scrollTop, view, count);
    const y = Math.max(this.#row, 0) * layout.ROW_HEIGHT;
    const wanted = y < offset ? y : Math.max(offset, y + layout.ROW_HEIGHT - view);
    if (wanted !== offset) element.scrollTop = layout.scrollTopFor(wanted, view, count);
    const left = (this.#edges[this.#column] ?? 0) - this.#gutter;
    const right = (this.#edges[this.#column + 1] ?? 0) - element.clientWidth;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft) element.scrollLeft = Math.min(right, left);
    this.#draw();
  }

  #enter(): void {
    if (this.#row === HEAD) this.#options.onSort?.(this.#column);
    else if (this.#source.count > 0) this.#options.onOpen(this.#row, this.#column);
  }

  #copy(): void {
    const value = this.#source.row(this.#row)?.[this.#column];
    if (value === undefined || document.getSelection()?.isCollapsed === false) return;
    void navigator.clipboard?.writeText(
      typeof value === 'string' ? value : value === null ? '' : cellOf(value).text,
    );
  }

  #press(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const grip = target.dataset['grip'];
    if (grip !== undefined) {
      this.#drag(event, Number(grip));
      return;
    }
    const cell = target.closest<HTMLElement>('[data-column]');
    const isRange = event.shiftKey && this.#options.selection !== undefined;
    if (cell === null || isRange) return;
    const column = Number(cell.dataset['column']);
    const line = cell.closest<HTMLElement>('.grid-row');
    if (line === null) this.#options.onSort?.(column);
    else this.#go(Number(line.dataset['row']), column);
  }

  /** A click on a number selects its row. A finger has no keys to hold, and takes one more. */
  #click(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const line = target.closest<HTMLElement>('.grid-row');
    const { selection } = this.#options;
    if (line === null || selection === undefined) return;
    const row = Number(line.dataset['row']);
    const isNumber = target.closest('.grid-number') !== null;
    const from = Math.max(this.#row, 0);
    if (isNumber || event.shiftKey) {
      const cell = target.closest<HTMLElement>('[data-column]');
      this.#go(row, Number(cell?.dataset['column'] ?? this.#column));
    }
    const isOneMore = event.ctrlKey || event.metaKey || (isNumber && event.pointerType === 'touch');
    if (event.shiftKey) this.#extend(from);
    else if (isOneMore) this.#select((rows) => rows.toggle(row));
    else if (isNumber) this.#select((rows) => rows.only(row));
    else if (selection.size > 0) this.#select((rows) => rows.clear());
  }

  /** Where Shift takes rows, it does not select text. */
  #keepText(event: MouseEvent): void {
    if (!event.shiftKey || this.#options.selection === undefined) return;
    event.preventDefault();
    this.element.focus();
  }

  #drag(event: PointerEvent, column: number): void {
    event.preventDefault();
    const start = event.clientX - (this.#widths[column] ?? 0);
    const { element } = this;
    element.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent) => this.#resize(column, moved.clientX - start);
    element.addEventListener('pointermove', move);
    const end = () => element.removeEventListener('pointermove', move);
    element.addEventListener('pointerup', end, { once: true });
    element.addEventListener('pointercancel', end, { once: true });
  }

  #resize(column: number, width: number): void {
    this.#widths[column] = layout.draggedWidth(width);
    this.#dragged.set(column, this.#widths[column]);
    this.#edges = layout.edgesOf(this.#widths, this.#gutter);
    for (const line of this.#pool.values()) delete line.dataset['filled'];
    this.#draw();
  }

  #doubleClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target.dataset['grip'] !== undefined) this.#resize(Number(target.dataset['grip']), 0);
    else if (target.closest('.grid-row') !== null) this.#enter();
  }
}

const PENDING = { text: '…', kind: 'null' } as const;

function stepOf(key: string): number {
  return key === 'ArrowLeft' ? -RESIZE_STEP : RESIZE_STEP;
}
